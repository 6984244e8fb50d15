//! What the server answers.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use bytes::Bytes;
use serde::Deserialize;

use crate::{ErrorCode, TransportFault};

/// The parts of an HTTP response that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Whether the body declares itself as `application/octet-stream`.
    pub binary: bool,
    /// The whole body. Of one larger than [`max_payload`](super::Connection::max_payload) its first `max_payload + 1` bytes do.
    pub body: Bytes,
}

/// What the server said when it refused a request: the reason behind
/// [`TransportFault::Refused`](crate::TransportFault::Refused).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    status: u16,
    code: Option<ErrorCode>,
    message: Option<String>,
}

/// Servers refuse with an object, with a string, or with a page for people, which is of no use here.
#[derive(Deserialize)]
struct Wire<'a> {
    code: Option<u64>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
}

impl Rejection {
    /// The largest body that is read, in bytes. Refusals are a line.
    const MAX_BODY: usize = 16 << 10;

    pub(super) fn read(response: &Response) -> Self {
        let body = Some(&response.body[..]).filter(|body| body.len() <= Self::MAX_BODY);
        let body = body.unwrap_or_default();
        let (code, message) = match serde_json::from_slice::<Wire<'_>>(body) {
            Ok(wire) => (
                wire.code.and_then(ErrorCode::from_number),
                wire.message.map(Cow::into_owned),
            ),
            Err(_) => (None, serde_json::from_slice(body).ok()),
        };
        Self {
            status: response.status,
            code,
            message,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The protocol's number for it, if the server gave one that is known.
    #[must_use]
    pub const fn code(&self) -> Option<ErrorCode> {
        self.code
    }

    /// The server's text, if it gave one: the application's own if that refused the client. It is as the server wrote it, whatever it
    /// wrote.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    pub(super) const fn fault(&self) -> TransportFault {
        TransportFault::Refused {
            status: self.status,
            code: self.code,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => f.write_str(message),
            None => self.fault().fmt(f),
        }
    }
}

impl core::error::Error for Rejection {}
