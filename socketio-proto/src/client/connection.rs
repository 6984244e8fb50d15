//! All namespaces of one server.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use bytestring::ByteString;
use engineio_proto::client::{Connection as Session, Response, Transmit};
use engineio_proto::{AnySid, ExchangeId, Gone, Instant, Message, Revision, SendError, TransportKind};

use super::backoff::Backoff;
use super::buffer::{Buffer, Room, cost_of};
use super::link::Link;
use super::revision_3::{self, Root};
use super::sessions::Sessions;
use super::sockets::{Socket, Sockets, State};
use super::{Auth, Config, DisconnectReason, EmitError, Event, JoinError, Reply, SocketKey, auth};
use crate::acks::Acks;
use crate::codec::ParserDecoder;
use crate::{AckId, Encoded, Json, SocketId, ToArgs};

/// One client's sockets, one for each namespace it wants to be in, over one Engine.IO session at a time; when that is lost, over the
/// next. In JavaScript this is a `Manager` with its sockets.
///
/// - `handle_*` are a [session's own](engineio_proto::client::Connection): what the network and the clock did;
/// - commands: [`connect`](Self::connect), [`authenticate`](Self::authenticate), [`emit`](Self::emit),
///   [`emit_with_ack`](Self::emit_with_ack), [`emit_with_retries`](Self::emit_with_retries), [`forget_ack`](Self::forget_ack),
///   [`ack`](Self::ack), [`send`](Self::send), [`disconnect`](Self::disconnect), [`close`](Self::close);
/// - [`poll_event`](Self::poll_event), [`poll_transmit`](Self::poll_transmit), [`poll_timeout`](Self::poll_timeout);
/// - getters.
///
/// After any number of inputs and commands, poll until `poll_event` and `poll_transmit` both return `None`. Packets are read
/// when their event is fetched, so whoever fetches no more reads no more.
///
/// The first [`connect`](Self::connect) opens a session, and the end of the last socket that wants one closes it. A session that could
/// not be opened, or was lost, is tried again after a delay that [grows](Config::reconnection_delay). Whoever drives this sees exchanges
/// come and go, whatever session they belong to: their numbers do not come again.
///
/// A socket:
///
/// ```text
///          connect()           session         authenticate(),           CONNECT
///                              is open          if it is to
///   (none) ────────► Waiting ─────────► Asking ────────────► Joining ───────────────► Connected
///                     ▲   ▲                                   │  │                     │    │
///         connect()   │   └──────── session is lost ──────────┴──│─────────────────────┘    │
///                     │                                          │                          │
///                    Idle ◄── CONNECT_ERROR, no more attempts ───┴── DISCONNECT ────────────┘
///
///   From anywhere to none: disconnect().
/// ```
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use engineio_proto::client::{Config as EngineConfig, Transmit, Transports};
/// use engineio_proto::{Instant, Message};
/// use socketio_proto::Json;
/// use socketio_proto::client::{Config, Connection, Event};
///
/// let mut engine = EngineConfig::default();
/// engine.transports = Transports::WebSocket;
/// let mut config = Config::default();
/// config.engine = Arc::new(engine);
///
/// let (now, seed) = (Instant::ORIGIN, 7); // from a clock, and from a generator of random numbers
/// let mut client = Connection::new(now, Arc::new(config), seed);
/// let chat = client.connect(now, "/chat", Json::new(r#"{"token":"abc"}"#)?)?;
/// client.emit(chat, "hello", "world")?; // it waits until the socket is connected
///
/// // What is to be done: open a WebSocket. The server says hello, and is asked for the namespace.
/// let Some(Transmit::Connect { id, .. }) = client.poll_transmit(true) else { panic!() };
/// client.handle_open(now, id);
/// let open = r#"0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
/// client.handle_message(now, id, open.into());
/// let Some(Event::Open { attempts: 0 }) = client.poll_event() else { panic!() };
/// let Some(Transmit::Frame { message: Message::Text(text), .. }) = client.poll_transmit(true) else { panic!() };
/// assert_eq!(text, r#"40/chat,{"token":"abc"}"#);
///
/// // It lets the socket in; what has waited goes out.
/// client.handle_message(now, id, r#"40/chat,{"sid":"xyz"}"#.into());
/// let Some(Event::Connected { socket, id: name, .. }) = client.poll_event() else { panic!() };
/// assert_eq!((socket, name.as_str()), (chat, "xyz"));
/// let Some(Transmit::Frame { message: Message::Text(text), .. }) = client.poll_transmit(true) else { panic!() };
/// assert_eq!(text, r#"42/chat,["hello","world"]"#);
///
/// // An event, and its acknowledgement.
/// client.handle_message(now, id, r#"42/chat,5["add",1,2]"#.into());
/// let Some(Event::Event { args, reply: Some(reply), .. }) = client.poll_event() else { panic!() };
/// let (a, b) = args.parse::<(i32, i32)>()?;
/// client.ack(reply, a + b)?;
/// let Some(Transmit::Frame { message: Message::Text(text), .. }) = client.poll_transmit(true) else { panic!() };
/// assert_eq!(text, "43/chat,5[3]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Connection {
    pub(super) config: Arc<Config>,
    pub(super) sessions: Sessions,
    pub(super) link: Link,
    pub(super) backoff: Backoff,
    pub(super) decoder: ParserDecoder,
    pub(super) sockets: Sockets,
    /// Namespaces that were left before the server had answered for them.
    pub(super) ghosts: Vec<ByteString>,
    /// Namespaces that were left in this session, and not joined again: what still comes from there is for nobody.
    pub(super) left: Vec<ByteString>,
    pub(super) root: Root,
    pub(super) acks: Acks<SocketKey>,
    pub(super) buffer: Buffer,
    pub(super) room: Room,
    /// Packets of the protocol itself for which the session has had no room.
    pub(super) owed: VecDeque<Encoded>,
    pub(super) events: VecDeque<Event>,
    /// The session has refused something of the application, which waits to be told otherwise.
    pub(super) refused: bool,
    /// The time of the last input: packets are read later than they come.
    pub(super) now: Instant,
}

