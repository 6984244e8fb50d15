//! The server's side: sessions, namespaces, and an application that talks at random.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::server::{Request, Route, Server};
use engineio_proto::{Exchange, ExchangeId, Gone, Instant, Message, Sid};
use socketio_proto::server::hub::recovery::RecoveryConfig;
use socketio_proto::server::hub::{MemberKey, Namespace, RoomLimits};
use socketio_proto::server::{Config, Connection, Reply, SocketKey};
use socketio_proto::{AckId, Json, SocketId};

use crate::network::Down;
use crate::world::World;

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
    pub closed: bool,
    pub dirty: bool,
    /// What is still to be said to one of its sockets, as soon as there is room.
    pub flood: Option<Flood>,
    /// Somebody was told that there is no room, how often, and waits to be told otherwise.
    pub refusals: u32,
    pub waits_for_room: bool,
    /// It has said what ends it: nothing else that it has said counts.
    pub condemned: bool,
    /// Its client reads scripts and sends forms.
    pub jsonp: bool,
    /// Its client has said a part of a packet only.
    pub half_said: bool,
    /// Bytes of messages that have come since all that there was had been fetched.
    pub unread: usize,
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
                    jsonp: query.contains("&j="),
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
        let is_taken = body.len() <= self.script.settings.max_payload; // or it is answered at once, and not kept
        self.count_unread(exchange, if is_taken { body.len() } else { 0 });
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

    pub fn server_input(&mut self, exchange: usize, input: impl FnOnce(&mut Connection, Instant, ExchangeId)) {
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

    pub fn respond(&mut self, exchange: usize, response: engineio_proto::Response) {
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

impl Host {
    /// Whether nothing is awaited.
    pub fn awaits_nothing(&self) -> bool {
        self.awaited.is_empty()
    }
}
