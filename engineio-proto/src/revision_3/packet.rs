//! One packet.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use bytestring::ByteString;

use crate::packet::decode_base64;
use crate::payload::check_base64;
use crate::{DecodeError, Frame, Message, Packet};

/// The packet type in front of bytes.
pub(super) const BINARY_PREFIX: u8 = 4;

/// What stands in front of bytes that are written as base64.
pub(super) const BASE64_PREFIX: &str = "b4";

/// Reads one WebSocket message. Data are slices of it; only base64 is copied.
///
/// # Errors
///
/// What is no packet, as [`DecodeError`] says. Of bytes only messages are known.
pub fn decode_packet(message: Message) -> Result<Packet, DecodeError> {
    match &message {
        Message::Text(text) if !text.starts_with('b') => Packet::decode(message),
        _ => read_bytes(&message).map(|bytes| Packet::Message(Message::Binary(bytes))),
    }
}

/// Writes a packet as one WebSocket message, its bytes as base64 if the client cannot read any.
#[must_use]
pub fn encode_packet(packet: &Packet, base64: bool) -> Message {
    encode_frame(packet.encode(), base64)
}

/// Gives an encoded packet of revision 4 what this revision wants in front of bytes. Text is the same in both.
pub(crate) fn encode_frame(frame: Message, base64: bool) -> Message {
    let bytes = match frame {
        Message::Text(_) => return frame,
        Message::Binary(bytes) => bytes,
    };
    if base64 {
        let mut text = String::with_capacity(base64_len(bytes.len()));
        push_base64(&mut text, &bytes);
        return Message::Text(text.into());
    }
    let mut message = Vec::with_capacity(1 + bytes.len());
    message.push(BINARY_PREFIX);
    message.extend_from_slice(&bytes);
    Message::Binary(message.into())
}

/// Appends bytes as a text packet.
pub(super) fn push_base64(text: &mut String, bytes: &[u8]) {
    text.push_str(BASE64_PREFIX);
    base64_simd::STANDARD.encode_append(bytes, text);
}

/// How long the text packet for so many bytes is.
pub(super) const fn base64_len(bytes: usize) -> usize {
    BASE64_PREFIX.len() + bytes.div_ceil(3) * 4
}

/// Checks a packet that is `b…` or bytes as far as decoding would, without writing what base64 stands for.
pub(crate) fn check_message(packet: &Message) -> Result<(), DecodeError> {
    match split_bytes(packet)? {
        Data::Plain(_) => Ok(()),
        Data::Base64(text) => check_base64(text),
    }
}

/// Reads an encoded packet as a message, if it is one.
pub(crate) fn message(packet: &Message) -> Result<Option<Message>, DecodeError> {
    match packet {
        Message::Text(text) if text.starts_with(Frame::TEXT_PREFIX) => Ok(Some(Message::Text(rest(text, 1)))),
        Message::Text(text) if !text.starts_with('b') => Ok(None),
        _ => read_bytes(packet).map(|bytes| Some(Message::Binary(bytes))),
    }
}

/// The data of a packet that is `b…` or bytes.
enum Data<'a> {
    Plain(&'a Bytes),
    Base64(&'a str),
}

fn split_bytes(packet: &Message) -> Result<Data<'_>, DecodeError> {
    match packet {
        Message::Text(text) => match text.strip_prefix(BASE64_PREFIX) {
            Some(base64) => Ok(Data::Base64(base64)),
            None => Err(DecodeError::unknown_type(text.strip_prefix('b').unwrap_or(text))),
        },
        Message::Binary(bytes) => match bytes.first() {
            Some(&BINARY_PREFIX) => Ok(Data::Plain(bytes)),
            Some(&other) => Err(DecodeError::UnknownType(char::from(other))),
            None => Err(DecodeError::Empty),
        },
    }
}

fn read_bytes(packet: &Message) -> Result<Bytes, DecodeError> {
    match split_bytes(packet)? {
        Data::Plain(bytes) => Ok(bytes.slice(1..)),
        Data::Base64(text) => decode_base64(text),
    }
}

fn rest(text: &ByteString, from: usize) -> ByteString {
    text.slice_ref(&text[from..])
}
