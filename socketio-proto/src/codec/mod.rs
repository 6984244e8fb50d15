//! Between packets and the messages of Engine.IO.
//!
//! With the default parser, [`json`], a packet is one message of text, and one binary message for each attachment:
//! <https://socket.io/docs/v4/socket-io-protocol/#packet-encoding>. Others, such as [`msgpack`], are a [`PacketParser`]. They all
//! have the same values on the inside: [`Packet`](crate::Packet) from what arrives, [`Encoded`] for what is sent.

mod encoded;
mod json;
mod msgpack;
mod packet_parser;
mod parser;

pub use encoded::Encoded;
pub use json::{Decoder, DecoderLimits, EventBody, Head};
pub use msgpack::MessagePack;
pub use packet_parser::{PacketDecoder, PacketParser};
pub use parser::Parser;
pub(crate) use parser::ParserDecoder;
