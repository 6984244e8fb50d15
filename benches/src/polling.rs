//! A server's side of one client that polls, and may go over to a WebSocket.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::server::{Request, Route, Server, Transmit};
use engineio_proto::{Exchange, ExchangeId, Instant, Message, Response, Sid};
use socketio_proto::SocketId;
use socketio_proto::server::{Config, Connection, Event};

/// A client that is in the main namespace.
#[derive(Debug)]
pub struct Polling {
    connection: Connection,
    now: Instant,
    /// The number of the last exchange.
    exchange: u64,
}

impl Polling {
    /// Connects one: the handshake, and the namespace.
    ///
    /// # Panics
    ///
    /// If the server does not let it in.
    #[must_use]
    pub fn open() -> Self {
        let now = Instant::ORIGIN;
        let server = Server::<()>::new(Arc::default());
        let request = Request {
            method: "GET",
            query: "EIO=4&transport=polling",
            websocket: false,
            binary: false,
        };
        let Route::Incoming(incoming) = server.route(&request) else {
            panic!("the request is in order")
        };
        let session = server.accept(now, incoming, Sid::from_entropy([1; 15]));
        let mut client = Self {
            connection: Connection::new(now, Arc::new(Config::default()), session),
            now,
            exchange: 0,
        };
        client.get();
        client.post("40".into());
        let Some(Event::Connect { socket, .. }) = client.connection.poll_event() else {
            panic!("the client asks for the namespace")
        };
        let id = SocketId::from_entropy([2; 15]);
        client.connection.accept(socket, id).expect("the client waits");
        client.get();
        client
    }

    /// A POST brings events with an id, each of which is acknowledged with its arguments; a GET fetches the answers.
    ///
    /// # Panics
    ///
    /// If `body` has none, or something else.
    pub fn echo(&mut self, body: Bytes) -> Bytes {
        self.post(body);
        while let Some(event) = self.connection.poll_event() {
            let Event::Event {
                args,
                reply: Some(reply),
                ..
            } = event
            else {
                panic!("it is an event that is to be acknowledged")
            };
            self.connection.ack(reply, &args).expect("there is room");
        }
        self.get().body
    }

    /// The client goes over to a WebSocket, and emits one event after the other there, which are acknowledged; then it leaves.
    ///
    /// # Panics
    ///
    /// If it cannot.
    pub fn upgrade_and_echo(mut self, packet: &ByteString, echoes: usize) {
        let id = self.next_exchange();
        self.connection
            .handle_request(self.now, id, Exchange::WebSocket { base64: false });
        assert!(matches!(self.transmit(), Transmit::Upgrade { .. }));
        self.connection.handle_message(self.now, id, "2probe".into());
        assert!(matches!(self.transmit(), Transmit::Frame { .. }));
        self.connection.handle_message(self.now, id, "5".into());
        assert!(matches!(self.connection.poll_event(), Some(Event::Upgraded)));
        for _ in 0..echoes {
            self.connection
                .handle_message(self.now, id, Message::Text(packet.clone()));
            let Some(Event::Event {
                args,
                reply: Some(reply),
                ..
            }) = self.connection.poll_event()
            else {
                panic!("it is an event that is to be acknowledged")
            };
            self.connection.ack(reply, &args).expect("there is room");
            assert!(matches!(self.transmit(), Transmit::Frame { .. }));
        }
        self.connection.handle_message(self.now, id, "1".into());
        self.finish();
    }

    /// The client leaves.
    pub fn close(mut self) {
        self.post("1".into());
        self.finish();
    }

    fn finish(mut self) {
        let mut closed = false;
        while let Some(event) = self.connection.poll_event() {
            closed |= matches!(event, Event::Closed(_));
        }
        while self.connection.poll_transmit(true).is_some() {}
        assert!(closed);
    }

    fn get(&mut self) -> Response {
        let id = self.next_exchange();
        self.connection.handle_request(self.now, id, Exchange::Poll);
        self.response()
    }

    fn post(&mut self, body: Bytes) {
        let id = self.next_exchange();
        let exchange = Exchange::Post { binary: false };
        self.connection.handle_request(self.now, id, exchange);
        self.connection.handle_body(self.now, id, body);
        assert_eq!(self.response().body, "ok");
    }

    fn response(&mut self) -> Response {
        match self.transmit() {
            Transmit::Respond { response, .. } => response,
            other => panic!("{other:?} is no answer"),
        }
    }

    fn transmit(&mut self) -> Transmit {
        self.connection.poll_transmit(true).expect("there is something to do")
    }

    fn next_exchange(&mut self) -> ExchangeId {
        self.exchange += 1;
        ExchangeId(self.exchange)
    }
}
