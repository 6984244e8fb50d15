//! What the server needs to know of an HTTP request.

use alloc::borrow::Cow;

/// The parts of an HTTP request that decide where it goes. Its path has been matched by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The query, as it came, without the question mark.
    pub query: &'a str,
    /// Whether it asks to become a WebSocket **and** its headers are right for it (RFC 6455, 4.2.1).
    pub websocket: bool,
    /// Whether its body declares itself as `application/octet-stream`.
    pub binary: bool,
}

impl<'a> Request<'a> {
    /// The last value of `key` in the query, decoded; an empty one counts as none.
    pub(super) fn query_value(&self, key: &str) -> Option<Cow<'a, str>> {
        form_urlencoded::parse(self.query.as_bytes())
            .filter_map(|(name, value)| (name == key).then_some(value))
            .last()
            .filter(|value| !value.is_empty())
    }
}
