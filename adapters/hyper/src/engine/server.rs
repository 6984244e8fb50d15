//! A plain Engine.IO server.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};

use engineio_proto::{CloseReason, Config, Message};

use super::socket::{OnClose, OnConnect, OnMessage};
use super::{EngineIoService, EngineSocket};
use crate::clock::ServerClock;
use crate::engine::socket::EngineClient;
use crate::handler::Outcome;
use crate::listeners::run;
use crate::registry::Registry;
use crate::runtime::Task;
use crate::{PerMessageDeflate, Runtime};

/// A plain Engine.IO server on a runtime, for people who want messages and nothing above them. Cheap to clone: all clones are the
/// same server.
///
/// ```
/// # use socketio_hyper::{EngineServer, EngineSocket, Message, Runtime};
/// # fn example<R: Runtime>() {
/// let engine = EngineServer::<R>::new(Default::default());
/// engine.on_message(async |socket: EngineSocket, message: Message| socket.send(message));
/// # }
/// ```
pub struct EngineServer<R> {
    engine: Arc<Engine>,
    runtime: PhantomData<R>,
}

/// What all sessions of an Engine.IO server share.
pub(crate) struct Engine {
    pub(crate) registry: Registry<EngineClient>,
    pub(crate) keep_headers: bool,
    handlers: RwLock<Handlers>,
}

#[derive(Default)]
struct Handlers {
    connect: Option<OnConnect>,
    message: Option<OnMessage>,
    close: Option<OnClose>,
}

impl<R: Runtime> EngineServer<R> {
    /// A server with these settings.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::assemble(config, None)
    }

    /// A server with these settings that compresses WebSocket messages for clients that ask for it.
    #[must_use]
    pub fn with_per_message_deflate(config: Config, settings: PerMessageDeflate) -> Self {
        Self::assemble(config, Some(settings))
    }

    fn assemble(config: Config, per_message_deflate: Option<PerMessageDeflate>) -> Self {
        let runtime = R::default();
        let clock = ServerClock::new(Arc::new(runtime.timer()));
        let mut registry = Registry::new(config, clock, Arc::new(move |task: Task| runtime.spawn(task)));
        registry.per_message_deflate = per_message_deflate;
        let engine = Engine {
            registry,
            keep_headers: false,
            handlers: RwLock::default(),
        };
        Self {
            engine: Arc::new(engine),
            runtime: PhantomData,
        }
    }

    /// Calls `handler` for each session that begins, before its first message. Messages wait until it returns, and so does the end of
    /// the session: what is to last as long as the session belongs into a task of its own.
    pub fn on_connect<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(EngineSocket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.change(|handlers| handlers.connect = Some(Arc::new(move |socket| run(handler(socket)))));
        self
    }

    /// Calls `handler` for each message, in the order of arrival, one after another: while it waits, the next message of the same client
    /// does too, and a client that sends faster is not read for that long.
    pub fn on_message<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(EngineSocket, Message) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.change(|handlers| handlers.message = Some(Arc::new(move |socket, message| run(handler(socket, message)))));
        self
    }

    /// Calls `handler` for each session that has ended.
    pub fn on_close<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(EngineSocket, CloseReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.change(|handlers| handlers.close = Some(Arc::new(move |socket, reason| run(handler(socket, reason)))));
        self
    }

    /// The server as a `tower` service, to mount below a path of its own.
    #[must_use]
    pub fn service(&self) -> EngineIoService {
        EngineIoService::new(Arc::clone(&self.engine))
    }

    /// How many sessions there are.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.engine.registry.len()
    }

    fn change(&self, change: impl FnOnce(&mut Handlers)) {
        change(&mut self.engine.handlers.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl<R> Clone for EngineServer<R> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            runtime: PhantomData,
        }
    }
}

impl<R> fmt::Debug for EngineServer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineServer")
            .field("sessions", &self.engine.registry.len())
            .finish_non_exhaustive()
    }
}

impl Engine {
    pub(super) fn connect(&self) -> Option<OnConnect> {
        self.read(|handlers| handlers.connect.clone())
    }

    pub(super) fn message(&self) -> Option<OnMessage> {
        self.read(|handlers| handlers.message.clone())
    }

    pub(super) fn close(&self) -> Option<OnClose> {
        self.read(|handlers| handlers.close.clone())
    }

    fn read<T>(&self, look: impl FnOnce(&Handlers) -> T) -> T {
        look(&self.handlers.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AsRef<Registry<EngineClient>> for Engine {
    fn as_ref(&self) -> &Registry<EngineClient> {
        &self.registry
    }
}
