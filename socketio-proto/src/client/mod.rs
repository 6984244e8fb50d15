//! The client's side: [`Connection`] is all namespaces of one server, over one Engine.IO session at a time, reconnections included.

mod auth;
pub use auth::Auth;

mod config;
pub use config::Config;

mod connection;
pub use connection::Connection;

mod error;
pub use error::{EmitError, JoinError};

mod event;
pub use event::{ConnectError, Event, Reply, SocketKey};

mod reason;
pub use reason::DisconnectReason;

pub use crate::acks::AckError;

mod backoff;
mod buffer;
mod inbound;
mod join;
mod link;
mod outbound;
mod recovery;
mod retries;
mod revision_3;
mod sessions;
mod sockets;
