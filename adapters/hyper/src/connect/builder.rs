//! The settings of a client.

use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use engineio_proto::client::{Config, Connection, Transports};
use engineio_proto::{Packet, Revision, TransportKind};
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::connector::Connector;
use super::dialer::Dialer;
use super::driver::Driver;
use super::endpoint::Url;
use super::engine::EngineMessages;
use super::session::{App, Session};
use super::trace::{Hook, Trace};
use super::{Direction, Endpoint, EngineClient, OpenError, Stream};
use crate::Runtime;
use crate::clock::ServerClock;
use crate::runtime::Task;

/// The settings of a client, with the defaults of the JavaScript one. `Above` is what runs on the session.
pub struct ConnectBuilder<R, Above> {
    url: Result<Url, OpenError>,
    path: Option<String>,
    headers: HeaderMap,
    connector: Connector,
    #[cfg(feature = "tls")]
    tls: Option<super::Tls>,
    trace: Option<Hook>,
    pub(crate) engine: Config,
    pub(crate) above: Above,
    runtime: PhantomData<fn() -> R>,
}

/// The settings of a plain Engine.IO client.
pub type EngineClientBuilder<R> = ConnectBuilder<R, EngineIo>;

/// Nothing runs on the session but the application.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineIo(());

impl<R: Runtime, Above: Default> ConnectBuilder<R, Above> {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: Url::parse(url),
            path: None,
            headers: HeaderMap::new(),
            connector: Connector::tcp::<R>(),
            #[cfg(feature = "tls")]
            tls: None,
            trace: None,
            engine: Config::default(),
            above: Above::default(),
            runtime: PhantomData,
        }
    }
}

