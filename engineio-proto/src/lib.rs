//! [Engine.IO](https://socket.io/docs/v4/engine-io-protocol/) as state machines that do no I/O: requests, messages and the time
//! go in; answers, events and the next deadline come out.
//!
//! There is no socket in here, no thread, no clock and no random number, so it fits into any event loop, and a session of a
//! day can be tested in a microsecond. What there is:
//!
//! - [`server::Server`] knows the sessions by their ids and says where an HTTP request goes;
//! - [`server::Connection`] is one session: long-polling, a WebSocket, and the passage from the one to the other;
//! - [`client::Connection`] is the same session seen from the other side;
//! - [`Packet`], [`PacketRef`], [`Payload`], [`Frame`] and [`Handshake`] are the protocol's values, for whoever wants only those;
//!   [`revision_3`] has those of the older clients, [`webtransport`] the frames of WebTransport.
//!
//! # The loop
//!
//! A [`Connection`](server::Connection), on either side, has four kinds of method, and its documentation lists them in this order:
//!
//! 1. `handle_*`: what the network and the clock did. Any number of them may come between two fetches;
//! 2. commands: what the application wants, such as [`send`](server::Connection::send);
//! 3. `poll_*`: what is to be done now. Fetch transmits until there is none, then events until there is none: an event never
//!    makes a transmit. Then sleep until the network or [`poll_timeout`](server::Connection::poll_timeout) wakes you;
//! 4. getters: what is.
//!
//! HTTP has no part in it beyond a number. Every request for a session is an *exchange* whose [`ExchangeId`] you choose; what
//! is to be done with it comes back as a [`Transmit`](server::Transmit) under the same number. A request that becomes a
//! WebSocket keeps its number, and the WebSocket's messages come and go under it. A client's connection makes its requests itself, so
//! there it chooses the numbers.
//!
//! # An example
//!
//! A whole session, from its first request to its death by silence, in no time at all.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use engineio_proto::server::{Event, Request, Route, Server, Transmit};
//! use engineio_proto::{CloseReason, Config, ExchangeId, Frame, Instant, Sid};
//!
//! let mut now = Instant::ORIGIN; // std's clock becomes this in one line: see `Clock`
//! let mut server = Server::new(Arc::new(Config::default()));
//!
//! // A request that names no session asks for one. The server keeps what finds it again, here a number.
//! let first = Request { method: "GET", query: "EIO=4&transport=polling", websocket: false, binary: false };
//! let Route::Incoming(incoming) = server.route(&first) else { panic!("it is in order") };
//! let sid = Sid::from_entropy(*b"15 random bytes"); // from the system's generator: whoever guesses it owns the session
//! let mut connection = server.accept(now, incoming, sid);
//! server.insert(sid, incoming.revision(), 7).expect("it is new");
//! connection.handle_request(now, ExchangeId(0), incoming.exchange());
//! connection.send(Frame::text("welcome")).expect("there is room");
//!
//! // What is to be done: answer the request with the handshake. The message waits for the next poll.
//! let Some(Transmit::Respond { id: ExchangeId(0), response }) = connection.poll_transmit(true) else { panic!() };
//! assert!(response.body.starts_with(b"0{\"sid\":"));
//! assert_eq!(connection.poll_transmit(true), None);
//!
//! // The client posts two messages.
//! let query = format!("EIO=4&transport=polling&sid={}", sid.as_str());
//! let post = Request { method: "POST", query: &query, websocket: false, binary: false };
//! let Route::Connection(7, exchange) = server.route(&post) else { panic!("it names the session") };
//! connection.handle_request(now, ExchangeId(1), exchange);
//! connection.handle_body(now, ExchangeId(1), "4hello\u{1e}4world".into());
//! let Some(Transmit::Respond { response, .. }) = connection.poll_transmit(true) else { panic!() };
//! assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]));
//! assert_eq!(connection.poll_event(), Some(Event::Message("hello".into())));
//! assert_eq!(connection.poll_event(), Some(Event::Message("world".into())));
//! assert_eq!(connection.poll_event(), None);
//!
//! // Then it is never heard of again: a ping after 25 seconds, and the end after 20 more.
//! while let Some(deadline) = connection.poll_timeout() {
//!     now = deadline; // elsewhere, this is where one sleeps
//!     connection.handle_timeout(now);
//! }
//! assert_eq!(now.since_origin(), Duration::from_secs(45));
//! assert_eq!(connection.poll_event(), Some(Event::Closed(CloseReason::PingTimeout)));
//! server.forget(&sid);
//! ```
//!
//! The client's loop is in [`client`].
//!
//! # What your side of it must do
//!
//! This is for a server; [`client`] has its own list.
//!
//! - Say what becomes of a request that [`Server::route`](server::Server::route) refuses: write its
//!   [`Refusal`]'s response.
//! - Read no more of a body than [`max_payload`](server::Connection::max_payload) tells you to, and nothing while
//!   [`is_saturated`](server::Connection::is_saturated). Then no client can fill your memory with what it sends.
//! - Tell [`poll_transmit`](server::Connection::poll_transmit) whether the WebSocket takes more. What waits for it stays within
//!   [`Config::send_capacity`], and the sender learns of it. Then no client can fill your memory by not reading.
//! - Report with [`handle_gone`](server::Connection::handle_gone) when a request that was not answered, or a WebSocket, is
//!   dropped by its client. A transmit for it may have been on its way; drop that.
//! - After [`Event::Closed`](server::Event::Closed), write the transmits that are left, then forget the session.
//!
//! # Features
//!
//! `std` (default) adds `Clock`, which turns std's instants into ours. Without it the crate is `no_std` and needs `alloc`.
//!
//! # What is not here yet
//!
//! Sessions over WebTransport, whose frames are there, and JSONP on the client's side.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod client;
pub mod revision_3;
pub mod server;
pub mod webtransport;

mod body;

mod close;
pub use close::{CloseReason, TransportFault};

mod config;
pub use config::{Config, TransportKind, Transports};

mod error;
pub use error::DecodeError;

mod error_code;
pub use error_code::ErrorCode;

mod exchange;
pub use exchange::{Exchange, ExchangeId, Gone, Response};

mod frame;
pub use frame::Frame;

mod handshake;
pub use handshake::Handshake;

mod heartbeat;

mod inbox;

mod jsonp;

mod message;
pub use message::Message;

mod outbox;
pub use outbox::SendError;

mod packet;
pub use packet::Packet;

mod packet_ref;
pub use packet_ref::PacketRef;

mod payload;
pub use payload::{Payload, encode_payload};

mod refusal;
pub use refusal::Refusal;

mod revision;
pub use revision::Revision;

mod sid;
pub use sid::{AnySid, Sid};

mod time;
#[cfg(feature = "std")]
pub use time::Clock;
pub use time::Instant;
