//! WebSocket framing as a client needs it here: whole messages, a mask of zeros.

use std::fmt;

use anyhow::{Result, bail, ensure};

/// What is sent to become a WebSocket. The key is the specification's example: nobody checks its answer.
pub const UPGRADE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;

/// What came in one frame.
#[derive(Clone, Copy, PartialEq)]
pub enum Frame<'a> {
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Close,
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", String::from_utf8_lossy(&text[..text.len().min(200)])),
            Self::Binary(bytes) => write!(f, "{} bytes of binary data", bytes.len()),
            Self::Close => write!(f, "a close frame"),
        }
    }
}

/// Appends a text frame.
pub fn text(payload: &[u8], out: &mut Vec<u8>) {
    encode(TEXT, payload, out);
}

/// Appends a binary frame.
pub fn binary(payload: &[u8], out: &mut Vec<u8>) {
    encode(BINARY, payload, out);
}

/// Appends a close frame.
pub fn close(out: &mut Vec<u8>) {
    encode(CLOSE, &1000_u16.to_be_bytes(), out);
}

/// Shows each complete frame to `on`, and says how many bytes those were.
pub fn frames(bytes: &[u8], mut on: impl FnMut(Frame<'_>) -> Result<()>) -> Result<usize> {
    let mut taken = 0;
    while let Some((frame, length)) = decode(&bytes[taken..])? {
        on(frame)?;
        taken += length;
    }
    Ok(taken)
}

/// Past the head of the server's answer to an upgrade, if all of it is there.
pub fn upgraded(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    ensure!(head.starts_with("HTTP/1.1 101 "), "no upgrade: {head}");
    Ok(Some(end + 4))
}

fn encode(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(FINAL | opcode);
    match payload.len() {
        length @ ..126 => out.push(MASKED | length as u8),
        length @ ..0x1_0000 => {
            out.push(MASKED | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

fn decode(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>> {
    let &[first, second, ref rest @ ..] = bytes else {
        return Ok(None);
    };
    ensure!(first & !0x0f == FINAL, "a fragment or a compressed message: {first:#x}");
    let (length, rest) = match (second, rest) {
        (length @ ..126, rest) => (usize::from(length), rest),
        (126, &[a, b, ref rest @ ..]) => (usize::from(u16::from_be_bytes([a, b])), rest),
        (127, &[a, b, c, d, e, f, g, h, ref rest @ ..]) => {
            (u64::from_be_bytes([a, b, c, d, e, f, g, h]) as usize, rest)
        }
        (126 | 127, _) => return Ok(None),
        _ => bail!("the server masks"),
    };
    let Some(payload) = rest.get(..length) else {
        return Ok(None);
    };
    let frame = match first & 0x0f {
        TEXT => Frame::Text(payload),
        BINARY => Frame::Binary(payload),
        CLOSE => Frame::Close,
        opcode => bail!("a frame of kind {opcode}"),
    };
    Ok(Some((frame, bytes.len() - rest.len() + length)))
}
