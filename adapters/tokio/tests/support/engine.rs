//! A plain Engine.IO server that runs beside the test.

use std::net::SocketAddr;

use socketio_tokio::{EngineServer, EngineServerBuilder};

use super::{Client, Http, listener, runtime};

pub(crate) struct RunningEngine {
    pub(crate) engine: EngineServer,
    pub(crate) address: SocketAddr,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl RunningEngine {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(settings: impl FnOnce(EngineServerBuilder) -> EngineServerBuilder) -> Self {
        let runtime = runtime();
        let engine = settings(EngineServer::builder()).build();
        let (listener, address) = listener();
        let serving = engine.clone();
        runtime.spawn(async move { serving.serve(listener).await });
        Self {
            engine,
            address,
            runtime,
        }
    }

    /// A client whose WebSocket is open.
    pub(crate) fn open(&self) -> Client {
        Client::open_at(self.address, "/engine.io/?EIO=4&transport=websocket")
    }

    pub(crate) fn http(&self) -> Http {
        Http::new(self.address)
    }
}
