//! One session.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::fmt;

use super::framing::Framing;
use super::post::Post;
use super::probe::{Probe, ProbeState};
use super::{Config, Event, Rejection, Response, Transmit, Transports};
use crate::heartbeat::{Due, Heartbeat};
use crate::inbox::Inbox;
use crate::outbox::Outbox;
use crate::{
    AnySid, CloseReason, DecodeError, ExchangeId, Frame, Gone, Handshake, Instant, Message, Packet, Revision,
    SendError, TransportFault, TransportKind,
};

/// One Engine.IO session seen from its client, over long-polling, a WebSocket, and the passage from the one to the other.
///
/// - `handle_*` tell it what the network and the clock did: [`handle_response`](Self::handle_response),
///   [`handle_open`](Self::handle_open), [`handle_message`](Self::handle_message), [`handle_gone`](Self::handle_gone),
///   [`handle_timeout`](Self::handle_timeout);
/// - commands tell it what the application wants: [`send`](Self::send), [`close`](Self::close);
/// - `poll_*` say what is to be done now: [`poll_transmit`](Self::poll_transmit), [`poll_event`](Self::poll_event),
///   [`poll_timeout`](Self::poll_timeout);
/// - getters say what is.
///
/// After any number of inputs and commands, poll: transmits until there is none, then events until there is none. Fetching a
/// transmit may make an event (there is room again, the end has come), never the other way round.
///
/// ```text
///              handshake          close()            the server was told, or close_timeout
///    Opening ────────────► Open ────────────► Closing ────────────────────────────────────► Closed
///       │ │                  │                   ▲                                             ▲
///       │ └──── close() ─────│───────────────────┘                                             │
///       └─ connect_timeout ──┴── the server closes, vanishes, errs, refuses, or does not ping ─┘
/// ```
///
/// A connection is for one session. To connect again, make another one.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use engineio_proto::client::{Config, Connection, Event, Response, Transmit};
/// use engineio_proto::{Frame, Instant};
///
/// let mut now = Instant::ORIGIN;
/// let mut connection = Connection::new(now, Arc::new(Config::default()));
/// connection.send(Frame::text("hello")).expect("there is room"); // it waits for the handshake
///
/// // What is to be done: ask for a session.
/// let Some(Transmit::Request { id, request }) = connection.poll_transmit(true) else { panic!() };
/// assert!(request.query.as_str().starts_with("EIO=4&transport=polling&t="));
/// let open = r#"0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
/// connection.handle_response(now, id, Response { status: 200, binary: false, body: open.into() });
/// let Some(Event::Open(handshake)) = connection.poll_event() else { panic!() };
/// assert_eq!(handshake.sid.as_str(), "abc");
///
/// // Next, a GET that waits for what the server will say, and a POST with what there is to say.
/// let Some(Transmit::Request { id: get, .. }) = connection.poll_transmit(true) else { panic!() };
/// let Some(Transmit::Request { id: post, request }) = connection.poll_transmit(true) else { panic!() };
/// assert_eq!((request.method.as_str(), &request.body[..]), ("POST", &b"4hello"[..]));
/// assert_eq!(connection.poll_transmit(true), None);
/// connection.handle_response(now, post, Response { status: 200, binary: false, body: "ok".into() });
/// connection.handle_response(now, get, Response { status: 200, binary: false, body: "4world".into() });
/// assert_eq!(connection.poll_event(), Some(Event::Message("world".into())));
/// ```
pub struct Connection {
    pub(super) config: Arc<Config>,
    /// When it was made.
    pub(super) began: Instant,
    pub(super) state: State,
    pub(super) transport: Transport,
    pub(super) framing: Framing,
    /// What the server said first; nothing before that.
    pub(super) handshake: Option<Handshake>,
    /// Begins with the handshake.
    pub(super) heartbeat: Option<Heartbeat>,
    /// The GET that waits.
    pub(super) poll: Option<ExchangeId>,
    /// The POST that was not answered yet.
    pub(super) post: Option<Post>,
    pub(super) probe: Option<Probe>,
    pub(super) inbox: Inbox<Event>,
    pub(super) outbox: Outbox,
    /// What is to be done before anything else.
    pub(super) transmits: VecDeque<Transmit>,
    rejection: Option<Rejection>,
    exchanges: u64,
}

