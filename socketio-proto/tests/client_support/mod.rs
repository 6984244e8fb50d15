//! A client in virtual time: against a server that is [written out](Script) packet by packet, or against
//! [our own](network::Network).
//!
//! What comes out of the machine is checked against what no machine may ever do, and written to a log of one line an event, so that a
//! test says what it is about and nothing else:
//!
//! ```text
//! open 2                                a session, which took two attempts to reconnect
//! authenticate 0                        the first socket that was ever asked for is to say who it is
//! connected 0 abc recovered             its id, and whether it was restored
//! connect-error 0 <why> {"data":1}
//! event 0 hello "a",1 @Q7wat1o ?7       an event, its arguments, the offset that was taken off, and the id that the server gave it
//! ack 0 7 "x"                           the answer to the client's event 7
//! ack-failed 0 7 <why>
//! disconnected 0 <why>
//! reconnecting 1 1000                   the next attempt, and the milliseconds until then
//! reconnect-failed, upgraded, upgrade-failed <why>, drained, closed
//! ```

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of it")]

mod lobby;
pub mod network;
pub mod observer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engineio_proto::client::{Config as EngineConfig, Transmit, Transports};
use engineio_proto::{ExchangeId, Gone, Instant, Message, Revision};
use observer::Observer;
use proptest::test_runner::Config as ProptestConfig;
use socketio_proto::client::{Auth, Config, Connection, EmitError, Event, Reply, SocketKey};
use socketio_proto::{AckId, Json, ToArgs};

/// More than any single step may put out.
pub const TOO_MANY: usize = 100_000;

pub const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn json(text: &str) -> Json {
    Json::new(text.to_owned()).unwrap()
}

/// The default settings of the engine with a change.
pub fn engine(change: impl FnOnce(&mut EngineConfig)) -> Arc<EngineConfig> {
    let mut config = EngineConfig::default();
    change(&mut config);
    Arc::new(config)
}

/// The default settings with a change, and without chance.
pub fn config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    config.randomization_factor = 0.0;
    change(&mut config);
    config
}

/// How many cases a property is tried with.
pub fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(count)
    }
}

/// A client whose server is the test. It speaks over a WebSocket: what is below is tested there.
#[derive(Debug)]
pub struct Script {
    pub now: Instant,
    pub client: Connection,
    /// Whether everything is fetched after each step.
    pub eager: bool,
    /// Whether the WebSocket takes more.
    pub writable: bool,
    pub observer: Observer,
    /// The WebSocket that is to be opened, or is open.
    websocket: Option<ExchangeId>,
    /// How many WebSockets were asked for.
    pub dials: usize,
    heard: Vec<String>,
    /// Whether the client has closed the WebSocket, or given it up.
    pub hung_up: bool,
}

/// How it begins.
impl Script {
    /// A client that is in no namespace.
    pub fn new(change: impl FnOnce(&mut Config)) -> Self {
        Self::of_revision(Revision::V4, change)
    }

    pub fn of_revision(revision: Revision, change: impl FnOnce(&mut Config)) -> Self {
        let now = Instant::ORIGIN;
        let config = config(|config| {
            config.engine = engine(|engine| {
                engine.transports = Transports::WebSocket;
                engine.revision = revision;
            });
            change(config);
        });
        Self {
            now,
            client: Connection::new(now, Arc::new(config), 1),
            eager: true,
            writable: true,
            observer: Observer::default(),
            websocket: None,
            dials: 0,
            heard: Vec::new(),
            hung_up: false,
        }
    }

    /// A client whose session is open, and whose socket 0 is in the main namespace as `id`; nothing of that stays in the logs.
    pub fn connected() -> (Self, SocketKey) {
        Self::connected_with(|_| {})
    }

