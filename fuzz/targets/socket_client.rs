//! One Socket.IO client: whatever its server says, whatever the network, the clock and the application do, in any order.
//!
//! The harness of the crate's own tests checks what comes out: one end for each beginning, nothing is said of a socket that is not
//! connected, what is awaited ends once, nothing follows the end. Here, what waits is bounded, there is one end, and the same inputs have
//! the same outputs.

#![no_main]

#[path = "../../socketio-proto/tests/client_support/mod.rs"]
mod client_support;

use arbitrary::{Arbitrary, Unstructured};
use client_support::{Script, engine, json, ms};
use engineio_proto::Revision;
use engineio_proto::client::Transports;
use libfuzzer_sys::fuzz_target;
use socketio_proto::client::{Auth, Event, Reply, SocketKey};

const NAMESPACES: [&str; 4] = ["/", "/a", "/b", "/c"];
const SEND_CAPACITY: usize = 3_000;
const BUFFER_CAPACITY: usize = 2_000;
const HELD_CAPACITY: usize = 1_000;
const MAX_ACKS: usize = 4;

/// The largest event of the application, which is taken when nothing waits, and what the protocol itself says.
const LARGEST: usize = 6 * 255 + 1_024;

#[derive(Arbitrary, Debug)]
struct Run {
    revision_3: bool,
    buffering: bool,
    reconnection: bool,
    strip_offsets: bool,
    operations: Vec<Operation>,
}

