//! Why a socket was disconnected.

use core::fmt;

use engineio_proto::CloseReason;

use crate::{DecodeError, EncodeError};

/// Why a socket is not in its namespace any more. `Display` tells a person; [`as_str`](Self::as_str) is the name that every
/// implementation uses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The server made it leave. It does not come back by itself.
    ServerDisconnect,
    /// The application made it leave.
    ClientDisconnect,
    /// The server sent what is no packet.
    ParseError(DecodeError),
    /// The server sent more events before it let a socket in than [`held_capacity`](super::Config::held_capacity) allows.
    Flooded,
    /// The [parser](super::Config::parser) could not say to the server that another socket leaves.
    Encode(EncodeError),
    /// The session ended.
    Session(CloseReason),
}

impl DisconnectReason {
    /// The reason as applications compare it, such as `transport close` or `io server disconnect`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::ServerDisconnect => "io server disconnect",
            Self::ClientDisconnect => "io client disconnect",
            Self::ParseError(_) => "parse error",
            Self::Flooded | Self::Encode(_) => "forced close",
            Self::Session(reason) => reason.as_str(),
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ParseError(error) => write!(f, "parse error: {error}"),
            Self::Flooded => f.write_str("forced close: too many events before the answer to CONNECT"),
            Self::Encode(error) => write!(f, "forced close: {error}"),
            Self::Session(reason) => reason.fmt(f),
            other => f.write_str(other.as_str()),
        }
    }
}
