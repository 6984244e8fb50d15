//! The conformance server on tokio: `PORT=3000 cargo run -p socketio-tokio --example contract`.

#[path = "../../contract/mod.rs"]
mod contract;

use std::process::ExitCode;

use socketio_tokio::Tokio;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
pub(crate) async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    contract::run::<Tokio>(async {
        let mut terminate = signal(SignalKind::terminate()).expect("a process may be asked to end");
        terminate.recv().await;
    })
    .await
}
