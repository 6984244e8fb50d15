//! What a runtime has to bring.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use hyper::rt::{Read, Timer, Write};

/// A task for a runtime to drive to its end.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An async runtime: its timer, its way to start a task, its TCP. Everything else is the same on all of them.
///
/// hyper's traits do most of it: a `Timer`, and streams that implement its `Read` and `Write`.
pub trait Runtime: Clone + Default + Send + Sync + 'static {
    /// Sleeps.
    type Timer: Timer + Send + Sync + 'static;
    /// A TCP socket that listens.
    type Listener: Send + Sync;
    /// A TCP connection.
    type Stream: Read + Write + Unpin + Send + 'static;

    /// The runtime's timer.
    fn timer(&self) -> Self::Timer;

    /// Starts a task, now, without waiting for it.
    fn spawn(&self, task: Task);

    /// Takes over a listening socket, which is in non-blocking mode.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn listen(&self, listener: std::net::TcpListener) -> io::Result<Self::Listener>;

    /// Waits for the next connection, and switches Nagle's algorithm off for it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn accept(&self, listener: &Self::Listener) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;

    /// Opens a connection to whichever address of `host` takes it, and switches Nagle's algorithm off for it. Only clients need it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn connect(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}
