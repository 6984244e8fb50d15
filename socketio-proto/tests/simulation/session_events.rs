//! What comes out of a session, and what must hold of it.

use engineio_proto::server::Transmit;
use socketio_proto::server::{EmitError, Event, SocketKey};
use socketio_proto::{AckId, Args, SocketId};

use crate::ledger::{ANSWER, FILLER, halves};
use crate::network::Down;
use crate::script::NAMESPACES;
use crate::server::Session;
use crate::world::{TOO_MANY, World};

impl World {
    pub fn pump_session(&mut self, session: usize) {
        for _ in 0..TOO_MANY {
            let client = &self.clients[self.host.sessions[session].client];
            let writable = client.slow_until[1] <= self.now;
            let is_busy = client.busy_until[1] > self.now;
            let this = &mut self.host.sessions[session];
            let Some(machine) = &mut this.machine else { return };
            if let Some(transmit) = machine.poll_transmit(writable) {
                self.server_transmit(transmit);
            } else if let Some(event) = if is_busy { None } else { machine.poll_event() } {
                self.server_event(session, event);
            } else {
                return self.check_session(session);
            }
        }
        panic!("session {session} does not stop talking");
    }

    fn server_transmit(&mut self, transmit: Transmit) {
        let (id, down) = match transmit {
            Transmit::Respond { id, response } => {
                let exchange = usize::try_from(id.0).expect("an index");
                if self.network.exchanges[exchange].server_open {
                    self.respond(exchange, response);
                }
                return;
            }
            Transmit::Upgrade { id } => (id, Down::Open),
            Transmit::Frame { id, message, .. } => (id, Down::Frame(message)),
            Transmit::Close { id, .. } => (id, Down::Gone),
        };
        let exchange = usize::try_from(id.0).expect("an index");
        if self.network.exchanges[exchange].server_open {
            down.trace(&mut self.trace, self.now, exchange);
            let over = matches!(down, Down::Gone);
            self.network.down(self.now, exchange, down);
            if over {
                self.network.exchanges[exchange].server_open = false;
                self.network.sweep();
            }
        }
    }

    fn server_event(&mut self, session: usize, event: Event) {
        let now = self.now;
        let this = &mut self.host.sessions[session];
        assert!(!this.closed, "{event:?} after the end");
        let is_wanted = matches!(event, Event::Connect { .. } | Event::Event { .. } | Event::Ack { .. });
        assert!(!this.condemned || !is_wanted, "{event:?} after what ends it");
        let is_liar = self.is_liar(self.host.sessions[session].client);
        let this = &mut self.host.sessions[session];
        match event {
            Event::Connect {
                socket,
                namespace,
                auth,
                ..
            } => {
                let found = NAMESPACES.iter().position(|name| *name == &*namespace);
                let namespace = found.or(is_liar.then_some(2));
                let namespace = namespace.expect("clients ask for what there is");
                self.trace
                    .note(now, "server is asked by session", session, namespace as u64);
                self.host.waiting.push((session, socket, namespace, auth));
                if self.is_prompt || self.chance.percent(90) {
                    self.decide();
                }
            }
            Event::Event {
                socket,
                name,
                args,
                reply,
                ..
            } => {
                let place = this.place(socket);
                let client = this.client;
                assert!(self.ledger.places[place].live, "an event after the last");
                if is_liar {
                    if let Some(reply) = reply {
                        let machine = self.host.sessions[session].machine.as_mut().expect("it speaks");
                        let result = machine.ack(reply, args.len() as u64);
                        self.note_refusal(session, &result);
                    }
                    return;
                }
                assert_eq!(&*name, "m");
                let message = self.read(&args);
                self.trace.note(now, "server hears", place, message as u64);
                let origin = self.ledger.messages[message].origin.expect("a client has emitted it");
                assert_eq!(
                    self.ledger.places[place].bound,
                    Some((origin.0, origin.1)),
                    "from somebody else"
                );
                assert_eq!(origin.0, client);
                let emitted = &self.clients[client].sockets[origin.1].emitted;
                self.ledger.arrives_at_server(place, message, emitted);
                if let Some(reply) = reply {
                    if message % 4 == 0 && !self.is_prompt {
                        self.host.replies.push((session, reply, message));
                    } else {
                        self.reply(session, reply, message);
                    }
                }
            }
            Event::Ack { socket, id, args } => {
                let place = this.place(socket);
                let message = self.host.awaited.remove(&(place, id)).expect("it is awaited");
                if is_liar {
                    return;
                }
                assert_eq!(read_answer(&args), message, "the answer to another message");
                let found = &self.ledger.places[place];
                assert!(
                    found.sent[..found.arrived].contains(&message),
                    "nobody has got what is answered"
                );
            }
            Event::AckFailed { socket, id, .. } => {
                let place = this.place(socket);
                self.host.awaited.remove(&(place, id)).expect("it is awaited");
            }
            Event::Disconnect { socket, reason } => {
                let place = this.place(socket);
                self.trace
                    .note(now, "server loses", place, reason.as_str().len() as u64);
                let found = &mut self.ledger.places[place];
                assert!(std::mem::take(&mut found.live), "it leaves once");
                let awaited = self.host.awaited.range((place, AckId(0))..(place + 1, AckId(0)));
                assert_eq!(awaited.count(), 0, "acknowledgements are awaited for ever");
                let (namespace, identity) = (found.namespace, found.identity);
                let hub = &mut self.host.namespaces[namespace];
                let member = self.host.sockets[place].member.take().expect("it is a member");
                if reason.is_recoverable() && self.script.settings.recovery {
                    let gone = &mut self.ledger.identities[identity];
                    gone.away_since = gone.recoverable.then_some(now);
                    hub.suspend(now, member, identity);
                } else {
                    hub.remove(member);
                }
                assert!(hub.get(member).is_none());
            }
            Event::Closed(reason) => {
                self.trace
                    .note(now, "server closes session", session, reason.as_str().len() as u64);
                this.closed = true;
                let places = &self.ledger.places;
                assert!(
                    this.places.iter().all(|(_, place)| !places[*place].live),
                    "Closed before Disconnect"
                );
                let sid = this.sid;
                assert_eq!(self.host.router.forget(&sid), Some(session));
            }
            Event::Upgraded => self.trace.note(now, "session is upgraded", session, 0),
            Event::Drained => {
                self.counts.drains += 1;
                let refusals = this.refusals.checked_sub(1);
                this.refusals = refusals.expect("nobody was told that there is no room");
                this.waits_for_room = false;
                self.flood_on(session);
            }
        }
    }

