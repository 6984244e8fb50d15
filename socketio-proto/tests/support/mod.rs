//! One client and its server in virtual time: the engine's `Server` and `Connection` below, the sockets' `Connection` above.
//!
//! The same test runs over long-polling and over a WebSocket: what the client [says](Client::say) and [hears](Client::hear) are
//! Socket.IO packets, and the harness does the rest, as a client would. What comes out of the machine is checked against what
//! no machine may ever do, and written to a log of one line an event, so that a test says what it is about and nothing else:
//!
//! ```text
//! connect 0 /chat {"token":1}          the first socket that ever asked, and what it brought
//! event 0 hello "a",1 ?7               an event, its arguments, and the id that the client gave it
//! ack 0 7 "x"                          the answer to the server's event 7
//! ack-failed 0 7 <why>
//! disconnect 0 <why>
//! upgraded
//! drained
//! closed <why>
//! ```

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of it")]

mod application;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::server::{Request, Route, Server, Transmit};
use engineio_proto::{Exchange, ExchangeId, Gone, Instant, Message, Packet, Payload, Response, Sid, TransportKind};
use proptest::test_runner::Config as ProptestConfig;
use socketio_proto::server::{AckError, Config, Connection, EmitError, Event, NotWaiting, Reply, SocketKey};
use socketio_proto::{AckId, Json, SocketId, ToArgs};

pub use engineio_proto::Config as EngineConfig;

/// Both transports, for tests that must not care.
pub const TRANSPORTS: [TransportKind; 2] = [TransportKind::Polling, TransportKind::WebSocket];

/// More than any single step may put out.
const TOO_MANY: usize = 100_000;

pub const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The default settings of the sockets with a change.
pub fn config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

/// The default settings of the engine with a change.
pub fn engine(change: impl FnOnce(&mut EngineConfig)) -> EngineConfig {
    let mut config = EngineConfig::default();
    change(&mut config);
    config
}

/// The session id of every [`Client`].
pub fn sid() -> Sid {
    Sid::from_entropy(*b"a session's key")
}

/// How many cases a property is tried with.
pub fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(count)
    }
}

/// What is known of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Pending,
    Connected,
    Over,
}

#[derive(Debug)]
pub struct Client {
    pub now: Instant,
    pub connection: Connection,
    /// Whether everything is fetched after each step. Otherwise, [`pump`](Self::pump) when the test wants to.
    pub eager: bool,
    /// Whether the client takes what the server sends: it polls, or reads its WebSocket.
    pub reading: bool,
    /// Whether the client answers pings.
    pub alive: bool,
    server: Server<()>,
    exchanges: u64,
    /// The session's WebSocket, as far as the client knows.
    websocket: Option<ExchangeId>,
    /// A WebSocket that is to become the session's.
    probe: Option<ExchangeId>,
    /// The GET that waits.
    poll: Option<ExchangeId>,
    /// Answers that are not those of polls.
    responses: BTreeMap<ExchangeId, Response>,
    closed: BTreeSet<ExchangeId>,
    heard: Vec<Message>,
    keys: Vec<SocketKey>,
    namespaces: Vec<ByteString>,
    lives: BTreeMap<SocketKey, Life>,
    awaited: BTreeSet<(SocketKey, AckId)>,
    events: Vec<Event>,
    over: bool,
    trace: Vec<String>,
}

/// How a session begins.
impl Client {
    /// A client whose session is open; no packet was said.
    pub fn over(transport: TransportKind) -> Self {
        Self::with(transport, Config::default(), EngineConfig::default())
    }

    /// A client that is in the main namespace, as socket 0.
    pub fn joined(transport: TransportKind) -> Self {
        Self::joined_with(transport, Config::default(), EngineConfig::default())
    }

    pub fn joined_with(transport: TransportKind, config: Config, engine: EngineConfig) -> Self {
        let mut client = Self::with(transport, config, engine);
        client.join("/");
        client
    }

