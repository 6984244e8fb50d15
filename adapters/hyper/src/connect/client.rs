//! One namespace of a server, as its client sees it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engineio_proto::{Revision, SendError, TransportKind};
use serde::Serialize;
use socketio_proto::client::{Auth, ConnectError, DisconnectReason, EmitError, JoinError, SocketKey};
use socketio_proto::{AckId, Args, Encoded, Json, Parser, SocketId, ToArgs};

use super::app::{OnHandlerError, SocketIoApp};
use super::namespace::{Credentials, Listeners, Namespace};
use super::session::Session;
use super::{ClientBuilder, ClientEmitter, Events, OpenError};
use crate::handler::{Erased, Handler, Listening, Once, Outcome, boxed};
use crate::runtime::Task;
use crate::socketio::flags::Flags;
use crate::{AckFuture, Runtime, ack};

/// A client of a Socket.IO server, in one of its namespaces. Cheap to clone.
///
/// One task connects, reads, calls the handlers, writes, answers the server's heartbeat and reconnects when the connection is lost. It runs
/// until the last handle is dropped, of whatever namespace, or [`close`](Self::close) is called. Handlers are not handles: they get one as a
/// parameter, and a handler that captures one keeps its client alive for as long as it is registered.
///
/// Handlers start in the order in which events arrive, and are polled inside that task: one that waits does not hold up the next, nor
/// the heartbeat. How many may wait is [bounded](ClientBuilder::max_handlers), and then the server is not read.
///
/// Every method that waits may be given up at any time.
pub struct Client<R: Runtime> {
    lifeline: Arc<Lifeline<R>>,
    namespace: Arc<Namespace<R>>,
}

/// What keeps the connection: the last handle closes it.
pub(crate) struct Lifeline<R: Runtime> {
    pub(crate) session: Arc<Session<SocketIoApp<R>>>,
    /// Of namespaces without credentials of their own.
    pub(crate) credentials: Credentials,
    pub(crate) parser: Parser,
    /// Until it is spawned.
    pub(crate) task: Mutex<Option<Task>>,
}

impl<R: Runtime> Client<R> {
    /// Connects to a server, with the default settings. The path of the URL is the namespace; without one it is the main one, `/`.
    ///
    /// Events that arrive before their handler is there are lost. To miss none, [build](ClientBuilder::build) the client, register the
    /// handlers, and then [`open`](Self::open) it.
    ///
    /// # Errors
    ///
    /// The URL is none, or the server was not reached or refused. Nothing is tried again then.
    pub async fn connect(url: impl AsRef<str>) -> Result<Self, OpenError> {
        let client = Self::builder(url).build()?;
        client.open().await?;
        Ok(client)
    }

    /// Settings for a client.
    #[must_use]
    pub fn builder(url: impl AsRef<str>) -> ClientBuilder<R> {
        ClientBuilder::new(url.as_ref())
    }

    pub(crate) const fn with(lifeline: Arc<Lifeline<R>>, namespace: Arc<Namespace<R>>) -> Self {
        Self { lifeline, namespace }
    }

    /// Connects to the namespace, and waits until it is connected; one that is already is at once.
    ///
    /// A connection that is lost later is made again by itself, as is one that fails now, as long as there is a handle: the error tells of
    /// the first failure, and this may be called again to wait for the next. What the server refuses is not tried again by itself.
    ///
    /// # Errors
    ///
    /// The server was not reached, or refused; or the client was closed.
    pub async fn open(&self) -> Result<(), OpenError> {
        let failures = self.start()?;
        let session = self.session();
        let opened = session.wait(|shared| {
            let status = self.namespace.status();
            match (status.key, &status.error) {
                (Some(key), _) if shared.machine.socket_id(key).is_some() => return Some(Ok(())),
                (Some(_), Some(error)) if status.failures > failures => {
                    let (error, cause) = (error.clone(), shared.cause.clone());
                    let cause = cause.filter(|_| matches!(error, ConnectError::Session { .. }));
                    return Some(Err(OpenError::Connect { error, cause }));
                }
                (Some(_), _) if !shared.is_over() => {}
                _ => return Some(Err(OpenError::Closed)),
            }
            None
        });
        opened.await
    }

