//! HTTP as a client of long-polling needs it: requests, and answers that say how long they are.

use anyhow::{Context, Result, ensure};

/// A GET, which opens a session or waits for packets.
pub fn get(sid: Option<&str>, out: &mut Vec<u8>) {
    head("GET", sid, out);
    out.extend_from_slice(b"\r\n");
}

/// A POST of packets.
pub fn post(sid: &str, body: &[u8], out: &mut Vec<u8>) {
    head("POST", Some(sid), out);
    let length = body.len();
    out.extend_from_slice(
        format!("Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {length}\r\n\r\n").as_bytes(),
    );
    out.extend_from_slice(body);
}

/// Shows the body of each complete answer to `on`, and says how many bytes those answers were. Anything but 200 is an error.
pub fn answers(bytes: &[u8], mut on: impl FnMut(&[u8]) -> Result<()>) -> Result<usize> {
    let mut taken = 0;
    while let Some((body, length)) = answer(&bytes[taken..])? {
        on(body)?;
        taken += length;
    }
    Ok(taken)
}

fn head(method: &str, sid: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(method.as_bytes());
    out.extend_from_slice(b" /socket.io/?EIO=4&transport=polling");
    if let Some(sid) = sid {
        out.extend_from_slice(b"&sid=");
        out.extend_from_slice(sid.as_bytes());
    }
    out.extend_from_slice(b" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
}

fn answer(bytes: &[u8]) -> Result<Option<(&[u8], usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 24];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes)? else {
        return Ok(None);
    };
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .context("an answer without a length")?;
    let length: usize = std::str::from_utf8(length.value)?.parse()?;
    let Some(body) = bytes.get(head..head + length) else {
        return Ok(None);
    };
    ensure!(
        response.code == Some(200),
        "answered {:?}: {}",
        response.code,
        String::from_utf8_lossy(body)
    );
    Ok(Some((body, head + length)))
}
