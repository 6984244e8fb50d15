//! Anything in any order: whatever the server, the clock and the application do to a client, a few things always hold.
//!
//! Much of it is checked as it comes out, by the harness: no second GET beside the first, nothing written to what is not open, and
//! nothing after the end.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use engineio_proto::client::{Config, Event, Method, Transmit, Transports};
use engineio_proto::{ExchangeId, Frame, Gone, Message, Revision, SendError, TransportKind};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::client::{Client, Output, client_config};
use support::{UNKNOWN, cases, ms};

/// What a frame costs beside its bytes.
const COST: usize = 64;

/// The largest frame or group of frames that is sent below, as the limits count it.
const LARGEST_SEND: usize = 3 * (400 + COST);

/// Room for what the protocol itself says: a ping or pong, a close.
const CONTROL: usize = 2 * (1 + COST);

/// The times are short, so that a short run meets their ends.
const OPEN: &str =
    r#"0{"sid":"the-session","upgrades":["websocket"],"pingInterval":120,"pingTimeout":200,"maxPayload":500}"#;

#[derive(Clone, Debug)]
enum Operation {
    /// The answer to a request.
    Answer(Which, u16, Bytes),
    /// The answer of a server that does what it should: the handshake first, then these packets.
    Serve(Bytes),
    /// A server that does what it should with what is not a GET: it lets a POST or a WebSocket in.
    Accept,
    /// A server that does what it should while the session goes over to a WebSocket.
    Upgrade,
    Open(Which),
    Message(Which, Message),
    Gone(Which, Gone),
    Send(usize),
    SendAll(usize, usize),
    Close,
    Writable(bool),
    /// Every deadline on the way is met.
    Wait(Duration),
    Timeout,
    Fetch(Fetch),
}

#[derive(Clone, Copy, Debug)]
enum Which {
    Get,
    Post,
    Socket,
    /// Any exchange, by its number.
    Any(u64),
    Unknown,
}

#[derive(Clone, Copy, Debug)]
enum Fetch {
    All,
    Transmit,
    Event,
}

fn which(likely: Which) -> impl Strategy<Value = Which> {
    prop_oneof![
        20 => Just(likely),
        1 => prop_oneof![Just(Which::Get), Just(Which::Post), Just(Which::Socket)],
        1 => (0..40u64).prop_map(Which::Any),
        1 => Just(Which::Unknown),
    ]
}

fn packet() -> impl Strategy<Value = String> {
    prop_oneof![
        150 => prop::sample::select(vec!["4", "4hello", "4€", "4😀😀"]).prop_map(str::to_owned),
        75 => Just("2".to_owned()),
        75 => Just("3".to_owned()),
        50 => Just("bAQID".to_owned()),
        50 => Just("6".to_owned()),
        2 => Just("1".to_owned()),
        1 => "[0-7bx][a-zA-Z=+/]{0,4}",
        1 => Just(format!("4{}", "x".repeat(600))),
        1 => ".{0,3}",
    ]
}

fn payload() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        100 => prop::collection::vec(packet(), 1..4).prop_map(|packets| packets.join("\u{1e}").into()),
        1 => prop::collection::vec(any::<u8>(), 0..8).prop_map(Into::into),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        20 => packet().prop_map(|packet| Message::Text(packet.into())),
        20 => Just("3probe".into()),
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
    let request = || prop_oneof![which(Which::Get), which(Which::Post)];
    let any_exchange = prop_oneof![which(Which::Get), which(Which::Post), which(Which::Socket)];
    let status = prop_oneof![100 => Just(200u16), 1 => Just(400u16), 1 => any::<u16>()];
    let fetch = prop_oneof![2 => Just(Fetch::All), 1 => Just(Fetch::Transmit), 1 => Just(Fetch::Event)];
    prop_oneof![
        50 => payload().prop_map(Operation::Serve),
        5 => (request(), status, payload()).prop_map(|(which, status, body)| Operation::Answer(which, status, body)),
        40 => Just(Operation::Accept),
        5 => Just(Operation::Upgrade),
        20 => which(Which::Socket).prop_map(Operation::Open),
        50 => (which(Which::Socket), message()).prop_map(|(which, message)| Operation::Message(which, message)),
        3 => (any_exchange, gone()).prop_map(|(which, gone)| Operation::Gone(which, gone)),
        40 => (0..400usize).prop_map(Operation::Send),
        10 => (0..4usize, 0..400usize).prop_map(|(count, size)| Operation::SendAll(count, size)),
        2 => Just(Operation::Close),
        10 => any::<bool>().prop_map(Operation::Writable),
        20 => (0..60u64).prop_map(|duration| Operation::Wait(ms(duration))),
        1 => (0..1_000u64).prop_map(|duration| Operation::Wait(ms(duration))),
        5 => Just(Operation::Timeout),
        40 => fetch.prop_map(Operation::Fetch),
    ]
}

#[derive(Clone, Debug)]
struct Run {
    transports: Transports,
    revision_3: bool,
    base64: bool,
    /// Whether everything is fetched after each step, or only when an operation says so.
    eager: bool,
    operations: Vec<Operation>,
}

