//! A request that wants to be let in.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Uri};

/// The head of an HTTP request, for the hooks that decide about it or hear of it. Cheap to clone.
#[derive(Clone)]
pub struct RequestHead(Arc<Parts>);

/// The other end of the connection that a request came on. Whoever accepts connections puts it into the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct RemoteAddr(pub SocketAddr);

impl RequestHead {
    /// `address` is the other end of the connection, unless the head's extensions say.
    pub(crate) fn new(mut head: Parts, address: Option<SocketAddr>) -> Self {
        if let Some(address) = address {
            head.extensions.insert(RemoteAddr(address));
        }
        Self(Arc::new(head))
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// The path and the query. A query that names a session holds a secret: see [`Sid`](crate::Sid).
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// The query, as it came.
    #[must_use]
    pub fn query(&self) -> &str {
        self.0.uri.query().unwrap_or_default()
    }

    /// The query's names and values, decoded.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.query().as_bytes())
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The other end of the connection, if whoever accepted it said so: see [`RemoteAddr`].
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.extensions.get::<RemoteAddr>().map(|remote| remote.0)
    }

    /// What layers around the server have found out about the request.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }
}

/// Without the query and the headers, which may hold secrets.
impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", self.method())
            .field("path", &self.uri().path())
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}
