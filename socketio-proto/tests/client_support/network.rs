//! The client and our server, and the network between them, in virtual time.
//!
//! What is said on one exchange in one direction arrives in its order; everything else may overtake. The server's application lets
//! everyone in but to `/no`, acknowledges what is to be acknowledged with the arguments that it came with, and emits `echo` events back.

use std::collections::BTreeMap;

use engineio_proto::client::{Method, Query, Request as ClientRequest, Response as ClientResponse};
use engineio_proto::server::{Request, Route, Server, Transmit as ServerTransmit};
use engineio_proto::{Response, Sid};
use socketio_proto::SocketId;
use socketio_proto::server::{self, Event as ServerEvent};

use super::lobby::Lobby;
use super::*;

pub struct Network {
    pub now: Instant,
    pub client: Connection,
    pub observer: Observer,
    /// Whether the server can be reached.
    pub reachable: bool,
    /// Everything that the server's application has got: namespace, event, arguments.
    pub received: Vec<(String, String, String)>,
    sessions: Vec<Session>,
    router: Server<usize>,
    server_config: Arc<server::Config>,
    sockets: u64,
    /// The main namespace, if its sockets can come back.
    lobby: Option<Lobby>,
    latency: Box<dyn FnMut() -> Duration>,
    wire: BTreeMap<(Instant, u64), Delivery>,
    sent: u64,
    /// When the newest of what is on its way will arrive, by exchange and direction.
    latest: BTreeMap<(ExchangeId, bool), Instant>,
    /// The exchanges of the client that are not over, each with its session if the server has heard of it.
    live: BTreeMap<ExchangeId, Option<usize>>,
    /// WebSockets that are over for the client, but may have something on their way to the server.
    closing: BTreeMap<ExchangeId, usize>,
}

struct Session {
    connection: server::Connection,
    sid: Sid,
    namespaces: BTreeMap<server::SocketKey, String>,
}

enum Delivery {
    Up(ExchangeId, Up),
    Down(ExchangeId, Down),
}

enum Up {
    Request(ClientRequest),
    Connect(Query),
    Frame(Message),
    Gone,
}

enum Down {
    Response(Response),
    Open,
    Frame(Message),
    Gone,
}

impl Network {
    /// A client and its server, 10 ms apart.
    pub fn new(config: Config) -> Self {
        Self::with_latency(config, || ms(10))
    }

    pub fn with_latency(config: Config, latency: impl FnMut() -> Duration + 'static) -> Self {
        let now = Instant::ORIGIN;
        let mut server_config = server::Config::default();
        server_config.parser = config.parser.clone();
        let mut engine = engineio_proto::Config::default();
        engine.allow_eio3 = true;
        Self {
            now,
            client: Connection::new(now, Arc::new(config), 1),
            observer: Observer::default(),
            reachable: true,
            received: Vec::new(),
            sessions: Vec::new(),
            router: Server::new(Arc::new(engine)),
            server_config: Arc::new(server_config),
            sockets: 0,
            lobby: None,
            latency: Box::new(latency),
            wire: BTreeMap::new(),
            sent: 0,
            latest: BTreeMap::new(),
            live: BTreeMap::new(),
            closing: BTreeMap::new(),
        }
    }
}

/// Recovery.
impl Network {
    /// From now on, sockets of the main namespace can come back.
    pub fn with_recovery(mut self) -> Self {
        self.lobby = Some(Lobby::new());
        self
    }

    /// The server emits an event to all that are in the main namespace, and keeps it for those that may come back.
    pub fn publish(&mut self, event: &str, args: &impl ToArgs) {
        let lobby = self.lobby.as_mut().expect("sockets can come back");
        let (packet, places) = lobby.broadcast(self.now, event, args);
        for (session, key) in places {
            let _ = self.sessions[session].connection.send(key, &packet);
        }
        self.pump();
    }
}

/// What the applications do.
impl Network {
    pub fn connect(&mut self, namespace: &str) -> SocketKey {
        let key = self.client.connect(self.now, namespace, Auth::None).unwrap();
        self.observer.knows(key);
        self.pump();
        key
    }

    pub fn emit(&mut self, key: SocketKey, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        let result = self.client.emit(key, event, args);
        self.pump();
        result
    }

