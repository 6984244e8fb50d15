//! Both sides, the network between them, and time.

use std::sync::Arc;
use std::time::Duration;

use engineio_proto::client::Config as EngineConfig;
use engineio_proto::{Instant, Revision};
use socketio_proto::Parser;
use socketio_proto::client::{Config, Connection};
use socketio_proto::server;
use socketio_proto::server::hub::Namespace;
use socketio_proto::server::hub::recovery::RecoveryConfig;

use crate::chance::Chance;
use crate::client::Client;
use crate::ledger::{Ledger, Place};
use crate::network::{Delivery, Down, Network, Up};
use crate::script::{Fate, Script};
use crate::server::Host;
use crate::trace::Trace;

/// More than anything puts out at once.
pub const TOO_MANY: usize = 20_000;

#[derive(Debug)]
pub struct World {
    pub script: Script,
    pub now: Instant,
    pub clients: Vec<Client>,
    pub host: Host,
    pub network: Network,
    pub ledger: Ledger,
    pub trace: Trace,
    pub chance: Chance,
    /// The server lets nobody wait for an answer any more.
    pub is_prompt: bool,
}

/// How a run begins, goes and ends.
impl World {
    pub fn new(script: Script) -> Self {
        let now = Instant::ORIGIN;
        let settings = &script.settings;
        let parser = if settings.msgpack {
            Parser::msgpack()
        } else {
            Parser::default()
        };
        let clients = settings
            .clients
            .iter()
            .enumerate()
            .map(|(number, (transports, revision))| {
                let mut engine = EngineConfig::default();
                engine.transports = *transports;
                engine.revision = *revision;
                engine.send_capacity = settings.send_capacity;
                let mut config = Config::default();
                config.engine = Arc::new(engine);
                config.parser = parser.clone();
                config.buffer_capacity = settings.buffer_capacity;
                config.max_pending_acks = settings.max_pending_acks;
                config.reconnection_attempts = settings.reconnection_attempts;
                config.retries = 2;
                config.ack_timeout = Some(Duration::from_secs(1));
                Client::new(now, Connection::new(now, Arc::new(config), script.seed ^ number as u64))
            });
        let mut engine = engineio_proto::Config::default();
        engine.allow_eio3 = true;
        engine.allow_upgrades = settings.upgrades;
        engine.ping_interval = settings.ping_interval;
        engine.ping_timeout = settings.ping_timeout;
        engine.max_payload = settings.max_payload;
        engine.send_capacity = settings.send_capacity;
        let mut config = server::Config::default();
        config.parser = parser.clone();
        config.max_pending_acks = settings.max_pending_acks;
        let mut chance = Chance::new(!script.seed);
        let mut world = Self {
            now,
            clients: clients.collect(),
            host: Host::new(Arc::new(config), Arc::new(engine)),
            network: Network::new(settings.latency, Chance::new(chance.draw())),
            ledger: Ledger::default(),
            trace: Trace::new(),
            chance,
            is_prompt: false,
            script,
        };
        world.begin_host();
        world
    }

    /// The whole run. It panics where something does not hold.
    pub fn run(&mut self) {
        for index in 0..self.script.steps.len() {
            let step = self.script.steps[index];
            self.advance(step.wait);
            self.apply(step.action);
            self.pump();
        }
        self.heal();
        self.part();
    }

    /// The network is well again. After a while everyone who wants to be connected is, and everything has arrived.
    fn heal(&mut self) {
        for client in 0..self.clients.len() {
            let this = &mut self.clients[client];
            this.blackout = None;
            this.fate = Fate::Open;
            this.slow_until = [self.now; 2];
            this.busy_until = [self.now; 2];
            this.frozen_until = self.now;
            this.dirty = true;
            self.answer(client);
        }
        for session in &mut self.host.sessions {
            session.dirty = true;
        }
        self.is_prompt = true;
        self.decide();
        self.time_out();
        self.pump();
        let settings = &self.script.settings;
        let noticed = settings.ping_interval + settings.ping_timeout;
        // What is held, a request that nobody answers, the delay before the next.
        self.advance(noticed * 2 + Duration::from_secs(30 + 20 + 10));
        self.check_whole();
    }

