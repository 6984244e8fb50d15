//! The settings of a server.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engineio_proto::Transports;
use socketio_proto::Parser;
use socketio_proto::server::hub::RoomLimits;

use crate::options::{Options, shared_settings};
use crate::session::registry::Registry;
use crate::socketio::client_files::ClientFiles;
use crate::socketio::io::{Io, OnHandlerError, Settings};
use crate::socketio::recovery::Recovery;
use crate::{ConnectionStateRecovery, HandlerError, Runtime, Server, Socket};

/// The settings of a server, with the defaults of the JavaScript one.
#[derive(Clone)]
pub struct ServerBuilder<R> {
    runtime: R,
    options: Options,
    engine: engineio_proto::Config,
    sockets: socketio_proto::server::Config,
    rooms: RoomLimits,
    max_handlers: usize,
    handler_capacity: usize,
    ack_timeout: Duration,
    on_handler_error: Option<OnHandlerError>,
    client_files: Option<Arc<ClientFiles>>,
    recovery: Option<ConnectionStateRecovery>,
}

impl<R: Runtime> Default for ServerBuilder<R> {
    fn default() -> Self {
        Self {
            runtime: R::default(),
            options: Options::at("/socket.io"),
            engine: engineio_proto::Config::default(),
            sockets: socketio_proto::server::Config::default(),
            rooms: RoomLimits::default(),
            max_handlers: 1000,
            handler_capacity: 16 << 20,
            ack_timeout: Duration::from_secs(10),
            on_handler_error: None,
            client_files: None,
            recovery: None,
        }
    }
}

impl<R: Runtime> ServerBuilder<R> {
    /// The server.
    #[must_use]
    pub fn build(self) -> Server<R> {
        let detection = self.engine.ping_interval + self.engine.ping_timeout;
        let max_missed = self.engine.send_capacity / 2;
        let registry = Registry::new(self.runtime.clone(), self.engine, self.options);
        let recovery = self
            .recovery
            .map(|settings| Recovery::new(settings, detection, registry.clock.clone()));
        let settings = Settings {
            sockets: Arc::new(self.sockets),
            rooms: self.rooms,
            max_handlers: self.max_handlers,
            handler_capacity: self.handler_capacity,
            ack_timeout: self.ack_timeout,
            on_handler_error: self.on_handler_error,
            client_files: self.client_files,
            recovery,
            max_missed,
            skip_middlewares: self.recovery.is_none_or(|settings| settings.skip_middlewares),
        };
        Server::assemble(Io::new(settings, registry), self.runtime)
    }