/// See the diagram at [`Connection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The server was asked for a session.
    Opening { deadline: Instant },
    /// Messages go both ways.
    Open,
    /// The application has closed it. What it sent before still goes out, then the server is told; if there is time.
    Closing { deadline: Instant },
    /// Over. What the network is still to be told is in `transmits`.
    Closed,
}

/// What carries the session's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Polling,
    /// A WebSocket that is not open yet.
    Connecting(ExchangeId),
    /// A WebSocket, until it is gone.
    WebSocket(Option<ExchangeId>),
}

impl Connection {
    /// A connection that wants a session: its first transmit asks for one.
    #[must_use]
    pub fn new(now: Instant, config: Arc<Config>) -> Self {
        let deadline = now + config.connect_timeout;
        let mut connection = Self {
            began: now,
            state: State::Opening { deadline },
            transport: Transport::Polling,
            framing: Framing::of_config(&config),
            config,
            handshake: None,
            heartbeat: None,
            poll: None,
            post: None,
            probe: None,
            inbox: Inbox::new(),
            outbox: Outbox::new(),
            transmits: VecDeque::new(),
            rejection: None,
            exchanges: 0,
        };
        if connection.config.transports == Transports::WebSocket {
            let id = connection.new_exchange();
            let query = connection.query(id, TransportKind::WebSocket);
            connection.transport = Transport::Connecting(id);
            connection.transmits.push_back(Transmit::Connect { id, query });
        }
        connection
    }

    /// The answer to a request, or to the request for a WebSocket if it is none of those that make one.
    pub fn handle_response(&mut self, now: Instant, id: ExchangeId, response: Response) {
        if self.poll == Some(id) {
            self.poll = None;
            self.handle_poll_response(now, response);
        } else if let Some(post) = self.post.take_if(|post| post.id == id) {
            self.handle_post_response(now, post, &response);
        } else if self.probe.is_some_and(|probe| probe.id == id) {
            self.probe = None;
            let fault = Rejection::read(&response).fault();
            self.inbox.push(Event::UpgradeFailed(fault));
        } else if self.transport == Transport::Connecting(id) {
            self.transport = Transport::WebSocket(None);
            self.reject(&response);
        }
    }

    /// A WebSocket is open.
    pub fn handle_open(&mut self, _now: Instant, id: ExchangeId) {
        if self.probe.is_some_and(|probe| probe.id == id) {
            self.handle_probe_open();
        } else if self.transport == Transport::Connecting(id) {
            self.transport = Transport::WebSocket(Some(id));
        }
    }

    /// A message on a WebSocket.
    pub fn handle_message(&mut self, now: Instant, id: ExchangeId, message: Message) {
        if self.probe.is_some_and(|probe| probe.id == id) {
            return self.handle_probe_message(now, &message);
        }
        if self.transport != Transport::WebSocket(Some(id)) || self.is_closed() {
            return;
        }
        if message.len() > self.config.max_payload {
            return self.handle_gone(now, id, Gone::TooLarge { size: message.len() });
        }
        let result = match self.framing.decode(message) {
            Ok(packet) if self.handshake.is_none() => self.handle_first_packet(now, packet),
            Ok(packet) => self.handle_packet(now, packet),
            // Whatever a second one contains, it means nothing.
            Err(DecodeError::Handshake) if self.handshake.is_some() => Ok(()),
            Err(error) => Err(CloseReason::ParseError(error)),
        };
        if let Err(reason) = result {
            self.shut(reason);
        }
    }

