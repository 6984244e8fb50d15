//! The settings of a plain Engine.IO server.

use std::fmt;
use std::sync::Arc;

use engineio_proto::Config;

use super::server::OnHandlerError;
use super::{EngineServer, EngineSocket};
use crate::options::{Options, shared_settings};
use crate::{HandlerError, Runtime};

/// The settings of a plain Engine.IO server, with the defaults of the JavaScript one. Those of the protocol are in
/// [`config`](Self::config).
#[derive(Clone)]
pub struct EngineServerBuilder<R> {
    runtime: R,
    config: Config,
    options: Options,
    on_handler_error: Option<OnHandlerError>,
}

impl<R: Runtime> Default for EngineServerBuilder<R> {
    fn default() -> Self {
        Self {
            runtime: R::default(),
            config: Config::default(),
            options: Options::at("/engine.io"),
            on_handler_error: None,
        }
    }
}

impl<R: Runtime> EngineServerBuilder<R> {
    /// The server.
    #[must_use]
    pub fn build(self) -> EngineServer<R> {
        EngineServer::assemble(self.runtime, self.config, self.options, self.on_handler_error)
    }

    /// The settings of the protocol: heartbeat, transports, limits. [`Config`] tells the defaults.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The path below which [`listen`](EngineServer::listen) and [`serve`](EngineServer::serve) serve clients. Default `/engine.io`.
    /// The [`service`](EngineServer::service) is wherever it is mounted.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.options.set_path(path);
        self
    }

    shared_settings!(EngineServerBuilder);

    /// Calls `hook` when a handler fails or panics: the socket, which handler (`connect`, `message` or `close`), the error. It is logged
    /// in any case.
    #[must_use]
    pub fn on_handler_error(
        mut self,
        hook: impl Fn(&EngineSocket, &str, &HandlerError) + Send + Sync + 'static,
    ) -> Self {
        self.on_handler_error = Some(Arc::new(hook));
        self
    }
}

impl<R> fmt::Debug for EngineServerBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineServerBuilder")
            .field("path", &self.options.path)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