    /// The path below which clients find the server. Default `/socket.io`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.options.set_path(path);
        self
    }

    shared_settings!(ServerBuilder);

    /// How often clients are pinged. Default 25 s: below the idle timeout of most proxies.
    #[must_use]
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.engine.ping_interval = interval;
        self
    }

    /// How long a client may take to answer a ping before it counts as gone. Default 20 s.
    #[must_use]
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.engine.ping_timeout = timeout;
        self
    }

    /// How long the passage from long-polling to a WebSocket may take before it is given up. Default 10 s.
    #[must_use]
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.engine.upgrade_timeout = timeout;
        self
    }

    /// How long a client may take to join its first namespace. Default 45 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.sockets.connect_timeout = timeout;
        self
    }

    /// The largest message or POST body that a client may send, in bytes. Default 1,000,000.
    #[must_use]
    pub fn max_http_buffer_size(mut self, bytes: usize) -> Self {
        self.engine.max_payload = bytes;
        self
    }

    /// How many bytes may wait for a client that does not keep up before an emit to it fails and a broadcast disconnects it. Default
    /// 4 MiB: see [`engineio_proto::Config::send_capacity`].
    #[must_use]
    pub fn send_capacity(mut self, bytes: usize) -> Self {
        self.engine.send_capacity = bytes;
        self
    }

    /// How many bytes of a client's messages may wait to be looked at before no more are read from it. Default 256 KiB: see
    /// [`engineio_proto::Config::receive_capacity`].
    #[must_use]
    pub fn receive_capacity(mut self, bytes: usize) -> Self {
        self.engine.receive_capacity = bytes;
        self
    }

    /// Up to how many bytes that wait for it a client is still sent volatile events. Default 64 KiB: see
    /// [`engineio_proto::Config::volatile_capacity`].
    #[must_use]
    pub fn volatile_capacity(mut self, bytes: usize) -> Self {
        self.engine.volatile_capacity = bytes;
        self
    }

    /// How many namespaces one client may be in or ask for; who asks for more is disconnected. Default 100.
    #[must_use]
    pub fn max_namespaces(mut self, max: usize) -> Self {
        self.sockets.max_namespaces = max;
        self
    }

    /// How many acknowledgements may be awaited from one client before an emit that asks for one more fails. Default 10,000: some 100 bytes
    /// each.
    #[must_use]
    pub fn max_pending_acks(mut self, max: usize) -> Self {
        self.sockets.max_pending_acks = max;
        self
    }

    /// How many rooms a socket may be in, and how long their names may be. Default: 10,000 rooms, 1,024 bytes.
    #[must_use]
    pub fn room_limits(mut self, limits: RoomLimits) -> Self {
        self.rooms = limits;
        self
    }

    /// The transports that clients may use. Default: all.
    #[must_use]
    pub fn transports(mut self, transports: Transports) -> Self {
        self.engine.transports = transports;
        self
    }

    /// Whether long-polling clients are offered the passage to a WebSocket. Default true.
    #[must_use]
    pub fn allow_upgrades(mut self, allow: bool) -> Self {
        self.engine.allow_upgrades = allow;
        self
    }

    /// Whether the JavaScript clients 1.x and 2.x (Engine.IO revision 3) are let in. Default false: the id of their main socket is that
    /// of their session, so whoever learns it can take the session over. Over long-polling clients
    /// 1.x understand only ASCII.
    #[must_use]
    pub fn allow_eio3(mut self, allow: bool) -> Self {
        self.engine.allow_eio3 = allow;
        self
    }

    /// How many binary attachments one packet may have. Default 10.
    #[must_use]
    pub fn max_attachments(mut self, max: usize) -> Self {
        self.sockets.max_attachments = max;
        self
    }

    /// How packets are written. Default: the parser that every client has. Any other must be that of all clients.
    ///
    /// [`Parser::msgpack`] is npm's `socket.io-msgpack-parser`; a [`PacketParser`](crate::PacketParser) of your own goes into
    /// [`Parser::new`]. Handlers and emits do not change.
    ///
    /// ```
    /// use socketio_hyper::{Parser, Runtime, Server};
    ///
    /// // In the browser: `io({ parser: msgpackParser })`.
    /// fn server<R: Runtime>() -> Server<R> {
    ///     Server::builder().parser(Parser::msgpack()).build()
    /// }
    /// ```
    #[must_use]
    pub fn parser(mut self, parser: Parser) -> Self {
        self.sockets.parser = parser;
        self
    }

    /// How many handlers may wait for one client, and how many events for its connect handlers and middlewares, before no more of its events are
    /// looked at. Default 1,000: enough that a handler may wait for acknowledgements that come behind other events. At least 1.
    #[must_use]
    pub fn max_handlers(mut self, max: usize) -> Self {
        self.max_handlers = max.max(1);
        self
    }

    /// How many bytes the events may have that [`max_handlers`](Self::max_handlers) counts, before no more of a client's events are
    /// looked at. Default 16 MiB: sixteen of the largest. At least 1.
    #[must_use]
    pub fn handler_capacity(mut self, bytes: usize) -> Self {
        self.handler_capacity = bytes.max(1);
        self
    }

    /// How long a broadcast waits for acknowledgements unless [`Broadcast::timeout`](crate::Broadcast::timeout) says so. Default 10 s: one
    /// of many clients is nearly always slow or about to be found gone, and would hold up the answers of all. A single socket is
    /// waited for as long as it is there.
    #[must_use]
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = timeout;
        self
    }

    /// Lets clients whose connection was lost come back. Default: they come as somebody new.
    ///
    /// ```
    /// # use socketio_hyper::{ConnectionStateRecovery, Runtime, Server};
    /// # fn example<R: Runtime>() -> Server<R> {
    /// Server::builder().connection_state_recovery(ConnectionStateRecovery::new()).build()
    /// # }
    /// ```
    #[must_use]
    pub fn connection_state_recovery(mut self, settings: ConnectionStateRecovery) -> Self {
        self.recovery = Some(settings);
        self
    }

    /// Calls `hook` when a handler fails or panics, or a client's arguments are not the ones that it takes: the socket, the event's name,
    /// the error. Event middlewares and catch-all listeners count as handlers of the event; the middlewares of a namespace and connect
    /// handlers as those of `connect`, the others as those of `disconnecting` and `disconnect`. It is logged in any case.
    #[must_use]
    pub fn on_handler_error(mut self, hook: impl Fn(&Socket, &str, &HandlerError) + Send + Sync + 'static) -> Self {
        self.on_handler_error = Some(Arc::new(hook));
        self
    }

    /// Serves the JavaScript client from the `dist` folder of npm's `socket.io-client`, as `<path>/socket.io.js` and its other builds.
    /// The files are read now and kept.
    ///
    /// # Errors
    ///
    /// The folder holds no build of the client, or cannot be read.
    pub fn client_dist(mut self, folder: impl AsRef<Path>) -> io::Result<Self> {
        self.client_files = Some(Arc::new(ClientFiles::read(folder.as_ref())?));
        Ok(self)
    }
}

impl<R> std::fmt::Debug for ServerBuilder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("path", &self.options.path)
            .field("engine", &self.engine)
            .field("sockets", &self.sockets)
            .finish_non_exhaustive()
    }
}
