//! What can be wrong with what a peer sent.

use thiserror::Error;

/// A packet or a payload that is none. It is the peer's fault, and it ends the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A text packet has no character, or a payload no packet.
    #[error("an empty packet")]
    Empty,
    /// The first character names no packet type.
    #[error("unknown packet type {0:?}")]
    UnknownType(char),
    /// A `b` packet is not base64.
    #[error("binary data that is not base64")]
    Base64,
    /// Text is not UTF-8.
    #[error("text that is not UTF-8")]
    Utf8,
    /// In revision 3: a packet without its length, or one that is not as long as it says.
    #[error("a length that is not that of its packet")]
    Length,
    /// The open packet is not the object that the protocol describes.
    #[error("a handshake that is not the expected JSON object")]
    Handshake,
    /// On WebTransport: a message that says that it is larger than it may be.
    #[error("message of {size} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Bytes in the message, as it says.
        size: u64,
        /// The most that there may be.
        limit: usize,
    },
}

impl DecodeError {
    /// What is wrong with a packet whose first character is not the name of a type.
    pub(crate) fn unknown_type(packet: &str) -> Self {
        packet.chars().next().map_or(Self::Empty, Self::UnknownType)
    }
}