    pub fn with(transport: TransportKind, config: Config, engine: EngineConfig) -> Self {
        let now = Instant::ORIGIN;
        let mut server = Server::new(Arc::new(engine));
        let query = format!("EIO=4&transport={}", transport.as_str());
        let websocket = transport == TransportKind::WebSocket;
        let request = Request {
            method: "GET",
            query: &query,
            websocket,
            binary: false,
        };
        let Route::Incoming(incoming) = server.route(&request) else {
            panic!("the request asks for a session");
        };
        let session = server.accept(now, incoming, sid());
        server.insert(sid(), incoming.revision(), ()).unwrap();
        let mut client = Self {
            now,
            connection: Connection::new(now, Arc::new(config), session),
            eager: true,
            reading: true,
            alive: true,
            server,
            exchanges: 0,
            websocket: None,
            probe: None,
            poll: None,
            responses: BTreeMap::new(),
            closed: BTreeSet::new(),
            heard: Vec::new(),
            keys: Vec::new(),
            namespaces: Vec::new(),
            lives: BTreeMap::new(),
            awaited: BTreeSet::new(),
            events: Vec::new(),
            over: false,
            trace: Vec::new(),
        };
        let id = client.exchange();
        if websocket {
            client.websocket = Some(id);
        } else {
            client.poll = Some(id);
        }
        client.connection.handle_request(now, id, incoming.exchange());
        client.step();
        client
    }
}

/// What the client does.
impl Client {
    /// Joins a namespace, with the server's consent; nothing of that stays in the logs.
    pub fn join(&mut self, namespace: &str) -> SocketKey {
        let (log, heard) = (std::mem::take(&mut self.events), std::mem::take(&mut self.heard));
        self.say(&connect(namespace));
        let key = *self.keys.last().expect("the client asked to join");
        self.accept(key).unwrap();
        self.events = log;
        self.heard = heard;
        key
    }

    /// Sends one text packet of Socket.IO.
    pub fn say(&mut self, packet: &str) {
        self.say_all(&[packet]);
    }

    /// Sends packets together: in one POST, if there are POSTs.
    pub fn say_all(&mut self, packets: &[&str]) {
        self.send_all(
            &packets
                .iter()
                .map(|&packet| Message::Text(packet.into()))
                .collect::<Vec<_>>(),
        );
    }

    /// Sends a packet and its attachments.
    pub fn say_with(&mut self, packet: &str, attachments: &[&[u8]]) {
        let mut messages = vec![Message::Text(packet.into())];
        messages.extend(
            attachments
                .iter()
                .map(|bytes| Message::Binary(Bytes::copy_from_slice(bytes))),
        );
        self.send_all(&messages);
    }

    /// Sends messages of the engine, whatever they contain.
    pub fn send_all(&mut self, messages: &[Message]) {
        if let Some(websocket) = self.websocket {
            for message in messages {
                let message = match message {
                    Message::Text(text) => Message::Text(format!("4{text}").into()),
                    binary @ Message::Binary(_) => binary.clone(),
                };
                self.frame(websocket, message);
            }
        } else {
            let packets = messages
                .iter()
                .cloned()
                .map(|message| match Packet::Message(message).encode() {
                    Message::Text(text) => text.to_string(),
                    Message::Binary(bytes) => format!("b{}", base64(&bytes)),
                });
            let body = packets.collect::<Vec<_>>().join("\u{1e}");
            self.post(body);
        }
    }

    /// A whole POST; returns the status of its answer, if it was fetched.
    pub fn post(&mut self, body: impl Into<Bytes>) -> Option<u16> {
        let id = self.request("POST", "polling", false);
        self.connection.handle_body(self.now, id, body.into());
        self.step();
        self.responses.get(&id).map(|response| response.status)
    }

    /// Changes from long-polling to a WebSocket.
    pub fn upgrade(&mut self) {
        let id = self.exchange();
        self.probe = Some(id);
        self.connection
            .handle_request(self.now, id, Exchange::WebSocket { base64: false });
        self.step();
        self.frame(id, "2probe".into());
        (self.websocket, self.probe) = (Some(id), None); // from here on it polls no more
        self.frame(id, "5".into());
    }

