//! What the two applications say to each other.

use bytes::{Buf, Bytes};
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

/// `text` from byte `at` on, for whoever gives the rest away.
///
/// A slice counts a reference, and the first of all takes an allocation. Bytes can just forget their first ones: to see once more that
/// they are text is cheaper than that, unless they are many. If others have the text, so that the allocation was made, it is only for ASCII.
pub(crate) fn tail(text: ByteString, at: usize) -> ByteString {
    const LONG: usize = 256;
    let tail = &text[at..];
    if tail.len() >= LONG || !(tail.is_ascii() || text.as_bytes().is_unique()) {
        return text.slice_ref(tail);
    }
    let mut bytes = text.into_bytes();
    bytes.advance(at);
    ByteString::try_from(bytes).expect("what is behind a character is text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    #[test]
    fn a_tail_is_what_is_behind_whoever_else_has_the_text() {
        for len in [0, 1, 30, 255, 256, 257, 5_000] {
            for filling in ["x", "é"] {
                let text = String::from("4é") + &filling.repeat(len);
                for start in [0, 1, 3] {
                    let own = tail(ByteString::from(&*text), start);
                    let shared = ByteString::from(&*text);
                    assert_eq!(own, text[start..]);
                    assert_eq!(tail(shared.clone(), start), text[start..]);
                    assert_eq!(shared, text);
                }
            }
        }
    }

    #[test]
    fn the_tail_of_short_text_that_nobody_else_has_is_that_text() {
        let text = ByteString::from("4hello");
        let at = text.as_ptr();
        let tail = tail(text, 1);
        assert_eq!(tail.as_ptr(), at.wrapping_add(1));
        assert!(tail.into_bytes().is_unique());
    }
}