    fn check_whole(&self) {
        for (number, client) in self.clients.iter().enumerate() {
            for socket in &client.sockets {
                if socket.left {
                    continue;
                }
                if !client.machine.is_active(socket.key) {
                    assert!(socket.given_up, "client {number} does not try any more");
                    continue;
                }
                let Some(place) = socket.place else {
                    if socket.namespace == 0 && client.machine.revision() == Revision::V3 {
                        continue; // who has left that comes back with the next session only
                    }
                    panic!("client {number} is not connected, and nothing is in its way");
                };
                let place = &self.ledger.places[place];
                assert!(place.live, "client {number} is connected to nobody");
                assert!(
                    place.unasked || place.arrived == place.sent.len(),
                    "messages for client {number} are lost"
                );
                let heard = place.heard.map_or(place.first, |heard| Some(heard + 1));
                for &message in socket.emitted.get(heard.unwrap_or(0)..).unwrap_or_default() {
                    let message = &self.ledger.messages[message];
                    assert!(
                        message.given_up || message.arrivals > 0,
                        "messages of client {number} are lost"
                    );
                }
            }
        }
        let connected = self.clients.iter().flat_map(|client| &client.sockets);
        let connected = connected.filter(|socket| socket.place.is_some()).count();
        // In revision 3 everyone is in the main namespace, whether the client's application wants it or not.
        let is_meant = |place: &&Place| {
            let client = self.host.sessions[place.session].client;
            let unasked = self.clients[client].machine.revision() == Revision::V3 && place.namespace == 0;
            place.live && (place.bound.is_some() || !unasked)
        };
        let places = self.ledger.places.iter().filter(is_meant).count();
        assert_eq!(places, connected, "the server has as many sockets as there are");
    }

    /// Everyone leaves, and nothing remains.
    fn part(&mut self) {
        for client in 0..self.clients.len() {
            if client % 2 == 1 {
                for namespace in 0..3 {
                    self.leave(client, namespace);
                }
                self.pump();
                self.join(client, 0); // while the session before is still taking its leave
                self.pump();
                self.advance(Duration::from_secs(1));
            }
            self.close_client(client);
            self.pump();
        }
        self.advance(Duration::from_secs(10));
        for (number, client) in self.clients.iter().enumerate() {
            assert!(client.closed, "client {number} has not closed");
        }
        let settings = &self.script.settings;
        self.advance(settings.ping_interval + settings.ping_timeout + Duration::from_secs(31));
        assert!(self.host.router.is_empty(), "sessions remain");
        assert!(self.host.live.is_empty(), "sessions remain");
        assert!(self.host.awaits_nothing(), "acknowledgements are awaited for ever");
        for hub in &self.host.namespaces {
            assert_eq!(hub.len(), 0, "members remain");
            assert_eq!(hub.room_names().count(), 0, "rooms remain");
        }
        self.advance(Duration::from_secs(170));
        for hub in &mut self.host.namespaces {
            while hub.poll_forgotten().is_some() {}
            assert_eq!((hub.away(), hub.kept_bytes()), (0, 0), "something is kept for ever");
            assert_eq!(hub.poll_timeout(), None);
        }
    }

    pub fn begin_host(&mut self) {
        let settings = &self.script.settings;
        let recovery = settings.recovery.then(|| {
            let mut config = RecoveryConfig::default();
            config.capacity = settings.recovery_capacity;
            config
        });
        let entropy = self.chance.draw();
        self.host.begin(recovery, entropy);
    }
}

