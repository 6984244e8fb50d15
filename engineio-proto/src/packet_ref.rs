//! One packet, borrowed from its text.

use crate::DecodeError;

/// One Engine.IO packet as text has it, of which nothing was read but its type: for those who inspect or relay packets. Nothing is counted,
/// copied or allocated.
///
/// [`Packet::decode`](crate::Packet::decode) reads the rest as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketRef<'a> {
    /// `0`: the handshake, JSON that may be wrong.
    Open(&'a str),
    /// `1`: the sender closes the session.
    Close,
    /// `2`: a heartbeat, or with `probe` a new transport's first word.
    Ping(&'a str),
    /// `3`: the answer to a ping, with its data.
    Pong(&'a str),
    /// `4`: a message of text.
    Text(&'a str),
    /// `5`: the client goes over to the transport that this comes on.
    Upgrade,
    /// `6`: nothing; it ends a poll that would wait.
    Noop,
    /// `b`: a message of bytes, as base64 that may be wrong.
    Base64(&'a str),
}

impl<'a> PacketRef<'a> {
    /// Takes one packet of a polling body, or one WebSocket message of text, for what its first character says.
    ///
    /// # Errors
    ///
    /// There is none, or it is no packet type.
    #[inline]
    pub fn decode(packet: &'a str) -> Result<Self, DecodeError> {
        Ok(match packet.as_bytes() {
            [b'4', ..] => Self::Text(&packet[1..]),
            [b'0', ..] => Self::Open(&packet[1..]),
            [b'1', ..] => Self::Close,
            [b'2', ..] => Self::Ping(&packet[1..]),
            [b'3', ..] => Self::Pong(&packet[1..]),
            [b'5', ..] => Self::Upgrade,
            [b'6', ..] => Self::Noop,
            [b'b', ..] => Self::Base64(&packet[1..]),
            _ => return Err(DecodeError::unknown_type(packet)),
        })
    }
}
