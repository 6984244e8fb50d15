//! One Engine.IO session: whatever the network, the clock and the application do, in any order.
//!
//! The harness of the crate's own tests checks what comes out: nobody is answered twice, nothing is written to a stranger or to what was
//! closed, nothing follows the end. Here, what waits is bounded, there is one end, and the same inputs have the same outputs.

#![no_main]

#[path = "../../engineio-proto/tests/support/mod.rs"]
mod support;

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use engineio_proto::server::Event;
use engineio_proto::{Config, Exchange, ExchangeId, Frame, Gone, Message, Revision, encode_payload};
use libfuzzer_sys::fuzz_target;
use support::{FIRST, Output, Session, UNKNOWN, config, ms, request};

const SEND_CAPACITY: usize = 1_000;
const RECEIVE_CAPACITY: usize = 300;
const MAX_PAYLOAD: usize = 200;

/// What a message costs beside its bytes.
const COST: usize = 64;

/// Room for what the protocol itself says: the open packet, a ping, a close.
const CONTROL: usize = 512;

/// The largest group of frames that is sent at once.
const LARGEST_SEND: usize = 4 * (300 + COST);

#[derive(Arbitrary, Debug)]
struct Run {
    websocket: bool,
    revision_3: bool,
    base64: bool,
    jsonp: bool,
    /// Whether everything is fetched after each step, or only when an operation says so.
    eager: bool,
    operations: Vec<Operation>,
}

