//! Under construction.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod close;
mod config;
mod error;
mod exchange;
mod frame;
mod handshake;
mod inbox;
mod message;
mod outbox;
mod packet;
mod payload;
mod refusal;
pub mod server;
mod sid;
mod time;

pub use close::{CloseReason, TransportFault};
pub use config::{Config, TransportKind, Transports};
pub use error::DecodeError;
pub use exchange::{Exchange, ExchangeId, Gone, Response};
pub use frame::Frame;
pub use handshake::Handshake;
pub use message::Message;
pub use outbox::SendError;
pub use packet::Packet;
pub use payload::{Payload, encode_payload};
pub use refusal::{ErrorCode, Refusal};
pub use sid::Sid;
#[cfg(feature = "std")]
pub use time::Clock;
pub use time::Instant;
