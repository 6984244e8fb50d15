//! HTTP requests as the machines see them.

use bytes::Bytes;

use crate::ErrorCode;

/// A number for one HTTP request: a GET that waits, a POST, or the GET that became a WebSocket.
///
/// Whoever begins the request chooses it: a server's caller, and a client's machine. The caller must not use a number twice for one
/// connection; the machine does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// What a request is to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// A GET that waits for packets.
    Poll,
    /// A POST; its body follows.
    Post {
        /// Whether the body declares itself as bytes (`application/octet-stream`).
        binary: bool,
    },
    /// A GET that wants to become a WebSocket, and whose headers are right for it.
    WebSocket {
        /// Whether the client reads no bytes on it, so that they are written as base64.
        base64: bool,
    },
}

/// How an exchange ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// The other side closed it, or the connection broke.
    Closed,
    /// The other side broke the rules of the WebSocket protocol.
    Failed {
        /// The status that RFC 6455 has for it: 1007 for text that is not UTF-8, 1002 for most else.
        code: u16,
    },
    /// The other side sends a WebSocket message larger than was agreed, which nobody has read to its end.
    TooLarge {
        /// Bytes in the message, as far as they were counted.
        size: usize,
    },
}

/// The answer to an HTTP request, for whatever HTTP there is.
///
/// It must not be cached: an adapter adds `Cache-Control: no-store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`, unless the body is empty.
    pub content_type: Option<&'static str>,
    /// The body; its length is the `Content-Length`.
    pub body: Bytes,
    /// Whether it may be compressed, if it is long enough and the client wants it to be: something in it
    /// [may be](crate::Frame::with_compression).
    pub compress: bool,
    /// What the request is refused for, if it is: for logs, the client finds it in the body.
    pub refusal: Option<ErrorCode>,
}

impl Response {
    /// An answer that is only a status.
    pub(crate) const fn empty(status: u16) -> Self {
        Self {
            status,
            content_type: None,
            body: Bytes::new(),
            compress: false,
            refusal: None,
        }
    }

    /// Packets for a poll.
    pub(crate) const fn packets(body: Bytes, compress: bool) -> Self {
        Self {
            status: 200,
            content_type: Some("text/plain; charset=UTF-8"),
            body,
            compress,
            refusal: None,
        }
    }

    /// Packets for a poll, some of them bytes.
    pub(crate) const fn binary_packets(body: Bytes, compress: bool) -> Self {
        Self {
            status: 200,
            content_type: Some("application/octet-stream"),
            body,
            compress,
            refusal: None,
        }
    }

    /// The answer to a POST that was understood.
    pub(crate) const fn ok() -> Self {
        Self {
            status: 200,
            content_type: Some("text/html"),
            body: Bytes::from_static(b"ok"),
            compress: false,
            refusal: None,
        }
    }
}
