//! The runtime of the tests of the clients.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]

use std::future::Future;
use std::sync::LazyLock;

pub(crate) use socketio_tokio::{Client, EngineClient, EngineServer, Server, Tokio as Rt, unix_socket};
use tokio::runtime::{Builder, Runtime};

pub(crate) const NAME: &str = "tokio";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

pub(crate) type ClientBuilder = socketio_hyper::ClientBuilder<Rt>;
