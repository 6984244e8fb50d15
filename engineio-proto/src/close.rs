//! Why a session ended.

use core::fmt;

use thiserror::Error;

use crate::{DecodeError, ErrorCode};

/// Why a session ended. `Display` tells a person; [`as_str`](Self::as_str) is the name that every implementation uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer said that it leaves, or its connection ended.
    #[error("transport close")]
    TransportClose,
    /// The peer's transport failed or was misused.
    #[error("transport error: {0}")]
    TransportError(TransportFault),
    /// This side closed it.
    #[error("forced close")]
    ForcedClose,
    /// The peer left a ping without an answer.
    #[error("ping timeout")]
    PingTimeout,
    /// The peer sent what is no packet.
    #[error("parse error: {0}")]
    ParseError(DecodeError),
}

impl CloseReason {
    /// The reason as applications compare it: `transport close`, `transport error`, `forced close`, `ping timeout` or
    /// `parse error`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError(_) => "transport error",
            Self::ForcedClose => "forced close",
            Self::PingTimeout => "ping timeout",
            Self::ParseError(_) => "parse error",
        }
    }
}

/// What was wrong with a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransportFault {
    /// A second GET came while one was waiting.
    #[error("a poll overlaps another")]
    PollOverlap,
    /// A second POST came while the body of one was on its way.
    #[error("a POST overlaps another")]
    PostOverlap,
    /// The client gave up the GET that was waiting.
    #[error("a waiting poll was dropped")]
    PollAborted,
    /// The client gave up a POST before its body ended.
    #[error("a POST was dropped before its end")]
    PostAborted,
    /// A POST declares a binary body, which the client's revision or transport does not know.
    #[error("a POST with a binary body")]
    InvalidContent,
    /// The peer pings, which is the other side's part.
    #[error("a heartbeat in the wrong direction")]
    HeartbeatDirection,
    /// A message is larger than what was agreed.
    #[error("message of {size} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Bytes in the message, as far as they were counted.
        size: usize,
        /// [`Config::max_payload`](crate::Config::max_payload), or [that of a client](crate::client::Config::max_payload).
        limit: usize,
    },
    /// The WebSocket broke, or its peer broke the rules of RFC 6455.
    #[error("the WebSocket failed")]
    WebSocket,
    /// A request got no answer: the server was not reached, or the connection broke.
    #[error("a request failed")]
    Request,
    /// The server answered a request with an error. Its own words are in
    /// [`Connection::rejection`](crate::client::Connection::rejection).
    #[error("the server answered {status}{}", Colon(*code))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What kind of error, if the server said so.
        code: Option<ErrorCode>,
    },
    /// The server left a probe without its answer, or answered something else.
    #[error("the probe was not answered as it should be")]
    Probe,
    /// Nothing came in the time that there was: [`connect_timeout`](crate::client::Config::connect_timeout), or
    /// [`upgrade_timeout`](crate::client::Config::upgrade_timeout).
    #[error("timeout")]
    Timeout,
}

/// What stands behind an HTTP status, if anything does.
struct Colon(Option<ErrorCode>);

impl fmt::Display for Colon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |code| write!(f, ": {}", code.message()))
    }
}
