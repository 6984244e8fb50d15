//! The server's side: sessions, namespaces, and an application that talks at random.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::server::{Request, Route, Server, Transmit};
use engineio_proto::{Exchange, ExchangeId, Gone, Instant, Message, Sid};
use socketio_proto::server::hub::recovery::RecoveryConfig;
use socketio_proto::server::hub::{MemberKey, Namespace, RoomLimits};
use socketio_proto::server::{Config, Connection, EmitError, Event, Reply, SocketKey};
use socketio_proto::{AckId, Args, Json, SocketId};

use crate::ledger::FILLER;
use crate::network::Down;
use crate::script::NAMESPACES;
use crate::world::{TOO_MANY, World};

/// What there is on the server. After a restart there is another one, in which only the numbers go on.
#[derive(Debug)]
pub struct Host {
    pub router: Server<usize>,
    pub sessions: Vec<Session>,
    /// Those that are not over.
    pub live: Vec<usize>,
    pub namespaces: Vec<Namespace<usize, usize>>,
    /// The sockets, by their places.
    pub sockets: Vec<HostSocket>,
    /// Those that wait to be let in: their session and name, the namespace, and what they bring.
    pub waiting: Vec<(usize, SocketKey, usize, Option<Json>)>,
    pub replies: Vec<(usize, Reply, usize)>,
    /// The messages whose acknowledgements are awaited, by place and id.
    pub awaited: BTreeMap<(usize, AckId), usize>,
    pub config: Arc<Config>,
    pub engine: Arc<engineio_proto::Config>,
    pub next_ack: u64,
    /// The last request that was refused before it came to a session, and the number of the refusal.
    pub refused: Option<(usize, u8)>,
}

#[derive(Debug)]
pub struct Session {
    /// None once it is over and all is said.
    pub machine: Option<Connection>,
    pub sid: Sid,
    pub client: usize,
    pub places: Vec<(SocketKey, usize)>,
    /// When the client was last heard of, or the session was closed, clocks that jumped counted in.
    pub heard_at: Instant,
    closed: bool,
    pub dirty: bool,
    /// What is still to be said to one of its sockets, as soon as there is room.
    pub flood: Option<Flood>,
    /// Somebody was told that there is no room, how often, and waits to be told otherwise.
    pub refusals: u32,
    pub waits_for_room: bool,
    /// It has said what ends it: nothing else that it has said counts.
    pub condemned: bool,
    /// Its client has said a part of a packet only.
    pub half_said: bool,
    /// Bytes of messages that have come since all that there was had been fetched.
    unread: usize,
}

/// Emissions, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Flood {
    pub place: usize,
    pub count: usize,
    pub size: usize,
}

#[derive(Debug)]
pub struct HostSocket {
    pub key: SocketKey,
    pub id: SocketId,
    pub member: Option<MemberKey>,
}

impl Host {
    pub fn new(config: Arc<Config>, engine: Arc<engineio_proto::Config>) -> Self {
        Self {
            router: Server::new(engine.clone()),
            sessions: Vec::new(),
            live: Vec::new(),
            namespaces: Vec::new(),
            sockets: Vec::new(),
            waiting: Vec::new(),
            replies: Vec::new(),
            awaited: BTreeMap::new(),
            config,
            engine,
            next_ack: 0,
            refused: None,
        }
    }

    /// The namespaces of a server that has just begun.
    pub fn begin(&mut self, recovery: Option<RecoveryConfig>, entropy: u64) {
        let mut bytes = [1; 15];
        bytes[..8].copy_from_slice(&entropy.to_be_bytes());
        bytes[7..].copy_from_slice(&entropy.to_be_bytes());
        let namespace = || match recovery {
            Some(config) => Namespace::with_recovery(RoomLimits::default(), config, bytes),
            None => Namespace::without_recovery(RoomLimits::default()),
        };
        self.namespaces = vec![namespace(), namespace()];
    }
}

