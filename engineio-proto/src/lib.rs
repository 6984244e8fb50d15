//! Under construction.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod error;
mod frame;
mod handshake;
mod message;
mod packet;
mod sid;
mod time;

pub use error::DecodeError;
pub use frame::Frame;
pub use handshake::Handshake;
pub use message::Message;
pub use packet::Packet;
pub use sid::Sid;
#[cfg(feature = "std")]
pub use time::Clock;
pub use time::Instant;
