//! A Socket.IO server.

use std::fmt;
use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::sync::Arc;

use hyper::service::service_fn;

use crate::serving::listen::serve_sessions;
use crate::socketio::io::Io;
use crate::{Namespace, Runtime, ServerBuilder, SocketIoService};

/// A Socket.IO server on a runtime. Cheap to clone: all clones are the same server.
///
/// It takes requests in either of two ways: [`listen`](Self::listen) opens a port for it alone, [`service`](Self::service) mounts
/// it in a server that there is already.
pub struct Server<R> {
    io: Arc<Io>,
    runtime: R,
}

impl<R: Runtime> Server<R> {
    /// A server with the defaults of the JavaScript one.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A server with settings of its own.
    #[must_use]
    pub fn builder() -> ServerBuilder<R> {
        ServerBuilder::default()
    }

    /// The namespace of this name; it comes into being here if it is new. `/` is where clients are that name none.
    #[must_use]
    pub fn of(&self, name: &str) -> Namespace {
        if name.starts_with('/') {
            self.io.create(name)
        } else {
            self.io.create(&format!("/{name}"))
        }
    }

    /// Lets namespaces come into being when a client asks for one whose name `pattern` likes, and go with their last client. What is
    /// returned is no namespace of anybody: its middlewares and handlers are those of all that match.
    ///
    /// ```
    /// # use socketio_hyper::{Runtime, Server, Socket};
    /// # fn example<R: Runtime>(io: &Server<R>) {
    /// io.of_matching(|name| name.strip_prefix("/game-").is_some_and(|id| id.parse::<u32>().is_ok()))
    ///     .on_connect(async |socket: Socket| println!("{} plays in {}", socket.id(), socket.namespace().name()));
    /// # }
    /// ```
    pub fn of_matching(&self, pattern: impl Fn(&str) -> bool + Send + Sync + 'static) -> Namespace {
        self.io.create_matching(Arc::new(pattern))
    }

    /// The server as a `tower` service, to mount in axum (`Router::fallback_service`) or to hand to hyper.
    #[must_use]
    pub fn service(&self) -> SocketIoService {
        SocketIoService::new(Arc::clone(&self.io))
    }

    /// Serves on an address until [`close`](Self::close), or until the operating system does not let it.
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
        let registry = &self.io.registry;
        let service_for = |address| {
            let service = self.service();
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

    /// Stops: refuses new clients, tells all others `server shutting down`, and waits until they are gone, but no longer than
    /// [`ServerBuilder::close_timeout`].
    pub async fn close(&self) {
        self.io.registry.close().await;
    }

    pub(crate) fn assemble(io: Io, runtime: R) -> Self {
        Self {
            io: Arc::new(io),
            runtime,
        }
    }

    /// How many Engine.IO sessions there are: clients, whether or not they have joined a namespace.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.io.registry.len()
    }

    /// How many sockets are connected, over all namespaces.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.io.socket_count()
    }
}

impl<R: Runtime> Default for Server<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Clone> Clone for Server<R> {
    fn clone(&self) -> Self {
        Self {
            io: Arc::clone(&self.io),
            runtime: self.runtime.clone(),
        }
    }
}

impl<R> fmt::Debug for Server<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("sessions", &self.io.registry.len())
            .finish_non_exhaustive()
    }
}
