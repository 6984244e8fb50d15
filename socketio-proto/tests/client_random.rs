//! Anything in any order: whatever the server, the network, the clock and the application do, a few things always hold.
//!
//! Much of it is checked as it comes out, by the observer: exactly one `Disconnected` for each `Connected`, nothing is said of a socket
//! that is not connected, what was awaited ends once, numbers of exchanges do not come again, and nothing follows the end. The rest is
//! here: events arrive in order and at most once, those that are sent with retries in order and at least once, and what is lost was
//! sent on a connection that was.

mod client_support;

use std::collections::{BTreeMap, BTreeSet};

use client_support::network::{Network, jitter, over};
use client_support::{Script, cases, ms};
use engineio_proto::Revision;
use engineio_proto::client::Transports;
use proptest::prelude::*;
use socketio_proto::client::{Event, SocketKey};

const NAMESPACES: [&str; 4] = ["/", "/a", "/b", "/no"];

const BUFFER_CAPACITY: usize = 4_000;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Connect(usize),
    Disconnect(usize),
    /// An event of so many bytes.
    Emit(usize, usize),
    Ask(usize, Option<u64>),
    Insist(usize),
    Broadcast,
    /// The server makes sockets leave, and maybe ends their connections.
    Dismiss(bool),
    Advance(u64),
    Cut,
    Restart,
    Reachable(bool),
    Close,
}

fn operation() -> impl Strategy<Value = Operation> {
    let n = || 0..NAMESPACES.len();
    prop_oneof![
        12 => n().prop_map(Operation::Connect),
        2 => n().prop_map(Operation::Disconnect),
        25 => (n(), 0..700usize).prop_map(|(n, size)| Operation::Emit(n, size)),
        12 => (n(), prop::option::of(0..3_000u64)).prop_map(|(n, time)| Operation::Ask(n, time)),
        12 => n().prop_map(Operation::Insist),
        6 => Just(Operation::Broadcast),
        1 => any::<bool>().prop_map(Operation::Dismiss),
        30 => (0..200u64).prop_map(Operation::Advance),
        8 => (0..9_000u64).prop_map(Operation::Advance),
        3 => Just(Operation::Cut),
        2 => Just(Operation::Restart),
        3 => prop::bool::weighted(0.6).prop_map(Operation::Reachable),
    ]
}

fn transports() -> impl Strategy<Value = Transports> {
    prop::sample::select(
        &[
            Transports::Polling,
            Transports::WebSocket,
            Transports::PollingThenWebSocket,
        ][..],
    )
}

fn revision() -> impl Strategy<Value = Revision> {
    prop::sample::select(&[Revision::V4, Revision::V4, Revision::V3][..])
}

struct Run {
    network: Network,
    /// The socket of each namespace, while there is one.
    keys: BTreeMap<usize, SocketKey>,
    connected: BTreeSet<SocketKey>,
    /// Numbers of events that have waited for a connection, by socket.
    waiting: BTreeMap<SocketKey, Vec<u64>>,
    /// Numbers of events that were sent on the present connection.
    sent: BTreeMap<SocketKey, Vec<u64>>,
    emitted: u64,
    broadcasts: u64,
    heard: Option<u64>,
}

impl Run {
    fn new(transports: Transports, revision: Revision, seed: u64) -> Self {
        let mut config = over(transports, revision);
        config.randomization_factor = 0.5;
        config.buffer_capacity = BUFFER_CAPACITY;
        config.max_pending_acks = 4;
        config.retries = 1;
        config.ack_timeout = Some(ms(1_000));
        Self {
            network: Network::with_latency(config, jitter(seed, 60)),
            keys: BTreeMap::new(),
            connected: BTreeSet::new(),
            waiting: BTreeMap::new(),
            sent: BTreeMap::new(),
            emitted: 0,
            broadcasts: 0,
            heard: None,
        }
    }

    fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Connect(n) => {
                let key = self.network.connect(NAMESPACES[n]);
                self.keys.insert(n, key);
            }
            Operation::Disconnect(n) => {
                if let Some(key) = self.keys.remove(&n) {
                    self.network.disconnect(key);
                    self.waiting.remove(&key);
                    self.sent.remove(&key);
                }
            }
            Operation::Emit(n, size) => {
                if let Some(&key) = self.keys.get(&n) {
                    let number = self.next();
                    let sent = self.network.emit(key, "news", (number, "x".repeat(size)));
                    if sent.is_ok() {
                        let is_connected = self.connected.contains(&key);
                        let list = if is_connected {
                            &mut self.sent
                        } else {
                            &mut self.waiting
                        };
                        list.entry(key).or_default().push(number);
                    }
                }
            }
            Operation::Ask(n, timeout) => {
                if let Some(&key) = self.keys.get(&n) {
                    let number = self.next();
                    let _ = self.network.ask(key, (number,), timeout.map(ms));
                }
            }
            Operation::Insist(n) => {
                if let Some(&key) = self.keys.get(&n) {
                    let number = self.next();
                    let _ = self.network.insist(key, (number,));
                }
            }
            Operation::Broadcast => {
                self.network.broadcast("broadcast", (self.broadcasts,));
                self.broadcasts += 1;
            }
            Operation::Dismiss(close) => self.network.dismiss(close),
            Operation::Advance(millis) => self.network.advance(ms(millis)),
            Operation::Cut => self.network.cut(),
            Operation::Restart => self.network.restart(),
            Operation::Reachable(reachable) => self.network.reachable = reachable,
            Operation::Close => self.network.close(),
        }
        self.look();
    }

    fn next(&mut self) -> u64 {
        self.emitted += 1;
        self.emitted
    }

    /// What came out since the last look.
    fn look(&mut self) {
        for event in self.network.observer.events() {
            match event {
                Event::Connected { socket, .. } => {
                    self.connected.insert(socket);
                    let waited = self.waiting.remove(&socket).unwrap_or_default();
                    self.sent.insert(socket, waited);
                }
                Event::Disconnected { socket, .. } => {
                    self.connected.remove(&socket);
                    self.sent.remove(&socket);
                }
                Event::Event { name, args, socket, .. } if name == "broadcast" => {
                    let n = args.get(0).unwrap().parse().unwrap();
                    // One after the other, to each of its sockets.
                    assert!(self.heard <= Some(n), "{n} came to {socket:?} after {:?}", self.heard);
                    self.heard = Some(n);
                }
                _ => {}
            }
        }
        assert!(self.network.client.buffered_bytes() <= BUFFER_CAPACITY);
        assert!(self.network.client.sockets().count() <= NAMESPACES.len());
        assert_eq!(self.network.client.sockets().count(), self.connected.len());
    }

    /// The network heals, all that can be said is, and the client leaves.
    fn finish(mut self) -> Vec<String> {
        self.apply(Operation::Reachable(true));
        self.apply(Operation::Advance(120_000));
        self.check();
        self.apply(Operation::Close);
        self.apply(Operation::Advance(60_000));
        assert!(self.network.observer.is_over());
        assert_eq!(self.network.observer.awaited(), 0, "nothing is awaited for ever");
        assert_eq!(self.network.server_sockets(), 0);
        assert!(self.network.server_is_empty());
        self.network.observer.trace
    }

    fn check(&self) {
        for namespace in NAMESPACES {
            for event in ["news", "ask", "insist"] {
                let numbers = self.numbers(namespace, event);
                let once = numbers.windows(2).all(|pair| pair[0] < pair[1]);
                let in_order = event == "insist" && numbers.is_sorted();
                assert!(once || in_order, "{namespace} {event} {numbers:?}");
            }
        }
        for (n, key) in &self.keys {
            let received: BTreeSet<_> = self.numbers(NAMESPACES[*n], "news").into_iter().collect();
            for number in self.sent.get(key).into_iter().flatten() {
                assert!(received.contains(number), "{number} is lost, and nobody was told");
            }
        }
    }

    /// The numbers that the server has got.
    fn numbers(&self, namespace: &str, event: &str) -> Vec<u64> {
        let received = self.network.received.iter();
        let these = received.filter(|(other, name, _)| other == namespace && name == event);
        these
            .map(|(_, _, args)| args.split(',').next().unwrap().parse().unwrap())
            .collect()
    }
}

