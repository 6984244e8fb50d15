//! One Engine.IO session from the client's side: whatever the server, the network, the clock and the application do, in any order.
//!
//! The harness of the crate's own tests checks what comes out: no second GET beside the first, nothing is written to what is not open or
//! was closed, nothing follows the end. Here, what waits is bounded, the server's body is no bomb, there is one end, and the same inputs
//! have the same outputs.

#![no_main]

#[path = "../../engineio-proto/tests/support/mod.rs"]
mod support;

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use engineio_proto::client::{Config, Event, Method, Transports};
use engineio_proto::{ExchangeId, Frame, Gone, Message, Revision, TransportKind};
use libfuzzer_sys::fuzz_target;
use support::client::{Client, Output, client_config};
use support::{UNKNOWN, ms};

const SEND_CAPACITY: usize = 1_000;
const RECEIVE_CAPACITY: usize = 300;
const MAX_PAYLOAD: usize = 500;

/// What a message costs beside its bytes.
const COST: usize = 64;

/// Room for what the protocol itself says: a ping or a pong, a close.
const CONTROL: usize = 2 * (1 + COST);

/// The largest group of frames that is sent at once.
const LARGEST_SEND: usize = 4 * (255 + COST);

/// The times are short, so that a short run meets their ends.
const OPEN: &str =
    r#"0{"sid":"the-session","upgrades":["websocket"],"pingInterval":120,"pingTimeout":200,"maxPayload":400}"#;