    pub fn ask(&mut self, key: SocketKey, args: impl ToArgs, timeout: Option<Duration>) -> Result<AckId, EmitError> {
        let deadline = timeout.map(|timeout| self.now + timeout);
        let result = self.client.emit_with_ack(key, "ask", args, deadline);
        self.observer.awaits(key, result.as_ref().ok().copied());
        self.pump();
        result
    }

    pub fn insist(&mut self, key: SocketKey, args: impl ToArgs) -> Result<AckId, EmitError> {
        let result = self.client.emit_with_retries(self.now, key, "insist", args);
        self.observer.awaits(key, result.as_ref().ok().copied());
        self.pump();
        result
    }

    pub fn disconnect(&mut self, key: SocketKey) {
        self.client.disconnect(key);
        self.pump();
    }

    pub fn close(&mut self) {
        self.client.close(self.now);
        self.pump();
    }

    /// The server emits an event to all its sockets.
    pub fn broadcast(&mut self, event: &str, args: impl ToArgs + Copy) {
        for session in &mut self.sessions {
            for key in session.connection.sockets().collect::<Vec<_>>() {
                let _ = session.connection.emit(key, event, args);
            }
        }
        self.pump();
    }

    /// The server makes a socket of each session leave.
    pub fn dismiss(&mut self, close: bool) {
        for session in &mut self.sessions {
            let first = session.connection.sockets().next();
            if let Some(key) = first {
                session.connection.disconnect(key, close);
            }
        }
        self.pump();
    }

    pub fn log(&mut self) -> Vec<String> {
        self.observer.log()
    }

    /// What the server has got under the name `event`, in any namespace.
    pub fn received(&self, event: &str) -> Vec<&str> {
        let named = self.received.iter().filter(|(_, name, _)| name == event);
        named.map(|(_, _, args)| args.as_str()).collect()
    }

    /// How many sockets there are on the server.
    pub fn server_sockets(&self) -> usize {
        let sessions = self.sessions.iter();
        sessions.map(|session| session.connection.sockets().count()).sum()
    }

    /// Whether the server has no session any more that is not over.
    pub fn server_is_empty(&self) -> bool {
        self.router.is_empty()
    }
}

/// What happens to the network.
impl Network {
    /// Every connection breaks, for both sides; what was on its way is lost.
    pub fn cut(&mut self) {
        self.wire.clear();
        for (id, session) in std::mem::take(&mut self.live) {
            self.client.handle_gone(self.now, id, Gone::Closed);
            self.server_gone(id, session);
        }
        for (id, session) in std::mem::take(&mut self.closing) {
            self.server_gone(id, Some(session));
        }
        self.pump();
    }

    /// The server dies, and another one takes its place, which knows nothing.
    pub fn restart(&mut self) {
        self.wire.clear();
        for session in &self.sessions {
            self.router.forget(&session.sid);
        }
        self.closing.clear();
        for (id, session) in &mut self.live {
            *session = None;
            self.client.handle_gone(self.now, *id, Gone::Closed);
        }
        self.live.clear();
        // Their numbers stay, as those of sessions that are over.
        for session in &mut self.sessions {
            session.connection.close(self.now);
            while session.connection.poll_event().is_some() || session.connection.poll_transmit(true).is_some() {}
        }
        self.pump();
    }

    fn server_gone(&mut self, id: ExchangeId, session: Option<usize>) {
        if let Some(session) = session {
            self.sessions[session]
                .connection
                .handle_gone(self.now, id, Gone::Closed);
        }
    }
}

/// Time.
impl Network {
    pub fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        for _ in 0..TOO_MANY {
            if !self.step_before(end) {
                return;
            }
        }
        panic!("time does not pass");
    }

    /// The next thing that happens at all, if it happens before `end`; otherwise it is `end`.
    pub fn step_before(&mut self, end: Instant) -> bool {
        let arrival = self.wire.keys().next().map(|(at, _)| *at);
        let servers = self
            .sessions
            .iter()
            .filter_map(|session| session.connection.poll_timeout());
        let server = servers.min();
        let client = self.client.poll_timeout();
        let next = [arrival, server, client].into_iter().flatten().min();
        let Some(next) = next.filter(|next| *next <= end) else {
            self.now = end;
            return false;
        };
        self.now = self.now.max(next);
        if arrival == Some(next) {
            let (_, delivery) = self.wire.pop_first().unwrap();
            self.deliver(delivery);
        } else if server == Some(next) {
            for session in &mut self.sessions {
                session.connection.handle_timeout(self.now);
            }
        } else {
            self.client.handle_timeout(self.now);
        }
        self.pump();
        true
    }
}

