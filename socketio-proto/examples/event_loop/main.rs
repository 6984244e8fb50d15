//! A Socket.IO server without an async runtime: one thread, one loop, one place to wait.
//!
//! ```text
//! cargo run --example event_loop        # then, in JavaScript: io("http://127.0.0.1:3000")
//! ```
//!
//! The protocol is in the machines: the engine's `Server` says which session a request belongs to, and each client has a
//! `Connection`. The sockets and the clock are here. They meet in two places, and these are worth reading first:
//!
//! - [`EventLoop::handle`] tells a machine what has happened;
//! - [`EventLoop::turn`] asks it what is to be done.
//!
//! Everything else is what any network server has to do: [`peer`] is one TCP connection, [`http`] what is spoken on it,
//! [`timers`] is when to wake up, and [`chat`] is the application.
//!
//! What keeps clients from filling the memory: there are only so many TCP connections; a request's head and body are bounded;
//! what cannot be written yet waits where it is counted, in the machine; and whoever does not read the answers is not asked
//! for more: its packets are not looked at, and then its messages not read.

#![allow(unreachable_pub, reason = "a program has no outside")]

mod chat;
mod http;
mod peer;
mod timers;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::mem;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{self, Duration};

use bytes::Bytes;
use engineio_proto::server::{Incoming, Route, Server, Transmit};
use engineio_proto::{Clock, ExchangeId, Gone, Instant, Response, Sid};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use socketio_proto::server::{Config, Connection, Event};

use chat::Chat;
use http::Request;
use peer::{Arrival, Peer};
use timers::Timers;

const LISTENER: Token = Token(0);

/// How many TCP connections there may be. A client over long-polling has two of them at times.
const MAX_PEERS: usize = 10_000;

/// How many messages one TCP connection may bring before it is the others' turn.
const BATCH: usize = 64;

/// How many bytes may wait for a client before its own packets have to wait as well. A quarter of what may wait at all, so that
/// there is room for what others send to it.
const BUSY: usize = 1 << 20;

/// This server's own name for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ClientKey(u64);

/// All clients, and which of them may have something to do.
#[derive(Default)]
struct Clients {
    connections: BTreeMap<ClientKey, Connection>,
    awake: BTreeSet<ClientKey>,
}

impl Clients {
    /// A client's connection, to do something to it: that is always followed by a [turn](EventLoop::turn).
    fn get(&mut self, key: ClientKey) -> &mut Connection {
        self.awake.insert(key);
        let connection = self.connections.get_mut(&key);
        connection.expect("a key is forgotten by everyone before its connection is dropped")
    }
}

/// What can be waited for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Client(ClientKey),
    Peer(Token),
}

/// The server.
#[allow(missing_debug_implementations, reason = "nobody looks at a running server")]
pub struct EventLoop {
    poll: Poll,
    listener: TcpListener,
    clock: Clock,
    /// The time, looked up once a round.
    now: Instant,
    timers: Timers<Timer>,
    /// The TCP connections. A token is given once.
    peers: BTreeMap<Token, Peer>,
    next_token: usize,
    /// Those that may have something to read.
    ready: BTreeSet<Token>,
    /// Those that are not read, because their client has sent more than was looked at.
    parked: BTreeMap<ClientKey, Vec<Token>>,
    sessions: Server<ClientKey>,
    clients: Clients,
    next_client: u64,
    config: Arc<Config>,
    max_payload: usize,
    chat: Chat,
}

fn main() -> io::Result<()> {
    let port = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok())
        .unwrap_or(3000);
    let mut event_loop = EventLoop::new((Ipv4Addr::LOCALHOST, port).into())?;
    println!("listening on {}", event_loop.address()?);
    event_loop.run()
}