    /// An exchange ended before its time: a request failed before its answer was whole, or a WebSocket is no more or was never opened. What
    /// was fetched for it already, or is fetched from now on, has nowhere to go.
    pub fn handle_gone(&mut self, _now: Instant, id: ExchangeId, gone: Gone) {
        if let Some(probe) = self.probe.take_if(|probe| probe.id == id) {
            if gone != Gone::Closed && probe.state != ProbeState::Connecting {
                self.transmits.push_back(Transmit::Close { id, code: None });
            }
            self.inbox.push(Event::UpgradeFailed(TransportFault::WebSocket));
        } else if self.poll == Some(id) {
            self.poll = None;
            if !self.is_leaving() {
                self.shut(self.lost_request(gone));
            }
        } else if let Some(post) = self.post.take_if(|post| post.id == id) {
            let farewell = post.is_farewell.then_some(CloseReason::ForcedClose);
            self.shut(farewell.unwrap_or_else(|| self.lost_request(gone)));
        } else if self.transport == Transport::Connecting(id) {
            self.transport = Transport::WebSocket(None);
            self.shut(CloseReason::TransportError(TransportFault::WebSocket));
        } else if self.transport == Transport::WebSocket(Some(id)) && !self.is_closed() {
            let (code, reason) = match gone {
                Gone::Closed => (None, CloseReason::TransportClose),
                Gone::Failed { code } => (Some(code), CloseReason::TransportError(TransportFault::WebSocket)),
                Gone::TooLarge { size } => (Some(1009), self.too_large(size)),
            };
            self.transport = Transport::WebSocket(None);
            if code.is_some() {
                self.transmits.push_back(Transmit::Close { id, code });
            }
            self.shut(reason);
        }
    }