/// Deliveries.
impl Network {
    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Up(id, up) => self.deliver_up(id, up),
            Delivery::Down(id, _) if !self.live.contains_key(&id) => {}
            Delivery::Down(id, Down::Response(response)) => {
                self.live.remove(&id);
                let binary = response.content_type == Some("application/octet-stream");
                let response = ClientResponse {
                    status: response.status,
                    binary,
                    body: response.body,
                };
                self.client.handle_response(self.now, id, response);
            }
            Delivery::Down(id, Down::Open) => self.client.handle_open(self.now, id),
            Delivery::Down(id, Down::Frame(message)) => self.client.handle_message(self.now, id, message),
            Delivery::Down(id, Down::Gone) => {
                self.live.remove(&id);
                self.client.handle_gone(self.now, id, Gone::Closed);
            }
        }
    }

    fn deliver_up(&mut self, id: ExchangeId, up: Up) {
        let session = self
            .live
            .get(&id)
            .copied()
            .flatten()
            .or_else(|| self.closing.get(&id).copied());
        match up {
            Up::Request(_) | Up::Connect(_) if !self.reachable => {
                if self.live.remove(&id).is_some() {
                    self.client.handle_gone(self.now, id, Gone::Closed);
                }
            }
            Up::Request(request) => {
                let binary = request.content_type == Some("application/octet-stream");
                let session = self.deliver_request(id, request.method.as_str(), &request.query, false, binary);
                if let (Method::Post, Some(session)) = (request.method, session) {
                    let connection = &mut self.sessions[session].connection;
                    connection.handle_body(self.now, id, request.body);
                }
            }
            Up::Connect(query) => drop(self.deliver_request(id, "GET", &query, true, false)),
            Up::Frame(message) => {
                if let Some(session) = session {
                    let connection = &mut self.sessions[session].connection;
                    connection.handle_message(self.now, id, message);
                }
            }
            Up::Gone => {
                self.closing.remove(&id);
                self.server_gone(id, session);
            }
        }
    }

    /// Finds the session that a request belongs to, or begins it.
    fn deliver_request(
        &mut self,
        id: ExchangeId,
        method: &str,
        query: &Query,
        websocket: bool,
        binary: bool,
    ) -> Option<usize> {
        let request = Request {
            method,
            query: query.as_str(),
            websocket,
            binary,
        };
        let (session, exchange) = match self.router.route(&request) {
            Route::Connection(session, exchange) => (*session, exchange),
            Route::Incoming(incoming) => {
                let session = self.sessions.len();
                let mut entropy = [7; 15];
                entropy[..8].copy_from_slice(&(session as u64).to_be_bytes());
                let sid = Sid::from_entropy(entropy);
                let engine = self.router.accept(self.now, incoming, sid);
                self.router.insert(sid, incoming.revision(), session).unwrap();
                self.sessions.push(Session {
                    connection: server::Connection::new(self.now, self.server_config.clone(), engine),
                    sid,
                    namespaces: BTreeMap::new(),
                });
                (session, incoming.exchange())
            }
            Route::Refuse(refusal) => {
                let response = refusal.response();
                self.put(id, false, Delivery::Down(id, Down::Response(response)));
                return None;
            }
        };
        match self.live.get_mut(&id) {
            Some(live) => *live = Some(session),
            None => drop(self.closing.insert(id, session)),
        }
        self.sessions[session].connection.handle_request(self.now, id, exchange);
        Some(session)
    }

    fn put(&mut self, id: ExchangeId, up: bool, delivery: Delivery) {
        let latest = self.latest.entry((id, up)).or_insert(self.now);
        let arrival = (self.now + (self.latency)()).max(*latest);
        *latest = arrival;
        self.wire.insert((arrival, self.sent), delivery);
        self.sent += 1;
    }

    /// Fetches all that there is on both sides and sends it on its way.
    pub fn pump(&mut self) {
        for _ in 0..TOO_MANY {
            let mut happened = self.pump_client();
            for session in 0..self.sessions.len() {
                happened |= self.pump_server(session);
            }
            if !happened {
                return;
            }
        }
        panic!("the machines do not stop talking");
    }

    fn pump_client(&mut self) -> bool {
        if let Some(event) = self.client.poll_event() {
            self.observer.sees(&self.client, event);
            return true;
        }
        let Some(transmit) = self.client.poll_transmit(true) else {
            return false;
        };
        let (id, up) = match transmit {
            Transmit::Request { id, request } => (id, Up::Request(request)),
            Transmit::Connect { id, query } => (id, Up::Connect(query)),
            Transmit::Frame { id, message } => (id, Up::Frame(message)),
            Transmit::Close { id, .. } | Transmit::Abort { id } => (id, Up::Gone),
        };
        match up {
            Up::Request(_) | Up::Connect(_) => {
                self.observer.begins(id);
                self.live.insert(id, None);
            }
            Up::Frame(_) => assert!(self.live.contains_key(&id), "{id:?} is over"),
            Up::Gone => {
                // What was not heard of by the server yet gets its session when it is.
                if let Some(Some(session)) = self.live.remove(&id) {
                    self.closing.insert(id, session);
                }
            }
        }
        self.put(id, true, Delivery::Up(id, up));
        true
    }

    fn pump_server(&mut self, session: usize) -> bool {
        let Session {
            connection,
            sid,
            namespaces,
        } = &mut self.sessions[session];
        if let Some(transmit) = connection.poll_transmit(true) {
            let (id, down) = match transmit {
                ServerTransmit::Respond { id, response } => (id, Down::Response(response)),
                ServerTransmit::Upgrade { id } => (id, Down::Open),
                ServerTransmit::Frame { id, message, .. } => (id, Down::Frame(message)),
                ServerTransmit::Close { id, .. } => (id, Down::Gone),
            };
            self.put(id, false, Delivery::Down(id, down));
            return true;
        }
        let Some(event) = connection.poll_event() else {
            return false;
        };
        match event {
            ServerEvent::Connect {
                socket,
                namespace,
                auth,
            } => {
                let lobby = self.lobby.as_mut().filter(|_| namespace == "/");
                if let Some(lobby) = lobby {
                    let admission = lobby.admit(self.now, (session, socket), auth.as_ref());
                    let _ = connection.accept_recoverable(socket, admission.id, &admission.pid);
                    for packet in admission.missed {
                        let _ = connection.send(socket, &packet);
                    }
                } else if namespace == "/no" {
                    let _ = connection.refuse(socket, "no", None);
                } else {
                    let id = connection.legacy_id(socket);
                    let id = id.unwrap_or_else(|| SocketId::new(&format!("socket-{}", self.sockets)));
                    self.sockets += 1;
                    let _ = connection.accept(socket, id);
                }
                namespaces.insert(socket, namespace.to_string());
            }
            ServerEvent::Event {
                socket,
                name,
                args,
                reply,
            } => {
                let json = args.as_json().to_owned();
                self.received
                    .push((namespaces[&socket].clone(), name.to_string(), json));
                if name == "echo" {
                    let _ = connection.emit(socket, "echo", &args);
                }
                if let Some(reply) = reply {
                    let _ = connection.ack(reply, &args);
                }
            }
            ServerEvent::Disconnect { socket, reason } => {
                if let Some(lobby) = &mut self.lobby {
                    lobby.leave(self.now, (session, socket), &reason);
                }
            }
            ServerEvent::Closed(_) => drop(self.router.forget(sid)),
            _ => {}
        }
        true
    }
}

/// A latency of up to `max` that looks like chance.
pub fn jitter(seed: u64, max: u64) -> impl FnMut() -> Duration + 'static {
    let mut state = seed;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ms((state >> 33) % (max + 1))
    }
}

/// How the client of a network may connect.
pub fn over(transports: Transports, revision: Revision) -> Config {
    config(|config| {
        config.engine = engine(|engine| {
            engine.transports = transports;
            engine.revision = revision;
        });
    })
}
