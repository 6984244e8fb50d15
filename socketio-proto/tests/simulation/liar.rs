//! Clients that break the rules. What they do is done at the server's door, so that it is known at once what must become of them.

use bytes::Bytes;
use engineio_proto::{ExchangeId, Frame, Gone, Message, Revision, TransportKind, encode_payload, revision_3};
use socketio_proto::server::Connection;
use socketio_proto::{AckId, Json};

use crate::admission::pid_of;
use crate::ledger::FILLER;
use crate::lies::{FATAL, HARMLESS, KNOCKS, Lie, OTHER, PROBES, Words};
use crate::script::NAMESPACES;
use crate::world::World;

/// More than anybody may say at once.
static MUCH: [u8; 1_000_001] = [b'4'; 1_000_001];

/// What must become of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It ends, and its sockets with it.
    Ends,
    /// It goes on as if nothing were.
    GoesOn,
    /// That depends.
    Depends,
}

impl World {
    /// Whether this is one of those who break the rules.
    pub fn is_liar(&self, client: usize) -> bool {
        client >= self.script.settings.clients.len()
    }

    pub fn lie(&mut self, liar: usize, lie: Lie, number: usize) {
        let liars = self.script.settings.liars.len();
        let client = self.script.settings.clients.len() + liar % liars;
        match lie {
            Lie::Arrive { websocket } => return self.arrive(client, websocket),
            Lie::Knock(knock) => return self.knock(client, KNOCKS[knock], number),
            _ => {}
        }
        let Some(session) = self.session_of(client, number) else {
            return;
        };
        let Some(machine) = &self.host.sessions[session].machine else {
            return;
        };
        if machine.is_saturated() || self.clients[client].busy_until[1] > self.now {
            return; // nobody reads what it says
        }
        // One that does not read what it is owed is sent away for that, whatever it says.
        let judged = machine.is_open() && machine.queued_bytes() < self.script.settings.send_capacity / 2;
        let verdict = self.act(session, lie, number);
        self.trace.note(self.now, "lie", session, verdict as u64);
        self.counts.lies += 1;
        self.pump();
        if judged {
            self.judge(session, lie, verdict);
        }
    }

    fn judge(&mut self, session: usize, lie: Lie, verdict: Verdict) {
        let this = &mut self.host.sessions[session];
        let open = this.machine.as_ref().is_some_and(Connection::is_open);
        match verdict {
            Verdict::Ends => {
                assert!(!open, "a session goes on after {lie:?}");
                let places = &self.ledger.places;
                let left = this.places.iter().all(|(_, place)| !places[*place].live);
                assert!(left, "a socket stays after {lie:?}");
                this.condemned = true;
                self.counts.condemned += 1;
                let end = self.now + self.host.engine.close_timeout;
                this.heard_at = this.heard_at.min(end);
            }
            Verdict::GoesOn => assert!(open, "a session ends after {lie:?}"),
            Verdict::Depends => {}
        }
    }

