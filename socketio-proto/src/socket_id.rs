//! The name of a socket, which anyone may know.

use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use engineio_proto::Sid;

/// The id of one socket: of one client in one namespace.
///
/// **It is public**, unlike the [`Sid`] of the session below it: it names the socket to other clients, and is the name of
/// the room that reaches this socket alone. A new socket takes 120 bits of entropy of its own, never those of its `Sid`.
/// Only clients of revision 3 know no second id: there it is the sid in the main namespace and `/namespace#sid` in others.
///
/// Up to 22 bytes it lives in place, longer ones are shared: a clone never allocates, and neither does a server whose
/// clients are of revision 4.
#[derive(Clone)]
pub struct SocketId(Text);

#[derive(Clone)]
enum Text {
    /// The first `len` of `bytes`.
    Inline { len: u8, bytes: [u8; SocketId::INLINE] },
    /// What is longer than that.
    Shared(Arc<str>),
}

impl SocketId {
    /// What fits beside the tag and the length in three words.
    const INLINE: usize = 22;

    /// The id that 120 bits of `entropy` make: 20 characters of the base64url alphabet.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 15]) -> Self {
        Self::new(Sid::from_entropy(entropy).as_str())
    }

    /// The id that is spelled `text`, whatever it looks like: applications and older clients have forms of their own.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut bytes = [0; Self::INLINE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(start), Ok(len)) => {
                start.copy_from_slice(text.as_bytes());
                Self(Text::Inline { len, bytes })
            }
            _ => Self(Text::Shared(text.into())),
        }
    }

    /// The characters, as the client knows them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Inline { .. } => {
                core::str::from_utf8(self.as_bytes()).expect("the bytes of a whole str: `new` copies nothing else")
            }
            Text::Shared(text) => text,
        }
    }

    /// The same without looking at them, for comparisons: bytes of UTF-8 order as their characters do.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Text::Shared(text) => text.as_bytes(),
        }
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SocketId").field(&self.as_str()).finish()
    }
}

impl AsRef<str> for SocketId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for SocketId {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// The name of the socket's own room.
impl From<&SocketId> for Arc<str> {
    fn from(id: &SocketId) -> Self {
        match &id.0 {
            Text::Inline { .. } => id.as_str().into(),
            Text::Shared(text) => Self::clone(text),
        }
    }
}

impl PartialEq for SocketId {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for SocketId {}

impl PartialOrd for SocketId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SocketId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for SocketId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn entropy_becomes_twenty_url_safe_characters() {
        assert_eq!(SocketId::from_entropy([0; 15]).as_str(), "AAAAAAAAAAAAAAAAAAAA");
        assert_eq!(
            SocketId::from_entropy(*b"abcdefghijklmno").as_str(),
            "YWJjZGVmZ2hpamtsbW5v"
        );
    }

    #[test]
    fn any_text_is_an_id_whatever_its_length() {
        for text in [
            "",
            "a",
            "ünï",
            "22 bytes, not one more",
            "23 bytes, which is more",
            "/chat#0123456789",
        ] {
            let id = SocketId::new(text);
            assert_eq!(id.as_str(), text);
            assert_eq!(format!("{id}"), text);
            assert_eq!(Arc::<str>::from(&id.clone()), Arc::from(text));
        }
        assert_eq!(format!("{:?}", SocketId::new("a")), "SocketId(\"a\")");
    }

    #[test]
    fn ids_order_as_their_characters_do_and_not_by_where_they_live() {
        let long = "a name that does not fit in place";
        let ascending = [
            SocketId::new("Z"),
            SocketId::new(long),
            SocketId::new("b"),
            SocketId::new("é"),
        ];
        assert!(ascending.is_sorted());
        assert!(ascending.iter().map(SocketId::as_str).is_sorted());
        assert_eq!(SocketId::new(long), SocketId::new(long));
        assert_ne!(SocketId::new("a"), SocketId::new("a\0"));
    }

    #[test]
    fn an_id_takes_three_words() {
        assert_eq!(size_of::<SocketId>(), 24);
        assert_eq!(size_of::<Option<SocketId>>(), 24);
    }
}