    /// The client vanishes: its WebSocket, the request that waits, or one that is not finished.
    pub fn vanish(&mut self) {
        let waiting = self.websocket.or(self.poll);
        let id = waiting.unwrap_or_else(|| self.request("POST", "polling", false));
        self.reading = false;
        self.poll = None;
        self.connection.handle_gone(self.now, id, Gone::Closed);
        self.step();
    }

    /// One WebSocket message, as it is.
    pub fn frame(&mut self, id: ExchangeId, message: Message) {
        self.connection.handle_message(self.now, id, message);
        self.step();
    }

    /// What the client has received since the last look: text packets as they are, binary messages as `<010203>`.
    pub fn hear(&mut self) -> Vec<String> {
        let text = |message| match message {
            Message::Text(text) => text.to_string(),
            Message::Binary(bytes) => format!("<{}>", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()),
        };
        std::mem::take(&mut self.heard).into_iter().map(text).collect()
    }

    /// Whether the server has ended the transport.
    pub fn is_hung_up(&self) -> bool {
        self.websocket.is_some_and(|id| self.closed.contains(&id)) || self.closed.contains(&ExchangeId(u64::MAX))
    }

    fn request(&mut self, method: &str, transport: &str, websocket: bool) -> ExchangeId {
        let id = self.exchange();
        let query = format!("EIO=4&transport={transport}&sid={}", sid().as_str());
        let request = Request {
            method,
            query: &query,
            websocket,
            binary: false,
        };
        let Route::Connection((), exchange) = self.server.route(&request) else {
            panic!("the request names the session");
        };
        self.connection.handle_request(self.now, id, exchange);
        id
    }

    fn exchange(&mut self) -> ExchangeId {
        self.exchanges += 1;
        ExchangeId(self.exchanges)
    }
}

/// What the clock does.
impl Client {
    /// Time passes; every deadline on the way is met to the microsecond.
    pub fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(deadline) = self.connection.poll_timeout().filter(|&deadline| deadline <= end) {
            self.now = self.now.max(deadline);
            self.timeout();
        }
        self.now = end;
    }

    /// Time has passed without anyone looking at the deadlines.
    pub fn jump(&mut self, duration: Duration) {
        self.now += duration;
        self.timeout();
    }

    pub fn timeout(&mut self) {
        self.connection.handle_timeout(self.now);
        let next = self.connection.poll_timeout();
        assert!(
            next.is_none_or(|next| next > self.now),
            "a deadline that was met is over"
        );
        self.step();
    }
}

/// Fetching.
impl Client {
    fn step(&mut self) {
        if self.eager {
            self.pump();
        }
    }

    /// Fetches all that there is.
    pub fn pump(&mut self) {
        for _ in 0..TOO_MANY {
            if !self.pump_event() && !self.pump_transmit() && !self.poll_again() {
                return;
            }
        }
        panic!("the machine does not stop talking");
    }

    /// The client asks for more, as it does all the time.
    fn poll_again(&mut self) -> bool {
        let polls = self.reading && self.websocket.is_none() && self.poll.is_none() && !self.connection.is_closed();
        if polls {
            self.poll = Some(self.request("GET", "polling", false));
        }
        polls
    }

    /// Fetches one transmit, if there is one.
    pub fn pump_transmit(&mut self) -> bool {
        let Some(transmit) = self.connection.poll_transmit(self.reading) else {
            return false;
        };
        self.trace.push(format!("{transmit:?}"));
        match transmit {
            Transmit::Respond { id, response } if self.poll == Some(id) => {
                self.poll = None;
                if response.status == 200 {
                    for packet in Payload::new(response.body).unwrap() {
                        self.hear_packet(packet.expect("the server sends packets"));
                    }
                }
            }
            Transmit::Respond { id, response } => {
                assert_eq!(self.responses.insert(id, response), None, "{id:?} was answered twice");
            }
            Transmit::Upgrade { id } => assert!(self.websocket == Some(id) || self.probe == Some(id)),
            Transmit::Frame { id, message, .. } => {
                assert!(!self.closed.contains(&id), "{id:?} was closed before");
                if self.websocket == Some(id) || self.probe == Some(id) {
                    self.hear_packet(Packet::decode(message).expect("the server sends packets"));
                }
            }
            Transmit::Close { id, .. } => assert!(self.closed.insert(id), "{id:?} was closed twice"),
        }
        true
    }