    fn act(&mut self, session: usize, lie: Lie, number: usize) -> Verdict {
        let machine = self.machine(session);
        let polling = machine.transport() == TransportKind::Polling;
        let is_old = machine.revision() == Revision::V3;
        let too_much = Bytes::from_static(&MUCH[..=machine.max_payload()]);
        match lie {
            Lie::Arrive { .. } | Lie::Knock(_) => Verdict::Depends,
            Lie::Join { namespace, returns } => self.ask(session, namespace, returns, number),
            Lie::Say(words) => self.say_words(session, words),
            Lie::Answer => self.answer_wrongly(session),
            Lie::Poll if polling => {
                if !self.polls(session) {
                    self.request(session, "GET", false);
                }
                Verdict::GoesOn
            }
            Lie::Overlap { post } if polling => {
                let method = if post { "POST" } else { "GET" };
                let exchanges = [(); 2].map(|()| self.request(session, method, false));
                for exchange in exchanges {
                    self.server_body(exchange, Bytes::from_static(b"42[\"m\"]"));
                }
                // While a WebSocket is probed, no GET waits.
                if post || self.probe_of(session).is_none() {
                    Verdict::Ends
                } else {
                    Verdict::Depends
                }
            }
            Lie::Bytes if polling && is_old => Verdict::Depends,
            Lie::Bytes if polling => {
                self.request(session, "POST", true);
                Verdict::Ends
            }
            Lie::NoText if polling => {
                self.post(session, Bytes::from_static(b"4\xff"));
                Verdict::Ends
            }
            Lie::Full => self.say_as_much_as_possible(session),
            Lie::TooMuch if polling => {
                self.post(session, too_much);
                Verdict::GoesOn
            }
            Lie::TooMuch => {
                let text = Message::Text(too_much.try_into().expect("it is text"));
                self.say_on_websocket(session, text);
                Verdict::Ends
            }
            // It is on a WebSocket: requests are no way to say anything any more.
            Lie::Poll | Lie::Overlap { .. } | Lie::Bytes | Lie::NoText => {
                let method = if number % 2 == 0 { "POST" } else { "GET" };
                self.request(session, method, false);
                Verdict::GoesOn
            }
            Lie::Late => {
                self.say_late(session, number);
                Verdict::GoesOn
            }
            Lie::Probe => {
                self.probe(session);
                Verdict::GoesOn
            }
            Lie::SayProbe(words) => {
                if let Some(exchange) = self.probe_of(session) {
                    self.server_frame(exchange, Message::Text(PROBES[words].into()));
                }
                Verdict::GoesOn
            }
            Lie::Vanish => {
                let count = self.open_of(session).count();
                let exchange = number.checked_rem(count).and_then(|at| self.open_of(session).nth(at));
                if let Some(exchange) = exchange {
                    self.server_gone(exchange);
                }
                Verdict::Depends
            }
        }
    }
}

/// In a session.
impl World {
    fn ask(&mut self, session: usize, namespace: usize, returns: bool, number: usize) -> Verdict {
        let client = self.host.sessions[session].client;
        let sessions = &self.host.sessions;
        let places = self.ledger.places.iter().rev();
        let mut been = places.filter(|place| returns && sessions[place.session].client == client);
        let identity = been.next().map(|place| place.identity);
        let offset = ["", ",\"offset\":\"x\"", ",\"offset\":7"][number % 3];
        let auth = identity.map(|identity| {
            let pid = pid_of(identity);
            Json::new(format!("{{\"pid\":\"{}\"{offset}}}", pid.as_str())).expect("JSON")
        });
        let parser = &self.host.config.parser;
        let packet = parser.connect(NAMESPACES[namespace], auth.as_ref());
        let frames: Vec<Frame> = packet.expect("it can be written").frames().collect();
        if self.machine(session).transport() == TransportKind::WebSocket {
            for frame in frames {
                self.say_on_websocket(session, frame.into_message());
            }
        } else if self.machine(session).revision() == Revision::V3 {
            self.post(session, revision_3::encode_payload(&frames));
        } else {
            self.post(session, encode_payload(&frames));
        }
        Verdict::Depends
    }

    fn say_words(&mut self, session: usize, words: Words) -> Verdict {
        let is_old = self.machine(session).revision() == Revision::V3;
        let in_root = self.place_in(session, 0).is_some();
        let this = &mut self.host.sessions[session];
        let (packets, verdict): (&[&str], _) = match words {
            Words::Ping | Words::Pong if is_old == matches!(words, Words::Ping) => {
                (if is_old { &["2"] } else { &["3"] }, Verdict::GoesOn)
            }
            Words::Ping | Words::Pong => (if is_old { &["3"] } else { &["2"] }, Verdict::Ends),
            Words::Fatal(index) => (FATAL[index], Verdict::Ends),
            Words::Harmless(index) if in_root && !this.half_said => (HARMLESS[index], Verdict::GoesOn),
            Words::Harmless(index) => (HARMLESS[index], Verdict::Depends),
            Words::Other(index) => (OTHER[index], Verdict::Depends),
        };
        let bytes = packets.iter().any(|packet| packet.starts_with('b'));
        let message = packets.iter().any(|packet| packet.starts_with(['4', 'b']));
        let half_said = this.half_said;
        this.half_said |= message && verdict == Verdict::Depends;
        self.say(session, packets);
        // Bytes look different in revision 3, a body of nothing is one, and what is no text at all is another parser's matter.
        let unknown = is_old && (bytes || packets == [""]) || message && self.script.settings.msgpack;
        let unknown = unknown || half_said && bytes;
        if unknown { Verdict::Depends } else { verdict }
    }