    fn check_session(&mut self, session: usize) {
        let settings = &self.script.settings;
        let this = &mut self.host.sessions[session];
        let Some(machine) = &this.machine else { return };
        assert!(
            machine.queued_bytes() <= settings.send_capacity.max(FILLER.len() + 500) + 1_000,
            "too much waits for a client"
        );
        for (number, namespace) in self.host.namespaces.iter().enumerate() {
            assert!(
                namespace.kept_bytes() <= settings.recovery_capacity,
                "too much is kept in {number}"
            );
        }
        if self.clients[this.client].busy_until[1] > self.now {
            return; // the rest holds once everything has been fetched
        }
        let live = this.places.iter().filter(|(_, place)| self.ledger.places[*place].live);
        assert_eq!(live.count(), machine.sockets().count(), "the machine agrees");
        assert_eq!(machine.is_closed(), this.closed);
        this.unread = 0;
        if this.closed {
            this.machine = None;
            self.host.live.retain(|live| *live != session);
            return;
        }
        let is_mine = |(place, _): &&(usize, AckId)| self.ledger.places[*place].session == session;
        let awaited = self.host.awaited.keys().filter(is_mine).count();
        assert!(
            awaited <= settings.max_pending_acks,
            "too many acknowledgements are awaited"
        );
        let drained = machine.queued_bytes() == 0 && awaited <= settings.max_pending_acks / 2;
        assert!(
            !this.waits_for_room || !machine.is_open() || !drained,
            "there is room in session {session}, and nobody is told"
        );
        let bound = this.heard_at + settings.ping_interval + settings.ping_timeout;
        // One that has ended because nobody joined anything is there a little longer, for what it has still to say.
        let is_leaving = machine.sockets().count() == 0;
        let grace = self.host.config.connect_timeout + self.host.engine.close_timeout;
        assert!(
            self.now <= bound || is_leaving && self.now <= this.heard_at + grace,
            "session {session} has not noticed that its client is silent since {:?}: {machine:?}",
            this.heard_at
        );
    }
}

impl World {
    /// The latest socket that a session let in, of one namespace.
    pub fn place_of(&self, sid: &str, namespace: usize) -> Option<usize> {
        let session = self
            .host
            .sessions
            .iter()
            .rev()
            .find(|session| session.sid.as_str() == sid)?;
        let mut places = session.places.iter().rev().map(|(_, place)| *place);
        places.find(|place| self.ledger.places[*place].namespace == namespace)
    }

    /// Somebody was told that there is no room.
    pub fn note_refusal(&mut self, session: usize, result: &Result<(), EmitError>) {
        if matches!(result, Err(EmitError::Full)) {
            let session = &mut self.host.sessions[session];
            session.refusals += 1;
            session.waits_for_room = true;
            self.counts.refusals += 1;
        }
    }

    pub fn id_of(&self, place: usize) -> &SocketId {
        &self.host.sockets[place].id
    }

    /// The number of a message that has arrived whole.
    pub fn read(&self, args: &Args) -> usize {
        // An offset that may be a word is not taken off.
        let number = args.get(1).expect("its number").parse::<usize>().expect("a number");
        let message = &self.ledger.messages[number];
        let length = 2 + usize::from(message.attachments == 2);
        let rest = args.len().checked_sub(length);
        assert!(
            rest == Some(0) || rest == Some(1) && self.script.settings.recovery,
            "{args:?}"
        );
        let filler = args.get(0).expect("its filler");
        let bytes = |index| args.get(index).and_then(|arg| arg.as_bytes().cloned());
        let whole = match message.attachments {
            0 => filler.parse::<&str>().expect("text") == &FILLER[..message.size],
            1 => bytes(0).expect("bytes") == FILLER.as_bytes()[..message.size],
            _ => [bytes(0).expect("bytes"), bytes(2).expect("bytes")] == halves(message.size),
        };
        assert!(whole, "a message arrives as it was sent");
        number
    }
}

/// The message that an answer is to, as its first argument says. There may be bytes behind that.
pub fn read_answer(args: &Args) -> usize {
    if let Some(bytes) = args.get(1) {
        assert_eq!(
            bytes.as_bytes().map(|bytes| &bytes[..]),
            Some(ANSWER),
            "an answer arrives as it was sent"
        );
    }
    args.get(0).expect("an answer").parse::<usize>().expect("a number")
}

impl Session {
    fn place(&self, key: SocketKey) -> usize {
        let found = self.places.iter().rev().find(|(other, _)| *other == key);
        found.expect("it was let in").1
    }
}
