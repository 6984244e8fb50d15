//! The name under which a client comes back.

use engineio_proto::Sid;
use serde::{Serialize, Serializer};

/// What a client shows to get its socket back after its connection was lost: the `pid` of
/// [connection state recovery](https://socket.io/docs/v4/connection-state-recovery).
///
/// **It is a secret**, as a [`Sid`] is and of the same form: whoever knows it can take the socket over. It is told to its client
/// alone, `Debug` hides it, and there is no `Display`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrivateId(Sid);

impl PrivateId {
    /// The id that 120 bits of `entropy` make. They must come from a cryptographic source, and must not be those of another id.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 15]) -> Self {
        Self(Sid::from_entropy(entropy))
    }

    /// The id that `text` spells, if it has the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Sid::parse(text).map(Self)
    }

    /// The characters, for the wire and for nobody else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// For the wire.
impl Serialize for PrivateId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