impl Connection {
    /// A client that is in no namespace, and does nothing until it is to be in one.
    ///
    /// The delays between attempts to reconnect have some chance in them, and all of it comes from the `seed`: clients should not have
    /// the same one. It is no secret.
    #[must_use]
    pub fn new(now: Instant, config: Arc<Config>, seed: u64) -> Self {
        Self {
            sessions: Sessions::default(),
            link: Link::Idle,
            backoff: Backoff::new(seed),
            decoder: config.decoder(),
            sockets: Sockets::default(),
            ghosts: Vec::new(),
            left: Vec::new(),
            root: Root::default(),
            acks: Acks::new(),
            buffer: Buffer::default(),
            room: Room::new(config.buffer_capacity),
            owed: VecDeque::new(),
            events: VecDeque::new(),
            refused: false,
            now,
            config,
        }
    }

    /// See [`engineio_proto::client::Connection::handle_response`].
    pub fn handle_response(&mut self, now: Instant, id: ExchangeId, response: Response) {
        self.now = now;
        if let Some((session, id)) = self.sessions.find(id) {
            session.handle_response(now, id, response);
        }
    }

    /// See [`engineio_proto::client::Connection::handle_open`].
    pub fn handle_open(&mut self, now: Instant, id: ExchangeId) {
        self.now = now;
        if let Some((session, id)) = self.sessions.find(id) {
            session.handle_open(now, id);
        }
    }

    /// See [`engineio_proto::client::Connection::handle_message`].
    pub fn handle_message(&mut self, now: Instant, id: ExchangeId, message: Message) {
        self.now = now;
        if let Some((session, id)) = self.sessions.find(id) {
            session.handle_message(now, id, message);
        }
    }

    /// See [`engineio_proto::client::Connection::handle_gone`].
    pub fn handle_gone(&mut self, now: Instant, id: ExchangeId, gone: Gone) {
        self.now = now;
        if let Some((session, id)) = self.sessions.find(id) {
            session.handle_gone(now, id, gone);
        }
    }

