//! The conformance server on tokio: `PORT=3000 cargo run -p socketio-tokio --example contract`.

#[path = "../../contract/mod.rs"]
mod contract;

use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use contract::Settings;
use socketio_tokio::{Runtime, Tokio, serve};

/// Says that a setting is not supported.
const UNSUPPORTED: u8 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let Some(settings) = Settings::from_env() else {
        return ExitCode::from(UNSUPPORTED);
    };
    let (io, router) = contract::router::<Tokio>(&settings);
    let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .and_then(|listener| Tokio.listen(listener));
    let listener = match listening {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("cannot listen on port {}: {error}", settings.port);
            return ExitCode::FAILURE;
        }
    };
    let terminated = async move {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .expect("a process may be asked to end");
        terminate.recv().await;
        io.close().await;
    };
    serve(&Tokio, listener, router, terminated, Duration::from_secs(1)).await;
    ExitCode::SUCCESS
}
