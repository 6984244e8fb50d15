//! A client and a server that hand each other their messages.

use std::sync::Arc;

use engineio_proto::client::{Config as EngineConfig, Transmit as ClientTransmit, Transports};
use engineio_proto::server::{Request, Route, Server, Transmit as ServerTransmit};
use engineio_proto::{ExchangeId, Instant, Sid};
use socketio_proto::client;
use socketio_proto::server;
use socketio_proto::{AckId, Args, Json, SocketId};

/// Both ends of a connection on a WebSocket.
#[derive(Debug)]
pub struct Pair {
    client: client::Connection,
    server: server::Connection,
    socket: client::SocketKey,
    exchange: ExchangeId,
    now: Instant,
}

impl Pair {
    /// Connects them, and the client to the main namespace.
    ///
    /// # Panics
    ///
    /// If that fails.
    #[must_use]
    pub fn open() -> Self {
        let now = Instant::ORIGIN;
        let mut engine = EngineConfig::default();
        engine.transports = Transports::WebSocket;
        let mut config = client::Config::default();
        config.engine = Arc::new(engine);
        let mut client = client::Connection::new(now, Arc::new(config), 7);
        let auth = Json::new("{}").expect("it is JSON");
        let socket = client.connect(now, "/", auth).expect("it is a namespace");
        let Some(ClientTransmit::Connect { id: exchange, query }) = client.poll_transmit(true) else {
            panic!("the client wants a WebSocket")
        };
        let request = Request {
            method: "GET",
            query: query.as_str(),
            websocket: true,
            binary: false,
        };
        let sessions = Server::<()>::new(Arc::default());
        let Route::Incoming(incoming) = sessions.route(&request) else {
            panic!("the request is in order")
        };
        let session = sessions.accept(now, incoming, Sid::from_entropy([1; 15]));
        let mut server = server::Connection::new(now, Arc::default(), session);
        server.handle_request(now, exchange, incoming.exchange());
        assert!(matches!(
            server.poll_transmit(true),
            Some(ServerTransmit::Upgrade { .. })
        ));
        client.handle_open(now, exchange);
        let mut pair = Self {
            client,
            server,
            socket,
            exchange,
            now,
        };
        pair.hand_to_client();
        assert!(matches!(pair.client.poll_event(), Some(client::Event::Open { .. })));
        pair.hand_to_server();
        let Some(server::Event::Connect { socket, .. }) = pair.server.poll_event() else {
            panic!("the client asks for the namespace")
        };
        let id = SocketId::from_entropy([2; 15]);
        pair.server.accept(socket, id).expect("the client waits");
        pair.hand_to_client();
        assert!(matches!(
            pair.client.poll_event(),
            Some(client::Event::Connected { .. })
        ));
        pair
    }

    /// The client emits an event, the server acknowledges it with its arguments. Returns what has come back.
    ///
    /// # Panics
    ///
    /// If it does not come.
    pub fn echo(&mut self, number: u64, text: &str) -> (AckId, Args) {
        self.client
            .emit_with_ack(self.socket, "echo", (number, text), None)
            .expect("there is room");
        self.hand_to_server();
        let Some(server::Event::Event {
            args,
            reply: Some(reply),
            ..
        }) = self.server.poll_event()
        else {
            panic!("it is an event that is to be acknowledged")
        };
        self.server.ack(reply, &args).expect("there is room");
        self.hand_to_client();
        match self.client.poll_event() {
            Some(client::Event::Ack { id, args, .. }) => (id, args),
            other => panic!("{other:?} is no acknowledgement"),
        }
    }

    fn hand_to_server(&mut self) {
        while let Some(transmit) = self.client.poll_transmit(true) {
            let ClientTransmit::Frame { message, .. } = transmit else {
                panic!("{transmit:?} is no message")
            };
            self.server.handle_message(self.now, self.exchange, message);
        }
    }

    fn hand_to_client(&mut self) {
        while let Some(transmit) = self.server.poll_transmit(true) {
            let ServerTransmit::Frame { message, .. } = transmit else {
                panic!("{transmit:?} is no message")
            };
            self.client.handle_message(self.now, self.exchange, message);
        }
    }
}