#[derive(Arbitrary, Debug)]
enum Operation {
    /// The server does what it should: it opens the session, or lets the sockets in that ask.
    Serve,
    /// The same, but it can restore sockets, and may have done so.
    Restore(u8, bool),
    /// It emits an event to a namespace, with an offset and a question or without.
    Event(u8, bool, Option<u8>),
    /// It answers one of the latest questions.
    Answer(u8, u8),
    Refuse(u8),
    Dismiss(u8),
    Say(Packet),
    SayText(String),
    SendBytes(Vec<u8>),
    /// What is no packet of Socket.IO.
    Frame(String),
    Ping,
    Lose,
    RefuseSession(u16),
    Connect(u8, Credentials),
    Disconnect(u8),
    Authenticate(u8, bool),
    Emit(u8, u8),
    Ask(u8, Option<u8>),
    Insist(u8),
    ForgetAck(u8),
    Reply,
    Close,
    Writable(bool),
    Eager(bool),
    /// Every deadline on the way is met.
    Advance(u16),
    /// None is.
    Jump(u16),
    Timeout,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Credentials {
    None,
    Value,
    OnDemand,
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
    Sid,
    SidAndPid(u8),
    Message,
    Text,
    Event,
    EventWithOffset(u8),
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
        let revision = if self.revision_3 { Revision::V3 } else { Revision::V4 };
        let script = Script::new(|config| {
            config.buffering = self.buffering;
            config.reconnection = self.reconnection;
            config.strip_offsets = self.strip_offsets;
            config.buffer_capacity = BUFFER_CAPACITY;
            config.held_capacity = HELD_CAPACITY;
            config.max_pending_acks = MAX_ACKS;
            config.max_attachments = 3;
            config.max_attachment_bytes = 100;
            config.retries = 2;
            config.engine = engine(|engine| {
                engine.transports = Transports::WebSocket;
                engine.revision = revision;
                engine.send_capacity = SEND_CAPACITY;
                engine.max_payload = 1_000;
            });
        });
        let mut state = State {
            script,
            keys: Vec::new(),
            asked: Vec::new(),
            replies: Vec::new(),
            sockets: 0,
            leaving: false,
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
    script: Script,
    keys: Vec<SocketKey>,
    asked: Vec<(SocketKey, socketio_proto::AckId)>,
    replies: Vec<Reply>,
    /// How many sockets were let in.
    sockets: usize,
    /// Whether the application has closed the connection.
    leaving: bool,
    closed: usize,
}

impl State {
    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Serve => self.serve(None),
            Operation::Restore(pid, again) => self.serve(Some((*pid, *again))),
            Operation::Connect(namespace, credentials) => self.connect(*namespace, *credentials),
            Operation::Authenticate(back, known) => {
                if let Some(key) = self.key(*back) {
                    let auth = known.then(|| json(r#"{"token":"x"}"#));
                    let _ = self.script.client.authenticate(key, auth.as_ref());
                    self.script.pump();
                }
            }
            Operation::Disconnect(back) => {
                if let Some(key) = self.key(*back) {
                    self.script.disconnect(key);
                    self.keys.retain(|other| *other != key);
                }
            }
            Operation::Emit(back, size) => {
                if let Some(key) = self.key(*back) {
                    let _ = self.script.emit(key, "emitted", ("x".repeat(6 * usize::from(*size)),));
                }
            }
            Operation::Ask(back, timeout) => {
                if let Some(key) = self.key(*back) {
                    let timeout = timeout.map(|timeout| ms(u64::from(timeout) * 16));
                    let asked = self.script.ask(key, "asked", timeout);
                    self.asked.extend(asked.ok().map(|id| (key, id)));
                }
            }
            Operation::Insist(back) => {
                if let Some(key) = self.key(*back) {
                    let asked = self.script.insist(key, "insisted");
                    self.asked.extend(asked.ok().map(|id| (key, id)));
                }
            }
            Operation::ForgetAck(back) => {
                // What has happened and was not fetched comes out all the same.
                if let Some((key, id)) = nth_back(&self.asked, *back).filter(|_| self.script.eager) {
                    self.script.forget(key, id);
                }
            }
            Operation::Reply => {
                if let Some(reply) = self.replies.pop() {
                    let _ = self.script.ack(reply, ("yes",));
                }
            }
            Operation::Close => {
                self.leaving = true;
                self.script.close();
            }
            Operation::Writable(writable) => self.script.writable = *writable,
            Operation::Eager(eager) => {
                self.script.eager = *eager;
                if *eager {
                    self.script.pump();
                }
            }
            Operation::Advance(millis) => self.script.advance(ms((*millis).into())),
            Operation::Jump(millis) => self.script.now += ms((*millis).into()),
            Operation::Timeout => self.script.timeout(),
            _ if !self.script.is_dialing() => {}
            Operation::Lose => self.script.lose(),
            Operation::RefuseSession(status) => self.script.refuse(*status, r#"{"code":0,"message":"no"}"#),
            Operation::Ping => self.script.frame("2"),
            Operation::Frame(text) => self.script.frame(text),
            other => self.said(other),
        }
    }

    /// What the server says that may not be what it should.
    fn said(&mut self, operation: &Operation) {
        let text = match operation {
            Operation::Say(packet) => packet.text(),
            Operation::SayText(text) => text.clone(),
            Operation::SendBytes(bytes) => return self.script.say_bytes(bytes),
            Operation::Event(namespace, offset, id) => {
                let offset = if *offset { r#","Q7wat1o.0""# } else { "" };
                let id = id.map_or(String::new(), |id| id.to_string());
                format!(r#"2{}{id}["said",1{offset}]"#, prefix(*namespace))
            }
            Operation::Answer(namespace, back) => match nth_back(&self.asked, *back) {
                Some((_, id)) => format!("3{}{id}[1]", prefix(*namespace)),
                None => return,
            },
            Operation::Refuse(namespace) => format!(r#"4{}{{"message":"no","data":[1]}}"#, prefix(*namespace)),
            Operation::Dismiss(namespace) => format!("1{}", prefix(*namespace)),
            other => unreachable!("{other:?} is nothing that is said"),
        };
        self.script.say(&text);
    }

    fn connect(&mut self, namespace: u8, credentials: Credentials) {
        let namespace = NAMESPACES[usize::from(namespace) % NAMESPACES.len()];
        let auth = match credentials {
            Credentials::None => Auth::None,
            Credentials::Value => Auth::Value(json(r#"{"token":"x"}"#)),
            Credentials::OnDemand => Auth::OnDemand,
        };
        if !self.leaving {
            let key = self.script.connect_with(namespace, auth);
            if !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
    }

    /// Opens the session, or lets in whoever asks.
    fn serve(&mut self, restore: Option<(u8, bool)>) {
        if !self.script.is_dialing() {
            return;
        }
        if self.script.client.sid().is_none() {
            return self.script.open();
        }
        for packet in self.script.hear() {
            let Some(rest) = packet.strip_prefix('0') else {
                continue;
            };
            let namespace = rest.split(['{', ',', '?']).next().unwrap_or_default();
            let comma = if namespace.is_empty() { "" } else { "," };
            let id = self.sockets;
            let answer = match restore {
                None => format!(r#"0{namespace}{comma}{{"sid":"id-{id}"}}"#),
                Some((pid, again)) => {
                    let id = if again { "again".to_owned() } else { format!("id-{id}") };
                    format!(r#"0{namespace}{comma}{{"sid":"{id}","pid":"pid-{pid}"}}"#)
                }
            };
            self.sockets += 1;
            if self.script.is_dialing() {
                self.script.say(&answer);
            }
        }
    }

    fn key(&self, back: u8) -> Option<SocketKey> {
        nth_back(&self.keys, back)
    }

    /// What came out since the last look, and what holds now.
    fn look(&mut self) {
        for event in self.script.events() {
            match event {
                Event::Event { reply, .. } => self.replies.extend(reply),
                Event::Closed => self.closed += 1,
                _ => {}
            }
        }
        let client = &self.script.client;
        assert!(client.queued_bytes() <= SEND_CAPACITY + LARGEST);
        assert!(client.buffered_bytes() <= BUFFER_CAPACITY.max(LARGEST));
        assert!(client.sockets().count() <= NAMESPACES.len());
        // What has failed is awaited until that is fetched.
        assert!(!self.script.eager || self.script.observer.connected() == client.sockets().count());
    }

    /// The client leaves, and all is fetched.
    fn finish(mut self) -> Vec<String> {
        self.script.eager = true;
        self.script.writable = true;
        self.script.close();
        self.script.pump();
        self.script.advance(ms(100_000));
        self.look();
        assert_eq!(self.closed, 1, "there is one end");
        assert!(self.script.observer.is_over());
        assert_eq!(self.script.observer.awaited(), 0, "nothing is awaited for ever");
        assert_eq!(self.script.client.buffered_bytes(), 0);
        self.script.observer.trace
    }
}

impl Packet {
    fn text(&self) -> String {
        let mut text = (self.kind % 8).to_string();
        if let Some(attachments) = self.attachments {
            text += &format!("{attachments}-");
        }
        text += &prefix(self.namespace);
        if let Some(id) = self.id {
            text += &id.to_string();
        }
        match &self.data {
            Data::Missing => text,
            Data::Empty => text + "[]",
            Data::Sid => text + r#"{"sid":"x"}"#,
            Data::SidAndPid(pid) => text + &format!(r#"{{"sid":"x","pid":"{pid}"}}"#),
            Data::Message => text + r#"{"message":"no","data":{}}"#,
            Data::Text => text + r#""no""#,
            Data::Event => text + r#"["\u0065",1]"#,
            Data::EventWithOffset(offset) => text + &format!(r#"["e","{offset}"]"#),
            Data::Reserved => text + r#"["disconnect"]"#,
            Data::Placeholder(num) => text + &format!(r#"["e",{{"num":{num},"_placeholder":true}}]"#),
            Data::Raw(data) => text + data,
        }
    }
}

/// How a packet names a namespace, and one that nobody asked for.
fn prefix(namespace: u8) -> String {
    match usize::from(namespace) % (NAMESPACES.len() + 1) {
        0 => String::new(),
        n => NAMESPACES
            .get(n)
            .map_or("/d,".to_owned(), |namespace| format!("{namespace},")),
    }
}

fn nth_back<T: Copy>(list: &[T], back: u8) -> Option<T> {
    let n = list.len().checked_sub(1 + usize::from(back) % list.len().max(1))?;
    Some(list[n])
}
