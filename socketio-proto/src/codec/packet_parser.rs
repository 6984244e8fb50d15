//! Parsers of one's own.

use alloc::boxed::Box;
use core::fmt;

use engineio_proto::{Message, Revision};

use super::encoded::Encoded;
use super::json::{Decoder, DecoderLimits};
use crate::error::{DecodeError, EncodeError};
use crate::packet::Packet;

/// Another way to write packets than the default one, which both ends have agreed on. JavaScript calls it a custom parser.
///
/// [`MessagePack`](crate::MessagePack) is one, made of nothing but what is public here. Make a [`Parser`](crate::Parser) of it, and
/// give that to the server. Arguments have one form on the inside, whichever parser is in use, so that whoever handles or relays them
/// need not know: [`Args`](crate::Args), which are JSON and attachments beside it.
///
/// - Read them by [`as_json`](crate::Args::as_json) and [`attachments`](crate::Args::attachments), or with types of your own by
///   [`parse`](crate::Args::parse);
/// - make them by [`Args::encode`](crate::Args::encode) of values, or by [`Args::from_json`](crate::Args::from_json).
pub trait PacketParser: fmt::Debug + Send + Sync + 'static {
    /// Writes a packet, once for however many it is sent to.
    ///
    /// # Errors
    ///
    /// It is a packet that this parser cannot say. Whoever wanted to emit it is told. If it is one that the protocol owes the client,
    /// a CONNECT, CONNECT_ERROR or DISCONNECT, the connection ends.
    fn encode(&self, packet: &Packet) -> Result<Encoded, EncodeError>;

    /// What will read the messages of one connection, whose client speaks this revision of Engine.IO.
    fn decoder(&self, revision: Revision, limits: DecoderLimits) -> Box<dyn PacketDecoder>;
}

/// Makes packets of the messages of one connection.
pub trait PacketDecoder: fmt::Debug + Send {
    /// Takes the next message. Returns a packet if that completes one.
    ///
    /// What is kept meanwhile must have a bound: [`DecoderLimits`] say which.
    ///
    /// # Errors
    ///
    /// The message is no packet, or not the one that had to come. The connection will be closed.
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError>;
}

impl PacketDecoder for Decoder {
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        self.decode(message)
    }
}