impl EventLoop {
    /// A server that listens on `address`.
    pub fn new(address: SocketAddr) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let engine = engineio_proto::Config::default();
        Ok(Self {
            poll,
            listener,
            clock: Clock::starting_at(time::Instant::now()),
            now: Instant::ORIGIN,
            timers: Timers::new(),
            peers: BTreeMap::new(),
            next_token: 1,
            ready: BTreeSet::new(),
            parked: BTreeMap::new(),
            max_payload: engine.max_payload,
            sessions: Server::new(Arc::new(engine)),
            clients: Clients::default(),
            next_client: 0,
            config: Arc::default(),
            chat: Chat::default(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the operating system will not have it.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            // Sleep until something happens on the network, or a deadline has come.
            let patience = match self.timers.next() {
                _ if !self.ready.is_empty() => Some(Duration::ZERO),
                next => next.map(|next| self.clock.std(next).saturating_duration_since(time::Instant::now())),
            };
            match self.poll.poll(&mut events, patience) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            self.now = self.clock.instant(time::Instant::now());

            for event in &events {
                match event.token() {
                    LISTENER => self.accept(),
                    token => {
                        self.ready.insert(token);
                    }
                }
            }
            for token in mem::take(&mut self.ready) {
                self.serve(token);
            }
            while let Some(timer) = self.timers.pop_due(self.now) {
                match timer {
                    Timer::Client(key) => self.clients.get(key).handle_timeout(self.now),
                    Timer::Peer(token) => self.gone(token, Gone::Closed),
                }
                self.settle();
            }
        }
    }

    /// Takes the TCP connections that have come.
    fn accept(&mut self) {
        // Until there is none: readiness is told once. An error is that of one connection, or of too many; the next one that
        // comes makes us look again.
        while let Ok((mut stream, _)) = self.listener.accept() {
            let token = Token(self.next_token);
            let registered = self
                .poll
                .registry()
                .register(&mut stream, token, Interest::READABLE | Interest::WRITABLE);
            if registered.is_err() || self.peers.len() >= MAX_PEERS {
                continue; // dropped, and thereby closed
            }
            let _ = stream.set_nodelay(true); // what is written is complete
            self.next_token += 1;
            self.peers.insert(token, Peer::new(stream, self.max_payload));
            self.arm(token);
        }
    }

    /// A TCP connection can be read from, or written to, or had not come to its end the last time.
    fn serve(&mut self, token: Token) {
        let Some(peer) = self.peers.get_mut(&token) else { return };
        peer.flush();
        if let Some((key, _)) = peer.exchange() {
            self.clients.get(key); // there may be room for what waits for it
            self.settle();
        }
        for _ in 0..BATCH {
            let Some(peer) = self.peers.get_mut(&token) else { return };
            if !peer.is_writable() {
                return; // it will be one day, and we will be back
            }
            if let Some((key, _)) = peer
                .exchange()
                .filter(|(key, _)| self.clients.connections[key].is_saturated())
            {
                return self.parked.entry(key).or_default().push(token); // until that client's next turn
            }
            let Some(arrival) = peer.receive() else {
                return;
            };
            self.handle(token, arrival);
            self.settle(); // before anything more is read
        }
        self.ready.insert(token);
    }

    /// Tells the machine that it concerns what has arrived.
    fn handle(&mut self, token: Token, arrival: Arrival) {
        match (arrival, self.peers[&token].exchange()) {
            (Arrival::Request(request), _) => self.route(token, &request),
            (Arrival::Invalid(status), _) => self.respond(token, &plain(status, "")),
            (Arrival::Body(body), Some((key, id))) => self.clients.get(key).handle_body(self.now, id, body),
            (Arrival::Message(message), Some((key, id))) => self.clients.get(key).handle_message(self.now, id, message),
            (Arrival::Gone(gone), _) => self.gone(token, gone),
            (Arrival::Body(_) | Arrival::Message(_), None) => {} // nobody waits for it any more
        }
        self.arm(token);
    }

    /// Finds out whose business a request is.
    fn route(&mut self, token: Token, request: &Request) {
        let (key, exchange) = if request.path.starts_with("/socket.io/") {
            match self.sessions.route(&request.for_engine()) {
                Route::Connection(&key, exchange) => (key, exchange),
                Route::Incoming(incoming) => (self.begin_session(incoming), incoming.exchange()),
                Route::Refuse(refusal) => return self.respond(token, &refusal.response()),
            }
        } else {
            let response = match &*request.path {
                "/healthz" => plain(200, "ok"),
                _ => plain(404, "not found"),
            };
            return self.respond(token, &response);
        };
        // An exchange's name is ours to choose. This one says where the answer is awaited: see `transmit`.
        let name = |nth| ExchangeId((token.0 as u64) << 32 | u64::from(nth));
        let id = self
            .peers
            .get_mut(&token)
            .expect("it was just read from")
            .assign(key, name);
        self.clients.get(key).handle_request(self.now, id, exchange);
    }

    /// A new client.
    fn begin_session(&mut self, incoming: Incoming) -> ClientKey {
        let key = ClientKey(self.next_client);
        self.next_client += 1;
        let sid = Sid::from_entropy(entropy());
        let session = self.sessions.accept(self.now, incoming, sid);
        let connection = Connection::new(self.now, Arc::clone(&self.config), session);
        self.sessions
            .insert(sid, incoming.revision(), key)
            .expect("120 random bits are new");
        self.clients.connections.insert(key, connection);
        key
    }

    /// A TCP connection is over, or worth no more.
    fn gone(&mut self, token: Token, gone: Gone) {
        let Some(peer) = self.peers.get_mut(&token) else { return };
        if let Some((key, id)) = peer.exchange() {
            self.clients.get(key).handle_gone(self.now, id, gone);
        }
        if gone == Gone::Closed {
            self.peers.remove(&token);
        } else {
            self.settle(); // it is told why
            self.peers.get_mut(&token).map(Peer::hang_up);
        }
    }

    /// Asks every machine to which something was done what is to be done now. That may do something to others.
    fn settle(&mut self) {
        while let Some(key) = self.clients.awake.pop_first() {
            self.turn(key);
        }
    }

    /// Asks one machine until it has nothing more to say.
    fn turn(&mut self, key: ClientKey) {
        let mut written = BTreeSet::new();
        let mut over = false;
        loop {
            let connection = self.clients.connections.get_mut(&key).expect("it is awake");
            let websocket = connection.websocket().and_then(|id| self.peers.get_mut(&token_of(id)));
            if let Some(transmit) = connection.poll_transmit(websocket.is_some_and(Peer::is_writable)) {
                written.extend(self.transmit(transmit));
                continue;
            }
            let event = match connection.queued_bytes() {
                0..BUSY => connection.poll_event(),
                _ => connection.poll_own_event(), // what it wants is not looked at before it reads what it wanted before
            };
            let Some(event) = event else { break };
            over |= matches!(event, Event::Closed(_));
            self.chat.handle(&mut self.clients, key, event);
        }
        // All at once: one write for whatever there was to say.
        for token in written {
            self.peers.get_mut(&token).map(Peer::flush);
            self.arm(token);
        }
        let connection = &self.clients.connections[&key];
        self.timers.set(Timer::Client(key), connection.poll_timeout());
        if !connection.is_saturated() {
            self.ready.extend(self.parked.remove(&key).unwrap_or_default());
        }
        if over {
            self.sessions.forget(&connection.sid());
            self.clients.connections.remove(&key);
            self.clients.awake.remove(&key); // the application's last words, to nobody
        }
    }

    /// Puts into a buffer what is to be done on the network, and says on which TCP connection.
    fn transmit(&mut self, transmit: Transmit) -> Option<Token> {
        let (Transmit::Respond { id, .. }
        | Transmit::Upgrade { id }
        | Transmit::Frame { id, .. }
        | Transmit::Close { id, .. }) = transmit;
        let token = token_of(id);
        let peer = self.peers.get_mut(&token)?; // or it has gone meanwhile
        if peer.exchange()?.1 != id {
            return None;
        }
        match transmit {
            Transmit::Respond { response, .. } => self.respond(token, &response),
            Transmit::Upgrade { .. } => peer.upgrade(),
            Transmit::Frame { message, .. } => peer.send(message),
            Transmit::Close { code, .. } => peer.close(code),
        }
        Some(token)
    }

    fn respond(&mut self, token: Token, response: &Response) {
        if let Some(peer) = self.peers.get_mut(&token) {
            peer.respond(response);
            peer.flush();
            self.ready.insert(token); // the next request may be there already
        }
    }

    /// Sets the time until when the next thing must have arrived on a TCP connection.
    fn arm(&mut self, token: Token) {
        let patience = self.peers.get(&token).and_then(Peer::patience);
        self.timers
            .set(Timer::Peer(token), patience.map(|patience| self.now + patience));
    }
}

/// The TCP connection that an exchange is on.
fn token_of(id: ExchangeId) -> Token {
    Token((id.0 >> 32) as usize)
}

/// An answer of ours.
fn plain(status: u16, body: &'static str) -> Response {
    Response {
        status,
        content_type: Some("text/plain"),
        body: Bytes::from_static(body.as_bytes()),
        compress: false,
        refusal: None,
    }
}

/// What nobody can guess.
fn entropy() -> [u8; 15] {
    let mut entropy = [0; 15];
    getrandom::fill(&mut entropy).expect("without randomness there can be no server");
    entropy
}
