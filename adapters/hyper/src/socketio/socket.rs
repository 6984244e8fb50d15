//! One client in one namespace.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use engineio_proto::{Revision, TransportKind};
use serde::de::DeserializeOwned;
use socketio_proto::server::hub::{MemberKey, Target};
use socketio_proto::server::{EmitError, NotWaiting, SocketKey};
use socketio_proto::{Args, DisconnectReason, PrivateId, SocketId, ToArgs};

use crate::handler::{Handler, Listening, Outcome};
use crate::session::Session;
use crate::socketio::client::{Client, Credentials};
use crate::socketio::entrance::Entrance;
use crate::socketio::flags::Flags;
use crate::socketio::hooks::Applied;
use crate::socketio::listeners::Listeners;
use crate::socketio::stage::Stage;
use crate::{
    AckFuture, BoxError, Broadcast, ConnectError, Data, Emitter, Handshake, IncomingEvent, IntoRooms, Namespace,
};

/// One client in one namespace. Cheap to clone; it may be kept for as long as one likes, and after the client has left it says so.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    id: SocketId,
    /// The name under which its client can come back.
    pid: Option<PrivateId>,
    recovered: bool,
    key: SocketKey,
    namespace: Namespace,
    session: Arc<Session<Client>>,
    auth: Option<Arc<Credentials>>,
    /// Its place in the namespace, once it has joined.
    member: OnceLock<MemberKey>,
    listeners: Listeners,
    data: Arc<Data>,
    stage: Mutex<Stage>,
    /// It is open, and an event that comes now has nothing to wait for: what the stage says, without its lock.
    flowing: AtomicBool,
    entrance: Entrance,
}

impl Socket {
    /// `kept` is the data of a client that comes back.
    pub(crate) fn new(
        id: SocketId,
        pid: Option<PrivateId>,
        key: SocketKey,
        namespace: Namespace,
        session: Arc<Session<Client>>,
        auth: Option<Arc<Credentials>>,
        kept: Option<Arc<Data>>,
    ) -> Self {
        Self(Arc::new(Inner {
            id,
            pid,
            recovered: kept.is_some(),
            key,
            namespace,
            session,
            auth,
            member: OnceLock::new(),
            listeners: Listeners::default(),
            data: kept.unwrap_or_default(),
            stage: Mutex::new(Stage::Joining(None)),
            flowing: AtomicBool::new(false),
            entrance: Entrance::default(),
        }))
    }

