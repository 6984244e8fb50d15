//! What comes out of a connection.

use crate::{CloseReason, ExchangeId, Message, Response};

/// What has happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The client sent a message.
    Message(Message),
    /// The session went over from long-polling to a WebSocket.
    Upgraded,
    /// There is room again after [`SendError::Full`](crate::SendError::Full): half of the buffer is free.
    Drained,
    /// The session has ended: the last event of every connection, and there is exactly one.
    Closed(CloseReason),
}

impl From<Message> for Event {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}

/// What is to be done on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Answer the HTTP request; the exchange is over.
    Respond {
        /// Which request.
        id: ExchangeId,
        /// With what.
        response: Response,
    },
    /// Answer the request with `101 Switching Protocols` and go on as a WebSocket under the same id.
    Upgrade {
        /// Which request.
        id: ExchangeId,
    },
    /// Write one message to a WebSocket.
    Frame {
        /// Which WebSocket.
        id: ExchangeId,
        /// The message; its memory may be shared with other connections.
        message: Message,
        /// Whether it [may be compressed](crate::Frame::with_compression), if the two sides have agreed on a way to.
        compress: bool,
    },
    /// Close a WebSocket after what was written to it; the exchange is over.
    Close {
        /// Which WebSocket.
        id: ExchangeId,
        /// The status of the close frame; without one the frame is empty.
        code: Option<u16>,
    },
}
