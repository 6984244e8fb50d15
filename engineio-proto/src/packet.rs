//! One packet and its text form.

use alloc::string::String;
use bytes::Bytes;
use bytestring::ByteString;

use crate::message::{Message, tail};
use crate::{DecodeError, Handshake, PacketRef};

/// One Engine.IO packet.
///
/// <https://socket.io/docs/v4/engine-io-protocol/#protocol>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// `0`: the handshake, from the server.
    Open(Handshake),
    /// `1`: the sender closes the session.
    Close,
    /// `2`: a heartbeat, or with `probe` a new transport's first word.
    Ping(ByteString),
    /// `3`: the answer to a ping, with its data.
    Pong(ByteString),
    /// `4`: a message of the application.
    Message(Message),
    /// `5`: the client goes over to the transport that this comes on.
    Upgrade,
    /// `6`: nothing; it ends a poll that would wait.
    Noop,
}

impl Packet {
    /// Reads one WebSocket message. Data are slices of it; only base64 (`b…`) is copied.
    ///
    /// # Errors
    ///
    /// What is no packet, as [`DecodeError`] says.
    pub fn decode(message: Message) -> Result<Self, DecodeError> {
        match message {
            Message::Binary(bytes) => Ok(Self::Message(Message::Binary(bytes))),
            Message::Text(text) if text.starts_with('4') => Ok(Self::Message(Message::Text(tail(text, 1)))),
            Message::Text(text) => Self::read(&text, &text),
        }
    }

    /// Reads one encoded packet that is somewhere in `text`.
    pub(crate) fn read(text: &ByteString, packet: &str) -> Result<Self, DecodeError> {
        Ok(match PacketRef::decode(packet)? {
            PacketRef::Open(json) => Self::Open(Handshake::decode(json)?),
            PacketRef::Close => Self::Close,
            PacketRef::Ping(data) => Self::Ping(text.slice_ref(data)),
            PacketRef::Pong(data) => Self::Pong(text.slice_ref(data)),
            PacketRef::Text(data) => Self::Message(Message::Text(text.slice_ref(data))),
            PacketRef::Upgrade => Self::Upgrade,
            PacketRef::Noop => Self::Noop,
            PacketRef::Base64(data) => Self::Message(Message::Binary(decode_base64(data)?)),
        })
    }

    /// Writes the packet as one WebSocket message. Text is copied behind its packet type; bytes are shared.
    #[must_use]
    pub fn encode(&self) -> Message {
        let (digit, data) = match self {
            Self::Message(Message::Binary(bytes)) => return Message::Binary(bytes.clone()),
            Self::Open(handshake) => {
                let mut text = String::from("0");
                handshake.encode(&mut text);
                return Message::Text(text.into());
            }
            Self::Close => ('1', ""),
            Self::Ping(data) => ('2', &**data),
            Self::Pong(data) => ('3', &**data),
            Self::Message(Message::Text(text)) => ('4', &**text),
            Self::Upgrade => ('5', ""),
            Self::Noop => ('6', ""),
        };
        let mut text = String::with_capacity(1 + data.len());
        text.push(digit);
        text.push_str(data);
        Message::Text(text.into())
    }
}

/// Bytes as an encoded packet of text.
pub(crate) fn encode_base64(bytes: &[u8]) -> ByteString {
    let mut text = String::with_capacity(1 + bytes.len().div_ceil(3) * 4);
    text.push('b');
    base64_simd::STANDARD.encode_append(bytes, &mut text);
    text.into()
}

/// The bytes that padded, standard-alphabet base64 stands for.
pub(crate) fn decode_base64(text: &str) -> Result<Bytes, DecodeError> {
    base64_simd::STANDARD
        .decode_to_vec(text.as_bytes())
        .map(Bytes::from)
        .map_err(|_| DecodeError::Base64)
}
