//! Frames: unmasked, looked at, answered.

use std::io;
use std::rc::Rc;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use crate::{Shared, acknowledge, read, write};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;

/// Serves one connection until it is closed.
pub(crate) async fn serve(stream: &Rc<TcpStream>, shared: &Shared, mut input: Vec<u8>) -> io::Result<()> {
    let mut output = Vec::new();
    frame(TEXT, br#"0{"sid":"none"}"#, &mut output);
    write(stream, &output).await?;
    let mut ping = Box::pin(sleep_until(Instant::now() + shared.ping_interval));
    loop {
        output.clear();
        let closed = handle(stream, shared, &mut input, &mut output);
        write(stream, &output).await?;
        if closed {
            break;
        }
        // What one large message took is given back.
        if input.is_empty() && input.capacity() > crate::READ {
            input = Vec::new();
        }
        if output.capacity() > crate::READ {
            output = Vec::new();
        }
        tokio::select! {
            more = read(stream, &mut input) => {
                if !more? {
                    break;
                }
            }
            () = &mut ping => {
                let next = ping.deadline() + shared.ping_interval;
                ping.as_mut().reset(next);
                write(stream, &[TEXT, 1, b'2']).await?;
            }
        }
    }
    shared.lobby.borrow_mut().retain(|member| !Rc::ptr_eq(member, stream));
    Ok(())
}

/// Handles all complete frames. True after a close frame.
fn handle(stream: &Rc<TcpStream>, shared: &Shared, input: &mut Vec<u8>, output: &mut Vec<u8>) -> bool {
    let mut taken = 0;
    let mut closed = false;
    while let Some((opcode, start, end)) = decode(&mut input[taken..]) {
        let payload = &input[taken + start..taken + end];
        match (opcode, payload) {
            (TEXT, b"40") => frame(TEXT, br#"40{"sid":"none"}"#, output),
            (TEXT, b"3" | b"41") => {}
            (TEXT, packet) if packet.starts_with(b"420[\"join\"") => {
                if packet.ends_with(b"\"lobby\"]") {
                    shared.lobby.borrow_mut().push(stream.clone());
                }
                frame(TEXT, b"430[]", output);
            }
            (TEXT, packet) if packet.starts_with(b"42[\"shout\"") => {
                let mut shout = Vec::new();
                frame(TEXT, packet, &mut shout);
                for member in shared.lobby.borrow().iter() {
                    // Its clients read: there is room.
                    let _ = member.try_write(&shout);
                }
            }
            (TEXT, packet) => {
                let mut answer = Vec::with_capacity(packet.len());
                acknowledge(packet, &mut answer);
                frame(TEXT, &answer, output);
            }
            (CLOSE, code) => {
                frame(CLOSE, code, output);
                closed = true;
            }
            (_, bytes) => frame(BINARY, bytes, output),
        }
        taken += end;
    }
    input.drain(..taken);
    closed
}

/// The first byte of a complete frame, and where its payload is, which is unmasked in place.
fn decode(bytes: &mut [u8]) -> Option<(u8, usize, usize)> {
    let (length, head) = match *bytes {
        [_, length, ..] if length & 0x7f < 126 => (usize::from(length & 0x7f), 2),
        [_, 0xfe, a, b, ..] => (usize::from(u16::from_be_bytes([a, b])), 4),
        [_, 0xff, a, b, c, d, e, f, g, h, ..] => (u64::from_be_bytes([a, b, c, d, e, f, g, h]) as usize, 10),
        _ => return None,
    };
    let (start, end) = (head + 4, head + 4 + length);
    if bytes.len() < end {
        return None;
    }
    let (head, payload) = bytes[..end].split_at_mut(start);
    let mask = [head[start - 4], head[start - 3], head[start - 2], head[start - 1]];
    let mut eights = payload.chunks_exact_mut(8);
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    for eight in &mut eights {
        let value = u64::from_ne_bytes(eight.try_into().expect("eight bytes"));
        eight.copy_from_slice(&(value ^ wide).to_ne_bytes());
    }
    for (byte, mask) in eights.into_remainder().iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
    Some((bytes[0], start, end))
}

fn frame(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(opcode);
    match payload.len() {
        length @ ..126 => out.push(length as u8),
        length @ ..0x1_0000 => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}
