//! The client's side: [`Connection`] is one session, from its first request on.
//!
//! It is the mirror of the server's [`Connection`](crate::server::Connection): what that one is asked for, this one asks for. The four
//! kinds of method are the same, and so are the rules of the loop.
//!
//! # The loop
//!
//! Here is one that is complete, for long-polling. The function `http` stands for whatever HTTP there is, and answers at once.
//!
//! ```
//! use std::sync::Arc;
//!
//! use engineio_proto::client::{Config, Connection, Event, Request, Response, Transmit, Transports};
//! use engineio_proto::{CloseReason, Frame, Instant};
//!
//! # let mut answers = vec!["4world", r#"0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#];
//! # let mut http = |request: Request| {
//! #     let body = match request.method.as_str() {
//! #         "POST" => "ok",
//! #         _ => answers.pop().unwrap_or("6"),
//! #     };
//! #     Some(Response { status: 200, binary: false, body: body.into() })
//! # };
//! let now = Instant::ORIGIN; // std's clock becomes this in one line: see `Clock`
//! let mut config = Config::default();
//! config.transports = Transports::Polling;
//! let mut connection = Connection::new(now, Arc::new(config));
//! connection.send(Frame::text("hello")).expect("there is room");
//! 'session: loop {
//!     while let Some(transmit) = connection.poll_transmit(true) {
//!         match transmit {
//!             Transmit::Request { id, request } => {
//!                 // To `http://host/engine.io/?` and `request.query.as_str()`. A real loop does not wait for the answer here.
//!                 let response = http(request).expect("otherwise, say `handle_gone`");
//!                 connection.handle_response(now, id, response);
//!                 break; // to the events: with answers at once there is always another GET
//!             }
//!             Transmit::Abort { .. } => {} // drop the request
//!             // These three are for a WebSocket; say `handle_open` when it is, then `handle_message`.
//!             Transmit::Connect { .. } | Transmit::Frame { .. } | Transmit::Close { .. } => unreachable!(),
//!         }
//!     }
//!     while let Some(event) = connection.poll_event() {
//!         match event {
//!             Event::Open(handshake) => assert_eq!(handshake.sid.as_str(), "abc"),
//!             Event::Message(message) => {
//!                 assert_eq!(message, "world".into());
//!                 connection.close(now);
//!             }
//!             Event::Closed(reason) => {
//!                 assert_eq!(reason, CloseReason::ForcedClose);
//!                 break 'session;
//!             }
//!             Event::Upgraded | Event::UpgradeFailed(_) | Event::Drained => {}
//!         }
//!     }
//!     // Elsewhere, this is where one sleeps, until something comes or it is time.
//!     if connection.poll_timeout().is_some_and(|deadline| deadline <= now) {
//!         connection.handle_timeout(now);
//!     }
//! }
//! ```
//!
//! # What your side of it must do
//!
//! - Send every [`Transmit::Request`] at once and beside the others: a GET waits for as long as the server has nothing to say, and what
//!   is posted meanwhile must not wait for it. Two connections are enough, and a WebSocket.
//! - Read no more of a response or a message than [`max_payload`](Connection::max_payload) tells you to, and nothing while
//!   [`is_saturated`](Connection::is_saturated). Then no server can fill your memory with what it sends.
//! - Tell [`poll_transmit`](Connection::poll_transmit) whether the WebSocket takes more. What waits for it stays within
//!   [`Config::send_capacity`], and the sender learns of it.
//! - Report with [`handle_gone`](Connection::handle_gone) when a request gets no answer, or a WebSocket is not reached or is no more. If
//!   the server answers the request for a WebSocket with anything but `101`, report that with
//!   [`handle_response`](Connection::handle_response).
//! - After [`Event::Closed`], do the transmits that are left, then drop the connection. To connect again is to make another one; when, and
//!   how often, is not decided here.

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
