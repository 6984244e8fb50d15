//! Under construction.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod server;

mod args;
mod attachments;
mod codec;
mod error;
mod json;
mod packet;
mod reason;
mod socket_id;

pub use args::{Arg, Args, ArgsWriter, Cursor, Iter, ToArgs};
pub use codec::{Decoder, DecoderLimits, Encoded, EventBody, Head};
pub use error::{ArgsError, DecodeError, EncodeError};
pub use json::{Json, JsonError};
pub use packet::{AckId, Packet, PacketKind, is_reserved_event};
pub use reason::{DisconnectReason, Violation};
pub use socket_id::SocketId;