    /// It is `now`. Call it when [`poll_timeout`](Self::poll_timeout) has come; earlier and more often does no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        self.sessions.handle_timeout(now);
        self.expire();
        if matches!(self.link, Link::Waiting { until } if now >= until) {
            self.open_session();
        }
    }

    /// Wants to be in a namespace, and brings these credentials each time it is to be let in. There is one socket for each namespace: if
    /// there is one already, it gets the new credentials, and is connected again if it is [not](Self::is_active) to be by itself.
    ///
    /// In revision 3 the main namespace takes no credentials: put them into the session's
    /// [query](engineio_proto::client::Config::query). And who has left it comes back only with the next session.
    ///
    /// # Errors
    ///
    /// There can be no such namespace, the credentials are no object, or the connection was closed: see [`JoinError`].
    pub fn connect(&mut self, now: Instant, namespace: &str, auth: impl Into<Auth>) -> Result<SocketKey, JoinError> {
        let auth = auth.into();
        if matches!(self.link, Link::Closing | Link::Closed) {
            return Err(JoinError::Closed);
        }
        if !namespace.starts_with('/')
            || namespace.contains(if self.is_revision_3() { &[',', '?'][..] } else { &[','] })
        {
            return Err(JoinError::Namespace);
        }
        auth.check()?;
        if let Auth::Value(value) = &auth {
            self.check_auth(value)?;
        }
        self.now = now;
        let key = match self.sockets.of(namespace) {
            Some(socket) => {
                socket.auth = auth;
                if !socket.is_active() {
                    socket.state = State::Waiting;
                }
                socket.key
            }
            None => self.sockets.insert(namespace, auth),
        };
        if self.link == Link::Idle {
            self.open_session();
        }
        self.join(key);
        Ok(key)
    }

    /// Says with which credentials a socket is to be let in, after [`Event::Authenticate`] has asked for them.
    ///
    /// # Errors
    ///
    /// They are no object, and are still to be said; or nobody asks for them any more: [`JoinError::NotAsked`].
    pub fn authenticate(&mut self, socket: SocketKey, auth: Option<&Json>) -> Result<(), JoinError> {
        let found = self.sockets.find(socket).map_err(|_| JoinError::NotAsked)?;
        if !matches!(found.state, State::Asking) {
            return Err(JoinError::NotAsked);
        }
        if let Some(value) = auth {
            self.check_auth(value)?;
        }
        self.ask(socket, auth);
        Ok(())
    }

    /// Emits an event: now, or as soon as the socket is connected.
    ///
    /// # Errors
    ///
    /// The arguments are no JSON, there is no room, or there is no connection and nothing may wait for one: see [`EmitError`].
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit(&mut self, socket: SocketKey, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        let namespace = &self.sockets.find(socket)?.namespace;
        let packet = self.config.parser.event(namespace, None, event, &args)?;
        Ok(self.submit(socket, packet, None)?)
    }

    /// Emits an event that the server is to acknowledge: [`Event::Ack`] or [`Event::AckFailed`] will bring the same id. Until the
    /// deadline, if there is one, the event may still wait to be sent.
    ///
    /// # Errors
    ///
    /// As [`emit`](Self::emit); [`EmitError::Full`] also if [`Config::max_pending_acks`] are awaited.
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit_with_ack(
        &mut self,
        socket: SocketKey,
        event: &str,
        args: impl ToArgs,
        deadline: Option<Instant>,
    ) -> Result<AckId, EmitError> {
        let found = self.sockets.find(socket)?;
        let id = found.next_ack();
        let packet = self.config.parser.event(&found.namespace, Some(id), event, &args)?;
        if self.acks.is_full(self.config.max_pending_acks) {
            return Err(EmitError::Full);
        }
        self.submit(socket, packet, Some(id))?;
        self.use_ack(socket);
        self.acks.insert(socket, id, deadline);
        Ok(id)
    }

    /// Emits an event that is to arrive, if that is possible at all: it is sent again if it is not acknowledged within
    /// [`Config::ack_timeout`], and after each reconnection, up to [`Config::retries`] times. [`Event::Ack`] or [`Event::AckFailed`] then
    /// brings the same id.
    ///
    /// Such events of one socket go out one after the other, each when the one before is acknowledged or given up, so they arrive in
    /// order. They may arrive more than once, which the server has to notice. Until then they are kept here, whether or not other events
    /// [may wait](Config::buffering), and count against [`Config::buffer_capacity`].
    ///
    /// # Errors
    ///
    /// The arguments are no JSON, or there is no room: see [`EmitError`].
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit_with_retries(
        &mut self,
        now: Instant,
        socket: SocketKey,
        event: &str,
        args: impl ToArgs,
    ) -> Result<AckId, EmitError> {
        self.now = now;
        let found = self.sockets.find_mut(socket).ok_or(EmitError::NotConnected)?;
        let id = found.next_ack();
        let packet = self.config.parser.event(&found.namespace, Some(id), event, &args)?;
        if !self.room.take(cost_of(&packet)) {
            return Err(EmitError::Full);
        }
        found.use_ack();
        found.retries.push(id, packet);
        self.flush(socket);
        Ok(id)
    }

    /// Awaits an acknowledgement no more: if it comes all the same, nobody hears of it. What still waits to be sent is sent.
    pub fn forget_ack(&mut self, socket: SocketKey, id: AckId) {
        if self.acks.remove(socket, id) {
            self.settle();
        } else if let Some(socket) = self.sockets.find_mut(socket) {
            socket.retries.forget(id);
        }
    }

    /// Acknowledges an event. It must be done before the connection is lost that the event came on: on the next one nobody waits for it.
    ///
    /// # Errors
    ///
    /// As [`emit`](Self::emit); [`EmitError::NotConnected`] also if it is too late.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a reply is given once; arguments as for `emit`"
    )]
    pub fn ack(&mut self, reply: Reply, args: impl ToArgs) -> Result<(), EmitError> {
        let Reply { socket, id, time } = reply;
        let found = self.sockets.find(socket)?;
        if !found.is_connected() || found.times != time {
            return Err(EmitError::NotConnected);
        }
        let packet = self.config.parser.ack(&found.namespace, id, &args)?;
        Ok(self.send_now(packet).map_err(|error| error.map(drop))?)
    }

    /// Sends an event that was encoded before, for this socket's namespace, or lets it wait as [`emit`](Self::emit) does.
    ///
    /// # Errors
    ///
    /// Nothing of it was taken: there is no room, or there is no connection and nothing may wait for one.
    pub fn send(&mut self, socket: SocketKey, packet: &Encoded) -> Result<(), SendError<()>> {
        self.submit(socket, packet.clone(), None)
    }

    /// Makes a socket leave its namespace for good, and tells the server. What of it still waits to be sent is not sent any more, and
    /// what it awaits fails. If it was the last one that wants a session, the session is closed as soon as what was sent has gone out.
    pub fn disconnect(&mut self, socket: SocketKey) {
        let Some(left) = self.sockets.remove(socket) else {
            return;
        };
        self.leave(&left.namespace, &left.state);
        self.fail_all(socket, left.retries);
        if let State::Connected(_) = left.state {
            self.events.push_back(Event::Disconnected {
                socket,
                reason: DisconnectReason::ClientDisconnect,
            });
        }
        self.leave_if_unused();
        self.settle();
    }

    /// Ends it all: every socket leaves its namespace, and the server is told. [`Event::Closed`] follows when what was sent has gone out,
    /// or after the session's [`close_timeout`](engineio_proto::client::Config::close_timeout).
    pub fn close(&mut self, now: Instant) {
        if matches!(self.link, Link::Closing | Link::Closed) {
            return;
        }
        self.now = now;
        self.refused = false; // there is nothing to wait for any more
        for socket in self.sockets.keys() {
            self.disconnect(socket);
        }
        self.link = Link::Closing;
    }

    /// What is to be done on the network next: see [`engineio_proto::client::Connection::poll_transmit`].
    ///
    /// `writable` says whether the [`websocket`](Self::websocket), if there is one, takes more bytes now. One of a session that is being
    /// closed is written to the end all the same.
    pub fn poll_transmit(&mut self, writable: bool) -> Option<Transmit> {
        self.sessions.poll_transmit(writable)
    }

    /// What has happened next.
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let Some(event) = self.sessions.poll_event() else {
                return self.finish();
            };
            self.handle_session(event);
        }
    }

    /// [`poll_event`](Self::poll_event), but of this side only: acknowledgements that were given up, sockets that the application
    /// has disconnected. No packet of the server is read for it. It is for whoever has no room for more of what the server wants.
    pub fn poll_own_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, as things stand.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let attempt = match self.link {
            Link::Waiting { until } => Some(until),
            Link::Idle | Link::Opening | Link::Open | Link::Closing | Link::Closed => None,
        };
        let retries = self
            .sockets
            .iter()
            .filter_map(|socket| socket.retries.poll_timeout())
            .min();
        [self.sessions.poll_timeout(), self.acks.poll_timeout(), retries, attempt]
            .into_iter()
            .flatten()
            .min()
    }

    /// The public id of a socket, while it is connected.
    #[must_use]
    pub fn socket_id(&self, socket: SocketKey) -> Option<&SocketId> {
        match &self.sockets.find(socket).ok()?.state {
            State::Connected(id) => Some(id),
            State::Idle | State::Waiting | State::Asking | State::Joining(_) => None,
        }
    }

    /// The namespace of a socket, unless it was [disconnected](Self::disconnect).
    #[must_use]
    pub fn namespace(&self, socket: SocketKey) -> Option<&ByteString> {
        Some(&self.sockets.find(socket).ok()?.namespace)
    }

    /// Whether a socket is connected, or will be without anybody's asking. If not, [`connect`](Self::connect) asks for it.
    #[must_use]
    pub fn is_active(&self, socket: SocketKey) -> bool {
        self.sockets.find(socket).is_ok_and(Socket::is_active)
    }

    /// The sockets that are connected, in the order in which their namespaces were asked for first.
    pub fn sockets(&self) -> impl Iterator<Item = SocketKey> {
        let connected = self.sockets.iter().filter(|socket| socket.is_connected());
        connected.map(|socket| socket.key)
    }

    /// The session's id, while there is one. It is a secret between the server and this client.
    #[must_use]
    pub fn sid(&self) -> Option<&AnySid> {
        self.sessions.current()?.sid()
    }

    /// The revision of Engine.IO that is spoken, and with it that of Socket.IO: 3 goes with 4, 4 with 5.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.config.engine.revision
    }

    /// What carries packets now, if there is a session.
    #[must_use]
    pub fn transport(&self) -> Option<TransportKind> {
        self.sessions.current().map(Session::transport)
    }

    /// Whether a volatile event is worth emitting: the socket is connected, nothing waits, and the transport keeps up.
    #[must_use]
    pub fn is_writable(&self, socket: SocketKey) -> bool {
        let is_connected = self.sockets.find(socket).is_ok_and(Socket::is_connected);
        let takes_more = self.sessions.current().is_some_and(Session::is_writable);
        is_connected && takes_more && self.buffer.is_empty(socket)
    }

    /// The WebSocket that takes packets, if one does: the one that [`poll_transmit`](Self::poll_transmit) asks about.
    #[must_use]
    pub fn websocket(&self) -> Option<ExchangeId> {
        self.sessions.websocket()
    }

    /// Whether it is over: [`Event::Closed`] was fetched or waits to be.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        match self.link {
            Link::Closed => true,
            Link::Closing => self.sessions.are_over(),
            Link::Idle | Link::Opening | Link::Open | Link::Waiting { .. } => false,
        }
    }

    /// How many bytes wait to be transmitted on the session: see [`engineio_proto::client::Connection::queued_bytes`].
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.sessions.current().map_or(0, Session::queued_bytes)
    }

    /// How many bytes wait for a connection or an acknowledgement, as [`Config::buffer_capacity`] counts them.
    #[must_use]
    pub const fn buffered_bytes(&self) -> usize {
        self.room.bytes()
    }

    /// Whether so much waits to be fetched that no more should be read from the server: see
    /// [`engineio_proto::client::Connection::is_saturated`].
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        self.sessions.current().is_some_and(Session::is_saturated)
    }

    /// The largest message or body that the server may send, in bytes. Whatever reads from the network need not read more.
    #[must_use]
    pub fn max_payload(&self) -> usize {
        self.config.engine.max_payload
    }

    pub(super) fn is_revision_3(&self) -> bool {
        self.revision() == Revision::V3
    }

    /// Whether the server can be told these credentials.
    fn check_auth(&self, value: &Json) -> Result<(), JoinError> {
        auth::check(value)?;
        if self.is_revision_3() {
            revision_3::with_query("", value)?;
        }
        Ok(())
    }

    fn use_ack(&mut self, socket: SocketKey) {
        if let Some(socket) = self.sockets.find_mut(socket) {
            socket.use_ack();
        }
    }

    /// The last event, when its time has come.
    fn finish(&mut self) -> Option<Event> {
        let over = self.link == Link::Closing && self.sessions.are_over();
        over.then(|| {
            self.link = Link::Closed;
            Event::Closed
        })
    }
}

/// Without what the two sides say to each other, and without credentials.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("link", &self.link)
            .field("sessions", &self.sessions)
            .field("backoff", &self.backoff)
            .field("queued_bytes", &self.queued_bytes())
            .field("buffered_bytes", &self.buffered_bytes())
            .finish_non_exhaustive()
    }
}