    /// Begins to connect, unless that is done already.
    fn start(&self) -> Result<u64, OpenError> {
        let session = self.session();
        let mut shared = session.lock();
        let failures = self.namespace.status().failures;
        let key = self.namespace.status().key;
        if key.is_none_or(|key| !shared.machine.is_active(key)) {
            let auth: Auth = self.namespace.credentials.to_auth();
            let now = session.clock.now();
            let key = shared.machine.connect(now, &self.namespace.name, auth);
            let key = key.map_err(|error| match error {
                JoinError::Closed => OpenError::Closed,
                error => OpenError::Invalid(error.to_string().into()),
            })?;
            session.app.name(key, &self.namespace);
        }
        drop(shared);
        let task = self.lifeline.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        match task {
            Some(task) => R::default().spawn(task),
            None => session.notify(),
        }
        Ok(failures)
    }

    /// Another namespace of the same server, over the same connection. It is to be [opened](Self::open) too. It brings the credentials of
    /// the [builder](ClientBuilder::auth).
    #[must_use]
    pub fn of(&self, namespace: &str) -> Self {
        self.in_namespace(namespace, &self.lifeline.credentials)
    }

    /// [`of`](Self::of), with credentials of its own, if it is the first time that this namespace is asked for.
    ///
    /// # Errors
    ///
    /// JSON cannot express them.
    pub fn of_with_auth(&self, namespace: &str, auth: &(impl Serialize + ?Sized)) -> Result<Self, OpenError> {
        let auth = Json::encode(auth).map_err(|error| OpenError::Invalid(format!("credentials: {error}").into()))?;
        Ok(self.in_namespace(namespace, &Credentials::Value(Auth::Value(auth))))
    }

    fn in_namespace(&self, namespace: &str, credentials: &Credentials) -> Self {
        let namespace = self.session().app.namespace(namespace, credentials);
        Self::with(Arc::clone(&self.lifeline), namespace)
    }

