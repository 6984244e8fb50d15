//! Anything in any order: whatever the client, the clock and the application do, a few things always hold.
//!
//! Most of it is checked as it comes out, by the harness: keys are given once, nothing is said of a socket that is not
//! connected, whoever was accepted leaves once, what was awaited ends once, and nothing follows the end.

mod support;

use std::collections::BTreeSet;

use engineio_proto::TransportKind;
use proptest::prelude::*;
use socketio_proto::server::{Event, Reply};
use support::{Client, EngineConfig, cases, config, connect, engine, ms};

const NAMESPACES: [&str; 3] = ["/", "/a", "/b"];

const SEND_CAPACITY: usize = 3_000;

/// Room for what the protocol itself says, and for a single packet that is larger than the buffer.
const CONTROL: usize = 512;

#[derive(Clone, Debug)]
enum Operation {
    /// A packet of a client that keeps to the rules: CONNECT where it is not, something else where it is.
    Considerate(usize, Speech),
    /// A packet, whatever was said before.
    Say(String),
    /// Several packets at once.
    SayAll(Vec<String>),
    SendBytes(Vec<u8>),
    Vanish,
    Upgrade,
    Reading(bool),
    Alive(bool),
    /// The commands of the application name sockets by number: stale ones, too.
    Accept(usize),
    Refuse(usize),
    Emit(usize, usize),
    Ask(usize, Option<u64>),
    Reply,
    Disconnect(usize, bool),
    Close,
    /// Every deadline on the way is met.
    Advance(u64),
    /// None is.
    Jump(u64),
    Timeout,
    Eager(bool),
    PumpEvent,
    PumpTransmit,
}

#[derive(Clone, Copy, Debug)]
enum Speech {
    Event,
    EventWithAck(u64),
    /// The answer to one of the latest questions, wherever that was asked.
    Ack(u64),
    Binary,
    Disconnect,
}

fn speech() -> impl Strategy<Value = Speech> {
    prop_oneof![
        8 => Just(Speech::Event),
        4 => (0..5u64).prop_map(Speech::EventWithAck),
        8 => (0..5u64).prop_map(Speech::Ack),
        3 => Just(Speech::Binary),
        2 => Just(Speech::Disconnect),
    ]
}

