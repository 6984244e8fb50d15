//! Clients: the other end of the servers.

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
