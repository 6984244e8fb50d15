//! The answer that makes a connection a WebSocket: RFC 6455, section 4.2.

use http::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use tungstenite::handshake::derive_accept_key;

use crate::Body;

/// Headers of the answer: these three, one for compression, and what layers around the server may add.
const HEADERS: usize = 6;

/// The 101 for a request that asks for a WebSocket in the right way, on a connection that can become one.
pub(crate) fn switching_protocols(head: &Parts) -> Option<Response<Body>> {
    let possible = head.method == Method::GET && head.extensions.get::<OnUpgrade>().is_some();
    if !possible || head.version < Version::HTTP_11 {
        return None;
    }
    let key = key(&head.headers)?;
    let accept = HeaderValue::try_from(derive_accept_key(key)).expect("base64 is ASCII");
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let mut headers = HeaderMap::with_capacity(HEADERS);
    headers.insert(CONNECTION, const { HeaderValue::from_static("Upgrade") });
    headers.insert(UPGRADE, const { HeaderValue::from_static("websocket") });
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    *response.headers_mut() = headers;
    Some(response)
}

/// The client's key, if its headers are right.
fn key(headers: &HeaderMap) -> Option<&[u8]> {
    let text = |name| headers.get(name)?.to_str().ok();
    let upgrade = text(UPGRADE)?.eq_ignore_ascii_case("websocket");
    let mut options = text(CONNECTION)?.split([' ', ',']);
    let switches = options.any(|option| option.eq_ignore_ascii_case("upgrade"));
    let version = headers.get(SEC_WEBSOCKET_VERSION)? == "13";
    let key = headers.get(SEC_WEBSOCKET_KEY)?.as_bytes();
    (upgrade && switches && version && is_key(key)).then_some(key)
}

/// Whether this is 16 bytes in base64.
fn is_key(key: &[u8]) -> bool {
    let [sextets @ .., last, b'=', b'='] = key else {
        return false;
    };
    let legal = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/');
    // The last has two bits of the last byte, and four that are zero.
    sextets.len() == 21 && sextets.iter().all(legal) && matches!(last, b'A' | b'Q' | b'g' | b'w')
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const RIGHT: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn headers(with: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for &(name, value) in RIGHT.iter().chain(with) {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    /// Whether the library that others use takes it.
    fn is_taken_by_tungstenite(headers: &HeaderMap) -> bool {
        let mut request = Request::new(());
        *request.headers_mut() = headers.clone();
        tungstenite::handshake::server::create_response(&request).is_ok()
    }

    #[test]
    fn requests_with_the_right_headers_are_taken_and_no_others() {
        assert!(key(&headers(&[])).is_some());
        for (name, value, right) in [
            ("connection", "upgrade", true),
            ("connection", "keep-alive", false),
            ("connection", "upgraded", false),
            ("connection", "keep-alive,UPGRADE", true),
            ("upgrade", "h2c", false),
            ("upgrade", "websocket", true),
            ("sec-websocket-version", "12", false),
            ("sec-websocket-version", "13, 8", false),
            ("sec-websocket-key", "", false),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ", false),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZR==", false),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZw==", true),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25j-w==", false),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQA=", false),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZWE=", false),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZWFi", false),
            ("sec-websocket-key", "AAAA", false),
        ] {
            let headers = headers(&[(name, value)]);
            assert_eq!(key(&headers).is_some(), right, "{name}: {value}");
            assert_eq!(is_taken_by_tungstenite(&headers), right, "{name}: {value}");
        }
        for (name, _) in RIGHT {
            let mut headers = headers(&[]);
            headers.remove(name);
            assert!(key(&headers).is_none(), "{name}");
        }
    }
}