    /// Calls `handler` for each event of this name: see [`Handler`]. A second handler for the same event takes the place of the first.
    ///
    /// ```
    /// # use socketio_hyper::{Ack, Socket};
    /// # fn example(socket: &Socket) {
    /// socket.on("add", async |a: i64, b: i64, ack: Ack| ack.send(a + b));
    /// # }
    /// ```
    pub fn on<P: 'static>(&self, event: impl Into<Cow<'static, str>>, handler: impl Handler<P>) {
        self.0.listeners.on(event.into(), handler);
    }

    /// [`on`](Self::on), for the first event of this name only.
    pub fn once<P: 'static>(&self, event: impl Into<Cow<'static, str>>, handler: impl Handler<P>) {
        self.0.listeners.once(event.into(), handler);
    }

    /// Takes the handler of an event away.
    pub fn off(&self, event: &str) {
        self.0.listeners.off(event);
    }

    /// Lets `middleware` look at each event before its handler is called, and refuse it with an error: JavaScript's `socket.use`.
    ///
    /// Then no handler is called and no acknowledgement sent; the error is logged with the name of the event, and given to
    /// [`ServerBuilder::on_handler_error`](crate::ServerBuilder::on_handler_error) as [`HandlerError::Refused`]. Several run one after
    /// another in the order in which they were added, those of the [namespace](Namespace::with_event_middleware) first. Events
    /// that nobody handles pass them as well. While one waits, the socket's later events wait behind it, so that they reach their
    /// handlers in order. Of a client that leaves meanwhile, no handler is called.
    ///
    /// ```
    /// # use socketio_hyper::{IncomingEvent, Socket};
    /// # fn example(socket: &Socket) {
    /// socket.with_event_middleware(async |socket: Socket, event: IncomingEvent| {
    ///     if event.name().starts_with("admin ") && !socket.rooms().contains(&"admins".to_owned()) {
    ///         return Err("not authorized".into());
    ///     }
    ///     Ok(())
    /// });
    /// # }
    /// ```
    ///
    /// [`HandlerError::Refused`]: crate::HandlerError::Refused
    #[doc(alias = "use")]
    pub fn with_event_middleware<F, Fut>(&self, middleware: F)
    where
        F: Fn(Self, IncomingEvent) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.0.listeners.with_event_middleware(middleware);
    }

    /// Calls `listener` for each event of the client, also for one that has no handler: its name, and its arguments, not read yet.
    /// This is before [middlewares](Self::with_event_middleware) look at the event, which may refuse it, and before its handler. Several
    /// are called in the order in which they were added, those of the [namespace](Namespace::on_any) first.
    ///
    /// ```
    /// # use socketio_hyper::Socket;
    /// # fn example(socket: &Socket) {
    /// socket.on_any(|socket, event, args| println!("{} says {event}: {args:?}", socket.id()));
    /// # }
    /// ```
    #[doc(alias = "onAny")]
    pub fn on_any(&self, listener: impl Fn(&Self, &str, &Args) + Send + Sync + 'static) {
        self.0.listeners.on_any(listener);
    }

    /// Takes all listeners away that [`on_any`](Self::on_any) has added.
    #[doc(alias = "offAny")]
    pub fn off_any(&self) {
        self.0.listeners.off_any();
    }

    /// Calls `listener` for each event that is emitted to the client, by itself or by a broadcast, when it was given to the session to be
    /// sent: not for acknowledgements, nor for volatile events that are dropped. Such an event is read back from its packet, for
    /// the listeners. They are called by whoever emits, and should not emit to the same socket: they would be called for that too.
    #[doc(alias = "onAnyOutgoing")]
    pub fn on_any_outgoing(&self, listener: impl Fn(&Self, &str, &Args) + Send + Sync + 'static) {
        self.0.listeners.on_any_outgoing(listener);
    }

    /// Takes all listeners away that [`on_any_outgoing`](Self::on_any_outgoing) has added.
    #[doc(alias = "offAnyOutgoing")]
    pub fn off_any_outgoing(&self) {
        self.0.listeners.off_any_outgoing();
    }

    /// Calls `handler` when the client leaves, while the socket is still in its rooms.
    pub fn on_disconnecting(&self, handler: impl Fn(&Self, &DisconnectReason) + Send + Sync + 'static) {
        self.0.listeners.on_disconnecting(handler);
    }

    /// Calls `handler` when the client has left, and is in no room any more.
    pub fn on_disconnect<F, Fut>(&self, handler: F)
    where
        F: Fn(Self, DisconnectReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.0.listeners.on_disconnect(handler);
    }

    /// Emits an event to the client.
    ///
    /// `args` is whatever serde can serialize: a tuple is one argument for each of its elements, `()` is none, and anything else is one
    /// argument. (To serde `[T; N]` is a tuple, a slice or a `Vec` is not; `(x,)` is one argument whatever `x` is.) Bytes (`bytes::Bytes`, `serde_bytes`) anywhere in it are sent as binary attachments; [`Args`] are relayed as they
    /// came.
    ///
    /// ```
    /// # use socketio_hyper::Socket;
    /// # fn example(socket: &Socket) -> Result<(), Box<dyn std::error::Error>> {
    /// socket.emit("position", (1.5, 2.5))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`EmitError::Full`] if the client does not keep up, [`EmitError::NotConnected`] if it has left.
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        self.emit_as(event, &args, Flags::default())
    }

    /// Emits an event, and waits for room if the client does not keep up.
    ///
    /// # Errors
    ///
    /// [`EmitError::NotConnected`] if the client has left.
    pub async fn emit_when_ready(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        self.emitter().emit_when_ready(event, args).await
    }

    /// Emits an event and asks for an acknowledgement, which the future waits for: the client's arguments, or that it has left. It waits
    /// for as long as the client is there, unless [`timeout`](Self::timeout) says how long.
    ///
    /// ```
    /// # use socketio_hyper::Socket;
    /// # async fn example(socket: &Socket) -> Result<(), Box<dyn std::error::Error>> {
    /// let (name, age): (String, u8) = socket.emit_with_ack("who are you", ())?.await?.parse()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`emit`](Self::emit).
    #[doc(alias = "emitWithAck")]
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit_with_ack(&self, event: &str, args: impl ToArgs) -> Result<AckFuture, EmitError> {
        self.emit_awaiting(event, &args, Flags::default())
    }

    /// The socket, to emit to if it keeps up: an event that would have to wait for the client is dropped.
    ///
    /// ```
    /// # use socketio_hyper::Socket;
    /// # fn example(socket: &Socket) -> Result<(), Box<dyn std::error::Error>> {
    /// socket.volatile().emit("position", (1.5, 2.5))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn volatile(&self) -> Emitter {
        self.emitter().volatile()
    }

    /// The socket, to emit to and wait so long for an acknowledgement: see [`Emitter::emit_with_ack`].
    pub fn timeout(&self, timeout: Duration) -> Emitter {
        self.emitter().timeout(timeout)
    }

    /// The socket, to emit to with or without compression, where the client's transport compresses: without is for what is compressed
    /// already. Default: with.
    pub fn compress(&self, compress: bool) -> Emitter {
        self.emitter().compress(compress)
    }

    /// Everyone else in `rooms`, to emit to.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](Self::to): JavaScript's `in`, which is a keyword here.
    #[doc(alias = "in")]
    pub fn within(&self, rooms: impl IntoRooms) -> Broadcast {
        self.to(rooms)
    }

    /// Everyone else who is in none of `rooms`, to emit to.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// Everyone else in the namespace, to emit to.
    pub fn broadcast(&self) -> Broadcast {
        self.broadcast_as(Flags::default())
    }

    /// Everyone else on this server, to emit to: see [`Broadcast::local`].
    pub fn local(&self) -> Broadcast {
        self.broadcast().local()
    }

    /// Disconnects the client from this namespace or, with `close`, from all of them and from the server. Of a socket that is not
    /// connected, yet or any more, nothing happens.
    pub fn disconnect(&self, close: bool) {
        self.0.session.lock().machine.disconnect(self.0.key, close);
        self.0.session.notify();
    }

    /// The public id, which is also the name of a room of its own.
    #[must_use]
    pub fn id(&self) -> &SocketId {
        &self.0.id
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// What the client brought to be recognised by, as a `T`. A client that brought nothing brought `{}`.
    ///
    /// # Errors
    ///
    /// It is no `T`; in a middleware, `?` refuses the client with that.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ConnectError> {
        serde_json::from_str(self.0.auth.as_ref().map_or("{}", |auth| auth.json().as_str()))
            .map_err(|error| ConnectError::new(format!("invalid auth: {error}")))
    }

    /// The request that the client's session began with.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.client().handshake
    }

    /// Values that the application keeps with this socket, for as long as someone keeps the socket: a value that contains the socket
    /// itself must be [removed](Data::remove) when it has left.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.0.data
    }

    /// Whether the client has come back: it has the id and the rooms that it had before its connection was lost, and its
    /// [data](Self::data). See [`ConnectionStateRecovery`](crate::ConnectionStateRecovery).
    #[must_use]
    pub fn recovered(&self) -> bool {
        self.0.recovered
    }

    /// What carries the client's packets now.
    #[must_use]
    pub fn transport(&self) -> TransportKind {
        self.0.session.lock().machine.transport()
    }

    /// The revision of Engine.IO that the client speaks: 3 if it is a JavaScript client 1.x or 2.x, which
    /// [`ServerBuilder::allow_eio3`](crate::ServerBuilder::allow_eio3) lets in.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.client().revision
    }

    /// Whether the client is there, as far as is known.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.session.lock().machine.socket_id(self.0.key).is_some()
    }

    /// The id as logs may know it: a client of revision 3 has no id but its session's, which is a secret.
    pub(crate) fn log_id(&self) -> &str {
        match self.revision() {
            Revision::V3 => "(revision 3)",
            Revision::V4 => self.0.id.as_str(),
        }
    }

    /// Tells the client that it is connected.
    pub(crate) fn accept(&self) -> Result<(), NotWaiting> {
        let machine = &mut self.0.session.lock().machine;
        match &self.0.pid {
            Some(pid) => machine.accept_recoverable(self.0.key, self.0.id.clone(), pid),
            None => machine.accept(self.0.key, self.0.id.clone()),
        }
    }

    /// Ends the session: its client has come back in another.
    pub(crate) fn supersede(&self) {
        let session = &self.0.session;
        session.lock().machine.supersede(session.clock.now());
        session.notify();
    }

    pub(crate) fn pid(&self) -> Option<PrivateId> {
        self.0.pid
    }

    /// The data, to be kept while the client is away.
    pub(crate) fn kept_data(&self) -> Arc<Data> {
        Arc::clone(&self.0.data)
    }

    pub(crate) fn key(&self) -> SocketKey {
        self.0.key
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.session.app
    }

    pub(crate) fn session(&self) -> &Arc<Session<Client>> {
        &self.0.session
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    pub(crate) fn member(&self) -> Option<MemberKey> {
        self.0.member.get().copied()
    }

    pub(crate) fn set_member(&self, member: MemberKey) {
        self.0.member.set(member).expect("a socket joins its namespace once");
    }

    pub(crate) fn entrance(&self) -> &Entrance {
        &self.0.entrance
    }

    pub(crate) fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// With the lock of the stage.
    pub(crate) fn set_flowing(&self, flowing: bool) {
        self.0.flowing.store(flowing, Ordering::Release);
    }

    pub(crate) fn is_flowing(&self) -> bool {
        self.0.flowing.load(Ordering::Acquire)
    }

    /// What looks at its events, of one of the [kinds](crate::socketio::hooks::Hooks::kinds).
    pub(crate) fn hooks(&self, kind: u8) -> Applied {
        Applied([self.namespace().listeners().hooks(kind), self.listeners().hooks(kind)])
    }

    /// Whether there is something that looks at them.
    pub(crate) fn has_hooks(&self, kind: u8) -> bool {
        self.namespace().listeners().has_hooks(kind) || self.listeners().has_hooks(kind)
    }

    pub(crate) fn broadcast_as(&self, flags: Flags) -> Broadcast {
        let target = match self.member() {
            Some(member) => Target::everyone().skip(member),
            None => Target::everyone(),
        };
        Broadcast::new(self.namespace().clone(), target, flags)
    }

    /// Disconnects a client that does not keep up.
    pub(crate) fn give_up(&self) {
        tracing::warn!(socket = self.log_id(), "a client does not keep up and is disconnected");
        self.disconnect(true);
    }

    fn emitter(&self) -> Emitter {
        Emitter::new(self.clone(), Flags::default())
    }
}

impl Listening for Socket {
    fn forget(&self, event: &str, handler: *const ()) {
        self.0.listeners.forget(event, handler);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.log_id())
            .field("namespace", &self.namespace().name())
            .finish_non_exhaustive()
    }
}