#[derive(Arbitrary, Debug)]
struct Run {
    transports: Over,
    revision_3: bool,
    base64: bool,
    /// Whether everything is fetched after each step, or only when an operation says so.
    eager: bool,
    operations: Vec<Operation>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Over {
    Polling,
    WebSocket,
    Both,
}

#[derive(Arbitrary, Debug)]
enum Operation {
    /// A server that does what it should: it begins the session, or says something on it.
    Serve(Vec<Packet>),
    /// It takes what is posted, or the session that wants to begin on a WebSocket.
    Accept,
    /// It lets the session go over to a WebSocket.
    Upgrade,
    /// An answer to a request, whatever it is.
    Answer(Which, Status, Body),
    Open(Which),
    Message(Which, Packet),
    Gone(Which, Reason),
    Send(u8),
    SendAll(u8, u8),
    Close,
    Writable(bool),
    /// Every deadline on the way is met.
    Wait(u8),
    /// None is.
    Jump(u8),
    Timeout,
    PumpTransmit,
    PumpEvent,
    Pump,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Which {
    Get,
    Post,
    Socket,
    /// Any exchange, by its number.
    Any(u8),
    Unknown,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Status {
    Ok,
    BadRequest,
    Other(u16),
}

#[derive(Arbitrary, Debug)]
enum Body {
    /// A handshake of these words.
    Handshake(Handshake),
    /// Packets, joined as the revision wants it.
    Packets(Vec<Packet>),
    Raw(Vec<u8>, bool),
    /// Why a request was refused.
    Refusal(u8, String),
    /// So many kilobytes.
    Large(u8),
}

#[derive(Arbitrary, Debug)]
struct Handshake {
    sid: String,
    upgrade: bool,
    ping_interval: u64,
    ping_timeout: u64,
    max_payload: Option<u64>,
}

#[derive(Arbitrary, Debug)]
enum Packet {
    Text(String),
    Bytes(Vec<u8>),
    Ping,
    Pong,
    Probed,
    Noop,
    Close,
    Open(Handshake),
    Raw(String),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Reason {
    Closed,
    Failed(u16),
    TooLarge(usize),
}

fuzz_target!(|data: &[u8]| {
    let Ok(run) = Run::arbitrary(&mut Unstructured::new(data)) else {
        return;
    };
    let trace = run.execute();
    assert!(trace == run.execute(), "the same inputs have the same outputs");
});

impl Run {
    fn execute(&self) -> Vec<Output> {
        let mut client = Client::unfetched(self.config());
        client.eager = self.eager;
        for operation in &self.operations {
            self.apply(&mut client, operation);
            check(&client);
        }
        client.eager = true;
        client.writable = true;
        client.close();
        client.advance(ms(400));
        client.pump();
        assert!(client.connection.is_closed());
        assert_eq!(client.forgotten(), []);
        let events = client.events();
        let ends = events.iter().filter(|event| matches!(event, Event::Closed(_)));
        assert_eq!(ends.count(), 1);
        let opens = events.iter().filter(|event| matches!(event, Event::Open(_)));
        assert!(opens.count() <= 1);
        client.into_trace()
    }

    /// Short times and small bounds, so that a short run meets all of them.
    fn config(&self) -> Config {
        client_config(|config| {
            config.transports = match self.transports {
                Over::Polling => Transports::Polling,
                Over::WebSocket => Transports::WebSocket,
                Over::Both => Transports::PollingThenWebSocket,
            };
            config.base64 = self.base64;
            if self.revision_3 {
                config.revision = Revision::V3;
            }
            config.connect_timeout = ms(400);
            config.upgrade_timeout = ms(300);
            config.close_timeout = ms(400);
            config.max_payload = MAX_PAYLOAD;
            config.send_capacity = SEND_CAPACITY;
            config.receive_capacity = RECEIVE_CAPACITY;
            config.volatile_capacity = 100;
        })
    }

    fn apply(&self, client: &mut Client, operation: &Operation) {
        match operation {
            Operation::Serve(packets) => self.serve(client, packets),
            Operation::Accept => self.accept(client),
            Operation::Upgrade => self.upgrade(client),
            Operation::Answer(which, status, body) => {
                let (body, binary) = self.body(body);
                let id = which.id(client);
                client.respond(id, status.code(), binary, body);
            }
            Operation::Open(which) => {
                let id = which.id(client);
                client.open(id);
            }
            Operation::Message(which, packet) => {
                // Who reads WebSockets does not read while the session is saturated.
                let (id, message) = (which.id(client), self.message(packet));
                if !client.connection.is_saturated() {
                    client.message(id, message);
                }
            }
            Operation::Gone(which, reason) => {
                let gone = match *reason {
                    Reason::Closed => Gone::Closed,
                    Reason::Failed(code) => Gone::Failed { code },
                    Reason::TooLarge(size) => Gone::TooLarge { size },
                };
                let id = which.id(client);
                client.gone(id, gone);
            }
            Operation::Send(size) => {
                let closed = client.connection.is_closed();
                assert!(client.try_send(frame(*size)).is_err() || !closed);
            }
            Operation::SendAll(count, size) => {
                let frames = std::iter::repeat_n(frame(*size), usize::from(*count % 5));
                let cost: usize = frames.clone().map(|frame| frame.len() + COST).sum();
                let before = client.connection.queued_bytes();
                let taken = client.connection.send_all(frames).is_ok();
                let added = if taken { cost } else { 0 };
                assert_eq!(client.connection.queued_bytes(), before + added, "all or none");
            }
            Operation::Close => client.close(),
            Operation::Writable(writable) => client.writable = *writable,
            Operation::Wait(duration) => client.advance(ms(u64::from(*duration) * 4)),
            Operation::Jump(duration) => client.now += ms(u64::from(*duration) * 16),
            Operation::Timeout => client.timeout(),
            Operation::PumpTransmit => drop(client.pump_transmit()),
            Operation::PumpEvent => drop(client.pump_event()),
            Operation::Pump => client.pump(),
        }
    }

    fn serve(&self, client: &mut Client, packets: &[Packet]) {
        let begun = client.connection.handshake().is_some();
        if let Some(get) = client.waiting(Method::Get) {
            let body = match begun {
                true => self.packets(packets),
                false => self.text(OPEN).into(),
            };
            client.answer(get, body);
        } else if let (Some(socket), true) = (client.newest_socket(), begun) {
            for packet in packets {
                let message = self.message(packet);
                if !client.connection.is_saturated() {
                    client.message(socket, message);
                }
            }
        }
    }

    fn accept(&self, client: &mut Client) {
        if let Some(post) = client.waiting(Method::Post) {
            client.answer(post, "ok");
        }
        let begins =
            client.connection.transport() == TransportKind::WebSocket && client.connection.handshake().is_none();
        if let (Some(socket), true) = (client.newest_socket(), begins) {
            client.open(socket);
            client.say(socket, OPEN);
        }
    }

    fn upgrade(&self, client: &mut Client) {
        if client.connection.handshake().is_none() {
            return;
        }
        let Some(socket) = client.newest_socket() else {
            return;
        };
        client.open(socket);
        client.say(socket, "3probe");
        for (method, body) in [(Method::Post, "ok".to_owned()), (Method::Get, self.text("6"))] {
            if let Some(request) = client.waiting(method) {
                client.answer(request, body);
            }
        }
    }

    /// The body, and whether it says that it is bytes.
    fn body(&self, body: &Body) -> (Bytes, bool) {
        match body {
            Body::Handshake(handshake) => (self.text(&handshake.text()).into(), false),
            Body::Packets(packets) => (self.packets(packets), false),
            Body::Raw(bytes, binary) => (bytes.clone().into(), *binary),
            Body::Refusal(code, message) => {
                let message = message.escape_debug();
                (format!(r#"{{"code":{code},"message":"{message}"}}"#).into(), false)
            }
            Body::Large(kilobytes) => (vec![b'4'; usize::from(*kilobytes) << 10].into(), false),
        }
    }

    fn packets(&self, packets: &[Packet]) -> Bytes {
        let packets = packets.iter().map(|packet| match packet {
            Packet::Bytes(bytes) => base64(bytes, self.revision_3),
            other => match self.message(other) {
                Message::Text(text) => text.to_string(),
                Message::Binary(_) => unreachable!("only bytes are"),
            },
        });
        let packets: Vec<_> = packets.map(|packet| self.text(&packet)).collect();
        let separator = if self.revision_3 { "" } else { "\u{1e}" };
        packets.join(separator).into()
    }

    /// A packet as it stands in a body.
    fn text(&self, packet: &str) -> String {
        match self.revision_3 {
            true => format!("{}:{packet}", packet.encode_utf16().count()),
            false => packet.to_owned(),
        }
    }

    fn message(&self, packet: &Packet) -> Message {
        let text = match packet {
            Packet::Text(text) => format!("4{text}"),
            Packet::Bytes(bytes) if self.revision_3 => return Message::Binary([&[4], &bytes[..]].concat().into()),
            Packet::Bytes(bytes) => return Message::Binary(bytes.clone().into()),
            Packet::Ping => "2".to_owned(),
            Packet::Pong => "3".to_owned(),
            Packet::Probed => "3probe".to_owned(),
            Packet::Noop => "6".to_owned(),
            Packet::Close => "1".to_owned(),
            Packet::Open(handshake) => handshake.text(),
            Packet::Raw(text) => text.clone(),
        };
        Message::Text(text.into())
    }
}

fn check(client: &Client) {
    let connection = &client.connection;
    let queued = connection.queued_bytes();
    assert!(
        queued <= SEND_CAPACITY.max(LARGEST_SEND) + CONTROL,
        "{queued} bytes wait"
    );
    assert!(!(connection.is_open() && connection.is_closed()));
    assert!(connection.is_open() || !connection.is_writable());
    assert!(!connection.is_open() || connection.sid().is_some());
    assert_eq!(connection.poll_timeout().is_none(), connection.is_closed());
    if connection.is_closed() {
        assert_eq!(queued, 0);
    }
}

fn frame(size: u8) -> Frame {
    Frame::binary(vec![0; usize::from(size)].into())
}

/// Bytes as a packet of text.
fn base64(bytes: &[u8], revision_3: bool) -> String {
    let frame = Frame::binary(Bytes::copy_from_slice(bytes));
    let body = engineio_proto::encode_payload([&frame]);
    let text = std::str::from_utf8(&body).expect("base64 is text");
    match revision_3 {
        true => text.replacen('b', "b4", 1),
        false => text.to_owned(),
    }
}

impl Which {
    fn id(self, client: &Client) -> ExchangeId {
        let id = match self {
            Self::Get => client.waiting(Method::Get),
            Self::Post => client.waiting(Method::Post),
            Self::Socket => client.newest_socket(),
            Self::Any(number) => Some(ExchangeId(number.into())).filter(|_| usize::from(number) < client.exchanges()),
            Self::Unknown => None,
        };
        id.unwrap_or(UNKNOWN)
    }
}

impl Status {
    const fn code(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::BadRequest => 400,
            Self::Other(code) => code,
        }
    }
}

impl Handshake {
    fn text(&self) -> String {
        let Self {
            sid,
            upgrade,
            ping_interval,
            ping_timeout,
            max_payload,
        } = self;
        let sid = sid.escape_debug();
        let upgrades = if *upgrade { r#""websocket""# } else { "" };
        let limit = max_payload.map_or(String::new(), |limit| format!(r#","maxPayload":{limit}"#));
        format!(
            r#"0{{"sid":"{sid}","upgrades":[{upgrades}],"pingInterval":{ping_interval},"pingTimeout":{ping_timeout}{limit}}}"#
        )
    }
}
