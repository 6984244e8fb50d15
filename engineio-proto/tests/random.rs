//! Anything in any order: whatever the network, the clock and the application do, a few things always hold.
//!
//! Much of it is checked as it comes out, by the harness: nobody is answered twice, nothing is written to a stranger or to what
//! was closed, and nothing follows the end.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use engineio_proto::server::{Event, Transmit};
use engineio_proto::{Config, Exchange, ExchangeId, Frame, Gone, Message, Revision, SendError};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::{FIRST, Output, Session, UNKNOWN, cases, config, ms, request};

/// The largest frame or group of frames that is sent below, as the limits count it.
const LARGEST_SEND: usize = 3 * (400 + COST);

/// What a frame costs beside its bytes.
const COST: usize = 64;

/// Room for what the protocol itself says: the open packet, a ping, a close.
const CONTROL: usize = 512;

#[derive(Clone, Debug)]
enum Operation {
    /// A request, whatever else is on its way.
    Request(Kind),
    /// A request of a client that keeps to the rules: not beside another one that it would disturb.
    Considerate(Kind),
    /// A body, for an exchange of whatever kind or none at all.
    Body(Which, Bytes),
    Message(Which, Message),
    Gone(Which, Gone),
    Send(usize),
    SendAll(usize, usize),
    Close,
    /// Every deadline on the way is met.
    Wait(Duration),
    /// None is.
    Jump(Duration),
    Timeout,
    Fetch(Fetch),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Get,
    Post,
    BinaryPost,
    WebSocket,
    Put,
}

#[derive(Clone, Copy, Debug)]
enum Which {
    /// The latest exchange of this kind.
    Latest(Kind),
    /// Any exchange, counted from the newest.
    Newest(usize),
    Unknown,
}

#[derive(Clone, Copy, Debug)]
enum Fetch {
    All,
    Transmit,
    Event,
}

fn which(likely: Kind) -> impl Strategy<Value = Which> {
    prop_oneof![
        17 => Just(Which::Latest(likely)),
        2 => (0..12usize).prop_map(Which::Newest),
        1 => Just(Which::Unknown),
    ]
}

fn packet() -> impl Strategy<Value = String> {
    prop_oneof![
        30 => "4[a-z€]{0,6}",
        15 => Just("3".to_owned()),
        10 => Just("bAQID".to_owned()),
        2 => "[0-7bx][a-zA-Z=+/]{0,4}",
        1 => Just("4 a message that is larger than was agreed".to_owned()),
        1 => ".{0,3}",
    ]
}

fn payload() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        40 => prop::collection::vec(packet(), 1..4).prop_map(|packets| packets.join("\u{1e}").into()),
        1 => prop::collection::vec(any::<u8>(), 0..8).prop_map(Into::into),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        12 => packet().prop_map(|packet| Message::Text(packet.into())),
        4 => Just("2probe".into()),
        4 => Just("5".into()),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Message::Binary(bytes.into())),
    ]
}

