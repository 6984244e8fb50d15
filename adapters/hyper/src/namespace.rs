//! One namespace and everyone in it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use socketio_proto::server::EmitError;
use socketio_proto::server::hub::{self, Target};
use socketio_proto::{AckId, DisconnectReason, ToArgs};

use crate::handler::{Handler, Outcome};
use crate::listeners::Listeners;
use crate::{Broadcast, ConnectError, Socket};

/// One namespace of a server: its rules, its sockets, its rooms. Cheap to clone.
#[derive(Clone)]
pub struct Namespace(Arc<Inner>);

struct Inner {
    name: Box<str>,
    listeners: Arc<Listeners>,
    members: Mutex<hub::Namespace<Socket>>,
    next_ack: AtomicU64,
}

impl Namespace {
    pub(crate) fn new(name: &str, listeners: Arc<Listeners>) -> Self {
        Self(Arc::new(Inner {
            name: name.into(),
            listeners,
            members: Mutex::new(hub::Namespace::default()),
            next_ack: AtomicU64::new(0),
        }))
    }

    /// Decides who may join. Middlewares run one after another in the order in which they were added; the first error is sent to the
    /// client as its `connect_error`. The socket they are given is not connected yet.
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

    /// Everyone, to emit to.
    pub fn everyone(&self) -> Broadcast {
        Broadcast::new(self.clone(), Target::everyone())
    }

    /// Everyone in `room`, to emit to.
    pub fn to(&self, room: impl Into<Arc<str>>) -> Broadcast {
        self.everyone().to(room)
    }

    /// Everyone who is not in `room`, to emit to.
    pub fn except(&self, room: impl Into<Arc<str>>) -> Broadcast {
        self.everyone().except(room)
    }

    /// Everyone, to emit to if they keep up.
    pub fn volatile(&self) -> Broadcast {
        self.everyone().volatile()
    }

    /// Every socket of the namespace.
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

    /// Held for short: never while calling a session or a handler.
    pub(crate) fn members(&self) -> MutexGuard<'_, hub::Namespace<Socket>> {
        self.0.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.0.listeners
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
