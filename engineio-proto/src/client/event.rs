//! What comes out of a connection.

use super::{Query, Request};
use crate::{CloseReason, ExchangeId, Handshake, Message, TransportFault};

/// What has happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server has let the client in.
    Open(Handshake),
    /// The server sent a message.
    Message(Message),
    /// The session went over from long-polling to a WebSocket.
    Upgraded,
    /// The passage to a WebSocket failed; the session stays where it is and does not try again.
    UpgradeFailed(TransportFault),
    /// There is room again after [`SendError::Full`](crate::SendError::Full): half of the buffer is free.
    Drained,
    /// The session has ended, or never began: the last event of every connection, and there is exactly one. If the server refused a
    /// request, [`Connection::rejection`](super::Connection::rejection) has its words.
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
    /// Send an HTTP request.
    Request {
        /// The request's number.
        id: ExchangeId,
        /// What to send.
        request: Request,
    },
    /// Open a WebSocket.
    Connect {
        /// The WebSocket's number.
        id: ExchangeId,
        /// The query of its URL.
        query: Query,
    },
    /// Write one message to a WebSocket that is open.
    Frame {
        /// Which WebSocket.
        id: ExchangeId,
        /// The message; its memory may be shared with other connections.
        message: Message,
    },
    /// Close a WebSocket that is open, after what was written to it; the exchange is over.
    Close {
        /// Which WebSocket.
        id: ExchangeId,
        /// The status of the close frame; without one the frame is empty.
        code: Option<u16>,
    },
    /// Give up a request that was not answered, or a WebSocket that is not open yet; the exchange is over.
    Abort {
        /// Which one.
        id: ExchangeId,
    },
}
