//! A cookie that carries the session id.

use std::fmt::Write;
use std::time::Duration;

use engineio_proto::Sid;
use http::HeaderValue;

/// The cookie that the answer to a long-polling handshake sets, for load balancers that keep a client on one server by it. Its value is
/// the session id; the server itself never looks at it.
///
/// ```
/// use socketio_hyper::{Cookie, SameSite};
///
/// let cookie = Cookie::new("io").same_site(SameSite::None).secure(true);
/// assert_eq!(cookie.name(), "io");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    name: String,
    path: String,
    http_only: bool,
    same_site: Option<SameSite>,
    secure: bool,
    max_age: Option<Duration>,
}

/// Whether a browser sends a cookie along with requests that another site causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// Only when the user goes to the cookie's site.
    Lax,
    /// Always. Browsers want such a cookie to be [`secure`](Cookie::secure).
    None,
}

impl Cookie {
    /// A cookie of this name, with the path `/`, for HTTP only, `SameSite=Lax`, and gone with the browser's session.
    ///
    /// # Panics
    ///
    /// If the name is none for a cookie: letters, digits and any of ``!#$%&'*+-.^_`|~``.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let legal = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
        assert!(
            !name.is_empty() && name.bytes().all(legal),
            "`{name}` is no name for a cookie"
        );
        Self {
            name,
            path: "/".to_owned(),
            http_only: true,
            same_site: Some(SameSite::Lax),
            secure: false,
            max_age: None,
        }
    }

    /// The path below which browsers send it. Default `/`.
    ///
    /// # Panics
    ///
    /// If a cookie cannot have this path: printable ASCII characters without `;`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        let legal = |c: u8| c == b' ' || (c.is_ascii_graphic() && c != b';');
        assert!(self.path.bytes().all(legal), "`{}` is no path for a cookie", self.path);
        self
    }

    /// Whether it is kept from the page's scripts. Default true: the session id is a secret.
    #[must_use]
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// What other sites may do with it. Default [`SameSite::Lax`]; without a value it is up to the browser.
    #[must_use]
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Whether it is sent over HTTPS only. Default false.
    #[must_use]
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// How long browsers keep it, in whole seconds. Default: until they are closed.
    #[must_use]
    pub fn max_age(mut self, max_age: impl Into<Option<Duration>>) -> Self {
        self.max_age = max_age.into();
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The header that sets it.
    pub(crate) fn set(&self, sid: &Sid) -> HeaderValue {
        let mut header = format!("{}={}", self.name, sid.as_str());
        if let Some(max_age) = self.max_age {
            write!(header, "; Max-Age={}", max_age.as_secs()).expect("writing to a string cannot fail");
        }
        header.push_str("; Path=");
        header.push_str(&self.path);
        if self.http_only {
            header.push_str("; HttpOnly");
        }
        if self.secure {
            header.push_str("; Secure");
        }
        header.push_str(match self.same_site {
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            None => "",
        });
        let mut header = HeaderValue::try_from(header).expect("what is in it was checked");
        header.set_sensitive(true);
        header
    }
}

/// The JavaScript server's: [`new`](Self::new) with the name `io`.
impl Default for Cookie {
    fn default() -> Self {
        Self::new("io")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cookie: &Cookie) -> String {
        let sid = Sid::from_entropy([0; 15]);
        cookie.set(&sid).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_cookie_is_written_as_the_javascript_server_writes_it() {
        assert_eq!(
            set(&Cookie::default()),
            "io=AAAAAAAAAAAAAAAAAAAA; Path=/; HttpOnly; SameSite=Lax"
        );
        let cookie = Cookie::new("id")
            .path("/chat")
            .http_only(false)
            .same_site(SameSite::None)
            .secure(true)
            .max_age(Duration::from_secs(60));
        assert_eq!(
            set(&cookie),
            "id=AAAAAAAAAAAAAAAAAAAA; Max-Age=60; Path=/chat; Secure; SameSite=None"
        );
        assert_eq!(
            set(&Cookie::new("id").same_site(None)),
            "id=AAAAAAAAAAAAAAAAAAAA; Path=/; HttpOnly"
        );
    }

    #[test]
    fn what_would_break_the_header_is_refused() {
        for name in ["", "a b", "a=b", "a;b", "a\r\nb", "é"] {
            assert!(std::panic::catch_unwind(|| Cookie::new(name)).is_err(), "{name:?}");
        }
        for path in ["/;", "/\r\nX: y", "/é"] {
            assert!(
                std::panic::catch_unwind(|| Cookie::default().path(path)).is_err(),
                "{path:?}"
            );
        }
    }

    #[test]
    fn the_session_id_in_it_is_not_written_to_logs() {
        let sid = Sid::from_entropy([0; 15]);
        assert_eq!(format!("{:?}", Cookie::default().set(&sid)), "Sensitive");
    }
}