fn packet() -> impl Strategy<Value = String> {
    let namespace = prop::sample::select(&["", "/a,", "/b,", "/e?x=1,"][..]);
    prop_oneof![
        10 => (0..7u8, namespace, "[0-9]{0,2}", r#"(\[\]|\["e"\]|\["\\u0041",\{"_placeholder":true,"num":0\}\]|\{\}|"x")?"#)
            .prop_map(|(kind, namespace, id, payload)| format!("{kind}{namespace}{id}{payload}")),
        2 => r#"[56][0-9]{0,2}-?(\["e",\{"_placeholder":true,"num":[0-3]\}\])?"#,
        1 => ".{0,6}",
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let socket = || 0..12usize;
    let considerate = || (0..NAMESPACES.len(), speech()).prop_map(|(n, speech)| Operation::Considerate(n, speech));
    prop_oneof![
        90 => considerate(),
        20 => socket().prop_map(Operation::Accept),
        4 => socket().prop_map(Operation::Refuse),
        20 => (socket(), 0..1_500usize).prop_map(|(socket, size)| Operation::Emit(socket, size)),
        12 => (socket(), prop::option::of(0..3_000u64)).prop_map(|(socket, time)| Operation::Ask(socket, time)),
        8 => Just(Operation::Reply),
        4 => (socket(), prop::bool::weighted(0.05)).prop_map(|(socket, close)| Operation::Disconnect(socket, close)),
        8 => (0..4_000u64).prop_map(Operation::Advance),
        3 => (0..3_000u64).prop_map(Operation::Jump),
        2 => Just(Operation::Timeout),
        4 => prop::bool::weighted(0.7).prop_map(Operation::Eager),
        6 => Just(Operation::PumpEvent),
        6 => Just(Operation::PumpTransmit),
        3 => prop::bool::weighted(0.6).prop_map(Operation::Reading),
        1 => prop::bool::weighted(0.9).prop_map(Operation::Alive),
        1 => Just(Operation::Upgrade),
        1 => prop_oneof![
            4 => packet().prop_map(Operation::Say),
            2 => prop::collection::vec(packet(), 1..4).prop_map(Operation::SayAll),
            1 => prop::collection::vec(any::<u8>(), 0..9).prop_map(Operation::SendBytes),
            3 => Just(Operation::Vanish),
            1 => Just(Operation::Close),
        ],
    ]
}

/// A client, and what its application remembers.
struct Run {
    client: Client,
    replies: Vec<Reply>,
    /// Where the client has asked to come in or to get out, and the application has not heard of it yet.
    silent: BTreeSet<String>,
    /// Counts what the client says, and what the application emits.
    said: u64,
    emitted: u64,
    /// The id of the next question.
    asked: u64,
    /// The latest of each that has arrived.
    received: Option<u64>,
    heard: Option<u64>,
    closed: usize,
}

impl Run {
    fn new(transport: TransportKind) -> Self {
        let config = config(|config| (config.max_namespaces, config.max_pending_acks) = (3, 4));
        let engine: EngineConfig = engine(|engine| engine.send_capacity = SEND_CAPACITY);
        Self {
            client: Client::with(transport, config, engine),
            replies: Vec::new(),
            silent: BTreeSet::new(),
            said: 0,
            emitted: 0,
            asked: 0,
            received: None,
            heard: None,
            closed: 0,
        }
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Considerate(namespace, speech) => self.speak(NAMESPACES[*namespace], *speech),
            Operation::Say(packet) => self.client.say(packet),
            Operation::SayAll(packets) => self
                .client
                .say_all(&packets.iter().map(String::as_str).collect::<Vec<_>>()),
            Operation::SendBytes(bytes) => self
                .client
                .send_all(&[engineio_proto::Message::Binary(bytes.clone().into())]),
            Operation::Vanish => self.client.vanish(),
            Operation::Upgrade => {
                if self.client.connection.transport() == TransportKind::Polling && !self.client.connection.is_closed() {
                    self.client.upgrade();
                }
            }
            Operation::Reading(reading) => self.client.reading = *reading,
            Operation::Alive(alive) => self.client.alive = *alive,
            Operation::Advance(millis) => self.client.advance(ms(*millis)),
            Operation::Jump(millis) => self.client.jump(ms(*millis)),
            Operation::Timeout => self.client.timeout(),
            Operation::Eager(eager) => {
                self.client.eager = *eager;
                if *eager {
                    self.client.pump();
                }
            }
            Operation::PumpEvent => drop(self.client.pump_event()),
            Operation::PumpTransmit => drop(self.client.pump_transmit()),
            Operation::Close => self.client.close(),
            Operation::Reply => {
                if let Some(reply) = self.replies.pop() {
                    let _ = self.client.ack(reply, ("yes",));
                }
            }
            Operation::Accept(n)
            | Operation::Refuse(n)
            | Operation::Emit(n, _)
            | Operation::Ask(n, _)
            | Operation::Disconnect(n, _) => self.command(*n, operation),
        }
        self.look();
    }

    /// What a client that keeps to the rules says where it is, or to get there.
    fn speak(&mut self, namespace: &str, speech: Speech) {
        let prefix = if namespace == "/" {
            String::new()
        } else {
            format!("{namespace},")
        };
        let n = self.said;
        match self
            .client
            .may_speak(namespace)
            .filter(|_| !self.silent.contains(namespace))
        {
            None => {}
            Some(false) => {
                self.silent.insert(namespace.to_owned());
                self.client.say(&connect(namespace));
            }
            Some(true) => {
                self.said += 1;
                match speech {
                    Speech::Event => self.client.say(&format!(r#"2{prefix}["said",{n}]"#)),
                    Speech::EventWithAck(id) => self.client.say(&format!(r#"2{prefix}{id}["said",{n}]"#)),
                    Speech::Ack(back) => {
                        let id = self.asked.saturating_sub(back);
                        self.client.say(&format!("3{prefix}{id}[]"));
                    }
                    Speech::Binary => {
                        let packet = format!(r#"51-{prefix}["said",{n},{{"_placeholder":true,"num":0}}]"#);
                        self.client.say_with(&packet, &[&[1, 2, 3]]);
                    }
                    Speech::Disconnect => {
                        self.silent.insert(namespace.to_owned());
                        self.client.say(&format!("1{prefix}"));
                    }
                }
            }
        }
    }

    fn command(&mut self, n: usize, operation: &Operation) {
        let asked = self.client.asked();
        // Mostly the latest sockets, and all of them at times.
        let Some(n) = asked.checked_sub(1 + n % asked.max(1)) else {
            return;
        };
        let key = self.client.key(n);
        match operation {
            Operation::Accept(_) => drop(self.client.accept(key)),
            Operation::Refuse(_) => drop(self.client.refuse(key, "no", None)),
            Operation::Emit(_, size) => {
                let sent = self.client.emit(key, "emitted", (self.emitted, "x".repeat(*size)));
                self.emitted += u64::from(sent.is_ok());
            }
            Operation::Ask(_, timeout) => {
                let id = self.asked;
                let sent = self.client.ask(key, id, "emitted", (self.emitted,), timeout.map(ms));
                self.emitted += u64::from(sent.is_ok());
                self.asked += 1;
            }
            Operation::Disconnect(_, close) => self.client.disconnect(key, *close),
            other => unreachable!("{other:?} names no socket"),
        }
    }

    /// What came out since the last look.
    fn look(&mut self) {
        for event in self.client.events() {
            match event {
                Event::Event { name, args, reply, .. } => {
                    if name == "said" {
                        let n = args.get(0).unwrap().parse().unwrap();
                        assert!(self.received < Some(n), "{n} came after {:?}", self.received);
                        self.received = Some(n);
                    }
                    self.replies.extend(reply);
                }
                Event::Connect { socket, .. } | Event::Disconnect { socket, .. } => {
                    self.silent.remove(self.client.namespace(socket));
                }
                Event::Closed(_) => self.closed += 1,
                _ => {}
            }
        }
        for packet in self.client.hear() {
            let Some((_, args)) = packet.split_once(r#"["emitted","#) else {
                continue;
            };
            let n = args.split([',', ']']).next().unwrap().parse().unwrap();
            assert!(self.heard < Some(n), "{n} came after {:?}", self.heard);
            self.heard = Some(n);
        }
        let connection = &self.client.connection;
        assert!(
            connection.queued_bytes() <= SEND_CAPACITY + CONTROL,
            "{}",
            connection.queued_bytes()
        );
        assert!(connection.sockets().count() <= 3);
        assert!(
            self.client.awaited() <= 4 || !self.client.eager,
            "what has failed is awaited until that is fetched"
        );
    }

    /// The client leaves, and all is fetched.
    fn finish(mut self) -> Vec<String> {
        self.client.eager = true;
        self.client.vanish();
        self.client.pump();
        self.client.advance(ms(100_000));
        self.look();
        assert_eq!(self.closed, 1, "there is one end");
        assert!(self.client.is_over());
        assert_eq!(self.client.awaited(), 0, "nothing is awaited for ever");
        assert_eq!(self.client.connection.queued_bytes(), 0);
        self.client.into_trace()
    }
}

fn run(transport: TransportKind, operations: &[Operation]) -> Vec<String> {
    let mut run = Run::new(transport);
    for operation in operations {
        run.apply(operation);
    }
    run.finish()
}

fn transport() -> impl Strategy<Value = TransportKind> {
    prop::sample::select(&support::TRANSPORTS[..])
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn whatever_happens_the_rules_hold_and_happen_again_the_same_way(
        transport in transport(),
        operations in prop::collection::vec(operation(), 1..120),
    ) {
        let first = run(transport, &operations);
        prop_assert_eq!(first, run(transport, &operations));
    }

    #[test]
    fn whatever_a_client_says_nothing_breaks(
        transport in transport(),
        packets in prop::collection::vec(packet(), 1..20),
    ) {
        let mut run = Run::new(transport);
        for packet in packets {
            run.apply(&Operation::Accept(0));
            run.apply(&Operation::Say(packet));
        }
        run.finish();
    }
}

/// The operations above do reach what they are meant to.
#[test]
fn the_random_operations_are_no_short_stories() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for n in 0..200 {
        let operations = prop::collection::vec(operation(), 120)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        for line in run(support::TRANSPORTS[n % 2], &operations) {
            let kind = line.split(' ').next().unwrap().to_owned();
            *seen.entry(kind).or_default() += 1;
        }
    }
    for kind in [
        "connect",
        "event",
        "ack",
        "ack-failed",
        "disconnect",
        "upgraded",
        "drained",
        "closed",
    ] {
        assert!(seen.get(kind).copied().unwrap_or(0) > 5, "{kind} is rare: {seen:?}");
    }
}
