//! The conformance server on smol: `PORT=3000 cargo run -p socketio-smol --example contract`.

#[path = "../../contract/mod.rs"]
mod contract;

use std::process::ExitCode;

use async_signal::{Signal, Signals};
use smol::stream::StreamExt;
use socketio_smol::Smol;

pub(crate) fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    smol::block_on(contract::run::<Smol>(async {
        let mut signals = Signals::new([Signal::Term]).expect("a process may be asked to end");
        signals.next().await;
    }))
}
