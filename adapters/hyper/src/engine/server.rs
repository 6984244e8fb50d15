//! A plain Engine.IO server.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::sync::{Arc, PoisonError, RwLock};

use engineio_proto::{CloseReason, Config, Message};

use hyper::service::service_fn;

use super::socket::{OnClose, OnConnect, OnMessage};
use super::{EngineIoService, EngineServerBuilder, EngineSocket};
use crate::engine::socket::EngineClient;
use crate::handler::{Outcome, boxed};
use crate::options::Options;
use crate::serving::listen::serve_sessions;
use crate::session::registry::Registry;
use crate::{HandlerError, Runtime};

/// A plain Engine.IO server on a runtime, for people who want messages and nothing above them. Cheap to clone: all clones are the
/// same server.
///
/// ```
/// # use socketio_hyper::{EngineServer, EngineSocket, Message, Runtime};
/// # async fn example<R: Runtime>() -> std::io::Result<()> {
/// let engine = EngineServer::<R>::builder().max_sessions(1000).build();
/// engine.on_message(async |socket: EngineSocket, message: Message| socket.send(message));
/// engine.listen("127.0.0.1:3000").await
/// # }
/// ```
///
/// As a [`Server`](crate::Server) does, it takes requests in either of two ways: [`listen`](Self::listen) opens a port for it alone,
/// [`service`](Self::service) mounts it in a server that there is already.
pub struct EngineServer<R> {
    engine: Arc<Engine>,
    runtime: R,
}

/// Called with a handler's error: the socket, which handler, what went wrong.
pub(super) type OnHandlerError = Arc<dyn Fn(&EngineSocket, &str, &HandlerError) + Send + Sync>;

/// What all sessions of an Engine.IO server share.
pub(crate) struct Engine {
    pub(crate) registry: Registry<EngineClient>,
    pub(super) on_handler_error: Option<OnHandlerError>,
    handlers: RwLock<Handlers>,
}

#[derive(Default)]
struct Handlers {
    connect: Option<OnConnect>,
    message: Option<OnMessage>,
    close: Option<OnClose>,
}

impl<R: Runtime> EngineServer<R> {
    /// A server with these settings of the protocol, and the defaults of [`EngineServerBuilder`] for all others.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::builder().config(config).build()
    }

    /// A server with settings of its own.
    #[must_use]
    pub fn builder() -> EngineServerBuilder<R> {
        EngineServerBuilder::default()
    }

    /// Calls `handler` for each session that begins, before its first message. Messages wait until it returns, and so does the end of
    /// the session: what is to last as long as the session belongs into a task of its own.
    pub fn on_connect<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(EngineSocket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.change(|handlers| handlers.connect = Some(Arc::new(move |socket| boxed(handler(socket)))));
        self
    }

    /// Calls `handler` for each message, in the order of arrival, one after another: while it waits, the next message of the same client
    /// does too, and a client that sends faster is not read for that long.
    pub fn on_message<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(EngineSocket, Message) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.change(|handlers| {
            handlers.message = Some(Arc::new(move |socket, message| boxed(handler(socket, message))));
        });
        self
    }

    /// Calls `handler` for each session that has ended.
    pub fn on_close<F, Fut>(&self, handler: F) -> &Self
    where
        F: Fn(EngineSocket, CloseReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.change(|handlers| handlers.close = Some(Arc::new(move |socket, reason| boxed(handler(socket, reason)))));
        self
    }

    /// The server as a `tower` service, to mount below a path of its own.
    #[must_use]
    pub fn service(&self) -> EngineIoService {
        EngineIoService::anywhere(Arc::clone(&self.engine))
    }

    /// Serves on an address, below its [path](EngineServerBuilder::path), until [`close`](Self::close), or until the operating system
    /// does not let it.
    ///
    /// # Errors
    ///
    /// The address cannot be resolved or listened on.
    pub async fn listen(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        self.serve(TcpListener::bind(address)?).await
    }

    /// Serves on a socket that listens already, such as one whose port the operating system chose.
    ///
    /// # Errors
    ///
    /// The runtime does not take the socket.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let listener = self.runtime.listen(listener)?;
        let registry = &self.engine.registry;
        let service_for = |address| {
            let service = EngineIoService::below_path(Arc::clone(&self.engine));
            service_fn(move |request| service.answer(request, Some(address)))
        };
        serve_sessions(
            &self.runtime,
            listener,
            service_for,
            registry.closed(),
            &registry.options,
        )
        .await;
        Ok(())
    }

    /// Stops: refuses new clients, closes the sessions of all others behind what was sent to them, and waits until they are gone, but
    /// no longer than [`EngineServerBuilder::close_timeout`].
    pub async fn close(&self) {
        self.engine.registry.close().await;
    }

    pub(super) fn assemble(
        runtime: R,
        config: Config,
        options: Options,
        on_handler_error: Option<OnHandlerError>,
    ) -> Self {
        let engine = Engine {
            registry: Registry::new(runtime.clone(), config, options),
            on_handler_error,
            handlers: RwLock::default(),
        };
        Self {
            engine: Arc::new(engine),
            runtime,
        }
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

impl<R: Clone> Clone for EngineServer<R> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            runtime: self.runtime.clone(),
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
