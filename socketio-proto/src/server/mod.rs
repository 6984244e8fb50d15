//! The server's side: [`Connection`] is one client and its sockets, the [`hub`] knows where everyone is.

mod config;
mod connection;
mod error;
mod event;
pub mod hub;
mod revision_3;
mod sockets;

pub use crate::acks::AckError;
pub use config::Config;
pub use connection::Connection;
pub use error::{EmitError, NotWaiting};
pub use event::{Event, Reply, SocketKey};
