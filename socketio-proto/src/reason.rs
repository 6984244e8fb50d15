//! Why a socket was disconnected.

use core::fmt;

use engineio_proto::CloseReason;

use crate::error::{DecodeError, EncodeError};

/// Why a socket left its namespace. `Display` tells a person; [`as_str`](Self::as_str) is the name that every
/// implementation uses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client left the namespace.
    ClientNamespaceDisconnect,
    /// The server made it leave the namespace.
    ServerNamespaceDisconnect,
    /// The server stops.
    ServerShuttingDown,
    /// The client came back on another connection, while this one was taken to be alive.
    Superseded,
    /// The client broke a rule of the protocol and its connection was closed.
    ForcedClose(Violation),
    /// The client sent what is no packet.
    ParseError(DecodeError),
    /// The server's [parser](crate::Parser) could not write what the protocol owes the client, such as the answer to a CONNECT.
    Unwritten(EncodeError),
    /// The Engine.IO session ended.
    Session(CloseReason),
}

/// A rule that a client broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// It spoke in a namespace that it had not joined.
    NotConnected,
    /// It joined a namespace twice.
    ConnectedTwice,
    /// It sent what only a server sends.
    ServerPacket,
    /// It joined no namespace in time.
    ConnectTimeout,
    /// It asked for more namespaces than it may have.
    TooManyNamespaces,
    /// It does not read the answers to what it asks for.
    NotReading,
}

impl DisconnectReason {
    /// The reason as applications compare it, such as `transport close` or `client namespace disconnect`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::ServerShuttingDown => "server shutting down",
            Self::Superseded => "forced server close",
            Self::ForcedClose(_) | Self::Unwritten(_) => "forced close",
            Self::ParseError(_) => "parse error",
            Self::Session(reason) => reason.as_str(),
        }
    }

    /// Whether the client may [come back](crate::server::hub::recovery): nobody wanted it to go, and it sent nothing that makes no sense.
    #[must_use]
    pub const fn is_recoverable(&self) -> bool {
        match self {
            Self::ClientNamespaceDisconnect | Self::ServerNamespaceDisconnect | Self::ParseError(_) => false,
            Self::ServerShuttingDown | Self::Superseded | Self::ForcedClose(_) | Self::Unwritten(_) => true,
            Self::Session(reason) => !matches!(reason, CloseReason::ParseError(_)),
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Superseded => f.write_str("forced server close: the client has come back on another connection"),
            Self::ForcedClose(violation) => write!(f, "forced close: {violation}"),
            Self::ParseError(error) => write!(f, "parse error: {error}"),
            Self::Unwritten(error) => write!(f, "forced close: {error}"),
            Self::Session(reason) => reason.fmt(f),
            other => f.write_str(other.as_str()),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotConnected => "a packet for a namespace that was not joined",
            Self::ConnectedTwice => "a namespace joined twice",
            Self::ServerPacket => "a packet that only a server sends",
            Self::ConnectTimeout => "no namespace joined in time",
            Self::TooManyNamespaces => "too many namespaces",
            Self::NotReading => "answers are not read",
        })
    }
}
