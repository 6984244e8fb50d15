//! Clients: the other end of the servers.
//!
//! - [`Client`] is in one namespace of a Socket.IO server; [`ClientBuilder`] has its settings, [`Events`] and [`ClientEvent`] are its
//!   events for a loop, [`ClientEmitter`] emits in some way.
//! - [`EngineClient`] is a plain session of Engine.IO.
//! - [`ConnectBuilder`] has the settings of both: how to get there. Its [`connector`](ConnectBuilder::connector) may be any stream
//!   of bytes, and TLS is spoken over it if the URL says so.
//!
//! # How a client is driven
//!
//! One task does it all, and there is no channel: whoever emits calls the machine, and whoever waits for something looks there. The GET that
//! waits and the POSTs each have an HTTP connection, which is kept as long as it is in use; all that is ready for a WebSocket goes out
//! with one write. The server is not read while more than [`receive_capacity`](ConnectBuilder::receive_capacity) waits to be handled.

mod endpoint;
pub use endpoint::Endpoint;

mod error;
pub use error::{Cause, OpenError};

mod connector;
pub use connector::Stream;

#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
pub use tls::Tls;

mod trace;
pub use trace::Direction;

mod builder;
pub use builder::{ConnectBuilder, EngineClientBuilder, EngineIo};

mod engine;
pub use engine::EngineClient;

mod client;
pub use client::Client;

mod emitter;
pub use emitter::ClientEmitter;

mod settings;
pub use settings::{ClientBuilder, SocketIo};

mod events;
pub use events::{ClientEvent, Events};

pub use engineio_proto::Packet;
pub use socketio_proto::client::{ConnectError, DisconnectReason, EmitError};

mod app;
mod dialer;
mod driver;
mod lane;
mod machine;
mod namespace;
mod session;