    /// Calls `handler` for each event of this name: see [`Handler`]. A second handler for the same event takes the place of the first.
    ///
    /// ```
    /// # use socketio_hyper::{Ack, Client, Runtime};
    /// # fn example<R: Runtime>(client: &Client<R>) {
    /// client.on("add", async |a: i64, b: i64, ack: Ack| ack.send(a + b));
    /// # }
    /// ```
    pub fn on<P: 'static>(&self, event: impl Into<Cow<'static, str>>, handler: impl Handler<P, Self>) -> &Self {
        let handler = Arc::new(Erased::<_, P>::new(handler));
        self.change(|listeners| listeners.events.insert(event.into(), handler))
    }

    /// [`on`](Self::on), for the first event of this name only.
    pub fn once<P: 'static>(&self, event: impl Into<Cow<'static, str>>, handler: impl Handler<P, Self>) -> &Self {
        let event = event.into();
        let handler = Arc::new(Once::new(event.clone(), Erased::<_, P>::new(handler)));
        self.change(|listeners| listeners.events.insert(event, handler))
    }

    /// Takes the handler of an event away.
    pub fn off(&self, event: &str) -> &Self {
        self.change(|listeners| listeners.events.remove(event))
    }

    /// Calls `listener` for every event, before its own handler: the name, and what came with it.
    #[doc(alias = "onAny")]
    pub fn on_any(&self, listener: impl Fn(&Self, &str, &Args) + Send + Sync + 'static) -> &Self {
        let listener = Arc::new(listener);
        self.change(|listeners| {
            listeners.any.push(listener);
            None::<()>
        })
    }

    /// Takes all listeners away that [`on_any`](Self::on_any) has added.
    #[doc(alias = "offAny")]
    pub fn off_any(&self) -> &Self {
        self.change(|listeners| Some(std::mem::take(&mut listeners.any)))
    }

    /// Calls `handler` each time that the namespace is connected.
    pub fn on_connect<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(Self) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let handler = move |client| boxed(handler(client));
        self.change(|listeners| listeners.connect.replace(Arc::new(handler)))
    }

    /// Calls `handler` each time that it could not be connected. Whether that will be tried again, [`is_active`](Self::is_active) knows.
    pub fn on_connect_error<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(Self, ConnectError) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let handler = move |(client, error)| boxed(handler(client, error));
        self.change(|listeners| listeners.connect_error.replace(Arc::new(handler)))
    }

    /// Calls `handler` each time that it was connected and is so no more; not when the last handle was dropped, for then there is none
    /// to give it.
    pub fn on_disconnect<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(Self, DisconnectReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let handler = move |(client, reason)| boxed(handler(client, reason));
        self.change(|listeners| listeners.disconnect.replace(Arc::new(handler)))
    }

    /// Calls `handler` before each attempt to reconnect: which one in a row it will be, and how long until then.
    pub fn on_reconnecting<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(Self, u32, Duration) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let handler = move |(client, attempt, delay)| boxed(handler(client, attempt, delay));
        self.change(|listeners| listeners.reconnecting.replace(Arc::new(handler)))
    }

    /// What happens from now on, for a loop: events without a handler of their own, connections and disconnections. Who has stopped
    /// reading it should drop it, for what nobody takes is kept, up to [`ClientBuilder::handler_capacity`].
    #[must_use]
    pub fn events(&self) -> Events<R> {
        Events::new(self.clone())
    }

    /// Emits an event; while there is no connection, it waits for one, unless [`ClientBuilder::buffering`] says otherwise.
    ///
    /// `args` is whatever serde can serialize, as for [`Socket::emit`](crate::Socket::emit): a tuple is one argument for each of its
    /// elements, `()` is none, and anything else is one argument.
    ///
    /// # Errors
    ///
    /// [`EmitError::Full`] if too much waits already, [`EmitError::NotConnected`] if the client was not opened or was closed.
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        self.emit_as(event, &args, Flags::default())
    }

    /// Emits an event, and waits for room if there is none. If this is given up, nothing was emitted.
    ///
    /// # Errors
    ///
    /// [`EmitError::NotConnected`].
    pub async fn emit_when_ready(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        let packet = self.encode(event, &args)?;
        drop(args); // it may not be allowed to wait here
        let key = self.key()?;
        let sent = self.session().send_when_ready(|machine| machine.send(key, &packet));
        sent.await.map_err(|()| EmitError::NotConnected)
    }

    /// Emits an event and asks for an acknowledgement, which the future waits for: the server's arguments, or that the connection was
    /// lost.
    ///
    /// ```
    /// # use socketio_hyper::{Client, Runtime};
    /// # async fn example<R: Runtime>(client: &Client<R>) -> Result<(), Box<dyn std::error::Error>> {
    /// let (sum,): (i64,) = client.emit_with_ack("add", (1, 2))?.await?.parse()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`emit`](Self::emit).
    pub fn emit_with_ack(&self, event: &str, args: impl ToArgs) -> Result<AckFuture, EmitError> {
        self.emit_awaiting(event, args, Flags::default())
    }

    /// To emit what is dropped unless it can go out now.
    pub fn volatile(&self) -> ClientEmitter<R> {
        ClientEmitter::new(self.clone(), Flags::default().volatile())
    }

    /// To ask for an acknowledgement that must come within this time; an event that still waits to be sent is not sent then.
    pub fn timeout(&self, timeout: Duration) -> ClientEmitter<R> {
        ClientEmitter::new(self.clone(), Flags::default().timeout(timeout))
    }

    /// Emits an event that is to arrive, if that is possible at all: it is sent again when it was not acknowledged in
    /// [time](ClientBuilder::ack_timeout), and after a reconnection, [so many times](ClientBuilder::retries). Such events arrive in order, maybe
    /// more than once. Dropping the future does not take it back.
    ///
    /// # Errors
    ///
    /// As [`emit`](Self::emit).
    pub fn emit_with_retries(&self, event: &str, args: impl ToArgs) -> Result<AckFuture, EmitError> {
        let now = self.session().clock.now();
        self.emit_with(|machine, key| machine.emit_with_retries(now, key, event, args))
    }

    /// Leaves the namespace; the server is told. Of what still waits to be sent, nothing is. [`open`](Self::open) comes back.
    pub fn disconnect(&self) {
        let Ok(key) = self.key() else { return };
        let mut shared = self.session().lock();
        let told = shared.machine.socket_id(key).is_some();
        shared.machine.disconnect(key);
        drop(shared);
        if !told {
            self.session().app.forget(key); // otherwise that waits for the event of it
        }
        self.session().notify();
    }

    /// Leaves all namespaces behind what was sent, and waits until the server knows. All handles are closed then, for good.
    pub async fn close(&self) {
        let now = self.session().clock.now();
        self.session().lock().machine.close(now);
        self.session().notify();
        self.session().wait(|shared| shared.is_settled().then_some(())).await;
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace.name
    }

    /// The public id, while it is connected: another one each time, unless that was [recovered](Self::is_recovered).
    #[must_use]
    pub fn id(&self) -> Option<SocketId> {
        self.session().lock().machine.socket_id(self.key().ok()?).cloned()
    }

    /// Whether it is connected, as far as is known.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.id().is_some()
    }

    /// Whether it is connected, or will be without anybody's asking.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.key().is_ok_and(|key| self.session().lock().machine.is_active(key))
    }

    /// Whether the server has restored who it was before the connection was lost, and what it missed meanwhile.
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.namespace.status().recovered
    }

    /// What carries packets now, if there is a connection.
    #[must_use]
    pub fn transport(&self) -> Option<TransportKind> {
        self.session().lock().machine.transport()
    }

    /// The revision of Engine.IO that is spoken.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.session().lock().machine.revision()
    }

    pub(crate) fn session(&self) -> &Session<SocketIoApp<R>> {
        &self.lifeline.session
    }

    pub(crate) fn state(&self) -> &Namespace<R> {
        &self.namespace
    }

    pub(crate) fn on_handler_error(&self) -> Option<&OnHandlerError<R>> {
        self.session().app.on_handler_error.as_ref()
    }

    fn key(&self) -> Result<SocketKey, EmitError> {
        self.namespace.status().key.ok_or(EmitError::NotConnected)
    }

    pub(crate) fn emit_as(&self, event: &str, args: &impl ToArgs, flags: Flags) -> Result<(), EmitError> {
        let packet = self.encode(event, args)?;
        let key = self.key()?;
        let mut shared = self.session().lock();
        if flags.volatile && !shared.machine.is_writable(key) {
            return Ok(());
        }
        let sent = shared.machine.send(key, &packet);
        drop(shared);
        self.session().notify();
        sent.map_err(|error| match error {
            SendError::Full(()) => EmitError::Full,
            SendError::Closed(()) => EmitError::NotConnected,
        })
    }

    pub(crate) fn emit_awaiting(&self, event: &str, args: impl ToArgs, flags: Flags) -> Result<AckFuture, EmitError> {
        let deadline = flags.timeout.map(|timeout| self.session().clock.now() + timeout);
        self.emit_with(|machine, key| {
            if flags.volatile && !machine.is_writable(key) {
                return Err(EmitError::Full);
            }
            machine.emit_with_ack(key, event, args, deadline)
        })
    }

    fn encode(&self, event: &str, args: &impl ToArgs) -> Result<Encoded, EmitError> {
        Ok(self.lifeline.parser.event(self.namespace(), None, event, args)?)
    }

    fn emit_with(
        &self,
        emit: impl FnOnce(&mut socketio_proto::client::Connection, SocketKey) -> Result<AckId, EmitError>,
    ) -> Result<AckFuture, EmitError> {
        let key = self.key()?;
        let mut shared = self.session().lock();
        let id = emit(&mut shared.machine, key)?;
        let answer = self.session().app.expect_ack(key, id); // before anybody can settle it
        drop(shared);
        self.session().notify();
        let session = Arc::clone(&self.lifeline.session);
        Ok(AckFuture::of_server(Arc::new(Awaited { session, key }), id, answer))
    }

    /// What it takes the place of is dropped outside the lock: it may have a `Drop` of its own.
    fn change<T>(&self, change: impl FnOnce(&mut Listeners<R>) -> Option<T>) -> &Self {
        let before = change(&mut self.namespace.listeners());
        drop(before);
        self
    }
}

impl<R: Runtime> Listening for Client<R> {
    fn forget(&self, event: &str, handler: *const ()) {
        self.change(|listeners| {
            let found = listeners.events.get(event);
            let same = found.is_some_and(|found| std::ptr::addr_eq(Arc::as_ptr(found), handler));
            if same { listeners.events.remove(event) } else { None }
        });
    }
}

impl<R: Runtime> Clone for Client<R> {
    fn clone(&self) -> Self {
        Self::with(Arc::clone(&self.lifeline), Arc::clone(&self.namespace))
    }
}

impl<R: Runtime> fmt::Debug for Client<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("namespace", &self.namespace())
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

impl<R: Runtime> Drop for Lifeline<R> {
    fn drop(&mut self) {
        self.session.lock().machine.close(self.session.clock.now());
        self.session.notify();
    }
}

/// An acknowledgement that is awaited.
struct Awaited<R: Runtime> {
    session: Arc<Session<SocketIoApp<R>>>,
    key: SocketKey,
}

impl<R: Runtime> ack::Forget for Awaited<R> {
    fn forget_ack(&self, id: AckId) {
        if self.session.app.forget_ack(self.key, id) {
            self.session.lock().machine.forget_ack(self.key, id);
            self.session.notify();
        }
    }
}
