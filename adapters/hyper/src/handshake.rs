//! The request that a session began with.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::time::SystemTime;

use http::HeaderMap;

use crate::RequestHead;

/// What is known of the request that a session began with.
#[derive(Clone)]
pub struct Handshake {
    query: Box<str>,
    address: Option<SocketAddr>,
    issued: SystemTime,
    headers: Option<Box<HeaderMap>>,
}

impl Handshake {
    pub(crate) fn new(head: &RequestHead, keep_headers: bool) -> Self {
        Self {
            query: head.query().into(),
            address: head.address(),
            issued: SystemTime::now(),
            headers: keep_headers.then(|| Box::new(head.headers().clone())),
        }
    }

    /// The query, as it came.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The query's names and values, decoded.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.query.as_bytes())
    }

    /// The other end of the connection, if whoever accepted it said so. Behind a proxy it is the proxy's.
    #[must_use]
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// When it came.
    #[must_use]
    pub const fn issued(&self) -> SystemTime {
        self.issued
    }

    /// The headers. They are kept only if [`ServerBuilder::keep_headers`](crate::ServerBuilder::keep_headers) says so: they may
    /// hold secrets, and cost some kilobytes a client.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.headers.as_deref()
    }
}

/// Without the query and the headers, which may hold secrets.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("address", &self.address)
            .field("issued", &self.issued)
            .finish_non_exhaustive()
    }
}
