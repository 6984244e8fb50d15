//! One namespace and everyone in it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socketio_proto::server::EmitError;
use socketio_proto::server::hub::{self, RoomLimits, Target};
use socketio_proto::{AckId, Args, DisconnectReason, EncodeError, Encoded, EventName, Parser, ToArgs};

use crate::handler::{Handler, Outcome};
use crate::socketio::flags::Flags;
use crate::socketio::listeners::Listeners;
use crate::socketio::recovery::{Log, Members, Recovery};
use crate::{BoxError, Broadcast, BroadcastAcks, ConnectError, IncomingEvent, IntoRooms, Socket};

/// One namespace of a server: its rules, its sockets, its rooms. Cheap to clone.
#[derive(Clone)]
pub struct Namespace(Arc<Inner>);

struct Inner {
    name: Box<str>,
    parser: Parser,
    listeners: Arc<Listeners>,
    members: Mutex<Members>,
    /// There if clients can come back.
    log: Option<Log>,
    next_ack: AtomicU64,
}

impl Namespace {
    pub(crate) fn new(
        name: &str,
        parser: Parser,
        limits: RoomLimits,
        recovery: Option<&Recovery>,
        listeners: Arc<Listeners>,
    ) -> Self {
        Self(Arc::new(Inner {
            name: name.into(),
            parser,
            listeners,
            members: Mutex::new(match recovery {
                Some(recovery) => recovery.no_members(limits),
                None => Members::without_recovery(limits),
            }),
            log: recovery.map(Recovery::log),
            next_ack: AtomicU64::new(0),
        }))
    }

