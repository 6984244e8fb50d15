//! Socket.IO and Engine.IO servers and clients on [smol](https://docs.rs/smol).
//!
//! ```no_run
//! use socketio_smol::{Ack, Server, Socket};
//!
//! fn main() -> std::io::Result<()> {
//!     let io = Server::new();
//!     io.of("/").on_connect(async |socket: Socket| {
//!         socket.on("chat message", async |socket: Socket, text: String| socket.broadcast().emit("chat message", &text));
//!         socket.on("add", async |a: i64, b: i64, ack: Ack| ack.send(a + b));
//!         socket.on("join", async |socket: Socket, room: String| socket.join(room));
//!     });
//!     smol::block_on(io.listen("127.0.0.1:3000"))
//! }
//! ```
//!
//! # A client
//!
//! ```no_run
//! use socketio_smol::{Ack, BoxError, Client};
//!
//! fn main() -> Result<(), BoxError> {
//!     smol::block_on(async {
//!         let client = Client::builder("http://localhost:3000/chat").build()?;
//!         client.on("chat message", async |text: String| println!("{text}"));
//!         client.on("add", async |a: i64, b: i64, ack: Ack| ack.send(a + b));
//!         client.open().await?; // and from now on it reconnects by itself
//!         client.emit("chat message", "hello")?;
//!         let (sum,): (i64,) = client.emit_with_ack("add", (1, 2))?.await?.parse()?;
//!         client.close().await;
//!         Ok(())
//!     })
//! }
//! ```
//!
//! The path of the URL is the namespace; [`of`](socketio_hyper::Client::of) joins others over the same connection, and
//! [`events`](socketio_hyper::Client::events) is for those who prefer a loop to handlers. Servers 1.x and 2.x of Socket.IO want
//! [`revision(Revision::V3)`](socketio_hyper::ConnectBuilder::revision). `https` and `wss` are the feature `tls`, on by default: rustls, and
//! the machine's own certificates. A proxy, or any other way to the server, is a
//! [`connector`](socketio_hyper::ConnectBuilder::connector). [`EngineClient`] is the transport alone.
//!
//! # Where they run
//!
//! Sessions run on smol's global executor: one thread, or as many as the variable `SMOL_THREADS` says. A server that listens there too,
//! `smol::block_on(smol::spawn(io.listen(…)))`, is a little faster with clients that come and go: no thread has to wake another for them.
//!
//! Whoever polls `listen` or a client's `open` may be any executor, one of your own with its threads or another runtime altogether. For sessions
//! and clients to run on yours too, implement [`Runtime`] for a type of your own: its `spawn` is yours, all else it passes on to [`Smol`].
//!
//! All else is in [`socketio_hyper`], which this crate passes on.
#![forbid(unsafe_code)]

mod socket;
mod stream;
mod timer;
mod watch;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::path::Path;
#[cfg(unix)]
use std::pin::Pin;

use smol::Async;

pub use socketio_hyper::*;
pub use stream::SmolIo;
pub use timer::SmolTimer;

/// A Socket.IO server on smol.
pub type Server = socketio_hyper::Server<Smol>;

/// The settings of a server on smol.
pub type ServerBuilder = socketio_hyper::ServerBuilder<Smol>;

/// A plain Engine.IO server on smol.
pub type EngineServer = socketio_hyper::EngineServer<Smol>;

/// The settings of a plain Engine.IO server on smol.
pub type EngineServerBuilder = socketio_hyper::EngineServerBuilder<Smol>;

/// A Socket.IO client on smol.
pub type Client = socketio_hyper::Client<Smol>;

/// A plain Engine.IO client on smol.
pub type EngineClient = socketio_hyper::EngineClient<Smol>;

/// smol, as servers and clients see it: its global executor and its reactor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smol;

impl Runtime for Smol {
    type Timer = SmolTimer;
    type Listener = Async<TcpListener>;
    type Stream = SmolIo;

    fn timer(&self) -> SmolTimer {
        SmolTimer
    }

    fn spawn(&self, task: Task) {
        smol::spawn(task).detach();
    }

    fn listen(&self, listener: TcpListener) -> io::Result<Self::Listener> {
        Async::new(listener)
    }

    async fn accept(&self, listener: &Self::Listener) -> io::Result<(SmolIo, SocketAddr)> {
        let (stream, address) = listener.read_with(TcpListener::accept).await?;
        let _ = stream.set_nodelay(true); // it fails if the connection is broken already, which the next read tells
        Ok((SmolIo::new(stream)?, address))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<SmolIo> {
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in smol::net::resolve((host, port)).await? {
            match Async::<TcpStream>::connect(address).await {
                Ok(stream) => {
                    let stream = stream.into_inner()?;
                    let _ = stream.set_nodelay(true);
                    return SmolIo::new(stream);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

/// Connects clients to a Unix socket, whatever host their URL names: `builder.connector(unix_socket("/run/chat.sock"))`.
#[cfg(unix)]
pub fn unix_socket(path: impl AsRef<Path>) -> impl Fn(Endpoint) -> UnixConnecting + Send + Sync + 'static {
    let path = path.as_ref().to_owned();
    move |_| {
        let path = path.clone();
        Box::pin(async move { SmolIo::new(Async::<UnixStream>::connect(path).await?.into_inner()?) })
    }
}

/// A connection to a Unix socket that is about to be there.
#[cfg(unix)]
pub type UnixConnecting = Pin<Box<dyn Future<Output = io::Result<SmolIo<UnixStream>>> + Send>>;
