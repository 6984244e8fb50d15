//! A message encoded once, for any number of receivers.

use alloc::string::String;
use bytes::Bytes;
use bytestring::ByteString;

use crate::Message;

/// One encoded `message` packet, ready for the wire and shared: a broadcast is one `Frame` and a reference count a receiver.
///
/// Text carries its packet type (`4`) in front; bytes need none on a WebSocket, and polling writes theirs as base64 at
/// transmission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    message: Message,
    compress: bool,
}

impl Frame {
    /// The digit in front of an encoded text message.
    pub const TEXT_PREFIX: char = '4';

    /// Encodes a text message; copies it once.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut encoded = String::with_capacity(1 + text.len());
        encoded.push(Self::TEXT_PREFIX);
        encoded.push_str(text);
        Self::new(Message::Text(encoded.into()))
    }

    /// Encodes a binary message; copies nothing.
    #[must_use]
    pub const fn binary(bytes: Bytes) -> Self {
        Self::new(Message::Binary(bytes))
    }

    /// Takes a text message that its writer encoded already, so that nothing is copied.
    ///
    /// # Panics
    ///
    /// If `encoded` does not begin with [`TEXT_PREFIX`](Self::TEXT_PREFIX): it would reach the peer as another kind of packet.
    #[must_use]
    pub fn encoded(encoded: ByteString) -> Self {
        assert!(
            encoded.starts_with(Self::TEXT_PREFIX),
            "an encoded text message begins with its packet type, 4"
        );
        Self::new(Message::Text(encoded))
    }

    /// Says whether the transport may compress it, where it can and the peer wants it to. It may unless told otherwise; there is no
    /// point in it for what is compressed already, such as pictures, and a danger in it for secrets beside what an attacker chose.
    #[must_use]
    pub fn with_compression(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// Whether the transport may compress it.
    #[must_use]
    pub const fn is_compressible(&self) -> bool {
        self.compress
    }

    /// Bytes on a WebSocket, the packet type included, its framing not: what the limits count.
    #[must_use]
    pub fn len(&self) -> usize {
        self.message.len()
    }

    /// Whether nothing would be written: a binary message of no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.message.is_empty()
    }

    /// The packet as one WebSocket message.
    #[must_use]
    pub const fn as_message(&self) -> &Message {
        &self.message
    }

    /// The packet as one WebSocket message.
    #[must_use]
    pub fn into_message(self) -> Message {
        self.message
    }

    /// A packet of the protocol itself, whose encoding is a constant.
    pub(crate) const fn control(encoded: &'static str) -> Self {
        Self::new(Message::Text(ByteString::from_static(encoded)))
    }

    /// A packet of the protocol itself.
    pub(crate) const fn packet(encoded: ByteString) -> Self {
        Self::new(Message::Text(encoded))
    }

    /// Whether it is the packet that opens a session.
    pub(crate) fn is_open_packet(&self) -> bool {
        matches!(&self.message, Message::Text(text) if text.starts_with('0'))
    }

    const fn new(message: Message) -> Self {
        Self {
            message,
            compress: true,
        }
    }
}

impl From<Message> for Frame {
    fn from(message: Message) -> Self {
        match message {
            Message::Text(text) => Self::text(&text),
            Message::Binary(bytes) => Self::binary(bytes),
        }
    }
}
