//! The server's side: [`Server`] finds the session that a request belongs to, [`Connection`] is one session.

mod connection;
mod event;
mod heartbeat;
mod polling;
mod request;
mod router;
mod upgrade;

pub use connection::Connection;
pub use event::{Event, Transmit};
pub use request::Request;
pub use router::{Incoming, Route, Server, SidTaken};
