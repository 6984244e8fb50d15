//! What the client asks of the server.

use alloc::string::String;
use core::fmt;

use bytes::Bytes;

/// An HTTP request, for whatever HTTP there is. Scheme, host, path and headers beside the `Content-Type` are the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The query of the URL.
    pub query: Query,
    /// The `Content-Type` of the body, if there is a body.
    pub content_type: Option<&'static str>,
    /// The body; its length is the `Content-Length`.
    pub body: Bytes,
}

/// The methods that the protocol uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// It waits for packets.
    Get,
    /// It brings some.
    Post,
}

impl Method {
    /// The method in capitals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// The query of a URL, percent-encoded and without the question mark.
///
/// **It contains the session's id, which is a secret**, so `Debug` hides it and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Query(pub(super) String);

impl Query {
    /// The text, for the wire and for nobody else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Query(secret)")
    }
}
