//! One session.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::{fmt, iter};

use bytes::Bytes;

use super::framing::Framing;
use super::post::Post;
use super::probe::Probe;
use super::{Event, Incoming, Transmit};
use crate::heartbeat::{Due, Heartbeat};
use crate::inbox::Inbox;
use crate::outbox::Outbox;
use crate::{
    CloseReason, Config, DecodeError, ErrorCode, Exchange, ExchangeId, Frame, Gone, Handshake, Instant, Message,
    Packet, Refusal, Revision, SendError, Sid, TransportFault, TransportKind,
};

/// One Engine.IO session, over long-polling, a WebSocket, and the passage from the one to the other.
///
/// - `handle_*` tell it what the network and the clock did: [`handle_request`](Self::handle_request),
///   [`handle_body`](Self::handle_body), [`handle_message`](Self::handle_message), [`handle_gone`](Self::handle_gone),
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
///               close()            the client was told, or close_timeout
///    Open ────────────────► Closing ──────────────────────────────────► Closed
///      └──── the client closes, vanishes, errs, or leaves a ping unanswered ──▲
/// ```
pub struct Connection {
    pub(super) config: Arc<Config>,
    sid: Sid,
    state: State,
    pub(super) transport: Transport,
    pub(super) framing: Framing,
    /// The GET that waits.
    pub(super) poll: Option<ExchangeId>,
    /// The POST whose body is on its way.
    pub(super) post: Option<Post>,
    pub(super) probe: Option<Probe>,
    pub(super) heartbeat: Heartbeat,
    pub(super) inbox: Inbox<Event>,
    pub(super) outbox: Outbox,
    /// What is to be done before anything in the outbox.
    pub(super) transmits: VecDeque<Transmit>,
}

/// See the diagram at [`Connection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Messages go both ways.
    Open,
    /// The application has closed it. A polling client learns that from its next GET, a WebSocket when all that was sent before
    /// has been fetched; if either comes in time.
    Closing { deadline: Instant },
    /// Over. What the client is still to be told is in `transmits`.
    Closed,
}

/// What carries the session's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Polling,
    /// The WebSocket has no exchange yet between the acceptance of a session and its first request.
    WebSocket(Option<ExchangeId>),
}

impl Connection {
    pub(super) fn new(now: Instant, config: Arc<Config>, sid: Sid, incoming: Incoming) -> Self {
        let framing = incoming.framing;
        let transport = match incoming.transport {
            TransportKind::Polling => Transport::Polling,
            TransportKind::WebSocket => Transport::WebSocket(None),
        };
        let handshake = Handshake {
            sid: sid.into(),
            upgrade_to_websocket: transport == Transport::Polling
                && config.allow_upgrades
                && config.transports.websocket,
            ping_interval: config.ping_interval,
            ping_timeout: config.ping_timeout,
            max_payload: config.max_payload,
        };
        let mut open = String::with_capacity(128);
        open.push('0');
        handshake.encode(&mut open);
        let mut outbox = Outbox::new();
        outbox.push_control(Frame::packet(open.into()));
        Self {
            heartbeat: match framing.revision() {
                Revision::V4 => Heartbeat::pinging(now, config.rhythm()),
                Revision::V3 => Heartbeat::pinged(now, config.rhythm()),
            },
            config,
            sid,
            state: State::Open,
            transport,
            framing,
            poll: None,
            post: None,
            probe: None,
            inbox: Inbox::new(),
            outbox,
            transmits: VecDeque::new(),
        }
    }

    /// A request that [`Server::route`](super::Server::route) sent here, or the first one of an accepted session.
    pub fn handle_request(&mut self, now: Instant, id: ExchangeId, exchange: Exchange) {
        if self.is_closed() {
            return self.respond(id, Refusal::new(ErrorCode::SessionUnknown).response());
        }
        match (self.transport, exchange) {
            (Transport::Polling, Exchange::Poll) => self.handle_poll(now, id),
            (Transport::Polling, Exchange::Post { binary }) => self.handle_post(id, binary),
            (Transport::WebSocket(_), Exchange::Poll | Exchange::Post { .. }) => {
                self.respond(id, Refusal::new(ErrorCode::BadRequest).response());
            }
            (Transport::WebSocket(None), Exchange::WebSocket { .. }) => {
                self.transport = Transport::WebSocket(Some(id));
                self.transmits.push_back(Transmit::Upgrade { id });
                self.finish_closing();
            }
            (Transport::Polling | Transport::WebSocket(Some(_)), Exchange::WebSocket { base64 }) => {
                self.handle_probe_request(now, id, base64);
            }
        }
    }

