//! Requests that are answered with an error and change nothing.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use bytes::Bytes;

use crate::Response;

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

/// A request that is refused, and how to say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: ErrorCode,
    message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with the usual text.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            message: Cow::Borrowed(code.message()),
        }
    }

    /// The application's own refusal of a handshake, with a text for the client.
    #[must_use]
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: ErrorCode::Forbidden,
            message: message.into(),
        }
    }

    /// What kind of refusal it is.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The HTTP answer: 400, or 403 for [`Forbidden`](ErrorCode::Forbidden), and a JSON object.
    #[must_use]
    pub fn response(&self) -> Response {
        let mut body = String::from("{\"code\":");
        body.push(char::from(b'0' + self.code as u8));
        body.push_str(",\"message\":");
        body.push_str(&serde_json::to_string(&self.message).expect("a string is JSON"));
        body.push('}');
        Response {
            status: if self.code == ErrorCode::Forbidden { 403 } else { 400 },
            content_type: Some("application/json"),
            body: Bytes::from(body),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Refusal {}
