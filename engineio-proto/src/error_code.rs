//! The errors that a request can be answered with.

/// The kinds of error that a request can be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ErrorCode {
    /// The transport does not exist or is switched off.
    TransportUnknown = 0,
    /// There is no such session.
    SessionUnknown = 1,
    /// A session begins with a GET.
    BadHandshakeMethod = 2,
    /// The request does not fit its session, or is no proper upgrade.
    BadRequest = 3,
    /// The application does not want it.
    Forbidden = 4,
    /// The protocol's revision is not spoken here.
    UnsupportedProtocolVersion = 5,
}

impl ErrorCode {
    /// The code of this number.
    pub(crate) const fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::TransportUnknown,
            1 => Self::SessionUnknown,
            2 => Self::BadHandshakeMethod,
            3 => Self::BadRequest,
            4 => Self::Forbidden,
            5 => Self::UnsupportedProtocolVersion,
            _ => return None,
        })
    }

    /// The text that goes with the code.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::SessionUnknown => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedProtocolVersion => "Unsupported protocol version",
        }
    }
}
