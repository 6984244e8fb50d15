//! HTTP/1.1, as far as Socket.IO needs it: heads are parsed by `httparse`, WebSocket handshakes answered by `tungstenite`. What
//! is left to do is to look at four headers, and to write a response.

use std::io::Write;

use engineio_proto::Response;
use engineio_proto::server;
use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server as handshake;

/// The largest head of a request, in bytes.
pub const MAX_HEAD: usize = 16 * 1024;

/// What a request's head says.
pub struct Request {
    pub method: String,
    pub path: String,
    query: String,
    /// Bytes in the body.
    pub length: usize,
    /// Whether the body declares itself as bytes.
    binary: bool,
    /// Whether it asks to become a WebSocket, and is in order.
    websocket: bool,
    pub terms: Terms,
}

/// What is to be known of a request to answer it.
#[derive(Default)]
pub struct Terms {
    /// Whether another request may follow on this connection.
    pub keep_alive: bool,
    /// Whether the answer has a body: that to a HEAD only says how long it would be.
    pub with_body: bool,
    /// The `101` that makes it a WebSocket.
    pub switching: Option<Vec<u8>>,
}

impl Request {
    /// What the engine needs to know of it.
    pub fn for_engine(&self) -> server::Request<'_> {
        server::Request {
            method: &self.method,
            query: &self.query,
            websocket: self.websocket,
            binary: self.binary,
        }
    }
}

/// The head at the beginning of `input` and its length, or nothing yet. An error is the status to answer with; where the next
/// request begins is not known then, so the connection must be closed.
pub fn parse(input: &[u8]) -> Result<Option<(Request, usize)>, u16> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let len = match head.parse(input) {
        Ok(httparse::Status::Complete(len)) if len <= MAX_HEAD => len,
        Ok(httparse::Status::Partial) if input.len() < MAX_HEAD => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(431),
        Err(_) => return Err(400),
    };
    let target = head.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: head.method.unwrap_or_default().into(),
        path: path.into(),
        query: query.into(),
        length: 0,
        binary: false,
        websocket: false,
        terms: Terms {
            keep_alive: head.version == Some(1),
            with_body: head.method != Some("HEAD"),
            switching: None,
        },
    };
    let mut length = None;
    for header in head.headers.iter() {
        let value = header.value.trim_ascii();
        match &*header.name.to_ascii_lowercase() {
            "content-length" => {
                let says = std::str::from_utf8(value)
                    .ok()
                    .filter(|_| value.iter().all(u8::is_ascii_digit));
                let says = says.and_then(|digits| digits.parse().ok()).ok_or(400_u16)?;
                if length.replace(says).is_some_and(|before| before != says) {
                    return Err(400);
                }
            }
            // No client of ours sends a body in chunks; this one is told to say its length.
            "transfer-encoding" => return Err(411),
            "content-type" => request.binary = value.eq_ignore_ascii_case(b"application/octet-stream"),
            "connection" => request.terms.keep_alive &= !value.eq_ignore_ascii_case(b"close"),
            "upgrade" if value.eq_ignore_ascii_case(b"websocket") => request.terms.switching = switching(&input[..len]),
            _ => {}
        }
    }
    request.length = length.unwrap_or(0);
    request.websocket = request.terms.switching.is_some();
    Ok(Some((request, len)))
}

/// The answer to a WebSocket handshake, if all that RFC 6455 asks of it is there.
fn switching(head: &[u8]) -> Option<Vec<u8>> {
    let (_, request) = handshake::Request::try_parse(head).ok()??;
    let response = handshake::create_response(&request).ok()?;
    let mut out = Vec::new();
    handshake::write_response(&mut out, &response).ok()?;
    Some(out)
}

/// Writes `response`, on the terms of its request.
pub fn write(out: &mut Vec<u8>, response: &Response, terms: &Terms) {
    let reason = match response.status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        _ => "",
    };
    let mut head = format!("HTTP/1.1 {} {reason}\r\nCache-Control: no-store\r\n", response.status);
    if let Some(content_type) = response.content_type {
        head += &format!("Content-Type: {content_type}\r\n");
    }
    if !terms.keep_alive {
        head += "Connection: close\r\n";
    }
    write!(out, "{head}Content-Length: {}\r\n\r\n", response.body.len()).expect("a vector takes everything");
    if terms.with_body {
        out.extend_from_slice(&response.body);
    }
}