#[derive(Arbitrary, Debug)]
enum Operation {
    Request(Kind),
    /// A POST, whole.
    Post(Body),
    Body(Which, Body),
    Message(Which, Packet),
    /// What a WebSocket has to say to take over.
    Upgrade,
    Gone(Which, Reason),
    Send(u8),
    SendAll(u8, u8),
    SendOwed(u8),
    Close,
    /// Every deadline on the way is met.
    Wait(u8),
    /// None is.
    Jump(u8),
    Timeout,
    Reading(bool),
    PumpTransmit,
    PumpEvent,
    Pump,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    Get,
    Post,
    BinaryPost,
    WebSocket,
    Put,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Which {
    First,
    /// Counted from the newest.
    Newest(u8),
    Unknown,
}

#[derive(Arbitrary, Debug)]
enum Body {
    /// Packets, joined as the revision wants it.
    Packets(Vec<Packet>),
    Raw(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Packet {
    Text(String),
    Bytes(Vec<u8>),
    Heartbeat,
    Ping,
    Pong,
    Probe,
    Upgrade,
    Close,
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
        let mut session = self.session();
        for operation in &self.operations {
            operation.apply(&mut session);
            check(&session);
        }
        session.eager = true;
        session.reading = true;
        session.close();
        session.advance(ms(400));
        session.pump();
        assert!(session.connection.is_closed());
        assert_eq!(session.forgotten(), []);
        assert_eq!(session.connection.unread_bytes(), 0);
        let events = session.events();
        let ends = events.iter().filter(|event| matches!(event, Event::Closed(_)));
        assert_eq!(ends.count(), 1);
        session.into_trace()
    }

    fn session(&self) -> Session {
        let (transport, exchange) = match self.websocket {
            true => ("websocket", Exchange::WebSocket { base64: self.base64 }),
            false => ("polling", Exchange::Poll),
        };
        let query = match self.revision_3 {
            true => {
                let base64 = if self.base64 { "&b64=1" } else { "" };
                let jsonp = if self.jsonp { "&j=1" } else { "" };
                format!("EIO=3&transport={transport}{base64}{jsonp}")
            }
            false => format!("EIO=4&transport={transport}"),
        };
        let mut session = Session::accepted(small(), request("GET", &query, self.websocket));
        session.eager = self.eager;
        session.first_request(exchange);
        session
    }
}

impl Operation {
    fn apply(&self, session: &mut Session) {
        match self {
            Self::Request(kind) => {
                ask(session, *kind);
            }
            Self::Post(body) => {
                let id = ask(session, Kind::Post);
                receive(session, id, body);
            }
            Self::Body(which, body) => {
                let id = which.id(session);
                receive(session, id, body);
            }
            Self::Message(which, packet) => {
                let (id, message) = (which.id(session), packet.message(session.connection.revision()));
                // Who reads WebSockets does not read while the session is saturated.
                if !session.connection.is_saturated() {
                    session.message(id, message);
                }
            }
            Self::Upgrade => {
                let id = ask(session, Kind::WebSocket);
                session.say(id, "2probe");
                session.say(id, "5");
            }
            Self::Gone(which, reason) => {
                let gone = match *reason {
                    Reason::Closed => Gone::Closed,
                    Reason::Failed(code) => Gone::Failed { code },
                    Reason::TooLarge(size) => Gone::TooLarge { size },
                };
                let id = which.id(session);
                session.gone(id, gone);
            }
            Self::Send(size) => {
                let open = session.connection.is_open();
                assert!(session.try_send(frame(*size)).is_err() || open);
            }
            Self::SendAll(count, size) => {
                let frames = std::iter::repeat_n(frame(*size), usize::from(*count % 5));
                let cost: usize = frames.clone().map(|frame| frame.len() + COST).sum();
                let before = session.connection.queued_bytes();
                let taken = session.connection.send_all(frames).is_ok();
                let added = if taken { cost } else { 0 };
                assert_eq!(session.connection.queued_bytes(), before + added, "all or none");
            }
            Self::SendOwed(size) => drop(session.connection.send_owed(std::iter::once(frame(*size)))),
            Self::Close => session.close(),
            Self::Wait(duration) => session.advance(ms(u64::from(*duration) * 4)),
            Self::Jump(duration) => session.jump(ms(u64::from(*duration) * 16)),
            Self::Timeout => session.timeout(),
            Self::Reading(reading) => session.reading = *reading,
            Self::PumpTransmit => drop(session.pump_transmit()),
            Self::PumpEvent => drop(session.pump_event()),
            Self::Pump => session.pump(),
        }
    }
}

fn ask(session: &mut Session, kind: Kind) -> ExchangeId {
    match kind {
        Kind::Get => session.request("GET", "polling", false, false),
        Kind::Post => session.request("POST", "polling", false, false),
        Kind::BinaryPost => session.request("POST", "polling", false, true),
        Kind::WebSocket => session.request("GET", "websocket", true, false),
        Kind::Put => session.request("PUT", "polling", false, false),
    }
}

/// Who reads bodies does not read one while the session is saturated.
fn receive(session: &mut Session, id: ExchangeId, body: &Body) {
    let body = body.bytes(session.connection.revision());
    if !session.connection.is_saturated() {
        session.body(id, body);
    }
}

fn check(session: &Session) {
    let connection = &session.connection;
    let queued = connection.queued_bytes();
    assert!(
        queued <= SEND_CAPACITY.max(LARGEST_SEND) + CONTROL,
        "{queued} bytes wait"
    );
    let unread = connection.unread_bytes();
    assert!(
        unread <= RECEIVE_CAPACITY + MAX_PAYLOAD + COST,
        "{unread} bytes are not read"
    );
    assert_eq!(connection.poll_timeout().is_none(), connection.is_closed());
    assert!(!connection.is_open() || !connection.is_closed());
    assert!(connection.is_open() || !connection.is_writable());
    if connection.is_closed() {
        assert_eq!(queued, 0);
    }
}

/// Short times and small bounds, so that a short run meets all of them.
fn small() -> Config {
    config(|config| {
        config.ping_interval = ms(250);
        config.ping_timeout = ms(200);
        config.upgrade_timeout = ms(300);
        config.close_timeout = ms(400);
        config.max_payload = MAX_PAYLOAD;
        config.send_capacity = SEND_CAPACITY;
        config.receive_capacity = RECEIVE_CAPACITY;
        config.volatile_capacity = 100;
        config.allow_eio3 = true;
    })
}

fn frame(size: u8) -> Frame {
    Frame::binary(vec![0; usize::from(size)].into())
}

impl Which {
    fn id(self, session: &Session) -> ExchangeId {
        match self {
            Self::First => FIRST,
            Self::Newest(back) => session.exchanges().nth_back(usize::from(back)).unwrap_or(FIRST),
            Self::Unknown => UNKNOWN,
        }
    }
}

impl Body {
    fn bytes(&self, revision: Revision) -> Bytes {
        let packets = match self {
            Self::Packets(packets) => packets,
            Self::Raw(bytes) => return bytes.clone().into(),
        };
        let mut body = Vec::new();
        for packet in packets {
            let text = match packet {
                Packet::Bytes(bytes) => base64(bytes, revision),
                other => match other.message(revision) {
                    Message::Text(text) => text.to_string(),
                    Message::Binary(_) => unreachable!("only bytes are"),
                },
            };
            match revision {
                Revision::V4 if body.is_empty() => {}
                Revision::V4 => body.push(0x1e),
                Revision::V3 => body.extend(format!("{}:", text.encode_utf16().count()).bytes()),
            }
            body.extend(text.bytes());
        }
        body.into()
    }
}

/// Bytes as a packet of text.
fn base64(bytes: &[u8], revision: Revision) -> String {
    let frame = Frame::binary(Bytes::copy_from_slice(bytes));
    let body = encode_payload([&frame]);
    let text = std::str::from_utf8(&body).expect("base64 is text");
    match revision {
        Revision::V4 => text.to_owned(),
        Revision::V3 => text.replacen('b', "b4", 1),
    }
}

impl Packet {
    fn message(&self, revision: Revision) -> Message {
        let text = match self {
            Self::Text(text) => format!("4{text}"),
            Self::Bytes(bytes) if revision == Revision::V3 => {
                return Message::Binary([&[4], &bytes[..]].concat().into());
            }
            Self::Bytes(bytes) => return Message::Binary(bytes.clone().into()),
            Self::Heartbeat => (if revision == Revision::V3 { "2" } else { "3" }).to_owned(),
            Self::Ping => "2".to_owned(),
            Self::Pong => "3".to_owned(),
            Self::Probe => "2probe".to_owned(),
            Self::Upgrade => "5".to_owned(),
            Self::Close => "1".to_owned(),
            Self::Raw(text) => text.clone(),
        };
        Message::Text(text.into())
    }
}