    /// Decides who may join. Middlewares run one after another in the order in which they were added; the first error is sent to the
    /// client as its `connect_error`. The socket they are given is not connected yet, but may [join](Socket::join) rooms.
    ///
    /// ```
    /// # use socketio_hyper::{ConnectError, Namespace, Socket};
    /// # fn example(admin: &Namespace) {
    /// admin.with_middleware(async |socket: Socket| {
    ///     let auth: serde_json::Value = socket.auth()?;
    ///     if auth["token"] == "s3cret" { Ok(()) } else { Err(ConnectError::new("not authorized")) }
    /// });
    /// # }
    /// ```
    #[doc(alias = "use")]
    pub fn with_middleware<F, Fut>(&self, middleware: F) -> &Self
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), ConnectError>> + Send + 'static,
    {
        self.0.listeners.with_middleware(middleware);
        self
    }

    /// Calls `handler` for each socket that joins. Until it returns, events that no handler was registered for yet wait, and so do
    /// those after them: none is lost while it loads something, and it should not stay for good.
    pub fn on_connect<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.0.listeners.on_connect(handler);
        self
    }

    /// Calls `handler` for each event of this name on any socket of the namespace that has no handler of its own for it. A second
    /// handler for the same event takes the place of the first.
    pub fn on<P: 'static>(&self, event: impl Into<Cow<'static, str>>, handler: impl Handler<P>) -> &Self {
        self.0.listeners.on(event.into(), handler);
        self
    }

    /// Takes the handler of an event away. Those of the sockets stay.
    pub fn off(&self, event: &str) -> &Self {
        self.0.listeners.off(event);
        self
    }

    /// Lets `middleware` look at each event of any socket of the namespace before its handler is called, and refuse it: see
    /// [`Socket::with_event_middleware`]. Those of the socket itself come after these.
    pub fn with_event_middleware<F, Fut>(&self, middleware: F) -> &Self
    where
        F: Fn(Socket, IncomingEvent) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.0.listeners.with_event_middleware(middleware);
        self
    }

    /// Calls `listener` for each event of any client of the namespace, also for one that has no handler: see [`Socket::on_any`]. Those of
    /// the socket itself come after these.
    #[doc(alias = "onAny")]
    pub fn on_any(&self, listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static) -> &Self {
        self.0.listeners.on_any(listener);
        self
    }

    /// Calls `listener` for each event and each client of the namespace that it is emitted to: see [`Socket::on_any_outgoing`].
    #[doc(alias = "onAnyOutgoing")]
    pub fn on_any_outgoing(&self, listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static) -> &Self {
        self.0.listeners.on_any_outgoing(listener);
        self
    }

    /// Calls `handler` for each socket that leaves, while it is still in its rooms.
    pub fn on_disconnecting(&self, handler: impl Fn(&Socket, &DisconnectReason) + Send + Sync + 'static) -> &Self {
        self.0.listeners.on_disconnecting(handler);
        self
    }

    /// Calls `handler` for each socket that has left, and is in no room any more.
    pub fn on_disconnect<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(Socket, DisconnectReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.0.listeners.on_disconnect(handler);
        self
    }

    /// Emits an event to every socket of the namespace.
    ///
    /// # Errors
    ///
    /// The event cannot be encoded. Sockets that leave meanwhile or do not keep up are not errors: see [`Broadcast::emit`].
    pub fn emit(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        self.everyone().emit(event, args)
    }

    /// Emits an event to every socket of the namespace, and asks each for an acknowledgement: see [`Broadcast::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// The event cannot be encoded; nobody gets anything.
    #[doc(alias = "emitWithAck")]
    pub fn emit_with_ack(&self, event: &str, args: impl ToArgs) -> Result<BroadcastAcks, EmitError> {
        self.everyone().emit_with_ack(event, args)
    }

    /// Everyone, to emit to.
    pub fn everyone(&self) -> Broadcast {
        Broadcast::new(self.clone(), Target::everyone(), Flags::default())
    }

    /// Everyone in `rooms`, to emit to.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        self.everyone().to(rooms)
    }

    /// The same as [`to`](Self::to): JavaScript's `in`, which is a keyword here.
    #[doc(alias = "in")]
    pub fn within(&self, rooms: impl IntoRooms) -> Broadcast {
        self.to(rooms)
    }

    /// Everyone who is in none of `rooms`, to emit to.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        self.everyone().except(rooms)
    }

    /// Everyone on this server, to emit to: see [`Broadcast::local`].
    pub fn local(&self) -> Broadcast {
        self.everyone().local()
    }

    /// Everyone, to emit to if they keep up.
    pub fn volatile(&self) -> Broadcast {
        self.everyone().volatile()
    }

    /// Everyone, to emit to and wait so long for acknowledgements.
    pub fn timeout(&self, timeout: Duration) -> Broadcast {
        self.everyone().timeout(timeout)
    }

    /// Everyone, to emit to with or without compression: see [`Socket::compress`].
    pub fn compress(&self, compress: bool) -> Broadcast {
        self.everyone().compress(compress)
    }

    /// Every socket of the namespace. To make all of them join or leave a room, or to disconnect them, is [`everyone`](Self::everyone)'s.
    #[doc(alias = "fetchSockets")]
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        self.everyone().sockets()
    }

    /// The namespace's name, which begins with a slash.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How many sockets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members().len()
    }

    /// Whether nobody is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members().is_empty()
    }

    /// What it began with, for whoever wants the same limits.
    pub(crate) fn no_members<T>(&self) -> hub::Namespace<T> {
        hub::Namespace::new(self.members().limits())
    }

    /// Held for short: never while calling a session or a handler.
    pub(crate) fn members(&self) -> MutexGuard<'_, Members> {
        self.0.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where events are recorded, if clients can come back.
    pub(crate) fn log(&self) -> Option<&Log> {
        self.0.log.as_ref()
    }

    /// Where an event that is emitted in this way is to be recorded, unless it has an acknowledgement: whoever misses a volatile one was
    /// meant to.
    pub(crate) fn log_of(&self, flags: Flags) -> Option<&Log> {
        self.log().filter(|_| !flags.volatile)
    }

    /// Drops what was kept for clients that do not come back; not under the lock, since it is the application's.
    pub(crate) fn drop_forgotten(&self) {
        loop {
            let forgotten = self.members().poll_forgotten();
            if forgotten.is_none() {
                return;
            }
        }
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    /// An event of this namespace, encoded for anyone in it.
    pub(crate) fn encode_event(
        &self,
        id: Option<AckId>,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<Encoded, EncodeError> {
        self.0.parser.event(&self.0.name, id, event, args)
    }

    /// What an encoded event of this namespace says.
    pub(crate) fn read_back(&self, packet: &Encoded) -> Option<(EventName, Args)> {
        self.0.parser.to_event(packet)
    }

    /// The answer to an event of this namespace.
    pub(crate) fn encode_ack(&self, id: AckId, args: &(impl ToArgs + ?Sized)) -> Result<Encoded, EncodeError> {
        self.0.parser.ack(&self.0.name, id, args)
    }

    /// A number for an event that wants an acknowledgement. One sequence for all sockets, so that one packet can go to many.
    pub(crate) fn next_ack(&self) -> AckId {
        AckId(self.0.next_ack.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace")
            .field("name", &self.0.name)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