/// Time.
impl World {
    pub fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        let mut at_once = 0;
        let mut before = self.now;
        while self.step(end) {
            self.pump();
            at_once = if self.now == before { at_once + 1 } else { 0 };
            before = self.now;
            assert!(at_once < TOO_MANY, "time does not pass");
        }
        self.now = end.max(self.now);
    }

    /// The next thing that happens by `end`, if there is one.
    fn step(&mut self, end: Instant) -> bool {
        let arrival = self.network.next();
        let timer = self.next_timer();
        let Some(next) = arrival.into_iter().chain(timer).min().filter(|next| *next <= end) else {
            return false;
        };
        // After a jump of the clock much is due at once.
        let both = arrival.is_some_and(|at| at <= self.now) && timer.is_some_and(|at| at <= self.now);
        let is_arrival = if both {
            self.chance.percent(50)
        } else {
            arrival == Some(next)
        };
        self.now = self.now.max(next);
        if is_arrival {
            let delivery = self.network.pop().expect("something arrives");
            self.deliver(delivery);
        } else {
            self.time_out();
        }
        true
    }

    fn next_timer(&self) -> Option<Instant> {
        let clients = self.clients.iter().filter_map(|client| {
            let due = client.machine.poll_timeout()?;
            Some(due.max(client.frozen_until))
        });
        let machines = self
            .host
            .live
            .iter()
            .filter_map(|session| self.host.sessions[*session].machine.as_ref());
        let sessions = machines.filter_map(server::Connection::poll_timeout);
        let hubs = self.host.namespaces.iter().filter_map(Namespace::poll_timeout);
        clients.chain(sessions).chain(hubs).min()
    }

    /// Meets the deadlines. What is read late sets deadlines that are over already: those are met at once.
    pub fn time_out(&mut self) {
        for _ in 0..5 {
            self.meet_deadlines();
            self.pump();
            if self.next_timer().is_none_or(|next| next > self.now) {
                return;
            }
        }
        panic!("a deadline that was met is over");
    }

    fn meet_deadlines(&mut self) {
        let now = self.now;
        for client in &mut self.clients {
            let due = client.machine.poll_timeout().is_some_and(|due| due <= now);
            if due && client.frozen_until <= now {
                client.machine.handle_timeout(now);
                client.dirty = true;
            }
        }
        for session in &self.host.live {
            let session = &mut self.host.sessions[*session];
            if let Some(machine) = session.machine.as_mut() {
                if machine.poll_timeout().is_some_and(|due| due <= now) {
                    machine.handle_timeout(now);
                    session.dirty = true;
                }
            }
        }
        for hub in &mut self.host.namespaces {
            if hub.poll_timeout().is_some_and(|due| due <= now) {
                hub.handle_timeout(now);
                assert!(
                    hub.poll_timeout().is_none_or(|due| due > now),
                    "a deadline that was met is over"
                );
            }
            while hub.poll_forgotten().is_some_and(|identity| {
                self.ledger.identities[identity].away = false;
                true
            }) {}
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        let now = self.now;
        match delivery {
            Delivery::Wake(client) => self.wake(client),
            Delivery::Up(exchange, up) => match up {
                Up::Request(request) => {
                    let binary = request.content_type == Some("application/octet-stream");
                    self.server_request(exchange, request.method.as_str(), request.query.as_str(), false, binary);
                }
                Up::Connect(_) if self.clients[self.network.exchanges[exchange].client].fate == Fate::Refused => {
                    let response = engineio_proto::client::Response {
                        status: 502,
                        binary: false,
                        body: bytes::Bytes::new(),
                    };
                    self.network.down(now, exchange, Down::Response(response));
                }
                Up::Connect(query) => self.server_request(exchange, "GET", &query, true, false),
                Up::Body(body) => self.server_body(exchange, body),
                Up::Frame(message) => self.server_frame(exchange, message),
                Up::Gone => self.server_gone(exchange),
            },
            Delivery::Down(exchange, down) => {
                let found = &mut self.network.exchanges[exchange];
                if !found.client_open {
                    return;
                }
                let id = found.id;
                found.client_open = !matches!(down, Down::Response(_) | Down::Gone);
                let client = &mut self.clients[found.client];
                client.heard_at = client.heard_at.max(now);
                client.dirty = true;
                down.trace(&mut self.trace, now, exchange);
                match down {
                    Down::Response(response) => client.machine.handle_response(now, id, response),
                    Down::Open => client.machine.handle_open(now, id),
                    Down::Frame(message) => client.machine.handle_message(now, id, message),
                    Down::Gone => client.machine.handle_gone(now, id, engineio_proto::Gone::Closed),
                }
                self.network.sweep();
            }
        }
    }

    fn wake(&mut self, client: usize) {
        self.time_out();
        self.clients[client].dirty = true;
        for session in &self.host.live {
            let session = &mut self.host.sessions[*session];
            session.dirty |= session.client == client;
        }
    }

    /// Fetches all that there is, and passes it on.
    pub fn pump(&mut self) {
        for _ in 0..TOO_MANY {
            let mut happened = false;
            for client in 0..self.clients.len() {
                if self.clients[client].dirty && !self.is_frozen(client) {
                    self.clients[client].dirty = false;
                    self.pump_client(client);
                    happened = true;
                }
            }
            let mut index = 0;
            while let Some(&session) = self.host.live.get(index) {
                if std::mem::take(&mut self.host.sessions[session].dirty) {
                    self.pump_session(session);
                    happened = true;
                }
                if self.host.live.get(index) == Some(&session) {
                    index += 1;
                }
            }
            if !happened {
                return;
            }
        }
        panic!("the machines do not stop talking");
    }
}
