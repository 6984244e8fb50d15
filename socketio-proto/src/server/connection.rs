//! One client: its sockets over one Engine.IO session.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::server::{Connection as Session, Event as SessionEvent, Transmit};
use engineio_proto::{Exchange, ExchangeId, Gone, Instant, Message, Revision, SendError, Sid, TransportKind};
use serde::Serialize;

use super::error::NotConnected;
use super::revision_3;
use super::sockets::Sockets;
use super::{AckError, Config, EmitError, Event, NotWaiting, Reply, SocketKey};
use crate::acks::Acks;
use crate::codec::ParserDecoder;
use crate::{
    AckId, DecoderLimits, DisconnectReason, EncodeError, Encoded, Json, Packet, PrivateId, SocketId, ToArgs, Violation,
};

/// One client's sockets, one for each namespace it has joined, over one Engine.IO session.
///
/// - `handle_*` are the session's own: what the network and the clock did;
/// - commands: [`accept`](Self::accept), [`accept_recoverable`](Self::accept_recoverable), [`refuse`](Self::refuse), [`emit`](Self::emit),
///   [`emit_with_ack`](Self::emit_with_ack), [`forget_ack`](Self::forget_ack), [`ack`](Self::ack), [`send`](Self::send),
///   [`disconnect`](Self::disconnect), [`close`](Self::close), [`supersede`](Self::supersede);
/// - [`poll_event`](Self::poll_event), [`poll_transmit`](Self::poll_transmit), [`poll_timeout`](Self::poll_timeout);
/// - getters.
///
/// After any number of inputs and commands, poll until `poll_event` and `poll_transmit` both return `None`. Packets are read
/// when their event is fetched, so whoever fetches no more reads no more.
///
/// A socket:
///
/// ```text
///           CONNECT            accept()              DISCONNECT
///  (none) ───────────► Pending ─────────► Connected ────────────► (none)
///                         │                   └── disconnect() ──► Left ── CONNECT ──► Pending, with a new key
///                         └── refuse(), CONNECT again ──► (none)
/// ```
///
/// From anywhere to none: the end of the connection. Whoever was connected then gets [`Event::Disconnect`].
///
/// A client of [revision 3](Self::revision) sends no CONNECT for the main namespace: its [`Event::Connect`] is the first event of all.
/// The id to accept it with is [`legacy_id`](Self::legacy_id).
#[derive(Debug)]
pub struct Connection {
    session: Session,
    config: Arc<Config>,
    decoder: ParserDecoder,
    sockets: Sockets,
    acks: Acks<SocketKey>,
    events: VecDeque<Event>,
    /// Until when the client must have joined a namespace; none once it has.
    connect_by: Option<Instant>,
    /// It was ended on this side: what the client has sent, and nobody has read yet, does not count.
    ended: bool,
    /// The time of the last input: packets are read later than they come.
    now: Instant,
}

/// What a client is told when it has joined a namespace.
#[derive(Serialize)]
struct Welcome<'a> {
    sid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<&'a PrivateId>,
}

impl Connection {
    /// The sockets of a client whose session has just been accepted.
    #[must_use]
    pub fn new(now: Instant, config: Arc<Config>, session: Session) -> Self {
        let limits = DecoderLimits {
            max_attachments: config.max_attachments,
            max_attachment_bytes: session.max_payload().saturating_mul(config.max_attachments),
        };
        let mut connection = Self {
            connect_by: Some(now + config.connect_timeout),
            decoder: config.parser.decoder(session.revision(), limits),
            session,
            config,
            sockets: Sockets::default(),
            acks: Acks::new(),
            events: VecDeque::new(),
            ended: false,
            now,
        };
        if connection.revision() == Revision::V3 {
            if let Err(violation) = connection.connect(ByteString::from_static("/"), None) {
                connection.end(&DisconnectReason::ForcedClose(violation));
            }
        }
        connection
    }

    /// See [`engineio_proto::server::Connection::handle_request`].
    pub fn handle_request(&mut self, now: Instant, id: ExchangeId, exchange: Exchange) {
        self.now = now;
        self.session.handle_request(now, id, exchange);
    }