    pub fn connected_with(change: impl FnOnce(&mut Config)) -> (Self, SocketKey) {
        let mut script = Self::new(change);
        let key = script.connect("/");
        script.open();
        script.say(r#"0{"sid":"id"}"#);
        script.log();
        script.hear();
        (script, key)
    }

    /// The same, and the server restores sockets: this one is called `pid`.
    pub fn recoverable() -> (Self, SocketKey) {
        let mut script = Self::new(|_| {});
        let key = script.connect("/");
        script.open();
        script.say(r#"0{"sid":"id","pid":"secret"}"#);
        script.log();
        script.hear();
        (script, key)
    }
}

/// What the server and the network do.
impl Script {
    /// The WebSocket is opened, and the session begins.
    pub fn open(&mut self) {
        let id = self.websocket.expect("the client wants a WebSocket");
        self.client.handle_open(self.now, id);
        self.step();
        self.frame(r#"0{"sid":"engine","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#);
    }

    /// Sends one text packet of Socket.IO.
    pub fn say(&mut self, packet: &str) {
        self.frame(&format!("4{packet}"));
    }

    /// Sends a packet and its attachments.
    pub fn say_with(&mut self, packet: &str, attachments: &[&[u8]]) {
        self.say(packet);
        attachments.iter().for_each(|bytes| self.say_bytes(bytes));
    }

    /// Sends bytes: an attachment, or what should be one.
    pub fn say_bytes(&mut self, bytes: &[u8]) {
        self.message(Message::Binary(Bytes::copy_from_slice(bytes)));
    }

    /// Sends one message of the WebSocket.
    pub fn frame(&mut self, text: &str) {
        self.message(Message::Text(text.into()));
    }

    fn message(&mut self, message: Message) {
        let id = self.websocket.expect("there is a WebSocket");
        self.client.handle_message(self.now, id, message);
        self.step();
    }

    /// The WebSocket is closed, or could not be opened.
    pub fn lose(&mut self) {
        let id = self.websocket.take().expect("there is a WebSocket");
        self.client.handle_gone(self.now, id, Gone::Closed);
        self.step();
    }

    /// The WebSocket is refused.
    pub fn refuse(&mut self, status: u16, body: &'static str) {
        let id = self.websocket.take().expect("the client wants a WebSocket");
        let response = engineio_proto::client::Response {
            status,
            binary: false,
            body: body.into(),
        };
        self.client.handle_response(self.now, id, response);
        self.step();
    }

    /// The packets that the server has received since the last look: text as it is, bytes as `<010203>`.
    pub fn hear(&mut self) -> Vec<String> {
        std::mem::take(&mut self.heard)
    }

    /// Whether the client has a WebSocket, or wants one.
    pub fn is_dialing(&self) -> bool {
        self.websocket.is_some()
    }

    pub fn websocket(&self) -> ExchangeId {
        self.websocket.expect("there is a WebSocket")
    }
}

/// What the application does.
impl Script {
    pub fn connect(&mut self, namespace: &str) -> SocketKey {
        self.connect_with(namespace, Auth::None)
    }

    pub fn connect_with(&mut self, namespace: &str, auth: impl Into<Auth>) -> SocketKey {
        let key = self.client.connect(self.now, namespace, auth).unwrap();
        self.observer.knows(key);
        self.step();
        key
    }

    /// Joins another namespace, whose socket gets the id `id`; nothing of that stays in the logs.
    pub fn join(&mut self, namespace: &str) -> SocketKey {
        let key = self.connect(namespace);
        self.say(&format!(r#"0{namespace},{{"sid":"id"}}"#));
        self.log();
        self.hear();
        key
    }

    pub fn emit(&mut self, key: SocketKey, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        let result = self.client.emit(key, event, args);
        self.step();
        result
    }

    /// Emits an event that is to be acknowledged within `timeout`.
    pub fn ask(&mut self, key: SocketKey, event: &str, timeout: Option<Duration>) -> Result<AckId, EmitError> {
        let deadline = timeout.map(|timeout| self.now + timeout);
        let result = self.client.emit_with_ack(key, event, (), deadline);
        self.observer.awaits(key, result.as_ref().ok().copied());
        self.step();
        result
    }

    /// Emits an event with retries.
    pub fn insist(&mut self, key: SocketKey, event: &str) -> Result<AckId, EmitError> {
        let result = self.client.emit_with_retries(self.now, key, event, ());
        self.observer.awaits(key, result.as_ref().ok().copied());
        self.step();
        result
    }

    pub fn forget(&mut self, key: SocketKey, id: AckId) {
        self.client.forget_ack(key, id);
        self.observer.forgets(key, id);
        self.step();
    }

    pub fn ack(&mut self, reply: Reply, args: impl ToArgs) -> Result<(), EmitError> {
        let result = self.client.ack(reply, args);
        self.step();
        result
    }

    pub fn disconnect(&mut self, key: SocketKey) {
        self.client.disconnect(key);
        self.step();
    }

    pub fn close(&mut self) {
        self.client.close(self.now);
        self.step();
    }

    /// What has happened since the last look, as lines.
    pub fn log(&mut self) -> Vec<String> {
        self.observer.log()
    }

    /// What has happened since the last look.
    pub fn events(&mut self) -> Vec<Event> {
        self.observer.events()
    }

    /// The reply that the only event since the last look asks for.
    pub fn reply(&mut self) -> Reply {
        match self.events().pop() {
            Some(Event::Event { reply: Some(reply), .. }) => reply,
            other => panic!("{other:?} asks for no reply"),
        }
    }
}

/// Time, and fetching.
impl Script {
    /// Time passes; every deadline on the way is met to the microsecond. The server pings meanwhile.
    pub fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(deadline) = self.client.poll_timeout().filter(|&deadline| deadline <= end) {
            self.now = self.now.max(deadline);
            self.timeout();
        }
        self.now = end;
    }

    pub fn timeout(&mut self) {
        self.client.handle_timeout(self.now);
        self.step();
        if self.eager {
            let next = self.client.poll_timeout();
            assert!(
                next.is_none_or(|next| next > self.now),
                "a deadline that was met is over"
            );
        }
    }

    fn step(&mut self) {
        if self.eager {
            self.pump();
        }
    }

    /// Fetches all that there is.
    pub fn pump(&mut self) {
        for _ in 0..TOO_MANY {
            let event = self.client.poll_event();
            let transmit = self.client.poll_transmit(self.writable);
            if event.is_none() && transmit.is_none() {
                return;
            }
            if let Some(event) = event {
                self.observer.sees(&self.client, event);
            }
            if let Some(transmit) = transmit {
                self.transmit(transmit);
            }
        }
        panic!("the machine does not stop talking");
    }

    fn transmit(&mut self, transmit: Transmit) {
        match transmit {
            Transmit::Connect { id, .. } => {
                self.observer.begins(id);
                self.websocket = Some(id);
                self.dials += 1;
                self.hung_up = false;
            }
            Transmit::Frame { message, .. } => match message {
                Message::Text(text) => match text.strip_prefix('4') {
                    Some(packet) => self.heard.push(packet.to_owned()),
                    None => assert!(
                        matches!(&*text, "2" | "3"),
                        "{text} is no packet of the engine's client"
                    ),
                },
                Message::Binary(bytes) => {
                    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                    self.heard.push(format!("<{digits}>"));
                }
            },
            Transmit::Close { id, .. } | Transmit::Abort { id } => {
                if self.websocket == Some(id) {
                    self.websocket = None;
                    self.hung_up = true;
                }
            }
            Transmit::Request { .. } => panic!("there is no long-polling here"),
        }
    }
}
