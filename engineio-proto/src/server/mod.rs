//! The server's side: [`Server`] finds the session that a request belongs to, [`Connection`] is one session.

mod connection;
pub use connection::Connection;

mod event;
pub use event::{Event, Transmit};

mod request;
pub use request::Request;

mod incoming;
pub use incoming::Incoming;

mod router;
pub use router::{Route, Server, SidTaken};

mod framing;
mod polling;
mod post;
mod probe;
mod upgrade;