    /// An event in a message or body of the largest size.
    fn say_as_much_as_possible(&mut self, session: usize) -> Verdict {
        let machine = self.machine(session);
        let max = machine.max_payload();
        let in_root = self.place_in(session, 0).is_some() && !self.host.sessions[session].half_said;
        let in_form = self.host.sessions[session].jsonp;
        if max > 10_000 || in_form || !in_root || self.script.settings.msgpack {
            return Verdict::Depends;
        }
        let framed = machine.transport() == TransportKind::Polling && machine.revision() == Revision::V3;
        let head = if framed { max.to_string().len() + 1 } else { 0 }; // no shorter than the length of what fits
        let size = max - head - "42[\"m\",\"\"]".len();
        self.say(session, &[&format!("42[\"m\",\"{}\"]", &FILLER[..size])]);
        Verdict::GoesOn
    }

    fn answer_wrongly(&mut self, session: usize) -> Verdict {
        let awaited = self.host.awaited.keys();
        let mine = awaited.filter(|(place, _)| self.ledger.places[*place].session == session);
        let Some((place, AckId(id))) = mine.max().copied() else {
            return Verdict::GoesOn;
        };
        let namespace = ["", "/a,"][self.ledger.places[place].namespace];
        let packet = format!("43{namespace}{id}[\"no\",{{}}]");
        self.say(session, &[&packet, &packet]);
        let half_said = self.host.sessions[session].half_said;
        if half_said || self.script.settings.msgpack {
            return Verdict::Depends;
        }
        Verdict::GoesOn
    }

    /// Something arrives for requests that are over.
    fn say_late(&mut self, session: usize, number: usize) {
        let now = self.now;
        let mine = |exchange: &usize| {
            let exchange = &self.network.exchanges[*exchange];
            exchange.session == Some(session) && !exchange.server_open
        };
        let exchange = (0..self.network.exchanges.len()).rev().find(mine);
        let Some(exchange) = exchange else { return };
        let id = ExchangeId(exchange as u64);
        let this = &mut self.host.sessions[session];
        this.dirty = true;
        let Some(machine) = &mut this.machine else { return };
        match number % 3 {
            0 => machine.handle_body(now, id, Bytes::from_static(b"x")),
            1 => machine.handle_message(now, id, Message::Text("x".into())),
            _ => machine.handle_gone(now, id, Gone::Failed { code: 1002 }),
        }
    }

    fn say(&mut self, session: usize, packets: &[&str]) {
        if self.machine(session).transport() == TransportKind::WebSocket {
            for &packet in packets {
                self.say_on_websocket(session, Message::Text(packet.to_owned().into()));
            }
            return;
        }
        let body = if self.machine(session).revision() == Revision::V3 {
            let sized = packets.iter().map(|packet| format!("{}:{packet}", packet.len()));
            sized.collect::<String>()
        } else {
            packets.join("\u{1e}")
        };
        self.post(session, body.into());
    }

    fn say_on_websocket(&mut self, session: usize, message: Message) {
        if let Some(ExchangeId(exchange)) = self.machine(session).websocket() {
            self.server_frame(usize::try_from(exchange).expect("an index"), message);
        }
    }
}