fn run() -> impl Strategy<Value = Run> {
    let transports = prop_oneof![
        1 => Just(Transports::Polling),
        1 => Just(Transports::WebSocket),
        3 => Just(Transports::PollingThenWebSocket),
    ];
    let flags = (transports, prop::bool::weighted(0.3), any::<bool>(), any::<bool>());
    let operations = prop::collection::vec(operation(), 0..100);
    (flags, operations).prop_map(|((transports, revision_3, base64, eager), operations)| Run {
        transports,
        revision_3,
        base64,
        eager,
        operations,
    })
}

impl Run {
    /// Small bounds, so that a short run meets all of them.
    fn config(&self) -> Config {
        client_config(|config| {
            config.transports = self.transports;
            config.base64 = self.base64;
            if self.revision_3 {
                config.revision = Revision::V3;
            }
            config.connect_timeout = ms(400);
            config.upgrade_timeout = ms(300);
            config.close_timeout = ms(400);
            config.max_payload = 500;
            config.send_capacity = 1_000;
            config.volatile_capacity = 100;
            config.receive_capacity = 300;
        })
    }

    fn execute(&self) -> Client {
        let mut client = Client::unfetched(self.config());
        client.eager = self.eager;
        for operation in &self.operations {
            self.apply(&mut client, operation);
            check(&client);
        }
        client
    }

    fn apply(&self, client: &mut Client, operation: &Operation) {
        match operation {
            Operation::Answer(which, status, body) => {
                let binary = status % 2 == 1;
                client.respond(id(client, *which), *status, binary, self.body(body));
            }
            Operation::Serve(body) => {
                if let Some(get) = client.waiting(Method::Get) {
                    let body = match client.connection.handshake() {
                        None => Bytes::from_static(OPEN.as_bytes()),
                        Some(_) => body.clone(),
                    };
                    client.answer(get, self.body(&body));
                }
            }
            Operation::Accept => match client.connection.transport() {
                TransportKind::Polling => {
                    if let Some(post) = client.waiting(Method::Post) {
                        client.answer(post, "ok");
                    }
                }
                TransportKind::WebSocket if client.connection.handshake().is_none() => {
                    let socket = id(client, Which::Socket);
                    client.open(socket);
                    client.say(socket, OPEN);
                }
                TransportKind::WebSocket => {}
            },
            Operation::Upgrade => {
                let socket = id(client, Which::Socket);
                client.open(socket);
                client.say(socket, "3probe");
                for (method, body) in [(Method::Post, &b"ok"[..]), (Method::Get, b"6")] {
                    if let Some(request) = client
                        .waiting(method)
                        .filter(|_| client.connection.handshake().is_some())
                    {
                        client.answer(request, self.body(&Bytes::from_static(body)));
                    }
                }
            }
            Operation::Open(which) => client.open(id(client, *which)),
            // A server says nothing before the handshake, mostly.
            Operation::Message(_, Message::Text(text)) if client.connection.handshake().is_none() && text.len() > 1 => {
            }
            Operation::Message(which, message) => client.message(id(client, *which), message.clone()),
            Operation::Gone(which, gone) => client.gone(id(client, *which), *gone),
            Operation::Send(size) => send(client, *size),
            Operation::SendAll(count, size) => send_all(client, *count, *size),
            Operation::Close => client.close(),
            Operation::Writable(writable) => client.writable = *writable,
            Operation::Wait(duration) => client.advance(*duration),
            Operation::Timeout => client.timeout(),
            Operation::Fetch(Fetch::All) => client.pump(),
            Operation::Fetch(Fetch::Transmit) => {
                client.pump_transmit();
            }
            Operation::Fetch(Fetch::Event) => {
                client.pump_event();
            }
        }
    }

    /// The same packets as the session's revision writes them, if they are text.
    fn body(&self, body: &Bytes) -> Bytes {
        let Some(text) = std::str::from_utf8(body).ok().filter(|_| self.revision_3) else {
            return body.clone();
        };
        let packets = text.split('\u{1e}').map(|packet| match packet.strip_prefix('b') {
            Some(data) => format!("b4{data}"),
            None => packet.to_owned(),
        });
        let packets = packets.map(|packet| format!("{}:{packet}", packet.encode_utf16().count()));
        packets.collect::<String>().into()
    }
}

fn id(client: &Client, which: Which) -> ExchangeId {
    let id = match which {
        Which::Get => client.waiting(Method::Get),
        Which::Post => client.waiting(Method::Post),
        Which::Socket => client.newest_socket(),
        Which::Any(number) => Some(ExchangeId(number)).filter(|_| number < client.exchanges() as u64),
        Which::Unknown => None,
    };
    id.unwrap_or(UNKNOWN)
}

fn send(client: &mut Client, size: usize) {
    let frame = Frame::binary(Bytes::from(vec![0; size]));
    match client.try_send(frame.clone()) {
        Ok(()) => {}
        Err(SendError::Closed(back)) => assert!(!client.connection.is_open() && back == frame),
        Err(SendError::Full(back)) => assert!(!client.connection.is_closed() && back == frame),
    }
}