    fn hear_packet(&mut self, packet: Packet) {
        match packet {
            Packet::Message(message) => self.heard.push(message),
            Packet::Ping(_) if self.alive => match self.websocket {
                Some(id) => self.connection.handle_message(self.now, id, "3".into()),
                None => {
                    let id = self.request("POST", "polling", false);
                    self.connection.handle_body(self.now, id, Bytes::from_static(b"3"));
                }
            },
            Packet::Close => {
                self.closed.insert(ExchangeId(u64::MAX));
            }
            Packet::Open(handshake) => assert_eq!(handshake.sid, sid()),
            Packet::Ping(_) | Packet::Pong(_) | Packet::Upgrade | Packet::Noop => {}
        }
    }

    /// Fetches one event, if there is one.
    pub fn pump_event(&mut self) -> bool {
        let Some(event) = self.connection.poll_event() else {
            return false;
        };
        self.check(&event);
        self.trace.push(self.line(&event));
        self.events.push(event);
        true
    }

    /// What must hold of every event.
    fn check(&mut self, event: &Event) {
        assert!(!self.over, "{event:?} after the end");
        match event {
            Event::Connect { socket, namespace, .. } => {
                assert!(namespace.starts_with('/'));
                assert_eq!(self.lives.insert(*socket, Life::Pending), None, "a key is given once");
                self.keys.push(*socket);
                self.namespaces.push(namespace.clone());
            }
            Event::Event { socket, .. } => {
                assert_eq!(self.lives[socket], Life::Connected, "{event:?}");
            }
            Event::Ack { socket, id, .. } => {
                assert_eq!(self.lives[socket], Life::Connected, "{event:?}");
                assert!(self.awaited.remove(&(*socket, *id)), "{event:?} was not awaited");
            }
            Event::AckFailed { socket, id, error } => {
                assert_eq!(self.lives[socket], Life::Connected, "{event:?}");
                assert!(self.awaited.remove(&(*socket, *id)), "{event:?} was not awaited");
                assert!(matches!(error, AckError::TimedOut | AckError::Disconnected));
            }
            Event::Disconnect { socket, .. } => {
                assert_eq!(
                    self.lives.insert(*socket, Life::Over),
                    Some(Life::Connected),
                    "{event:?}"
                );
                assert_eq!(self.connection.socket_id(*socket), None);
                let awaited = self.awaited.iter().any(|(other, _)| other == socket);
                assert!(!awaited, "an acknowledgement is awaited of a socket that has left");
            }
            Event::Upgraded | Event::Drained => {}
            Event::Closed(_) => {
                self.over = true;
                assert!(self.connection.is_closed());
                assert!(
                    !self.lives.values().any(|&life| life == Life::Connected),
                    "Closed before Disconnect"
                );
                assert_eq!(self.connection.sockets().count(), 0);
                assert_eq!(self.connection.poll_timeout(), None, "nothing is due after the end");
            }
        }
    }
}

/// The packet that asks for a namespace.
pub fn connect(namespace: &str) -> String {
    match namespace {
        "/" => "0".to_owned(),
        other => format!("0{other},"),
    }
}

/// A message of text.
pub fn text(text: &str) -> Message {
    Message::Text(ByteString::from(text))
}

/// Base64, written by whoever has to: the engine's own encoder of polling bodies.
fn base64(bytes: &Bytes) -> String {
    let frame = engineio_proto::Frame::binary(bytes.clone());
    let body = engineio_proto::encode_payload(&[frame]);
    String::from_utf8(body[1..].to_vec()).expect("base64 is ASCII")
}
