//! The client's side: [`Connection`] is one session, from its first request on.

mod config;
pub use config::{Config, Transports};

mod connection;
pub use connection::Connection;

mod event;
pub use event::{Event, Transmit};

mod request;
pub use request::{Method, Query, Request};

mod response;
pub use response::{Rejection, Response};

mod framing;
mod handshake;
mod heartbeat;
mod polling;
mod post;
mod probe;
mod upgrade;
