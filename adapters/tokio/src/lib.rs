//! Socket.IO and Engine.IO servers and clients on tokio.
//!
//! ```no_run
//! use socketio_tokio::{Ack, Server, Socket};
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let io = Server::new();
//!     io.of("/").on_connect(async |socket: Socket| {
//!         socket.on("chat message", async |socket: Socket, text: String| socket.broadcast().emit("chat message", &text));
//!         socket.on("add", async |a: i64, b: i64, ack: Ack| ack.send(a + b));
//!         socket.on("join", async |socket: Socket, room: String| socket.join(room));
//!     });
//!     io.listen("127.0.0.1:3000").await
//! }
//! ```
//!
//! # A client
//!
//! ```no_run
//! use socketio_tokio::{Ack, BoxError, Client};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     let client = Client::builder("http://localhost:3000/chat").build()?;
//!     client.on("chat message", async |text: String| println!("{text}"));
//!     client.on("add", async |a: i64, b: i64, ack: Ack| ack.send(a + b));
//!     client.open().await?; // and from now on it reconnects by itself
//!     client.emit("chat message", "hello")?;
//!     let (sum,): (i64,) = client.emit_with_ack("add", (1, 2))?.await?.parse()?;
//!     client.close().await;
//!     Ok(())
//! }
//! ```
//!
//! The path of the URL is the namespace; [`of`](socketio_hyper::Client::of) joins others over the same connection, and
//! [`events`](socketio_hyper::Client::events) is for those who prefer a loop to handlers. Servers 1.x and 2.x of Socket.IO want
//! [`revision(Revision::V3)`](socketio_hyper::ConnectBuilder::revision). `https` and `wss` are the feature `tls`, on by default: rustls, and
//! the machine's own certificates. A proxy, or any other way to the server, is a
//! [`connector`](socketio_hyper::ConnectBuilder::connector). [`EngineClient`] is the transport alone.
//!
//! # Names
//!
//! Names follow the JavaScript API, so that its documentation helps: `emit`, `to`, `except`, `broadcast`, `volatile`, `timeout`, `join`,
//! `leave`, `disconnect`, `emit_with_ack`, `on_any`; `in` is [`within`](Namespace::within), `use` is
//! [`with_middleware`](Namespace::with_middleware) of a namespace and [`with_event_middleware`](Socket::with_event_middleware) of a
//! socket. Handlers take what they need as parameters of its own type: see [`Handler`]. Settings are in [`ServerBuilder`], each with its default.
//!
//! # With axum
//!
//! ```no_run
//! # use socketio_tokio::Server;
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! let io = Server::new();
//! let router = axum::Router::new()
//!     .route("/", axum::routing::get(async || "hello"))
//!     .fallback_service(io.service());
//! let listener = std::net::TcpListener::bind("127.0.0.1:3000")?;
//! # use {socketio_tokio::{Runtime, Tokio, serve}, std::time::Duration};
//! listener.set_nonblocking(true)?;
//! let interrupted = async move {
//!     let _ = tokio::signal::ctrl_c().await;
//!     io.close().await; // clients are told
//! };
//! serve(&Tokio, Tokio.listen(listener)?, router, interrupted, Duration::from_secs(1)).await;
//! # Ok(())
//! # }
//! ```
//!
//! `axum::serve` does as well; [`serve`] also tells the server where clients come from: [`Handshake::address`].
//!
//! # Without Socket.IO
//!
//! [`EngineServer`] is the transport alone, messages to and fro:
//!
//! ```no_run
//! # use socketio_tokio::{EngineServer, EngineSocket, Message};
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! let engine = EngineServer::builder().max_sessions(1000).build();
//! engine
//!     .on_connect(async |socket: EngineSocket| socket.send("welcome"))
//!     .on_message(async |socket: EngineSocket, message: Message| socket.send(message));
//! engine.listen("127.0.0.1:3000").await
//! # }
//! ```
//!
//! # What this crate adds
//!
//! The type [`Tokio`], and the servers and clients with it filled in. Everything else is `socketio-hyper`'s, which tells how sessions are driven.
#![forbid(unsafe_code)]

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;

use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

pub use socketio_hyper::*;

/// A Socket.IO server on tokio.
pub type Server = socketio_hyper::Server<Tokio>;

/// The settings of a server on tokio.
pub type ServerBuilder = socketio_hyper::ServerBuilder<Tokio>;

/// A plain Engine.IO server on tokio.
pub type EngineServer = socketio_hyper::EngineServer<Tokio>;

/// The settings of a plain Engine.IO server on tokio.
pub type EngineServerBuilder = socketio_hyper::EngineServerBuilder<Tokio>;

/// A Socket.IO client on tokio.
pub type Client = socketio_hyper::Client<Tokio>;

/// A plain Engine.IO client on tokio.
pub type EngineClient = socketio_hyper::EngineClient<Tokio>;

/// tokio, as servers and clients see it: the runtime that the calling task runs on.
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
        let _ = stream.set_nodelay(true); // it fails if the connection is broken already, which the next read tells
        Ok((TokioIo::new(stream), address))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Self::Stream> {
        let stream = TcpStream::connect((host, port)).await?;
        let _ = stream.set_nodelay(true);
        Ok(TokioIo::new(stream))
    }
}

/// Connects clients to a Unix socket, whatever host their URL names: `builder.connector(unix_socket("/run/chat.sock"))`.
#[cfg(unix)]
pub fn unix_socket(path: impl AsRef<Path>) -> impl Fn(Endpoint) -> UnixConnecting + Send + Sync + 'static {
    let path = path.as_ref().to_owned();
    move |_| {
        let path = path.clone();
        Box::pin(async move { Ok(TokioIo::new(tokio::net::UnixStream::connect(path).await?)) })
    }
}

/// A connection to a Unix socket that is about to be there.
#[cfg(unix)]
pub type UnixConnecting = Pin<Box<dyn Future<Output = io::Result<TokioIo<tokio::net::UnixStream>>> + Send>>;