/// What arrives.
impl World {
    /// A request, or one for a WebSocket.
    pub fn server_request(&mut self, exchange: usize, method: &str, query: &str, websocket: bool, binary: bool) {
        let request = Request {
            method,
            query,
            websocket,
            binary,
        };
        let found = &mut self.network.exchanges[exchange];
        found.server_open = true;
        found.websocket = websocket;
        if !self.network.live.contains(&exchange) {
            self.network.live.push(exchange);
        }
        let (session, kind) = match self.host.router.route(&request) {
            Route::Connection(session, kind) => (*session, kind),
            Route::Incoming(incoming) => {
                let session = self.host.sessions.len();
                let mut entropy = [9; 15];
                entropy[..8].copy_from_slice(&(session as u64).to_be_bytes());
                let sid = Sid::from_entropy(entropy);
                let engine = self.host.router.accept(self.now, incoming, sid);
                let inserted = self.host.router.insert(sid, incoming.revision(), session);
                inserted.expect("a new sid");
                self.host.sessions.push(Session {
                    machine: Some(Connection::new(self.now, self.host.config.clone(), engine)),
                    sid,
                    client: self.network.exchanges[exchange].client,
                    places: Vec::new(),
                    heard_at: self.now,
                    closed: false,
                    dirty: true,
                    flood: None,
                    refusals: 0,
                    waits_for_room: false,
                    condemned: false,
                    half_said: false,
                    unread: 0,
                });
                self.host.live.push(session);
                (session, incoming.exchange())
            }
            Route::Refuse(refusal) => {
                let response = refusal.response();
                assert_eq!(response.status, 400, "refusals have one status");
                self.host.refused = response.refusal.map(|code| (exchange, code as u8));
                return self.respond(exchange, response);
            }
        };
        self.network.exchanges[exchange].session = Some(session);
        self.server_input(exchange, |machine, now, id| machine.handle_request(now, id, kind));
        assert!(matches!(
            kind,
            Exchange::Poll | Exchange::Post { .. } | Exchange::WebSocket { .. }
        ));
    }

    pub fn server_body(&mut self, exchange: usize, body: Bytes) {
        self.count_unread(exchange, body.len());
        self.server_input(exchange, |machine, now, id| machine.handle_body(now, id, body));
    }

    pub fn server_frame(&mut self, exchange: usize, message: Message) {
        let is_message = match &message {
            Message::Text(text) => text.starts_with('4'),
            Message::Binary(_) => true,
        };
        self.count_unread(exchange, if is_message { message.len() } else { 0 });
        self.server_input(exchange, |machine, now, id| machine.handle_message(now, id, message));
    }

    pub fn server_gone(&mut self, exchange: usize) {
        self.server_input(exchange, |machine, now, id| machine.handle_gone(now, id, Gone::Closed));
        self.network.exchanges[exchange].server_open = false;
        self.network.sweep();
    }

    /// What nobody has fetched is bounded, by whoever says that no more is to be read.
    fn count_unread(&mut self, exchange: usize, bytes: usize) {
        let found = &self.network.exchanges[exchange];
        let Some(session) = found.session.filter(|_| found.server_open) else {
            return;
        };
        let session = &mut self.host.sessions[session];
        let is_open = session.machine.as_ref().is_some_and(Connection::is_open);
        if is_open && self.clients[session.client].busy_until[1] > self.now && !session.condemned {
            assert!(
                session.unread <= self.script.settings.receive_capacity,
                "more is read than anybody fetches"
            );
            session.unread += bytes;
        }
    }

    fn server_input(&mut self, exchange: usize, input: impl FnOnce(&mut Connection, Instant, ExchangeId)) {
        let found = &self.network.exchanges[exchange];
        let Some(session) = found.session.filter(|_| found.server_open) else {
            return;
        };
        let session = &mut self.host.sessions[session];
        if let Some(machine) = &mut session.machine {
            input(machine, self.now, ExchangeId(exchange as u64));
            session.heard_at = session.heard_at.max(self.now);
            session.dirty = true;
        }
    }

