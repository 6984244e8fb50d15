//! What comes out of a client, and what must hold of it.

use engineio_proto::ExchangeId;
use engineio_proto::client::Transmit;
use socketio_proto::client::{AckError, ConnectError, DisconnectReason, Event};

use crate::action::Fate;
use crate::ledger::FILLER;
use crate::network::Up;
use crate::session_events::read_answer;
use crate::world::{TOO_MANY, World};

impl World {
    pub fn pump_client(&mut self, client: usize) {
        for _ in 0..TOO_MANY {
            let this = &mut self.clients[client];
            let event = if this.busy_until[0] <= self.now {
                this.machine.poll_event()
            } else {
                None
            };
            if let Some(event) = event {
                self.client_event(client, event);
                continue;
            }
            let writable = this.slow_until[0] <= self.now;
            let Some(transmit) = this.machine.poll_transmit(writable) else {
                self.check_client(client);
                return;
            };
            self.client_transmit(client, transmit);
        }
        panic!("client {client} does not stop talking");
    }

    fn client_transmit(&mut self, client: usize, transmit: Transmit) {
        let now = self.now;
        let (id, up) = match transmit {
            Transmit::Request { id, request } => (id, Up::Request(request)),
            Transmit::Connect { id, query } => (id, Up::Connect(query.as_str().to_owned())),
            Transmit::Frame { id, message } => (id, Up::Frame(message)),
            Transmit::Close { id, .. } | Transmit::Abort { id } => {
                if let Some(exchange) = self.network.of_client(client, id) {
                    self.network.exchanges[exchange].client_open = false;
                    self.network.up(now, exchange, Up::Gone);
                    self.network.sweep();
                }
                return;
            }
        };
        let exchange = match &up {
            Up::Frame(_) => self
                .network
                .of_client(client, id)
                .expect("a frame is for a WebSocket that is open"),
            _ => self.begin(client, id, matches!(up, Up::Connect(_))),
        };
        up.trace(&mut self.trace, now, exchange);
        if let Up::Request(request) = up {
            if let Some(left) = self.clients[client].twice.checked_sub(1) {
                self.clients[client].twice = left;
                self.network.exchanges[exchange].copy = Some(self.exchange_of(client));
            }
            let body = request.body.clone();
            self.network.up(now, exchange, Up::Request(request));
            if !body.is_empty() {
                self.network.up(now, exchange, Up::Body(body));
            }
            return;
        }
        self.network.up(now, exchange, up);
    }

    pub fn begin(&mut self, client: usize, id: ExchangeId, websocket: bool) -> usize {
        let exchange = self.network.begin(self.now, client, id);
        let this = &self.clients[client];
        match this.blackout {
            Some((until, told)) if until > self.now => {
                self.network.kill(exchange);
                self.network.tell(self.now, exchange, false, told);
            }
            _ if websocket && this.fate == Fate::Swallowed => self.network.kill(exchange),
            _ => {}
        }
        exchange
    }

