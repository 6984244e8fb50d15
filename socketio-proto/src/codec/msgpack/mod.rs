//! The parser of npm's `socket.io-msgpack-parser`: a packet is one binary message, its attachments inside.

mod date;
mod decode;
mod encode;
mod reader;
mod revision_3;
mod transcode;

use alloc::boxed::Box;

use engineio_proto::{Frame, Message, Revision};

use super::encoded::Encoded;
use super::json::DecoderLimits;
use super::packet_parser::{PacketDecoder, PacketParser};
use crate::error::{DecodeError, EncodeError};
use crate::packet::Packet;

/// The parser of npm's `socket.io-msgpack-parser` 3.0 and of python-socketio's `serializer='msgpack'`: a packet is one binary message,
/// the map `{type, nsp, id, data}` in [MessagePack](https://github.com/msgpack/msgpack/blob/master/spec.md). It is worth its while for
/// packets with much binary data or many numbers.
///
/// What comes is turned into what [`Args`](crate::Args) are made of, JSON and attachments, as JavaScript would do:
///
/// | MessagePack | becomes |
/// | --- | --- |
/// | nil | `null` |
/// | the extension 0 of one byte, which is JavaScript's `undefined` | nothing as the value of a key, else `null` |
/// | a number | the same; what is not finite is `null` |
/// | str | a string; it must be UTF-8 |
/// | bin, or the extension 0 of any other length, which is an `ArrayBuffer` | an attachment, a slice of the message; in credentials, an array of numbers |
/// | the fixed extension 0 of eight bytes, which is a `Date` | a string such as `"2001-02-03T04:05:06.789Z"`, or `null` if there is no such date |
/// | any other extension | an array of its type and an attachment |
/// | map | an object; keys that are numbers, booleans, nil or `undefined` become strings, any others are an error |
///
/// The way back has no such losses: an attachment is bin, a number without fraction and exponent an integer if it fits into 64 bits,
/// else a float of 64 bits.
///
/// [`DecoderLimits`] hold as with the default parser. Any depth is legal, as in JSON; it costs some bytes a level while a message is
/// read.
///
/// Clients of revision 3, which have 2.x of that package, also send JSON: they are understood.
#[derive(Clone, Copy, Debug, Default)]
pub struct MessagePack;

impl PacketParser for MessagePack {
    fn encode(&self, packet: &Packet) -> Result<Encoded, EncodeError> {
        Ok(Encoded::from_frames(Frame::binary(encode::packet(packet)?), []))
    }

    fn decoder(&self, revision: Revision, limits: DecoderLimits) -> Box<dyn PacketDecoder> {
        Box::new(MessagePackDecoder { revision, limits })
    }
}

/// Every message is a packet, so there is nothing to remember.
#[derive(Debug)]
struct MessagePackDecoder {
    revision: Revision,
    limits: DecoderLimits,
}

impl PacketDecoder for MessagePackDecoder {
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        let packet = match (message, self.revision) {
            (Message::Binary(bytes), revision) => decode::packet(&bytes, revision, self.limits),
            (Message::Text(text), Revision::V3) => revision_3::packet(&text),
            (Message::Text(_), Revision::V4) => Err(DecodeError::Malformed("a text message instead of MessagePack")),
        };
        packet.map(Some)
    }
}
