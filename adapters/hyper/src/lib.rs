//! Socket.IO and Engine.IO servers and clients for any async runtime, on [`hyper`]'s runtime traits.
//!
//! The protocol is in `socketio-proto` and `engineio-proto`, which do no I/O; a runtime is in a crate of its own, which names its types:
//! `socketio-tokio`, `socketio-smol`. **Use one of those**, unless yours is a third runtime. Here is what they share: HTTP requests and
//! WebSockets on one side; on the other the [`Server`] with its [`Namespace`]s and [`Socket`]s, and the [`EngineServer`] for people who
//! want messages and nothing above them.
//!
//! # How a session is driven
//!
//! Each client has one task. It reads what has arrived, calls the handlers, and writes what came of it, all that is ready with one
//! write; there is no channel in between. An HTTP request that brings something, such as a POST of a long-polling client, does the same
//! in its own task if nobody else is at it.
//!
//! - Handlers start in the order in which events arrive, and are polled inside that task. One that waits does not hold up the next;
//!   one that computes for long holds up its client, so hand such work to a thread. An
//!   [event middleware](Socket::with_event_middleware) that waits holds up the later events of its socket, so that their order is kept.
//! - How much may wait is bounded, and then the client is not read: [`ServerBuilder::max_handlers`],
//!   [`ServerBuilder::handler_capacity`]. A handler should come to an end when its client has left; until then something of the
//!   session is kept.
//! - What is emitted waits in memory until the client takes it, up to [`ServerBuilder::send_capacity`]. Beyond that
//!   [`Socket::emit`] says so, [`Socket::emit_when_ready`] waits, volatile events are dropped, and a broadcast disconnects the client.
//! - A handler that panics ends alone: it is reported to [`ServerBuilder::on_handler_error`], and the session goes on.
//!
//! # In a server that there is already
//!
//! [`Server::service`] is a `tower` service over any request body. In axum that is `Router::fallback_service(io.service())`. With bare
//! hyper, serve connections `with_upgrades()`, for WebSockets are such. Layers around the service see its requests and answers as those
//! of any other.
//!
//! # Who gets in, and what it may cost
//!
//! Both servers, [`Server`] and [`EngineServer`], have the same settings for what comes before a session:
//!
//! - pages of other origins: [`cors`](ServerBuilder::cors); a cookie for load balancers: [`cookie`](ServerBuilder::cookie);
//! - [`allow_request`](ServerBuilder::allow_request) decides about each handshake, [`generate_id`](ServerBuilder::generate_id) makes
//!   session ids, and [`on_connection_error`](ServerBuilder::on_connection_error) hears of whatever was refused, and why;
//! - bounds: [`max_sessions`](ServerBuilder::max_sessions), [`header_timeout`](ServerBuilder::header_timeout),
//!   [`body_timeout`](ServerBuilder::body_timeout), [`max_http_buffer_size`](ServerBuilder::max_http_buffer_size);
//! - long answers of long-polling are compressed for clients that take that, [`http_compression`](ServerBuilder::http_compression), and
//!   WebSocket messages if you like, [`per_message_deflate`](ServerBuilder::per_message_deflate).
//!
//! # What it logs
//!
//! Events of [`tracing`], and no spans. `error`: a hook of the application that panics, a system that gives no random bytes. `warn`: a
//! handler that fails, with the name of its event; a client that does not keep up and is disconnected; connections that cannot be
//! accepted. `debug`: what ends, and what is refused, each with its reason. Sockets go by their public ids; the id of a session is a
//! secret and in no log.
//!
//! # The other end
//!
//! [`Client`] is a client with its namespaces, [`EngineClient`] one without Socket.IO; what goes with them is in [`connect`]. A client has
//! one task too: HTTP, WebSocket, handlers and the next attempt to reconnect are all polled in it, and nothing is spawned beside.
//!
//! # What a runtime must bring
//!
//! A [`Runtime`]: hyper's timer, a way to start a task, TCP connections that implement hyper's `Read` and `Write`, those that come
//! and those that go. The rest follows: `type Server = socketio_hyper::Server<MyRuntime>`.
//!
//! # What is where
//!
//! `socketio` is the Socket.IO server and `engine` the plain one, `connect` the clients. Below the servers are their `session`s, with one
//! task each, and `serving`, where HTTP requests come in; below both sides is `transport`, the WebSocket.
#![forbid(unsafe_code)]

mod socketio;
pub use socketio::broadcast::Broadcast;
pub use socketio::broadcast_acks::BroadcastAcks;
pub use socketio::builder::ServerBuilder;
pub use socketio::emitter::Emitter;
pub use socketio::event::IncomingEvent;
pub use socketio::namespace::Namespace;
pub use socketio::recovery::ConnectionStateRecovery;
pub use socketio::rooms::IntoRooms;
pub use socketio::server::Server;
pub use socketio::service::SocketIoService;
pub use socketio::socket::Socket;

mod engine;
pub use engine::{EngineIoService, EngineServer, EngineServerBuilder, EngineSocket};

pub mod connect;
#[cfg(feature = "tls")]
pub use connect::Tls;
pub use connect::{
    Client, ClientBuilder, ClientEmitter, ClientEvent, ConnectBuilder, Endpoint, EngineClient, EngineClientBuilder,
    Events, OpenError,
};

mod handler;
pub use handler::{Argument, Call, Handler, Outcome, Rest};

mod ack;
pub use ack::{Ack, AckFuture};

mod handshake;
pub use handshake::Handshake;

mod data;
pub use data::Data;

mod error;
pub use error::{BoxError, ConnectError, HandlerError};

mod options;
pub use options::{Cookie, SameSite};

mod serving;
pub use serving::exchange::Body;
pub use serving::listen::serve;
pub use serving::request_head::{RemoteAddr, RequestHead};

mod transport;
pub use transport::deflate::PerMessageDeflate;

mod runtime;
pub use runtime::{Runtime, Task};

mod clock;
mod entropy;
mod handlers;
mod session;
mod shield;

pub use engineio_proto::client::{Rejection, Transports as ClientTransports};
pub use engineio_proto::{
    CloseReason, Config as EngineConfig, ErrorCode, Frame, Message, Refusal, Revision, SendError, Sid, TransportKind,
    Transports,
};
#[cfg(feature = "tls")]
pub use rustls;
pub use socketio_proto::server::hub::{JoinError, RoomLimits};
pub use socketio_proto::server::{AckError, EmitError};
pub use socketio_proto::{
    AckId, Arg, Args, ArgsError, ArgsWriter, DecodeError, Decoder, DecoderLimits, DisconnectReason, EncodeError,
    Encoded, Json, MessagePack, Packet, PacketDecoder, PacketParser, Parser, SocketId, ToArgs,
};
#[doc(inline)]
pub use tower_http::cors;
pub use {http, hyper};