fn run(transports: Transports, revision: Revision, seed: u64, operations: &[Operation]) -> Vec<String> {
    let mut run = Run::new(transports, revision, seed);
    for &operation in operations {
        run.apply(operation);
    }
    run.finish()
}

/// Packets, as a server may send that keeps to no rules.
fn packet() -> impl Strategy<Value = String> {
    let namespace = prop::sample::select(&["", "/a,", "/b,", "/e?x=1,"][..]);
    let payload = prop::sample::select(
        &[
            "",
            "[]",
            r#"["e"]"#,
            r#"["e","Q7wat1o.0"]"#,
            r#"["e",{"_placeholder":true,"num":0}]"#,
            "{}",
            r#"{"sid":"x"}"#,
            r#"{"sid":"x","pid":"y"}"#,
            r#"{"message":"no","data":[1]}"#,
            r#""no""#,
        ][..],
    );
    prop_oneof![
        30 => (0..7u8, namespace, "[0-9]{0,1}", payload)
            .prop_map(|(kind, namespace, id, payload)| format!("{kind}{namespace}{id}{payload}")),
        1 => r#"[56][0-9]{0,2}-?(\["e",\{"_placeholder":true,"num":[0-3]\}\])?"#,
        1 => ".{0,6}",
    ]
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn whatever_happens_the_rules_hold_and_happen_again_the_same_way(
        transports in transports(),
        revision in revision(),
        seed in any::<u64>(),
        operations in prop::collection::vec(operation(), 1..100),
    ) {
        let first = run(transports, revision, seed, &operations);
        prop_assert_eq!(first, run(transports, revision, seed, &operations));
    }

    #[test]
    fn whatever_a_server_says_nothing_breaks(
        revision in revision(),
        packets in prop::collection::vec(prop_oneof![20 => packet(), 1 => Just("lose".to_owned())], 1..60),
    ) {
        let mut script = Script::of_revision(revision, |config| config.held_capacity = 1_000);
        let key = script.connect("/");
        let a = script.connect("/a");
        for (n, packet) in packets.iter().enumerate() {
            if script.is_dialing() && script.client.sid().is_none() {
                script.open();
            }
            match n % 5 {
                0 => drop(script.ask(key, "ask", None)),
                1 => drop(script.insist(a, "insist")),
                2 => drop(script.connect("/a")),
                3 => drop(script.emit(key, "news", (n,))),
                _ => {}
            }
            if !script.is_dialing() {
                script.connect("/");
                script.advance(ms(5_000));
            } else if packet == "lose" {
                script.lose();
            } else {
                script.say(packet);
            }
        }
        script.close();
        script.advance(ms(60_000));
        prop_assert!(script.observer.is_over());
    }
}

/// The operations above do reach what they are meant to.
#[test]
fn the_random_operations_are_no_short_stories() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeMap::<String, usize>::new();
    for seed in 0..100 {
        let operations = prop::collection::vec(operation(), 100);
        let operations = operations.new_tree(&mut runner).unwrap().current();
        for line in run(Transports::PollingThenWebSocket, Revision::V4, seed, &operations) {
            let kind = line.split(' ').next().unwrap().to_owned();
            *seen.entry(kind).or_default() += 1;
        }
    }
    for kind in [
        "open",
        "connected",
        "connect-error",
        "event",
        "ack",
        "ack-failed",
        "disconnected",
        "reconnecting",
        "upgraded",
        "drained",
        "closed",
    ] {
        assert!(seen.get(kind).copied().unwrap_or(0) > 5, "{kind} is rare: {seen:?}");
    }
}
