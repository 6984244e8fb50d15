//! The settings of a Socket.IO client, beside those of its connection.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use socketio_proto::client::{Auth, Config, Connection};
use socketio_proto::{Json, Parser};

use super::app::{Limits, OnHandlerError, SocketIoApp};
use super::client::Lifeline;
use super::namespace::Credentials;
use super::{Client, ConnectBuilder, OpenError};
use crate::entropy::entropy;
use crate::{HandlerError, Runtime};

/// The settings of a Socket.IO client.
pub type ClientBuilder<R> = ConnectBuilder<R, SocketIo<R>>;

/// Socket.IO runs on the session.
pub struct SocketIo<R: Runtime> {
    config: Config,
    credentials: Result<Credentials, OpenError>,
    limits: Limits,
    on_handler_error: Option<OnHandlerError<R>>,
}

impl<R: Runtime> Default for SocketIo<R> {
    fn default() -> Self {
        Self {
            config: Config::default(),
            credentials: Ok(Credentials::Value(Auth::None)),
            limits: Limits {
                max_handlers: 1000,
                handler_capacity: 16 << 20,
            },
            on_handler_error: None,
        }
    }
}

impl<R: Runtime> ClientBuilder<R> {
    /// The client, which does nothing until it is [opened](Client::open): time to register handlers.
    ///
    /// # Errors
    ///
    /// A setting makes no sense.
    pub fn build(mut self) -> Result<Client<R>, OpenError> {
        let namespace = match self.take_url_path()? {
            path if path.is_empty() => "/".to_owned(),
            path => path,
        };
        let credentials = std::mem::replace(&mut self.above.credentials, Ok(Credentials::Value(Auth::None)))?;
        let seed = entropy().map_err(|error| OpenError::Invalid(format!("no entropy: {error}").into()))?;
        let seed = u64::from_le_bytes(seed[..8].try_into().expect("there are eight"));
        let parser = self.above.config.parser.clone();
        let app = SocketIoApp::new(self.above.limits, self.above.on_handler_error.take());
        let (session, task) = self.prepare("/socket.io/", app, |now, engine, above| {
            let mut config = above.config;
            config.engine = Arc::new(engine);
            Connection::new(now, Arc::new(config), seed)
        })?;
        let lifeline = Arc::new(Lifeline {
            session,
            credentials,
            parser,
            task: Mutex::new(Some(task)),
        });
        lifeline.session.app.tie(&lifeline);
        let namespace = lifeline.session.app.namespace(&namespace, &lifeline.credentials);
        Ok(Client::with(lifeline, namespace))
    }

    /// What the client brings to be recognised by when it joins a namespace: an object. The same each time. Default: nothing.
    #[must_use]
    pub fn auth(mut self, auth: &(impl Serialize + ?Sized)) -> Self {
        let auth = Json::encode(auth).map_err(|error| OpenError::Invalid(format!("credentials: {error}").into()));
        self.above.credentials = auth.map(|auth| Credentials::Value(Auth::Value(auth)));
        self
    }

    /// What the client brings to be recognised by, asked for each time that it joins a namespace: a token that does not last, for one.
    ///
    /// ```
    /// # use socketio_hyper::{ClientBuilder, Runtime};
    /// # async fn fresh_token() -> String { String::new() }
    /// # fn example<R: Runtime>(builder: ClientBuilder<R>) -> ClientBuilder<R> {
    /// #[derive(serde::Serialize)]
    /// struct Auth {
    ///     token: String,
    /// }
    /// builder.auth_with(async || Auth { token: fresh_token().await })
    /// # }
    /// ```
    #[must_use]
    pub fn auth_with<F, Fut, T>(mut self, auth: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
        T: Serialize + Send,
    {
        self.above.credentials = Ok(Credentials::function(auth));
        self
    }

    /// Whether a connection that could not be made, or was lost, is tried again. Default true.
    #[must_use]
    pub fn reconnection(mut self, reconnection: bool) -> Self {
        self.above.config.reconnection = reconnection;
        self
    }

    /// How often in a row that is done. Default: without end.
    #[must_use]
    pub fn reconnection_attempts(mut self, attempts: u32) -> Self {
        self.above.config.reconnection_attempts = Some(attempts);
        self
    }

    /// How long to wait before the first attempt, which doubles with each, and the longest that is waited. Default 1 s and 5 s.
    #[must_use]
    pub fn reconnection_delay(mut self, first: Duration, longest: Duration) -> Self {
        self.above.config.reconnection_delay = first;
        self.above.config.reconnection_delay_max = longest;
        self
    }

    /// How much of these delays is chance, from 0 to 1, so that the clients of a server do not all come back at once. Default 0.5.
    #[must_use]
    pub fn randomization_factor(mut self, factor: f64) -> Self {
        self.above.config.randomization_factor = factor;
        self
    }

    /// Whether what is emitted while there is no connection waits for one. Default true. If not, it is an error.
    #[must_use]
    pub fn buffering(mut self, buffering: bool) -> Self {
        self.above.config.buffering = buffering;
        self
    }

    /// How many bytes may wait for a connection. Default 4 MiB: see [`Config::buffer_capacity`].
    #[must_use]
    pub fn buffer_capacity(mut self, bytes: usize) -> Self {
        self.above.config.buffer_capacity = bytes;
        self
    }

    /// How often [`Client::emit_with_retries`] sends an event again that was not acknowledged. Default 3.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.above.config.retries = retries;
        self
    }

    /// How long the acknowledgement of such an event may take. Default 10 s.
    #[must_use]
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.above.config.ack_timeout = Some(timeout);
        self
    }

    /// How many binary attachments an event of the server may have. Default 10.
    #[must_use]
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.above.config.max_attachments = attachments;
        self
    }

    /// How packets are written and read: the server must be told the same. Default: JSON, which every server understands.
    #[must_use]
    pub fn parser(mut self, parser: Parser) -> Self {
        self.above.config.parser = parser;
        self
    }

    /// How many handlers may wait before the server is not read any more. Default 1000. Its heartbeat is not read then either.
    #[must_use]
    pub fn max_handlers(mut self, handlers: usize) -> Self {
        self.above.limits.max_handlers = handlers;
        self
    }

    /// How many bytes the events of handlers that wait may have together, before the same. Default 16 MiB.
    #[must_use]
    pub fn handler_capacity(mut self, bytes: usize) -> Self {
        self.above.limits.handler_capacity = bytes;
        self
    }

    /// Calls `hook` with each error of a handler: the client, the name of the event, what went wrong. It is logged, too.
    #[must_use]
    pub fn on_handler_error(mut self, hook: impl Fn(&Client<R>, &str, &HandlerError) + Send + Sync + 'static) -> Self {
        self.above.on_handler_error = Some(Arc::new(hook));
        self
    }
}

impl<R: Runtime> fmt::Debug for SocketIo<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIo")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
