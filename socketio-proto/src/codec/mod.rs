//! Between packets and the messages of Engine.IO.
//!
//! A packet is one message of text, and one binary message for each attachment:
//! <https://socket.io/docs/v4/socket-io-protocol/#packet-encoding>. Another parser would stand beside [`json`], and yield
//! the same values: [`Packet`](crate::Packet) from what arrives, [`Encoded`] for what is sent.

mod encoded;
mod json;

pub use encoded::Encoded;
pub use json::{Decoder, DecoderLimits, EventBody, Head};