    /// It is `now`. Call it when [`poll_timeout`](Self::poll_timeout) has come; earlier and more often does no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::Closed => return,
            State::Opening { deadline } if now >= deadline => {
                return self.shut(CloseReason::TransportError(TransportFault::Timeout));
            }
            State::Closing { deadline } if now >= deadline => return self.shut(CloseReason::ForcedClose),
            State::Opening { .. } | State::Closing { .. } => {}
            State::Open => match self.with_heartbeat(|heartbeat, rhythm| heartbeat.handle_timeout(now, rhythm)) {
                Some(Due::Ping) => self.push_heartbeat("2"),
                Some(Due::Dead) => return self.shut(CloseReason::PingTimeout),
                None => {}
            },
        }
        if self.probe.is_some_and(|probe| now >= probe.deadline) {
            self.fail_probe(TransportFault::Timeout);
        }
    }

    /// Queues a message; before the handshake, too.
    ///
    /// # Errors
    ///
    /// The frame comes back: [`SendError::Full`] if more than [`Config::send_capacity`] would wait,
    /// [`SendError::Closed`] if the session has ended or was closed.
    pub fn send(&mut self, frame: Frame) -> Result<(), SendError<Frame>> {
        if !self.takes_messages() {
            return Err(SendError::Closed(frame));
        }
        self.outbox
            .push(frame, self.config.send_capacity)
            .map_err(SendError::Full)
    }

    /// Queues several messages that belong together: all of them or none.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_all<I>(&mut self, frames: I) -> Result<(), SendError<I>>
    where
        I: Iterator<Item = Frame> + Clone,
    {
        if !self.takes_messages() {
            return Err(SendError::Closed(frames));
        }
        self.outbox
            .push_all(frames, self.config.send_capacity)
            .map_err(SendError::Full)
    }

    /// [`send_all`](Self::send_all), for answers that a protocol above this one owes the server: they are refused only if there is no
    /// room for them, not because something larger was refused before. No [`Event::Drained`] follows.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_owed<I>(&mut self, frames: I) -> Result<(), SendError<I>>
    where
        I: Iterator<Item = Frame> + Clone,
    {
        if !self.takes_messages() {
            return Err(SendError::Closed(frames));
        }
        self.outbox
            .push_owed(frames, self.config.send_capacity)
            .map_err(SendError::Full)
    }

    /// Ends the session: what was sent still goes out; what arrives from now on does not count, nor what arrived and was not
    /// fetched yet. A passage to a WebSocket that is not over is given up. [`Event::Closed`] follows when all of it has been fetched for
    /// transmission and, over long-polling, the server has confirmed it; or after [`Config::close_timeout`].
    pub fn close(&mut self, now: Instant) {
        let latest = now + self.config.close_timeout;
        let deadline = match self.state {
            State::Opening { deadline } => deadline.min(latest),
            State::Open => latest,
            State::Closing { .. } | State::Closed => return,
        };
        self.state = State::Closing { deadline };
        self.inbox.clear();
        self.drop_probe();
        if self.transport == Transport::Polling {
            let asked = self.handshake.is_some() || self.poll.is_some();
            if !asked && self.outbox.is_empty() {
                return self.shut(CloseReason::ForcedClose);
            }
            self.outbox.push_control(Frame::control("1"));
        }
        self.finish_closing();
    }

    /// What is to be done on the network next.
    ///
    /// `writable` says whether the session's [`websocket`](Self::websocket), if it has one, takes more bytes now. While it does not,
    /// messages stay here, where they are bounded; everything else is still to be done.
    pub fn poll_transmit(&mut self, writable: bool) -> Option<Transmit> {
        if let Some(transmit) = self.transmits.pop_front() {
            return Some(transmit);
        }
        let transmit = match self.transport {
            Transport::Polling => self.next_poll().or_else(|| self.next_post())?,
            Transport::Connecting(_) => return None,
            Transport::WebSocket(id) => {
                let id = id.filter(|_| writable && self.handshake.is_some())?;
                Transmit::Frame {
                    id,
                    message: self.framing.message(self.outbox.pop()?),
                }
            }
        };
        if self.outbox.take_drained(self.config.send_capacity) && self.takes_messages() {
            self.inbox.push(Event::Drained);
        }
        self.finish_closing();
        Some(transmit)
    }

    /// What has happened next. Messages wait here until they are fetched, so read no more from the server while
    /// [`is_saturated`](Self::is_saturated): nothing else bounds them.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.inbox.pop()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, as things stand.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let state = match self.state {
            State::Closed => return None,
            State::Opening { deadline } | State::Closing { deadline } => Some(deadline),
            State::Open => self.heartbeat.as_ref().map(Heartbeat::poll_timeout),
        };
        let probe = self.probe.map(|probe| probe.deadline);
        Instant::earliest([state, probe])
    }

    /// The session's id, once the server has said it. It is a secret between that server and this client.
    #[must_use]
    pub fn sid(&self) -> Option<&AnySid> {
        self.handshake.as_ref().map(|handshake| &handshake.sid)
    }

    /// What the server offers and demands, once it has said so.
    #[must_use]
    pub const fn handshake(&self) -> Option<&Handshake> {
        self.handshake.as_ref()
    }

    /// The revision of the protocol that is spoken.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.framing.revision()
    }

    /// What carries the session's packets now.
    #[must_use]
    pub const fn transport(&self) -> TransportKind {
        match self.transport {
            Transport::Polling => TransportKind::Polling,
            Transport::Connecting(_) | Transport::WebSocket(_) => TransportKind::WebSocket,
        }
    }

    /// The WebSocket that takes the session's messages, if one does and the session is not over: the one that
    /// [`poll_transmit`](Self::poll_transmit) asks about.
    #[must_use]
    pub fn websocket(&self) -> Option<ExchangeId> {
        match self.transport {
            Transport::WebSocket(id) if !self.is_closed() => id,
            Transport::WebSocket(_) | Transport::Connecting(_) | Transport::Polling => None,
        }
    }

    /// Whether messages go both ways: not before the handshake, and not after [`close`](Self::close).
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether it is over: [`Event::Closed`] was fetched or waits to be.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether a message that is only worth sending now is worth sending: the transport is there, has nothing else to do and keeps up.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        let attached = match self.transport {
            Transport::Polling => self.post.is_none() && !self.is_pausing(),
            Transport::Connecting(_) => false,
            Transport::WebSocket(id) => id.is_some(),
        };
        attached && self.is_open() && self.outbox.bytes() <= self.config.volatile_capacity
    }

    /// How many bytes wait to be transmitted, as [`Config::send_capacity`] counts them.
    #[must_use]
    pub const fn queued_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    /// How many bytes of messages have arrived and wait to be fetched with [`poll_event`](Self::poll_event). Whoever reads from the network
    /// should stop while it is more than [`Config::receive_capacity`].
    #[must_use]
    pub const fn unread_bytes(&self) -> usize {
        self.inbox.bytes()
    }

    /// Whether so much waits to be fetched that no more should be read from the server.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        self.inbox.bytes() > self.config.receive_capacity
    }

    /// The largest message or body that the server may send, in bytes. Whatever reads from the network need not read more.
    #[must_use]
    pub fn max_payload(&self) -> usize {
        self.config.max_payload
    }

    /// What the server said when it refused a request: the words behind a session that ended with [`TransportFault::Refused`].
    #[must_use]
    pub const fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// The number of the next request.
    pub(super) const fn new_exchange(&mut self) -> ExchangeId {
        let id = ExchangeId(self.exchanges);
        self.exchanges += 1;
        id
    }

    /// The server refuses a request of the session, which ends it.
    pub(super) fn reject(&mut self, response: &Response) {
        let rejection = Rejection::read(response);
        let fault = rejection.fault();
        self.rejection = Some(rejection);
        self.shut(CloseReason::TransportError(fault));
    }

    /// Whether the application has closed it and the server is to be told.
    pub(super) const fn is_closing(&self) -> bool {
        matches!(self.state, State::Closing { .. })
    }

    /// Ends it, if it was closed here and all is said: over long-polling, when the server has confirmed that.
    pub(super) fn finish_closing(&mut self) {
        let said = self.outbox.is_empty() && (self.transport != Transport::Polling || self.post.is_none());
        if self.is_closing() && said {
            self.shut(CloseReason::ForcedClose);
        }
    }

    /// Ends the session, whatever state it is in, and every exchange with it.
    pub(super) fn shut(&mut self, reason: CloseReason) {
        if self.is_closed() {
            return;
        }
        self.state = State::Closed;
        self.outbox.clear();
        let post = self.post.take().map(|post| post.id);
        for id in [self.poll.take(), post].into_iter().flatten() {
            self.transmits.push_back(Transmit::Abort { id });
        }
        self.drop_probe();
        match self.transport {
            Transport::Connecting(id) => self.transmits.push_back(Transmit::Abort { id }),
            Transport::WebSocket(Some(id)) => self.transmits.push_back(Transmit::Close { id, code: None }),
            Transport::WebSocket(None) | Transport::Polling => {}
        }
        self.inbox.push(Event::Closed(reason));
    }

    fn handle_packet(&mut self, now: Instant, packet: Packet) -> Result<(), CloseReason> {
        match packet {
            Packet::Message(message) => {
                if self.is_open() {
                    self.inbox.push_message(message);
                }
            }
            Packet::Ping(_) => self.handle_ping(now),
            Packet::Pong(_) => self.handle_pong(now),
            Packet::Close => return Err(CloseReason::TransportClose),
            // They mean nothing here.
            Packet::Open(_) | Packet::Upgrade | Packet::Noop => {}
        }
        Ok(())
    }

    /// Whether [`send`](Self::send) takes anything.
    fn takes_messages(&self) -> bool {
        matches!(self.state, State::Opening { .. } | State::Open)
    }

    fn lost_request(&self, gone: Gone) -> CloseReason {
        match gone {
            Gone::Closed | Gone::Failed { .. } => CloseReason::TransportError(TransportFault::Request),
            Gone::TooLarge { size } => self.too_large(size),
        }
    }

    pub(super) fn too_large(&self, size: usize) -> CloseReason {
        let limit = self.config.max_payload;
        CloseReason::TransportError(TransportFault::TooLarge { size, limit })
    }
}

/// Without what the two sides say to each other, and without the query, which may contain secrets of the application.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("state", &self.state)
            .field("transport", &self.transport)
            .field("framing", &self.framing)
            .field("handshake", &self.handshake)
            .field("heartbeat", &self.heartbeat)
            .field("poll", &self.poll)
            .field("post", &self.post)
            .field("probe", &self.probe)
            .field("queued_bytes", &self.queued_bytes())
            .finish_non_exhaustive()
    }
}
