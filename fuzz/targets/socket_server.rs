//! One Socket.IO client: whatever it says, whatever the clock and the application do, in any order.
//!
//! The harness of the crate's own tests checks what comes out: keys are given once, nothing is said of a socket that is not connected,
//! whoever was accepted leaves once, what was awaited ends once, nothing follows the end. Here, what waits is bounded, there is one end,
//! and the same inputs have the same outputs.

#![no_main]

#[path = "../../socketio-proto/tests/support/mod.rs"]
mod support;

use arbitrary::{Arbitrary, Unstructured};
use engineio_proto::{Message, TransportKind};
use libfuzzer_sys::fuzz_target;
use socketio_proto::AckId;
use socketio_proto::server::{Event, Reply};
use support::{Client, config, connect, engine, ms};

const NAMESPACES: [&str; 4] = ["/", "/a", "/b", "/c?d=1"];
const SEND_CAPACITY: usize = 3_000;
const MAX_NAMESPACES: usize = 3;
const MAX_ACKS: usize = 4;

/// The largest event of the application, which is taken when nothing waits, and what the protocol itself says.
const LARGEST: usize = 6 * 255 + 1_024;

#[derive(Arbitrary, Debug)]
struct Run {
    websocket: bool,
    operations: Vec<Operation>,
}

#[derive(Arbitrary, Debug)]
enum Operation {
    /// What a client that keeps to the rules says: CONNECT where it is not, something else where it is.
    Considerate(u8, Speech),
    Say(Packet),
    /// Several packets at once.
    SayAll(Vec<Packet>),
    SayText(String),
    SendBytes(Vec<u8>),
    Vanish,
    Upgrade,
    Reading(bool),
    Alive(bool),
    /// The commands of the application name sockets by number, counted from the latest: stale ones, too.
    Accept(u8),
    Refuse(u8),
    Emit(u8, u8),
    Ask(u8, Option<u8>),
    ForgetAck(u8, u8),
    Reply,
    Disconnect(u8, bool),
    Close,
    /// Every deadline on the way is met.
    Advance(u16),
    /// None is.
    Jump(u16),
    Timeout,
    Eager(bool),
    PumpEvent,
    PumpTransmit,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Speech {
    Event,
    EventWithAck(u8),
    /// The answer to one of the latest questions, wherever that was asked.
    Ack(u8),
    Binary,
    Disconnect,
}

/// A packet that may be one.
#[derive(Arbitrary, Debug)]
struct Packet {
    kind: u8,
    attachments: Option<u8>,
    namespace: u8,
    id: Option<u8>,
    data: Data,
}

#[derive(Arbitrary, Debug)]
enum Data {
    Missing,
    Empty,
    Object,
    Event,
    Reserved,
    Placeholder(u8),
    Raw(String),
}

fuzz_target!(|data: &[u8]| {
    let Ok(run) = Run::arbitrary(&mut Unstructured::new(data)) else {
        return;
    };
    let trace = run.execute();
    assert!(trace == run.execute(), "the same inputs have the same outputs");
});

impl Run {
    fn execute(&self) -> Vec<String> {
        let transport = match self.websocket {
            true => TransportKind::WebSocket,
            false => TransportKind::Polling,
        };
        let config = config(|config| (config.max_namespaces, config.max_pending_acks) = (MAX_NAMESPACES, MAX_ACKS));
        let mut state = State {
            client: Client::with(transport, config, engine(|engine| engine.send_capacity = SEND_CAPACITY)),
            replies: Vec::new(),
            asked: 0,
            closed: 0,
        };
        for operation in &self.operations {
            state.apply(operation);
            state.look();
        }
        state.finish()
    }
}

/// A client, and what its application remembers.
struct State {
    client: Client,
    replies: Vec<Reply>,
    /// The id of the next question.
    asked: u64,
    closed: usize,
}

impl State {
    fn apply(&mut self, operation: &Operation) {
        let client = &mut self.client;
        match operation {
            Operation::Considerate(namespace, speech) => self.speak(*namespace, *speech),
            Operation::Say(packet) => client.say(&packet.text()),
            Operation::SayAll(packets) => {
                let packets: Vec<_> = packets.iter().map(Packet::text).collect();
                client.say_all(&packets.iter().map(String::as_str).collect::<Vec<_>>());
            }
            Operation::SayText(text) => client.say(text),
            Operation::SendBytes(bytes) => client.send_all(&[Message::Binary(bytes.clone().into())]),
            Operation::Vanish => client.vanish(),
            Operation::Upgrade => {
                if client.connection.transport() == TransportKind::Polling && !client.connection.is_closed() {
                    client.upgrade();
                }
            }
            Operation::Reading(reading) => client.reading = *reading,
            Operation::Alive(alive) => client.alive = *alive,
            Operation::Reply => {
                if let Some(reply) = self.replies.pop() {
                    drop(client.ack(reply, ("yes",)));
                }
            }
            Operation::Close => client.close(),
            Operation::Advance(millis) => client.advance(ms(u64::from(*millis))),
            Operation::Jump(millis) => client.jump(ms(u64::from(*millis))),
            Operation::Timeout => client.timeout(),
            Operation::Eager(eager) => {
                client.eager = *eager;
                if *eager {
                    client.pump();
                }
            }
            Operation::PumpEvent => drop(client.pump_event()),
            Operation::PumpTransmit => drop(client.pump_transmit()),
            Operation::Accept(back)
            | Operation::Refuse(back)
            | Operation::Emit(back, _)
            | Operation::Ask(back, _)
            | Operation::ForgetAck(back, _)
            | Operation::Disconnect(back, _) => self.command(*back, operation),
        }
    }

