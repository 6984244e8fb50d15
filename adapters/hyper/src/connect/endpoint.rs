//! Where a server is.

use std::fmt::Write as _;

use http::{HeaderValue, Uri};

use super::OpenError;

/// Where a server is: what a connector connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: Box<str>,
    port: u16,
    secure: bool,
}

impl Endpoint {
    /// A name, or an address without the brackets of a URL.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port: 80 or 443 if the URL has none.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS is spoken, over whatever the connector connects.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }
}

/// The parts of a URL.
pub(crate) struct Url {
    pub(crate) endpoint: Endpoint,
    /// The `Host` header.
    pub(crate) authority: HeaderValue,
    pub(crate) path: String,
    pub(crate) query: String,
}

impl Url {
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        let invalid = |why: &str| OpenError::Invalid(format!("{why} in the URL").into());
        let uri: Uri = url.parse().map_err(|error| invalid(&format!("{error}")))?;
        let secure = match uri.scheme_str() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            _ => return Err(invalid("neither http, https, ws nor wss")),
        };
        let authority = uri.authority().ok_or_else(|| invalid("no host"))?;
        if authority.as_str().contains('@') {
            return Err(invalid("credentials, which belong into the Authorization header,"));
        }
        let host = authority.host();
        let mut header = host.to_owned();
        if let Some(port) = authority.port_u16() {
            write!(header, ":{port}").expect("a String takes whatever is written to it");
        }
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        Ok(Self {
            endpoint: Endpoint {
                host: bare.unwrap_or(host).into(),
                port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
                secure,
            },
            authority: HeaderValue::try_from(header).map_err(|_| invalid("an invalid host"))?,
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_host_a_port_and_whether_it_is_secure() {
        for (url, host, port, secure, authority) in [
            ("http://localhost:3000", "localhost", 3000, false, "localhost:3000"),
            ("ws://example.org/chat?a=b", "example.org", 80, false, "example.org"),
            ("https://[::1]:8443/", "::1", 8443, true, "[::1]:8443"),
            ("wss://127.0.0.1", "127.0.0.1", 443, true, "127.0.0.1"),
        ] {
            let parsed = Url::parse(url).unwrap();
            let Endpoint { host: found, .. } = &parsed.endpoint;
            assert_eq!(
                (&**found, parsed.endpoint.port(), parsed.endpoint.is_secure()),
                (host, port, secure)
            );
            assert_eq!(parsed.authority, authority);
        }
        let url = Url::parse("ws://example.org/chat?a=b").unwrap();
        assert_eq!((&*url.path, &*url.query), ("/chat", "a=b"));
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused() {
        for url in [
            "",
            "/chat",
            "localhost",
            "ftp://localhost",
            "http://user:secret@localhost",
            "http://a b",
        ] {
            let error = Url::parse(url).map(|url| url.endpoint).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
