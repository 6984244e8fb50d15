//! The name of a session, which is also the only key to it.

use core::fmt;

use bytestring::ByteString;

/// A session id: 20 characters of the base64url alphabet.
///
/// **It is a secret.** Whoever knows it can read and write the session, so `Debug` hides it and there is no `Display`; say
/// [`as_str`](Self::as_str) where the protocol needs it. The length is fixed because sticky load balancers look for
/// `sid=` and twenty characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid([u8; Self::LEN]);

impl Sid {
    /// Characters in a session id.
    pub const LEN: usize = 20;

    /// The id that 120 bits of `entropy` make. They must come from a cryptographic source: a sid that can be guessed can be
    /// stolen.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 15]) -> Self {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut characters = [0; Self::LEN];
        for (triple, quad) in entropy.chunks_exact(3).zip(characters.chunks_exact_mut(4)) {
            let bits = u32::from_be_bytes([0, triple[0], triple[1], triple[2]]);
            for (index, character) in quad.iter_mut().enumerate() {
                *character = ALPHABET[(bits >> (18 - 6 * index) & 63) as usize];
            }
        }
        Self(characters)
    }

    /// The id that `text` spells, if it has the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let characters: [u8; Self::LEN] = text.as_bytes().try_into().ok()?;
        // All of them are looked at whatever the first are: no branches, and several at a time.
        let legal = |c: u8| c.is_ascii_alphanumeric() | (c == b'-') | (c == b'_');
        let all = characters.iter().fold(true, |all, &c| all & legal(c));
        all.then_some(Self(characters))
    }

    /// The characters, for the wire and for nobody else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("a sid is ASCII: both constructors see to it")
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sid(secret)")
    }
}

/// A session id of any server: servers agree neither on its length nor on its alphabet.
///
/// **It is a secret**, as [`Sid`] is, and `Debug` hides it as well. A clone copies nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnySid(ByteString);

impl AnySid {
    /// The most characters that one may have: whatever comes is kept and repeated in every request, so it must end somewhere.
    pub const MAX_LEN: usize = 256;

    /// The id that `text` is: 1 to [`MAX_LEN`](Self::MAX_LEN) visible ASCII characters, neither quotes nor backslashes among them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let legal = |c: u8| c.is_ascii_graphic() && !matches!(c, b'"' | b'\\');
        let fits = !text.is_empty() && text.len() <= Self::MAX_LEN;
        (fits && text.bytes().all(legal)).then(|| Self(text.into()))
    }

    /// The characters, for the wire and for nobody else. In a query they are percent-encoded.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Sid> for AnySid {
    fn from(sid: Sid) -> Self {
        Self(sid.as_str().into())
    }
}

impl PartialEq<Sid> for AnySid {
    fn eq(&self, other: &Sid) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for AnySid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnySid(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn entropy_becomes_twenty_url_safe_characters() {
        assert_eq!(Sid::from_entropy([0; 15]).as_str(), "AAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Sid::from_entropy([255; 15]).as_str(), "____________________");
        assert_eq!(Sid::from_entropy(*b"abcdefghijklmno").as_str(), "YWJjZGVmZ2hpamtsbW5v");
    }

    #[test]
    fn only_the_form_of_a_sid_parses() {
        assert_eq!(
            Sid::parse("YWJjZGVmZ2hpamtsbW5v"),
            Some(Sid::from_entropy(*b"abcdefghijklmno"))
        );
        assert_eq!(Sid::parse(""), None);
        assert_eq!(Sid::parse("YWJjZGVmZ2hpamtsbW5"), None);
        assert_eq!(Sid::parse("YWJjZGVmZ2hpamtsbW5+"), None);
    }

    #[test]
    fn a_sid_is_not_written_to_logs() {
        let sid = Sid::from_entropy([7; 15]);
        assert_eq!(format!("{sid:?}"), "Sid(secret)");
        assert_eq!(format!("{:?}", AnySid::from(sid)), "AnySid(secret)");
    }

    #[test]
    fn other_servers_name_their_sessions_otherwise() {
        for sid in ["x", "AbCdEfGhIjKlMnOp", "6f1e-uuid/with+all?of&it#!", &"9".repeat(256)] {
            assert_eq!(AnySid::parse(sid).unwrap().as_str(), sid);
        }
        for sid in ["", "a b", "a\"b", "a\\b", "a\nb", "é", &"9".repeat(257)] {
            assert_eq!(AnySid::parse(sid), None, "{sid:?}");
        }
    }
}
