//! A server's side of one client on a WebSocket.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::server::{Request, Route, Server, Transmit};
use engineio_proto::{ExchangeId, Instant, Message, Sid};
use socketio_proto::SocketId;
use socketio_proto::server::{Config, Connection, Event, SocketKey};

/// The WebSocket's number.
const EXCHANGE: ExchangeId = ExchangeId(0);

/// A client that is in the main namespace.
#[derive(Debug)]
pub struct WebSocket {
    connection: Connection,
    socket: SocketKey,
    now: Instant,
}

impl WebSocket {
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
            query: "EIO=4&transport=websocket",
            websocket: true,
            binary: false,
        };
        let Route::Incoming(incoming) = server.route(&request) else {
            panic!("the request is in order")
        };
        let session = server.accept(now, incoming, Sid::from_entropy([1; 15]));
        let mut connection = Connection::new(now, Arc::new(Config::default()), session);
        connection.handle_request(now, EXCHANGE, incoming.exchange());
        connection.handle_message(now, EXCHANGE, "40".into());
        let Some(Event::Connect { socket, .. }) = connection.poll_event() else {
            panic!("the client asks for the namespace")
        };
        let id = SocketId::from_entropy([2; 15]);
        connection.accept(socket, id).expect("the client waits");
        while connection.poll_transmit(true).is_some() {}
        Self {
            connection,
            socket,
            now,
        }
    }

    /// Receives an event with an id, and acknowledges it with its arguments. Returns the answer.
    ///
    /// # Panics
    ///
    /// If `packet` is no such event.
    pub fn echo(&mut self, packet: ByteString) -> Message {
        self.connection
            .handle_message(self.now, EXCHANGE, Message::Text(packet));
        self.answer();
        self.transmit()
    }

    /// Receives an event with an id and an attachment, and acknowledges it with its arguments. Returns both messages of the answer.
    ///
    /// # Panics
    ///
    /// If `packet` is no such event.
    pub fn echo_binary(&mut self, packet: ByteString, attachment: Bytes) -> [Message; 2] {
        let messages = [Message::Text(packet), Message::Binary(attachment)];
        for message in messages {
            self.connection.handle_message(self.now, EXCHANGE, message);
        }
        self.answer();
        [(); 2].map(|()| match self.connection.poll_transmit(true) {
            Some(Transmit::Frame { message, .. }) => message,
            other => panic!("{other:?} is no frame to write"),
        })
    }

    /// Acknowledges the event that has come, with its arguments.
    fn answer(&mut self) {
        let Some(Event::Event {
            args,
            reply: Some(reply),
            ..
        }) = self.connection.poll_event()
        else {
            panic!("it is an event that is to be acknowledged")
        };
        self.connection.ack(reply, &args).expect("there is room");
        assert!(self.connection.poll_event().is_none());
    }

    /// Sends what was encoded before, as to each receiver of a broadcast. Returns what is written.
    ///
    /// # Panics
    ///
    /// If the client is gone.
    pub fn deliver(&mut self, packet: &socketio_proto::Encoded) -> Message {
        self.connection.send(self.socket, packet).expect("there is room");
        self.transmit()
    }

    /// The client leaves.
    ///
    /// # Panics
    ///
    /// If that does not end the connection.
    pub fn close(mut self) {
        self.connection.handle_message(self.now, EXCHANGE, "1".into());
        let mut closed = false;
        while let Some(event) = self.connection.poll_event() {
            closed |= matches!(event, Event::Closed(_));
        }
        while self.connection.poll_transmit(true).is_some() {}
        assert!(closed);
    }

    fn transmit(&mut self) -> Message {
        let Some(Transmit::Frame { message, .. }) = self.connection.poll_transmit(true) else {
            panic!("there is a frame to write")
        };
        assert!(self.connection.poll_transmit(true).is_none());
        message
    }
}
