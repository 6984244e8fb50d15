//! What the application can do wrong, or too late.

use engineio_proto::SendError;
use thiserror::Error;

use crate::EncodeError;

/// Why an event was not taken. Nothing of it will be sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The event's name or arguments cannot be sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The server does not read as fast as it is written to, or there is no connection and as much waits for one as may. There will be
    /// room after [`Event::Drained`](super::Event::Drained).
    #[error("the server does not keep up: the send buffer is full")]
    Full,
    /// The socket is not connected, and nothing may wait for that; or there is no such socket any more.
    #[error("the socket is not connected")]
    NotConnected,
}

/// Why a namespace was not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The namespace does not begin with a slash, or has a comma in it, which no packet can say. In revision 3 a question mark is one
    /// character more that it must not have.
    #[error("a namespace begins with a slash and has no comma in it")]
    Namespace,
    /// The credentials are no JSON object.
    #[error("credentials are a JSON object")]
    Auth,
    /// The socket does not wait for credentials: it was not asked for any, has them already, or its session has ended meanwhile.
    #[error("the socket does not wait for credentials")]
    NotAsked,
    /// The connection was closed.
    #[error("the connection is closed")]
    Closed,
}

/// There is no such socket.
#[derive(Debug)]
pub(super) struct NoSocket;

impl From<NoSocket> for EmitError {
    fn from(_: NoSocket) -> Self {
        Self::NotConnected
    }
}

impl From<SendError<()>> for EmitError {
    fn from(error: SendError<()>) -> Self {
        match error {
            SendError::Full(()) => Self::Full,
            SendError::Closed(()) => Self::NotConnected,
        }
    }
}