    /// The whole body of a POST. Of a body larger than [`max_payload`](Self::max_payload) its first `max_payload + 1` bytes do:
    /// the request is refused and the session goes on.
    pub fn handle_body(&mut self, now: Instant, id: ExchangeId, body: Bytes) {
        if let Some(post) = self.post.take_if(|post| post.id == id) {
            self.handle_post_body(now, post, body);
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
        match self.framing.decode(message) {
            Ok(Packet::Message(message)) => {
                if self.is_open() {
                    self.inbox.push_message(message);
                }
            }
            Ok(Packet::Pong(_)) => {
                if let Err(reason) = self.handle_pong(now) {
                    self.shut(reason);
                }
            }
            Ok(Packet::Ping(data)) => {
                if let Err(reason) = self.handle_ping(now, &data) {
                    self.shut(reason);
                }
            }
            Ok(Packet::Close) => self.shut(CloseReason::TransportClose),
            // They mean nothing here, and so does whatever an open packet contains.
            Ok(Packet::Open(_) | Packet::Upgrade | Packet::Noop) | Err(DecodeError::Handshake) => {}
            Err(error) => self.shut(CloseReason::ParseError(error)),
        }
    }

    /// An exchange ended before its time: the client dropped a request that was not answered, or a WebSocket is no more. What
    /// was fetched for it already, or is fetched from now on, has nowhere to go.
    pub fn handle_gone(&mut self, _now: Instant, id: ExchangeId, gone: Gone) {
        if self.probe.is_some_and(|probe| probe.id == id) {
            match gone {
                Gone::Closed => self.probe = None,
                Gone::Failed { .. } | Gone::TooLarge { .. } => self.drop_probe(),
            }
        } else if self.poll == Some(id) {
            self.poll = None;
            self.shut(CloseReason::TransportError(TransportFault::PollAborted));
        } else if self.post.take_if(|post| post.id == id).is_some() {
            self.shut(CloseReason::TransportError(TransportFault::PostAborted));
        } else if self.transport == Transport::WebSocket(Some(id)) && !self.is_closed() {
            let (code, reason) = match gone {
                Gone::Closed => (None, CloseReason::TransportClose),
                Gone::Failed { code } => (Some(code), CloseReason::TransportError(TransportFault::WebSocket)),
                Gone::TooLarge { size } => {
                    let limit = self.config.max_payload;
                    (
                        Some(1009),
                        CloseReason::TransportError(TransportFault::TooLarge { size, limit }),
                    )
                }
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
            State::Closing { deadline } if now >= deadline => return self.shut(CloseReason::ForcedClose),
            State::Closing { .. } => {}
            State::Open => match self.heartbeat.handle_timeout(now, self.config.rhythm()) {
                Some(Due::Ping) => self.outbox.push_control(Frame::control("2")),
                Some(Due::Dead) => return self.shut(CloseReason::PingTimeout),
                None => {}
            },
        }
        if self.probe.is_some_and(|probe| now >= probe.deadline) {
            self.drop_probe();
        }
        self.flush_poll(now);
    }

    /// Queues a message.
    ///
    /// # Errors
    ///
    /// The frame comes back: [`SendError::Full`] if more than [`Config::send_capacity`] would wait,
    /// [`SendError::Closed`] if the session has ended or was closed.
    pub fn send(&mut self, frame: Frame) -> Result<(), SendError<Frame>> {
        if !self.is_open() {
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
        if !self.is_open() {
            return Err(SendError::Closed(frames));
        }
        self.outbox
            .push_all(frames, self.config.send_capacity)
            .map_err(SendError::Full)
    }

    /// [`send_all`](Self::send_all), for answers that a protocol above this one owes the client: they are refused only if there is no
    /// room for them, not because something larger was refused before. No [`Event::Drained`] follows.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_owed<I>(&mut self, frames: I) -> Result<(), SendError<I>>
    where
        I: Iterator<Item = Frame> + Clone,
    {
        if !self.is_open() {
            return Err(SendError::Closed(frames));
        }
        self.outbox
            .push_owed(frames, self.config.send_capacity)
            .map_err(SendError::Full)
    }

    /// Ends the session: what was sent still goes out; what arrives from now on does not count, nor what arrived and was not
    /// fetched yet. [`Event::Closed`] follows when all of it has been fetched for transmission and the client told, or after
    /// [`Config::close_timeout`].
    pub fn close(&mut self, now: Instant) {
        if self.is_open() {
            self.state = State::Closing {
                deadline: now + self.config.close_timeout,
            };
            self.inbox.clear();
            self.finish_closing();
        }
    }

    /// What is to be done on the network next.
    ///
    /// `writable` says whether the session's [`websocket`](Self::websocket), if it has one, takes more bytes now. While it does not,
    /// messages stay here, where they are bounded; everything else is still to be done.
    pub fn poll_transmit(&mut self, writable: bool) -> Option<Transmit> {
        if let Some(transmit) = self.transmits.pop_front() {
            return Some(transmit);
        }
        if self.outbox.is_empty() {
            return None;
        }
        let transmit = match self.transport {
            Transport::Polling => {
                let id = self.poll.take()?;
                Transmit::Respond {
                    id,
                    response: match self.outbox.iter().next() {
                        // Clients read the open packet, and some nothing behind it.
                        Some(frame) if frame.is_open_packet() => {
                            self.outbox.take_first(1, |frames| self.framing.response(frames))
                        }
                        _ => self.outbox.take_all(|frames| self.framing.response(frames.iter())),
                    },
                }
            }
            Transport::WebSocket(id) => {
                let id = id.filter(|_| writable)?;
                let frame = self.outbox.pop()?;
                Transmit::Frame {
                    id,
                    compress: frame.is_compressible(),
                    message: self.framing.message(frame),
                }
            }
        };
        if self.outbox.take_drained(self.config.send_capacity) && self.is_open() {
            self.inbox.push(Event::Drained);
        }
        self.finish_closing();
        Some(transmit)
    }

    /// What has happened next. Messages wait here until they are fetched, so read no more from the client while
    /// [`is_saturated`](Self::is_saturated): nothing else bounds them.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.inbox.pop()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, as things stand.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let state = match self.state {
            State::Closed => return None,
            State::Closing { deadline } => deadline,
            State::Open => self.heartbeat.poll_timeout(),
        };
        let probe = self.probe.map(|probe| probe.deadline);
        Instant::earliest([Some(state), probe, self.noop_timeout()])
    }

    /// The session's id. It is a secret between this server and its client.
    #[must_use]
    pub const fn sid(&self) -> Sid {
        self.sid
    }

    /// The revision of the protocol that the client speaks.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.framing.revision()
    }