    fn command(&mut self, back: u8, operation: &Operation) {
        let asked = self.client.asked();
        let Some(n) = asked.checked_sub(1 + usize::from(back) % asked.max(1)) else {
            return;
        };
        let client = &mut self.client;
        let key = client.key(n);
        match operation {
            Operation::Accept(_) => drop(client.accept(key)),
            Operation::Refuse(_) => drop(client.refuse(key, "no", None)),
            Operation::Emit(_, size) => drop(client.emit(key, "emitted", "x".repeat(6 * usize::from(*size)))),
            Operation::Ask(_, timeout) => {
                let timeout = timeout.map(|timeout| ms(u64::from(timeout) * 16));
                drop(client.ask(key, self.asked, "asked", (), timeout));
                self.asked += 1;
            }
            Operation::ForgetAck(_, back) => {
                // The harness knows of no such thing, so nothing that it waits for is forgotten.
                client.connection.forget_ack(key, AckId(self.asked + u64::from(*back)));
            }
            Operation::Disconnect(_, close) => client.disconnect(key, *close),
            other => unreachable!("{other:?} names no socket"),
        }
    }

    fn speak(&mut self, namespace: u8, speech: Speech) {
        let namespace = NAMESPACES[usize::from(namespace) % NAMESPACES.len()];
        let prefix = match namespace {
            "/" => String::new(),
            other => format!("{other},"),
        };
        let Some(may_speak) = self.client.may_speak(namespace) else {
            return;
        };
        if !may_speak {
            return self.client.say(&connect(namespace));
        }
        match speech {
            Speech::Event => self.client.say(&format!(r#"2{prefix}["said",1]"#)),
            Speech::EventWithAck(id) => self.client.say(&format!(r#"2{prefix}{id}["said",{{}}]"#)),
            Speech::Ack(back) => {
                let id = self.asked.saturating_sub(u64::from(back));
                self.client.say(&format!("3{prefix}{id}[]"));
            }
            Speech::Binary => {
                let packet = format!(r#"51-{prefix}["said",{{"_placeholder":true,"num":0}}]"#);
                self.client.say_with(&packet, &[&[1, 2, 3]]);
            }
            Speech::Disconnect => self.client.say(&format!("1{prefix}")),
        }
    }

    /// What came out since the last look, and what holds now.
    fn look(&mut self) {
        for event in self.client.events() {
            match event {
                Event::Event { reply, .. } => self.replies.extend(reply),
                Event::Closed(_) => self.closed += 1,
                _ => {}
            }
        }
        self.client.hear();
        let connection = &self.client.connection;
        assert!(connection.queued_bytes() <= SEND_CAPACITY + LARGEST);
        assert!(connection.sockets().count() <= MAX_NAMESPACES);
        // What has failed is awaited until that is fetched.
        assert!(self.client.awaited() <= MAX_ACKS || !self.client.eager);
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

impl Packet {
    fn text(&self) -> String {
        let mut text = (self.kind % 8).to_string();
        if let Some(attachments) = self.attachments {
            text += &format!("{attachments}-");
        }
        match usize::from(self.namespace) % (NAMESPACES.len() + 1) {
            0 => {}
            n => text += &format!("{},", NAMESPACES[n - 1]),
        }
        if let Some(id) = self.id {
            text += &id.to_string();
        }
        match &self.data {
            Data::Missing => text,
            Data::Empty => text + "[]",
            Data::Object => text + r#"{"token":1}"#,
            Data::Event => text + r#"["\u0065",1]"#,
            Data::Reserved => text + r#"["disconnect"]"#,
            Data::Placeholder(num) => text + &format!(r#"["e",{{"num":{num},"_placeholder":true}}]"#),
            Data::Raw(data) => text + data,
        }
    }
}