impl<R: Runtime, Above> ConnectBuilder<R, Above> {
    /// The path of the server: what its administrator calls `path`. Default `/socket.io/` for Socket.IO, where the path of the URL
    /// is the namespace; `/engine.io/` or the path of the URL without it.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        let mut path = path.into();
        if !path.ends_with('/') {
            path.push('/');
        }
        self.path = Some(path);
        self
    }

    /// Adds a parameter to the query of each request. Those of the URL are there already.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if let Ok(url) = &mut self.url {
            if !url.query.is_empty() {
                url.query.push('&');
            }
            url.query.extend(form_urlencoded::byte_serialize(name.as_bytes()));
            url.query.push('=');
            url.query.extend(form_urlencoded::byte_serialize(value.as_bytes()));
        }
        self
    }

    /// Adds a header to each request, such as `Authorization`. One that is no header is an error when it comes to connecting.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_ref());
        let value = HeaderValue::from_bytes(value.as_ref());
        match (name, value) {
            (Ok(name), Ok(value)) => drop(self.headers.append(name, value)),
            _ if self.url.is_ok() => self.url = Err(OpenError::Invalid("a header that is none".into())),
            _ => {}
        }
        self
    }

    /// What may carry the session. Default: long-polling first, then a WebSocket if that works.
    #[must_use]
    pub fn transports(mut self, transports: Transports) -> Self {
        self.engine.transports = transports;
        self
    }

    /// The revision of Engine.IO to speak. Default 4; servers 1.x and 2.x of Socket.IO speak only 3.
    #[must_use]
    pub fn revision(mut self, revision: Revision) -> Self {
        self.engine.revision = revision;
        self
    }

    /// How long an attempt to connect may take. Default 20 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.engine.connect_timeout = timeout;
        self
    }

    /// How long the passage from long-polling to a WebSocket may take before it is given up. Default 10 s.
    #[must_use]
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.engine.upgrade_timeout = timeout;
        self
    }

    /// How long a client that was closed may take to say what it has still to say. Default 30 s.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.engine.close_timeout = timeout;
        self
    }

    /// The largest message or body that the server may send, in bytes. Default 100 MiB: see [`Config::max_payload`].
    #[must_use]
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.engine.max_payload = bytes;
        self
    }

    /// How many bytes may wait for a server that does not keep up. Default 4 MiB: see [`Config::send_capacity`].
    #[must_use]
    pub fn send_capacity(mut self, bytes: usize) -> Self {
        self.engine.send_capacity = bytes;
        self
    }

    /// How many bytes of messages may wait for the application before no more is read from the server. Default 256 KiB. The server's
    /// heartbeat is not read then either, so an application that takes nothing for longer than that lasts loses the session.
    #[must_use]
    pub fn receive_capacity(mut self, bytes: usize) -> Self {
        self.engine.receive_capacity = bytes;
        self
    }

    /// Opens connections in a way of its own instead of by TCP to the endpoint that the URL names: through a proxy, to a Unix socket,
    /// within the process. TLS is spoken over it if the URL says so. Dropping the future gives the attempt up.
    ///
    /// ```
    /// # use socketio_hyper::{EngineClientBuilder, Runtime};
    /// # fn example<R: Runtime>(builder: EngineClientBuilder<R>) -> EngineClientBuilder<R> {
    /// builder.connector(|endpoint| async move { R::default().connect("localhost", endpoint.port()).await })
    /// # }
    /// ```
    #[must_use]
    pub fn connector<F, Fut, S>(mut self, connect: F) -> Self
    where
        F: Fn(Endpoint) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<S>> + Send + 'static,
        S: Stream,
    {
        self.connector = Connector::new(connect);
        self
    }

    /// Whom to trust if the URL is one of `https` or `wss`. Default [`Tls::platform`](super::Tls::platform).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: super::Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Calls `hook` with every packet that goes to the server or comes from it, to look at. It runs in the client's task, and costs
    /// reading each packet once more. Handshakes contain the session's id, which is a secret.
    #[must_use]
    pub fn trace(mut self, hook: impl Fn(Direction, TransportKind, Packet) + Send + Sync + 'static) -> Self {
        self.trace = Some(Arc::new(hook));
        self
    }

    /// Sets the path of the URL apart, which is not always that of the server.
    pub(crate) fn take_url_path(&mut self) -> Result<String, OpenError> {
        let url = self.url.as_mut().map_err(|error| error.clone())?;
        Ok(std::mem::replace(&mut url.path, "/".to_owned()))
    }

    /// A client and its task, which is to be spawned.
    pub(crate) fn prepare<A: App>(
        self,
        default_path: &str,
        app: A,
        machine: impl FnOnce(engineio_proto::Instant, Config, Above) -> A::Machine,
    ) -> Result<(Arc<Session<A>>, Task), OpenError> {
        let url = self.url?;
        let path = self.path.unwrap_or(match &*url.path {
            "" | "/" => default_path.to_owned(),
            _ => url.path,
        });
        #[cfg(feature = "tls")]
        let tls = match self.tls {
            _ if !url.endpoint.is_secure() => None,
            Some(tls) => Some(tls),
            None => Some(super::Tls::platform()?),
        };
        #[cfg(not(feature = "tls"))]
        if url.endpoint.is_secure() {
            return Err(OpenError::Invalid("https and wss need the feature `tls`".into()));
        }
        let clock = ServerClock::new(Arc::new(R::default().timer()));
        let mut engine = self.engine;
        engine.query = url.query;
        let revision = engine.revision;
        let machine = machine(clock.now(), engine, self.above);
        let session = Session::new(app, machine, clock);
        let dialer = Dialer {
            endpoint: url.endpoint,
            authority: url.authority,
            path,
            headers: self.headers,
            connector: self.connector,
            #[cfg(feature = "tls")]
            tls,
            trace: self.trace.map(|hook| Trace::new(hook, revision)),
        };
        let driver = Driver::new(Arc::clone(&session), Arc::new(dialer));
        Ok((session, Box::pin(driver.run())))
    }
}

impl<R: Runtime> EngineClientBuilder<R> {
    /// Connects to the server.
    ///
    /// # Errors
    ///
    /// A setting makes no sense, or the server was not reached or refused. If this is given up, so is the session.
    pub async fn connect(self) -> Result<EngineClient<R>, OpenError> {
        let open = |now, config, _| Connection::new(now, Arc::new(config));
        let (session, task) = self.prepare("/engine.io/", EngineMessages::default(), open)?;
        R::default().spawn(task);
        EngineClient::open(session).await
    }
}

/// Without the query and the headers, which may hold secrets.
impl<R, Above> fmt::Debug for ConnectBuilder<R, Above> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectBuilder")
            .field("endpoint", &self.url.as_ref().map(|url| &url.endpoint))
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