    /// What carries the session's packets now.
    #[must_use]
    pub const fn transport(&self) -> TransportKind {
        match self.transport {
            Transport::Polling => TransportKind::Polling,
            Transport::WebSocket(_) => TransportKind::WebSocket,
        }
    }

    /// The WebSocket that takes the session's messages, if one does and the session is not over: the one that
    /// [`poll_transmit`](Self::poll_transmit) asks about.
    #[must_use]
    pub fn websocket(&self) -> Option<ExchangeId> {
        match self.transport {
            Transport::WebSocket(id) if !self.is_closed() => id,
            Transport::WebSocket(_) | Transport::Polling => None,
        }
    }

    /// Whether messages go both ways: not after [`close`](Self::close).
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether it is over: [`Event::Closed`] was fetched or waits to be.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether a message that is only worth sending now is worth sending: the client's transport is there and keeps up.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        let attached = match self.transport {
            Transport::Polling => self.poll.is_some(),
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

    /// Whether [`poll_event`](Self::poll_event) may have something to tell. If not, there is nothing for certain.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Whether so much waits to be fetched that no more should be read from the client.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        self.inbox.bytes() > self.config.receive_capacity
    }

    /// The largest message or body that the client may send, in bytes. Whatever reads from the network need not read more.
    #[must_use]
    pub fn max_payload(&self) -> usize {
        self.config.max_payload
    }

    /// Tells the client that the session was closed here, as soon as there is a way to and nothing waits to be said before. Clients
    /// act on a close packet before they have acted on the messages that came along with it.
    pub(super) fn finish_closing(&mut self) {
        let reachable = match self.transport {
            Transport::Polling => self.poll.is_some(),
            Transport::WebSocket(id) => id.is_some(),
        };
        if matches!(self.state, State::Closing { .. }) && reachable && self.outbox.is_empty() {
            self.shut(CloseReason::ForcedClose);
        }
    }

    /// A ping of the client, which is to be answered with its data if it is the client who pings. A client that has left no room for the
    /// answer does not wait for it.
    pub(super) fn handle_ping(&mut self, now: Instant, data: &str) -> Result<(), CloseReason> {
        if !self.heartbeat.handle_ping(now, self.config.rhythm()) {
            return Err(CloseReason::TransportError(TransportFault::HeartbeatDirection));
        }
        let pong = if data.is_empty() {
            Frame::control("3")
        } else {
            Frame::packet(format!("3{data}").into())
        };
        let _ = self.outbox.push_owed(iter::once(pong), self.config.send_capacity);
        Ok(())
    }

    /// A pong of the client.
    pub(super) fn handle_pong(&mut self, now: Instant) -> Result<(), CloseReason> {
        if self.heartbeat.handle_pong(now, self.config.rhythm()) {
            Ok(())
        } else {
            Err(CloseReason::TransportError(TransportFault::HeartbeatDirection))
        }
    }

    /// Ends the session, whatever state it is in, and every exchange with it.
    pub(super) fn shut(&mut self, reason: CloseReason) {
        if self.is_closed() {
            return;
        }
        self.state = State::Closed;
        self.outbox.clear();
        if let Some(id) = self.poll.take() {
            let told = reason == CloseReason::TransportClose;
            let response = self.framing.control(if told { "6" } else { "1" });
            self.respond(id, response);
        }
        if let Some(post) = self.post.take() {
            self.respond(post.id, Refusal::new(ErrorCode::SessionUnknown).response());
        }
        self.drop_probe();
        if let Transport::WebSocket(Some(id)) = self.transport {
            self.transmits.push_back(Transmit::Close { id, code: None });
        }
        self.inbox.push(Event::Closed(reason));
    }
}

/// Without what the two sides say to each other: the open packet contains the sid.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("sid", &self.sid)
            .field("state", &self.state)
            .field("transport", &self.transport)
            .field("framing", &self.framing)
            .field("poll", &self.poll)
            .field("post", &self.post)
            .field("probe", &self.probe)
            .field("heartbeat", &self.heartbeat)
            .field("queued_bytes", &self.queued_bytes())
            .finish_non_exhaustive()
    }
}
