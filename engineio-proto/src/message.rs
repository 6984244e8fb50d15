//! What the two applications say to each other.

use bytes::Bytes;
use bytestring::ByteString;

/// One message of the application: text or bytes, never split or joined on the way.
///
/// Both variants share their memory: a clone copies no byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Text, valid UTF-8.
    Text(ByteString),
    /// Bytes.
    Binary(Bytes),
}

impl Message {
    /// Bytes in the message; for text, bytes of UTF-8.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether there is nothing in it. An empty message is still a message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<ByteString> for Message {
    fn from(text: ByteString) -> Self {
        Self::Text(text)
    }
}

impl From<&'static str> for Message {
    fn from(text: &'static str) -> Self {
        Self::Text(ByteString::from_static(text))
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}
