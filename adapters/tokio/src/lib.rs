//! Under construction.
#![forbid(unsafe_code)]

use std::io;
use std::net::SocketAddr;

use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

pub use socketio_hyper::*;

/// A Socket.IO server on tokio.
pub type Server = socketio_hyper::Server<Tokio>;

/// The settings of a server on tokio.
pub type ServerBuilder = socketio_hyper::ServerBuilder<Tokio>;

/// A plain Engine.IO server on tokio.
pub type EngineServer = socketio_hyper::EngineServer<Tokio>;

/// tokio, as the servers see it: the runtime that the calling task runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokio;

impl Runtime for Tokio {
    type Timer = TokioTimer;
    type Listener = TcpListener;
    type Stream = TokioIo<TcpStream>;

    fn timer(&self) -> TokioTimer {
        TokioTimer::new()
    }

    fn spawn(&self, task: Task) {
        tokio::spawn(task);
    }

    fn listen(&self, listener: std::net::TcpListener) -> io::Result<TcpListener> {
        TcpListener::from_std(listener)
    }

    async fn accept(&self, listener: &TcpListener) -> io::Result<(Self::Stream, SocketAddr)> {
        let (stream, address) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((TokioIo::new(stream), address))
    }
}
