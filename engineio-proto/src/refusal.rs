//! Requests that are answered with an error and change nothing.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use bytes::Bytes;

use crate::{ErrorCode, Response};

/// A request that is refused, and how to say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: ErrorCode,
    message: Cow<'static, str>,
    context: Option<&'static str>,
}

impl Refusal {
    /// A refusal with the usual text.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            message: Cow::Borrowed(code.message()),
            context: None,
        }
    }

    /// The application's own refusal of a handshake, with a text for the client.
    #[must_use]
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: ErrorCode::Forbidden,
            message: message.into(),
            context: None,
        }
    }

    /// Adds what is wrong in particular, for logs: the client is not told.
    #[must_use]
    pub const fn with_context(mut self, context: &'static str) -> Self {
        self.context = Some(context);
        self
    }

    /// What kind of refusal it is.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The text that the client is told.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is wrong in particular, where the code leaves that open. The client is not told.
    #[must_use]
    pub const fn context(&self) -> Option<&'static str> {
        self.context
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
            compress: false,
            refusal: Some(self.code),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Refusal {}
