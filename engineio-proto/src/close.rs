//! Why a session ended.

use thiserror::Error;

use crate::DecodeError;

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
        /// [`Config::max_payload`](crate::Config::max_payload).
        limit: usize,
    },
    /// The WebSocket broke, or its peer broke the rules of RFC 6455.
    #[error("the WebSocket failed")]
    WebSocket,
}
