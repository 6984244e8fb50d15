//! Which revision of the protocol a client speaks.

/// A revision of the protocol, as the `EIO` of a request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// `EIO=3`: the JavaScript clients 1.x and 2.x. The client pings, and polling bodies tell the length of each packet.
    V3,
    /// `EIO=4`: everything newer.
    V4,
}

impl Revision {
    /// The number in `EIO`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }
}