    fn respond(&mut self, exchange: usize, response: engineio_proto::Response) {
        let binary = response.content_type == Some("application/octet-stream");
        let response = engineio_proto::client::Response {
            status: response.status,
            binary,
            body: response.body,
        };
        self.network.exchanges[exchange].server_open = false;
        let down = Down::Response(response);
        down.trace(&mut self.trace, self.now, exchange);
        self.network.down(self.now, exchange, down);
        self.network.sweep();
        if let Some(copy) = self.network.exchanges[exchange].copy {
            self.server_gone(copy); // a proxy that sends requests twice waits for one answer
        }
    }
}

/// What comes out of a session.
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
                    if message % 4 == 0 {
                        self.host.replies.push((session, reply, message));
                    } else {
                        let machine = self.host.sessions[session].machine.as_mut().expect("it speaks");
                        let result = machine.ack(reply, message as u64);
                        self.note_refusal(session, &result);
                    }
                }
            }
            Event::Ack { socket, id, args } => {
                let place = this.place(socket);
                let message = self.host.awaited.remove(&(place, id)).expect("it is awaited");
                if is_liar {
                    return;
                }
                let answered: usize = args.parse::<(usize,)>().expect("an answer").0;
                assert_eq!(answered, message, "the answer to another message");
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
        let drained = || {
            let awaited = self.host.awaited.keys().filter(is_mine).count();
            machine.queued_bytes() == 0 && awaited <= settings.max_pending_acks / 2
        };
        assert!(
            !this.waits_for_room || !machine.is_open() || !drained(),
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

/// How sessions end.
impl World {
    /// The session was told to end, and has some time for it.
    pub fn closes(&mut self, session: usize) {
        let session = &mut self.host.sessions[session];
        session.heard_at = session.heard_at.max(self.now + self.host.engine.close_timeout);
        session.dirty = true;
    }

    /// A process ends without a word, or with one.
    pub fn restart(&mut self, graceful: bool) {
        let live = self.host.live.clone();
        if graceful {
            for client in &mut self.clients {
                client.busy_until[1] = self.now;
            }
            for &session in &live {
                if let Some(machine) = &mut self.host.sessions[session].machine {
                    machine.close(self.now);
                }
                self.pump_session(session);
            }
        }
        for &session in &live {
            let session = &mut self.host.sessions[session];
            session.machine = None;
            self.host.router.forget(&session.sid);
        }
        for exchange in self.network.live.clone() {
            let told = self.chance.percent(80);
            if self.network.exchanges[exchange].server_open {
                self.network.exchanges[exchange].server_open = false;
                self.network.exchanges[exchange].dead = true;
                self.network.tell(self.now, exchange, false, told);
            }
        }
        self.network.sweep();
        for place in &mut self.ledger.places {
            place.live = false;
        }
        for identity in &mut self.ledger.identities {
            identity.away_since = None;
        }
        self.host.live.clear();
        self.host.waiting.clear();
        self.host.replies.clear();
        self.host.awaited.clear();
        self.begin_host();
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
        assert!(
            args.len() == 2 || args.len() == 3 && self.script.settings.recovery,
            "{args:?}"
        );
        let number = args.get(1).expect("its number").parse::<usize>().expect("a number");
        let message = &self.ledger.messages[number];
        let filler = args.get(0).expect("its filler");
        let whole = match filler.as_bytes() {
            Some(bytes) => message.binary && **bytes == FILLER.as_bytes()[..message.size],
            None => !message.binary && filler.parse::<&str>().expect("text") == &FILLER[..message.size],
        };
        assert!(whole, "a message arrives as it was sent");
        number
    }
}

impl Session {
    fn place(&self, key: SocketKey) -> usize {
        let found = self.places.iter().rev().find(|(other, _)| *other == key);
        found.expect("it was let in").1
    }
}

impl Host {
    /// Whether nothing is awaited.
    pub fn awaits_nothing(&self) -> bool {
        self.awaited.is_empty()
    }
}
