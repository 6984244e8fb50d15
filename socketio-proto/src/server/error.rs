//! What the application can do wrong, or too late.

use engineio_proto::SendError;
use thiserror::Error;

use crate::EncodeError;

/// Why an event was not sent. Nothing of it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The event's name or arguments cannot be sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The client does not read as fast as it is written to. There will be room after
    /// [`Event::Drained`](super::Event::Drained).
    #[error("the client does not keep up: its send buffer is full")]
    Full,
    /// The socket has left its namespace.
    #[error("the socket is not connected")]
    NotConnected,
}

/// A socket that does not wait to be accepted or refused: the client has vanished meanwhile, or was answered already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the socket does not wait for an answer to its CONNECT")]
pub struct NotWaiting;

/// A socket that is not connected, or no more.
pub(super) struct NotConnected;

impl From<NotConnected> for EmitError {
    fn from(_: NotConnected) -> Self {
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