fn gone() -> impl Strategy<Value = Gone> {
    prop_oneof![
        Just(Gone::Closed),
        Just(Gone::Failed { code: 1002 }),
        any::<usize>().prop_map(|size| Gone::TooLarge { size }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let kind = || {
        prop_oneof![
            8 => Just(Kind::Get),
            6 => Just(Kind::Post),
            3 => Just(Kind::WebSocket),
        ]
    };
    let rude = prop_oneof![3 => kind(), 1 => Just(Kind::BinaryPost), 1 => Just(Kind::Put)];
    let fetch = prop_oneof![2 => Just(Fetch::All), 1 => Just(Fetch::Transmit), 1 => Just(Fetch::Event)];
    prop_oneof![
        60 => kind().prop_map(Operation::Considerate),
        2 => rude.prop_map(Operation::Request),
        30 => (which(Kind::Post), payload()).prop_map(|(which, body)| Operation::Body(which, body)),
        60 => (which(Kind::WebSocket), message()).prop_map(|(which, message)| Operation::Message(which, message)),
        2 => (which(Kind::WebSocket), gone()).prop_map(|(which, gone)| Operation::Gone(which, gone)),
        40 => (0..400usize).prop_map(Operation::Send),
        10 => (0..4usize, 0..400usize).prop_map(|(count, size)| Operation::SendAll(count, size)),
        2 => Just(Operation::Close),
        30 => (0..100u64).prop_map(|duration| Operation::Wait(ms(duration))),
        2 => (0..3_000u64).prop_map(|duration| Operation::Jump(ms(duration))),
        5 => Just(Operation::Timeout),
        40 => fetch.prop_map(Operation::Fetch),
    ]
}

/// Short times and small bounds, so that a short run meets all of them.
fn small() -> Config {
    config(|config| {
        config.ping_interval = ms(250);
        config.ping_timeout = ms(200);
        config.upgrade_timeout = ms(300);
        config.close_timeout = ms(400);
        config.max_payload = 30;
        config.send_capacity = 1_000;
        config.volatile_capacity = 100;
        config.allow_eio3 = true;
    })
}

#[derive(Clone, Debug)]
struct Run {
    websocket: bool,
    revision_3: bool,
    /// Whether everything is fetched after each step, or only when an operation says so.
    eager: bool,
    /// How many operations come before the request that made the session.
    before: usize,
    operations: Vec<Operation>,
}

fn run() -> impl Strategy<Value = Run> {
    let before = prop_oneof![9 => Just(0), 1 => 0..5usize];
    let operations = prop::collection::vec(operation(), 0..80);
    let flags = (any::<bool>(), prop::bool::weighted(0.3), any::<bool>());
    (flags, before, operations).prop_map(|((websocket, revision_3, eager), before, operations)| Run {
        websocket,
        revision_3,
        eager,
        before,
        operations,
    })
}

impl Run {
    fn execute(&self) -> Session {
        let (transport, first) = if self.websocket {
            ("websocket", Exchange::WebSocket { base64: false })
        } else {
            ("polling", Exchange::Poll)
        };
        let query = format!("EIO={}&transport={transport}", if self.revision_3 { 3 } else { 4 });
        let mut session = Session::accepted(small(), request("GET", &query, self.websocket));
        session.eager = self.eager;
        let mut network = Network::default();
        for (index, operation) in self.operations.iter().enumerate() {
            let is_request = matches!(operation, Operation::Request(_) | Operation::Considerate(_));
            if session.exchanges().len() == 0 && (index >= self.before || is_request) {
                session.first_request(first);
                network
                    .latest
                    .insert(if self.websocket { Kind::WebSocket } else { Kind::Get }, FIRST);
            }
            network.apply(&mut session, operation);
            check(&session);
        }
        session
    }
}

#[derive(Default)]
struct Network {
    latest: BTreeMap<Kind, ExchangeId>,
}

impl Network {
    fn apply(&mut self, session: &mut Session, operation: &Operation) {
        match operation {
            Operation::Considerate(kind) => {
                let latest = self.latest.get(kind);
                let disturbed = match kind {
                    Kind::WebSocket => latest.is_some_and(|id| session.close_of(*id).is_none()),
                    _ => latest.is_some_and(|id| session.is_waiting(*id)),
                };
                if !disturbed {
                    self.request(session, *kind);
                }
            }
            Operation::Request(kind) => self.request(session, *kind),
            Operation::Body(which, body) => {
                let body = match session.connection.revision() {
                    Revision::V4 => body.clone(),
                    Revision::V3 => older_body(body),
                };
                session.body(self.id(session, *which), body);
            }
            Operation::Message(which, message) => {
                let message = match (session.connection.revision(), message) {
                    (Revision::V3, Message::Text(text)) => Message::Text(older_packet(text).into()),
                    _ => message.clone(),
                };
                session.message(self.id(session, *which), message);
            }
            Operation::Gone(which, gone) => session.gone(self.id(session, *which), *gone),
            Operation::Send(size) => send(session, *size),
            Operation::SendAll(count, size) => send_all(session, *count, *size),
            Operation::Close => session.close(),
            Operation::Wait(duration) => session.advance(*duration),
            Operation::Jump(duration) => session.jump(*duration),
            Operation::Timeout => session.timeout(),
            Operation::Fetch(Fetch::All) => session.pump(),
            Operation::Fetch(Fetch::Transmit) => {
                session.pump_transmit();
            }
            Operation::Fetch(Fetch::Event) => {
                session.pump_event();
            }
        }
    }

    fn request(&mut self, session: &mut Session, kind: Kind) {
        let (method, transport, websocket, binary) = match kind {
            Kind::Get => ("GET", "polling", false, false),
            Kind::Post => ("POST", "polling", false, false),
            Kind::BinaryPost => ("POST", "polling", false, true),
            Kind::WebSocket => ("GET", "websocket", true, false),
            Kind::Put => ("PUT", "polling", false, false),
        };
        let id = session.request(method, transport, websocket, binary);
        self.latest.insert(kind, id);
    }

    fn id(&self, session: &Session, which: Which) -> ExchangeId {
        let newest_but = |index| session.exchanges().nth_back(index);
        let id = match which {
            Which::Latest(kind) => self.latest.get(&kind).copied(),
            Which::Newest(index) => newest_but(index),
            Which::Unknown => None,
        };
        id.unwrap_or(UNKNOWN)
    }
}

/// A packet that means the same in revision 3.
fn older_packet(packet: &str) -> String {
    match packet.split_at_checked(1) {
        Some(("3", data)) => format!("2{data}"),
        Some(("b", data)) => format!("b4{data}"),
        _ => packet.to_owned(),
    }
}

/// The same for a body, if it is text.
fn older_body(body: &Bytes) -> Bytes {
    let Ok(text) = std::str::from_utf8(body) else {
        return body.clone();
    };
    let packets = text.split('\u{1e}').map(older_packet);
    let packets = packets.map(|packet| format!("{}:{packet}", packet.encode_utf16().count()));
    packets.collect::<String>().into()
}

fn send(session: &mut Session, size: usize) {
    let frame = Frame::binary(Bytes::from(vec![0; size]));
    let open = session.connection.is_open();
    match session.try_send(frame.clone()) {
        Ok(()) => assert!(open),
        Err(SendError::Closed(back)) => assert!(!open && back == frame),
        Err(SendError::Full(back)) => assert!(open && back == frame),
    }
}

fn send_all(session: &mut Session, count: usize, size: usize) {
    let frames = std::iter::repeat_n(Frame::binary(Bytes::from(vec![0; size])), count);
    let before = session.connection.queued_bytes();
    let taken = session.connection.send_all(frames).is_ok();
    let added = if taken { count * (size + COST) } else { 0 };
    assert_eq!(session.connection.queued_bytes(), before + added, "all or none");
}

/// What a run met, in a word each.
fn met(output: &Output) -> &'static str {
    match output {
        Output::Event(Event::Message(Message::Text(_))) => "text",
        Output::Event(Event::Message(Message::Binary(_))) => "bytes",
        Output::Event(Event::Upgraded) => "upgraded",
        Output::Event(Event::Drained) => "drained",
        Output::Event(Event::Closed(reason)) => reason.as_str(),
        Output::Transmit(Transmit::Respond { response, .. }) => match (response.status, &response.body[..]) {
            (200, b"ok") => "ok",
            (200, b"6") => "noop",
            (200, b"2") => "ping",
            (200, b"1") => "last words",
            (200, _) => "packets",
            (413, _) => "413",
            (_, b"") => "400",
            (..) => "refusal",
        },
        Output::Transmit(Transmit::Upgrade { .. }) => "101",
        Output::Transmit(Transmit::Frame { .. }) => "frame",
        Output::Transmit(Transmit::Close { code, .. }) => match code {
            None => "empty close",
            Some(1002) => "1002",
            Some(1009) => "1009",
            Some(code) => panic!("nothing closes with {code}"),
        },
        Output::Timeout(None) => "nothing due",
        Output::Timeout(Some(_)) => "something due",
    }
}

/// The other tests are worth what their runs meet: all that can come out, often enough to be combined.
#[test]
fn the_runs_meet_everything() {
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut runner = TestRunner::deterministic();
    for _ in 0..1_000 {
        let run = run().new_tree(&mut runner).unwrap().current();
        let trace = run.execute().into_trace();
        let met: BTreeSet<&str> = trace.iter().map(met).collect();
        for what in met {
            *counts.entry(what).or_default() += 1;
        }
    }
    for what in [
        "text",
        "bytes",
        "upgraded",
        "drained",
        "transport close",
        "transport error",
        "forced close",
        "ping timeout",
        "parse error",
        "ok",
        "noop",
        "ping",
        "last words",
        "packets",
        "413",
        "400",
        "refusal",
        "101",
        "frame",
        "empty close",
        "1002",
        "1009",
    ] {
        let count = counts.get(what).copied().unwrap_or_default();
        assert!(count >= 8, "{count} runs met {what:?}: {counts:?}");
    }
}

fn check(session: &Session) {
    let connection = &session.connection;
    let queued = connection.queued_bytes();
    assert!(
        queued <= small().send_capacity.max(LARGEST_SEND) + CONTROL,
        "{queued} bytes wait"
    );
    assert!(!(connection.is_open() && connection.is_closed()));
    assert_eq!(connection.poll_timeout().is_none(), connection.is_closed());
    if connection.is_closed() {
        assert_eq!(queued, 0);
    }
    assert!(connection.is_open() || !connection.is_writable());
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn every_session_ends_once_and_leaves_nobody_waiting(run in run()) {
        let mut session = run.execute();
        session.close();
        session.advance(ms(400));
        session.pump();
        prop_assert!(session.connection.is_closed());
        prop_assert_eq!(session.forgotten(), []);
        let events = session.events();
        let ends = events.iter().filter(|event| matches!(event, Event::Closed(_))).count();
        prop_assert_eq!(ends, 1);
        prop_assert!(matches!(events.last(), Some(Event::Closed(_))));
    }

    #[test]
    fn a_session_that_is_left_alone_ends_by_itself(run in run()) {
        let mut session = run.execute();
        session.advance(ms(1_000));
        session.pump();
        prop_assert!(session.connection.is_closed());
        prop_assert_eq!(session.forgotten(), []);
    }

    #[test]
    fn the_same_inputs_have_the_same_outputs(run in run()) {
        let once: Vec<Output> = run.execute().into_trace();
        let twice: Vec<Output> = run.execute().into_trace();
        prop_assert_eq!(once, twice);
    }
}