fn send_all(client: &mut Client, count: usize, size: usize) {
    let frames = std::iter::repeat_n(Frame::binary(Bytes::from(vec![0; size])), count);
    let before = client.connection.queued_bytes();
    let taken = client.connection.send_all(frames).is_ok();
    let added = if taken { count * (size + COST) } else { 0 };
    assert_eq!(client.connection.queued_bytes(), before + added, "all or none");
}

fn check(client: &Client) {
    let connection = &client.connection;
    let queued = connection.queued_bytes();
    assert!(queued <= LARGEST_SEND.max(1_000) + CONTROL, "{queued} bytes wait");
    assert!(!(connection.is_open() && connection.is_closed()));
    assert_eq!(connection.poll_timeout().is_none(), connection.is_closed());
    if connection.is_closed() {
        assert_eq!(queued, 0);
    }
    assert!(connection.is_open() || !connection.is_writable());
    assert!(!connection.is_open() || connection.sid().is_some());
}

/// What a run met, in a word each.
fn met(output: &Output) -> &'static str {
    match output {
        Output::Event(Event::Open(_)) => "open",
        Output::Event(Event::Message(Message::Text(_))) => "text",
        Output::Event(Event::Message(Message::Binary(_))) => "bytes",
        Output::Event(Event::Upgraded) => "upgraded",
        Output::Event(Event::UpgradeFailed(_)) => "upgrade failed",
        Output::Event(Event::Drained) => "drained",
        Output::Event(Event::Closed(reason)) => reason.as_str(),
        Output::Transmit(Transmit::Request { request, .. }) => match (request.method, request.content_type) {
            (Method::Get, _) => "GET",
            (Method::Post, Some("application/octet-stream")) => "POST of bytes",
            (Method::Post, _) if request.body.starts_with(b"1:2") => "ping",
            (Method::Post, _) if request.body.ends_with(b"1") => "POST of the last word",
            (Method::Post, _) => "POST",
        },
        Output::Transmit(Transmit::Connect { .. }) => "connect",
        Output::Transmit(Transmit::Frame { message, .. }) => match message {
            Message::Text(text) if &**text == "2probe" => "probe",
            Message::Text(text) if &**text == "5" => "upgrade",
            Message::Text(text) if &**text == "3" => "pong",
            Message::Text(text) if &**text == "2" => "ping",
            Message::Text(_) | Message::Binary(_) => "frame",
        },
        Output::Transmit(Transmit::Close { code, .. }) => match code {
            None => "empty close",
            Some(1002) => "1002",
            Some(1009) => "1009",
            Some(code) => panic!("nothing closes with {code}"),
        },
        Output::Transmit(Transmit::Abort { .. }) => "abort",
        Output::Timeout(None) => "nothing due",
        Output::Timeout(Some(_)) => "something due",
    }
}

/// The other tests are worth what their runs meet: all that can come out, often enough to be combined.
#[test]
fn the_runs_meet_everything() {
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut runner = TestRunner::deterministic();
    for _ in 0..1_200 {
        let run = run().new_tree(&mut runner).unwrap().current();
        let trace = run.execute().into_trace();
        let met: BTreeSet<&str> = trace.iter().map(met).collect();
        for what in met {
            *counts.entry(what).or_default() += 1;
        }
    }
    for what in [
        "open",
        "text",
        "bytes",
        "upgraded",
        "upgrade failed",
        "drained",
        "transport close",
        "transport error",
        "forced close",
        "ping timeout",
        "parse error",
        "GET",
        "POST",
        "POST of bytes",
        "POST of the last word",
        "connect",
        "probe",
        "upgrade",
        "pong",
        "ping",
        "frame",
        "empty close",
        "1002",
        "1009",
        "abort",
    ] {
        let count = counts.get(what).copied().unwrap_or_default();
        assert!(count >= 8, "{count} runs met {what:?}: {counts:?}");
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn every_session_ends_once_and_leaves_nothing_behind(run in run()) {
        let mut client = run.execute();
        client.close();
        client.advance(ms(400));
        client.pump();
        prop_assert!(client.connection.is_closed());
        prop_assert_eq!(client.forgotten(), []);
        let events = client.events();
        let ends = events.iter().filter(|event| matches!(event, Event::Closed(_))).count();
        prop_assert_eq!(ends, 1);
        prop_assert!(matches!(events.last(), Some(Event::Closed(_))));
        let opens = events.iter().filter(|event| matches!(event, Event::Open(_))).count();
        prop_assert!(opens <= 1);
    }

    #[test]
    fn a_session_that_is_left_alone_ends_by_itself(run in run()) {
        let mut client = run.execute();
        client.advance(ms(1_000));
        client.pump();
        prop_assert!(client.connection.is_closed());
        prop_assert_eq!(client.forgotten(), []);
    }

    #[test]
    fn the_same_inputs_have_the_same_outputs(run in run()) {
        let once: Vec<Output> = run.execute().into_trace();
        let twice: Vec<Output> = run.execute().into_trace();
        prop_assert_eq!(once, twice);
    }
}