    /// See [`engineio_proto::server::Connection::handle_body`].
    pub fn handle_body(&mut self, now: Instant, id: ExchangeId, body: Bytes) {
        self.now = now;
        self.session.handle_body(now, id, body);
    }

    /// See [`engineio_proto::server::Connection::handle_message`].
    pub fn handle_message(&mut self, now: Instant, id: ExchangeId, message: Message) {
        self.now = now;
        self.session.handle_message(now, id, message);
    }

    /// See [`engineio_proto::server::Connection::handle_gone`].
    pub fn handle_gone(&mut self, now: Instant, id: ExchangeId, gone: Gone) {
        self.now = now;
        self.session.handle_gone(now, id, gone);
    }

    /// It is `now`. Call it when [`poll_timeout`](Self::poll_timeout) has come; earlier and more often does no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        self.session.handle_timeout(now);
        while let Some((socket, id)) = self.acks.pop_expired(now) {
            self.events.push_back(Event::AckFailed {
                socket,
                id,
                error: AckError::TimedOut,
            });
        }
        self.drain_acks();
        if self.connect_by.is_some_and(|deadline| now >= deadline) {
            self.end(&DisconnectReason::ForcedClose(Violation::ConnectTimeout));
        }
    }

    /// Lets a client join the namespace that it asked for in [`Event::Connect`], under the public id `id`. A client of revision 3 is not
    /// told which; it takes [`legacy_id`](Self::legacy_id) for granted.
    ///
    /// # Errors
    ///
    /// [`NotWaiting`] if it does not wait: it has vanished meanwhile, or was answered already.
    pub fn accept(&mut self, socket: SocketKey, id: SocketId) -> Result<(), NotWaiting> {
        self.welcome(socket, id, None)
    }

    /// [`accept`](Self::accept), and tell the client the name under which it can [come back](super::hub::recovery), or under which it
    /// just did: if it knows the name already, and the id is the one it had, it takes itself for recovered.
    ///
    /// # Errors
    ///
    /// [`NotWaiting`], as [`accept`](Self::accept).
    pub fn accept_recoverable(&mut self, socket: SocketKey, id: SocketId, pid: &PrivateId) -> Result<(), NotWaiting> {
        self.welcome(socket, id, Some(pid))
    }

    /// Does not let a client join the namespace that it asked for. It may ask again. A client of revision 3 is told the data or, without
    /// any, the message; others both.
    ///
    /// # Errors
    ///
    /// [`NotWaiting`], as [`accept`](Self::accept).
    pub fn refuse(&mut self, socket: SocketKey, message: &str, data: Option<&Json>) -> Result<(), NotWaiting> {
        let namespace = self.sockets.waiting(socket)?;
        let parser = &self.config.parser;
        let reply = match self.revision() {
            Revision::V4 => parser.connect_error(namespace, message, data),
            Revision::V3 => revision_3::refusal(parser, namespace, message, data),
        };
        self.sockets.remove(socket);
        self.reply(reply);
        Ok(())
    }

    /// Emits an event.
    ///
    /// # Errors
    ///
    /// The arguments are no JSON, the client does not keep up, or the socket has left: see [`EmitError`].
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit(&mut self, socket: SocketKey, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        let namespace = self.sockets.joined(socket)?;
        let packet = self.config.parser.event(namespace, None, event, &args)?;
        Ok(self.send_own(packet)?)
    }

    /// Emits an event that the client is to acknowledge: [`Event::Ack`] or [`Event::AckFailed`] will bring the same `id`.
    ///
    /// The caller chooses the id, so that one packet can go to many. It must not give one socket an id that is still awaited
    /// there: one answer cannot be told from the other, and only one of them is reported.
    ///
    /// # Errors
    ///
    /// As [`emit`](Self::emit); [`EmitError::Full`] also if [`Config::max_pending_acks`] are awaited.
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit_with_ack(
        &mut self,
        socket: SocketKey,
        id: AckId,
        event: &str,
        args: impl ToArgs,
        deadline: Option<Instant>,
    ) -> Result<(), EmitError> {
        let namespace = self.sockets.joined(socket)?;
        let packet = self.config.parser.event(namespace, Some(id), event, &args)?;
        if self.acks.is_full(self.config.max_pending_acks) {
            return Err(EmitError::Full);
        }
        self.send_own(packet)?;
        self.acks.insert(socket, id, deadline);
        Ok(())
    }

    /// Acknowledges an event.
    ///
    /// # Errors
    ///
    /// As [`emit`](Self::emit).
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a reply is given once; arguments as for `emit`"
    )]
    pub fn ack(&mut self, reply: Reply, args: impl ToArgs) -> Result<(), EmitError> {
        let Reply { socket, id } = reply;
        let packet = self.config.parser.ack(self.sockets.joined(socket)?, id, &args)?;
        Ok(self.send_own(packet)?)
    }

    /// Sends an event or acknowledgement that was encoded before: once for any number of sockets of one namespace. A packet that goes
    /// nowhere else is given away.
    ///
    /// # Errors
    ///
    /// Nothing of it was sent: the client does not keep up, or the socket has left.
    pub fn send(&mut self, socket: SocketKey, packet: impl Into<Encoded>) -> Result<(), SendError<()>> {
        self.sockets
            .joined(socket)
            .map_err(|NotConnected| SendError::Closed(()))?;
        self.send_own(packet.into())
    }

    /// [`send`](Self::send), and await the acknowledgement, whose id the packet carries.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); also full if [`Config::max_pending_acks`] are awaited.
    pub fn send_with_ack(
        &mut self,
        socket: SocketKey,
        id: AckId,
        packet: impl Into<Encoded>,
        deadline: Option<Instant>,
    ) -> Result<(), SendError<()>> {
        self.sockets
            .joined(socket)
            .map_err(|NotConnected| SendError::Closed(()))?;
        if self.acks.is_full(self.config.max_pending_acks) {
            return Err(SendError::Full(()));
        }
        self.send(socket, packet)?;
        self.acks.insert(socket, id, deadline);
        Ok(())
    }

    /// Awaits an acknowledgement no more: if it comes all the same, nobody hears of it.
    pub fn forget_ack(&mut self, socket: SocketKey, id: AckId) {
        if self.acks.remove(socket, id) {
            self.drain_acks();
        }
    }

    /// Makes a socket leave its namespace, and tells the client. The connection lives on for its other sockets, unless `close`
    /// ends it, and each of them in the same way. Of a socket that is not connected, or no more, nothing happens either way.
    pub fn disconnect(&mut self, socket: SocketKey, close: bool) {
        if self.sockets.joined(socket).is_err() {
            return;
        }
        if !close {
            return self.dismiss(socket);
        }
        loop {
            let connected = self.sockets.connected().next();
            let Some(socket) = connected else { break };
            self.dismiss(socket);
        }
        self.end(&DisconnectReason::ServerNamespaceDisconnect); // for those that were pending: they get no event
    }

    /// Ends the connection because the server stops: its sockets leave with [`DisconnectReason::ServerShuttingDown`].
    pub fn close(&mut self, now: Instant) {
        self.now = now;
        self.end(&DisconnectReason::ServerShuttingDown);
    }

    /// Ends the connection because its client has come back on another: its sockets leave with [`DisconnectReason::Superseded`].
    pub fn supersede(&mut self, now: Instant) {
        self.now = now;
        self.end(&DisconnectReason::Superseded);
    }

    /// See [`engineio_proto::server::Connection::poll_transmit`].
    pub fn poll_transmit(&mut self, writable: bool) -> Option<Transmit> {
        self.session.poll_transmit(writable)
    }

    /// What has happened next.
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.poll_own_event() {
                return Some(event);
            }
            match self.session.poll_event()? {
                SessionEvent::Message(_) if self.ended => {}
                SessionEvent::Message(message) => {
                    if let Some(event) = self.handle_packet(message) {
                        return Some(event);
                    }
                }
                SessionEvent::Upgraded => return Some(Event::Upgraded),
                SessionEvent::Drained => return Some(Event::Drained),
                SessionEvent::Closed(reason) => {
                    self.connect_by = None;
                    self.leave_all(&DisconnectReason::Session(reason));
                    self.events.push_back(Event::Closed(reason));
                }
            }
        }
    }

    /// [`poll_event`](Self::poll_event), but of this side only: acknowledgements that were given up, sockets that the application
    /// has disconnected. No packet of the client is read for it. It is for whoever has no room for more of what the client wants.
    pub fn poll_own_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        if self.events.is_empty() {
            self.events = VecDeque::new(); // it has few, and most connections have none for hours
        }
        Some(event)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, as things stand.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        Instant::earliest([self.session.poll_timeout(), self.acks.poll_timeout(), self.connect_by])
    }

    /// The public id of a socket, while it is connected.
    #[must_use]
    pub fn socket_id(&self, socket: SocketKey) -> Option<&SocketId> {
        self.sockets.id(socket)
    }

    /// The only id under which a client of revision 3 knows this socket: the session's, with the namespace in front unless it is the main
    /// one. None in revision 4, where ids are [drawn](SocketId::from_entropy).
    #[must_use]
    pub fn legacy_id(&self, socket: SocketKey) -> Option<SocketId> {
        match self.revision() {
            Revision::V4 => None,
            Revision::V3 => Some(revision_3::id_of(self.sockets.namespace(socket)?, self.sid())),
        }
    }

    /// The sockets that are connected, in the order in which they asked to be.
    pub fn sockets(&self) -> impl Iterator<Item = SocketKey> {
        self.sockets.connected()
    }

    /// The session's id. It is a secret between this server and its client.
    #[must_use]
    pub const fn sid(&self) -> Sid {
        self.session.sid()
    }

    /// The revision of Engine.IO that the client speaks, and with it that of Socket.IO: 3 goes with 4, 4 with 5.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.session.revision()
    }

    /// What carries the session's packets now.
    #[must_use]
    pub const fn transport(&self) -> TransportKind {
        self.session.transport()
    }

    /// Whether a volatile event is worth sending: the client's transport is there and keeps up.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.session.is_writable()
    }

    /// See [`engineio_proto::server::Connection::websocket`].
    #[must_use]
    pub fn websocket(&self) -> Option<ExchangeId> {
        self.session.websocket()
    }

    /// See [`engineio_proto::server::Connection::is_open`].
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.session.is_open()
    }

    /// Whether it is over: [`Event::Closed`] was fetched or waits to be.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// See [`engineio_proto::server::Connection::queued_bytes`].
    #[must_use]
    pub const fn queued_bytes(&self) -> usize {
        self.session.queued_bytes()
    }

    /// Whether [`poll_event`](Self::poll_event) may have something to tell. If not, there is nothing for certain; a packet is read when it
    /// is fetched, and may be no event.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty() || self.session.has_events()
    }

    /// See [`engineio_proto::server::Connection::is_saturated`].
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        self.session.is_saturated()
    }

    /// See [`engineio_proto::server::Connection::max_payload`].
    #[must_use]
    pub fn max_payload(&self) -> usize {
        self.session.max_payload()
    }

    fn welcome(&mut self, socket: SocketKey, id: SocketId, pid: Option<&PrivateId>) -> Result<(), NotWaiting> {
        let namespace = self.sockets.waiting(socket)?;
        let welcome = match self.revision() {
            Revision::V4 => Some(Json::encode(&Welcome { sid: id.as_str(), pid }).expect("an id is JSON")),
            Revision::V3 => None,
        };
        let reply = self.config.parser.connect(namespace, welcome.as_ref());
        self.sockets.accept(socket, id)?;
        self.connect_by = None;
        self.reply(reply);
        Ok(())
    }

    /// One message of the session: a packet, or a part of one.
    fn handle_packet(&mut self, message: Message) -> Option<Event> {
        match self.decoder.decode(message) {
            Ok(packet) => match self.dispatch(packet?) {
                Ok(event) => return event,
                Err(violation) => self.end(&DisconnectReason::ForcedClose(violation)),
            },
            Err(error) => self.end(&DisconnectReason::ParseError(error)),
        }
        None
    }

    fn dispatch(&mut self, packet: Packet) -> Result<Option<Event>, Violation> {
        match packet {
            Packet::Connect { namespace, data } => match self.revision() {
                // It may be kept for as long as the socket, which the message that it came in must not be.
                Revision::V4 => self.connect(namespace, data.as_ref().map(Json::detached))?,
                Revision::V3 => {
                    let name = revision_3::name_of(&namespace);
                    if name == "/" && self.sockets.is_waiting(&name) {
                        return Err(Violation::ConnectedTwice); // it is to be there without asking
                    }
                    self.connect(name, revision_3::auth_of(&namespace))?;
                }
            },
            Packet::Disconnect { namespace } => {
                let Some(socket) = self.speaking(&namespace)? else {
                    return Ok(None);
                };
                self.sockets.remove(socket);
                self.announce(socket, DisconnectReason::ClientNamespaceDisconnect);
            }
            Packet::Event {
                namespace,
                id,
                event,
                args,
            } => {
                let Some(socket) = self.speaking(&namespace)? else {
                    return Ok(None);
                };
                let reply = id.map(|id| Reply { socket, id });
                return Ok(Some(Event::Event {
                    socket,
                    name: event,
                    args,
                    reply,
                }));
            }
            Packet::Ack { namespace, id, args } => {
                let Some(socket) = self.speaking(&namespace)? else {
                    return Ok(None);
                };
                if self.acks.remove(socket, id) {
                    self.drain_acks();
                    return Ok(Some(Event::Ack { socket, id, args }));
                }
            }
            Packet::ConnectError { .. } => return Err(Violation::ServerPacket),
        }
        Ok(None)
    }

    fn connect(&mut self, namespace: ByteString, auth: Option<Json>) -> Result<(), Violation> {
        let socket = self.sockets.ask(&namespace, self.config.max_namespaces)?;
        self.events.push_back(Event::Connect {
            socket,
            namespace,
            auth,
        });
        Ok(())
    }

    /// The socket that a packet from `namespace` belongs to; none if it came too late to count.
    fn speaking(&self, namespace: &ByteString) -> Result<Option<SocketKey>, Violation> {
        match self.revision() {
            Revision::V4 => self.sockets.speaking(namespace),
            Revision::V3 => self.sockets.speaking(&revision_3::name_of(namespace)),
        }
    }

    /// Sends a packet that nobody else has.
    fn send_own(&mut self, packet: Encoded) -> Result<(), SendError<()>> {
        match packet.into_only_frame() {
            Ok(frame) => self.session.send(frame).map_err(|error| error.map(drop)),
            Err(packet) => self.session.send_all(packet.frames()).map_err(|error| error.map(drop)),
        }
    }

    /// Sends an answer that the protocol owes. A client that lets them pile up is not worth one.
    fn reply(&mut self, packet: Result<Encoded, EncodeError>) {
        let reason = match packet {
            Err(error) => DisconnectReason::Unwritten(error),
            Ok(packet) => match self.session.send_owed(packet.frames()) {
                Err(SendError::Full(_)) => DisconnectReason::ForcedClose(Violation::NotReading),
                Ok(()) | Err(SendError::Closed(_)) => return,
            },
        };
        self.end(&reason);
    }

    /// Ends the connection, for a reason that the session does not know.
    fn end(&mut self, reason: &DisconnectReason) {
        self.ended = true;
        self.connect_by = None;
        self.session.close(self.now);
        self.leave_all(reason);
    }

    /// Ends every socket.
    fn leave_all(&mut self, reason: &DisconnectReason) {
        for socket in self.sockets.take_connected() {
            self.announce(socket, reason.clone());
        }
    }

    /// Makes a connected socket leave, and tells the client.
    fn dismiss(&mut self, socket: SocketKey) {
        let Some(namespace) = self.sockets.dismiss(socket) else {
            return;
        };
        let packet = self.config.parser.disconnect(namespace);
        self.announce(socket, DisconnectReason::ServerNamespaceDisconnect);
        self.reply(packet);
    }

    /// Says that a socket has ended, and with it what was awaited on it.
    fn announce(&mut self, socket: SocketKey, reason: DisconnectReason) {
        while let Some(id) = self.acks.pop_of(socket) {
            self.events.push_back(Event::AckFailed {
                socket,
                id,
                error: AckError::Disconnected,
            });
        }
        self.events.push_back(Event::Disconnect { socket, reason });
        self.drain_acks();
    }

    /// Says that acknowledgements can be asked for again, if it was said that they cannot.
    fn drain_acks(&mut self) {
        if self.acks.take_drained(self.config.max_pending_acks) && self.session.is_open() {
            self.events.push_back(Event::Drained);
        }
    }
}