    fn client_event(&mut self, client: usize, event: Event) {
        let now = self.now;
        let this = &mut self.clients[client];
        assert!(!this.closed, "{event:?} after the end");
        match event {
            Event::Connected { socket, id, recovered } => {
                let index = this.index_of(socket);
                let session = this.machine.sid().expect("there is a session").as_str().to_owned();
                let socket = &this.sockets[index];
                assert!(
                    socket.place.is_none() && !socket.left,
                    "connected twice, or after it has left"
                );
                let namespace = socket.namespace;
                let place = self.place_of(&session, namespace).expect("the server has let it in");
                self.trace.note(now, "client is connected", client, place as u64);
                assert_eq!(self.id_of(place).as_str(), id.as_str(), "it is who the server says");
                let socket = &mut self.clients[client].sockets[index];
                let found = &mut self.ledger.places[place];
                assert_eq!(
                    found.bound.replace((client, index)),
                    None,
                    "a socket of the server is for one of a client"
                );
                found.first = Some(socket.before);
                socket.place = Some(place);
                self.check_restored(place, recovered);
            }
            Event::Event {
                socket,
                name,
                args,
                reply,
                ..
            } => {
                let index = this.index_of(socket);
                let place = this.sockets[index]
                    .place
                    .expect("events are for a socket that is connected");
                let message = self.read(&args);
                self.trace.note(now, "client hears", client, message as u64);
                assert_eq!(&*name, "m");
                self.ledger.arrives_at_client(place, message);
                if let Some(reply) = reply {
                    if message % 3 == 0 && !self.is_prompt {
                        self.clients[client].replies.push((reply, message));
                    } else {
                        self.answer_one(client, reply, message);
                    }
                }
            }
            Event::Ack { socket, id, args } => {
                let message = this.awaited.remove(&(socket, id)).expect("it is awaited");
                self.trace.note(now, "client gets an answer", client, message as u64);
                assert_eq!(read_answer(&args), message, "the answer to another message");
                assert!(
                    self.ledger.messages[message].arrivals > 0,
                    "nobody has got what is answered"
                );
            }
            Event::AckFailed { socket, id, error } => {
                let message = this.awaited.remove(&(socket, id)).expect("it is awaited");
                self.trace.note(now, "client gets no answer", client, message as u64);
                self.ledger.messages[message].given_up |= error == AckError::TimedOut;
            }
            Event::Disconnected { socket, reason } => {
                self.trace
                    .note(now, "client is disconnected", client, reason.as_str().len() as u64);
                let index = this.index_of(socket);
                let socket = &mut this.sockets[index];
                assert!(socket.place.take().is_some(), "it was connected");
                socket.given_up |= reason == DisconnectReason::ServerDisconnect;
                socket.before = socket.emitted.len();
            }
            Event::ConnectError { socket, error } => {
                let index = this.index_of(socket);
                let socket = &mut this.sockets[index];
                assert!(socket.place.is_none(), "it was not connected");
                let refused = matches!(error, ConnectError::Refused { .. });
                assert!(!refused || socket.namespace == 2, "only one namespace refuses");
                socket.given_up |= refused;
            }
            Event::Closed => {
                this.closed = true;
                assert!(this.closing && this.machine.is_closed());
                assert!(this.sockets.iter().all(|socket| socket.place.is_none()));
                assert!(this.awaited.is_empty(), "acknowledgements are awaited for ever");
                assert_eq!(this.machine.buffered_bytes(), 0);
                assert_eq!(this.machine.poll_timeout(), None);
            }
            Event::ReconnectFailed => {
                assert!(
                    self.script.settings.reconnection_attempts.is_some(),
                    "it tries for ever"
                );
                this.sockets.iter_mut().for_each(|socket| socket.given_up = true);
            }
            Event::Upgraded => {
                self.counts.upgrades += 1;
                self.trace.note(now, "client is upgraded", client, 0);
            }
            Event::UpgradeFailed(_) => self.trace.note(now, "upgrade failed", client, 0),
            Event::Open { attempts } => {
                this.opened_at = Some(now);
                self.trace.note(now, "client is open", client, u64::from(attempts));
            }
            Event::Drained => {
                self.counts.drains += 1;
                let refusals = this.refusals.checked_sub(1);
                this.refusals = refusals.expect("nobody was told that there is no room");
                self.pour_on(client);
            }
            Event::Reconnecting { attempt, .. } => self.trace.note(now, "reconnecting", client, u64::from(attempt)),
            Event::Authenticate { socket } => {
                assert!(self.script.settings.wide, "its credentials are known");
                if self.is_prompt || self.chance.percent(70) {
                    self.authenticate(client, socket);
                } else {
                    self.clients[client].asked.push(socket);
                }
            }
        }
    }

    /// What a socket was told that it has missed is all that it has missed.
    fn check_restored(&self, place: usize, recovered: bool) {
        let place = &self.ledger.places[place];
        assert_eq!(
            recovered,
            place.restored.is_some(),
            "both sides agree on what is restored"
        );
        if let Some((missed, recorded)) = place.restored {
            let identity = &self.ledger.identities[place.identity];
            let all = &identity.recorded[identity.seen..recorded];
            // There may be no room for all of it beside what waits already: then the server gives the client up.
            let told = missed.min(place.sent.len());
            assert!(told == missed || !place.live, "only a part of what was missed is told");
            assert_eq!(all.len(), missed);
            assert_eq!(place.sent[..told], all[..told], "what was missed is what it is told");
        }
    }

    fn check_client(&self, client: usize) {
        let this = &self.clients[client];
        let settings = &self.script.settings;
        let largest = FILLER.len() + 500;
        assert!(
            this.machine.queued_bytes() <= settings.send_capacity.max(largest) + 1_000,
            "too much waits for the server"
        );
        assert!(
            this.machine.buffered_bytes() <= settings.buffer_capacity.max(largest),
            "too much waits for a connection"
        );
        if this.busy_until[0] > self.now {
            return; // the rest holds once everything has been fetched
        }
        assert!(this.awaited.len() <= settings.max_pending_acks.saturating_add(this.insisted()));
        let connected = this.sockets.iter().filter(|socket| socket.place.is_some());
        assert_eq!(connected.count(), this.machine.sockets().count(), "the machine agrees");
        if this.machine.sid().is_some() && !self.is_frozen(client) {
            let bound = this.heard_at + settings.ping_interval + settings.ping_timeout;
            assert!(
                self.now <= bound,
                "client {client} has not noticed that the server is silent"
            );
        }
    }

    pub fn is_frozen(&self, client: usize) -> bool {
        self.clients[client].frozen_until > self.now
    }
}
