//! Requests: the upgrade, and long-polling.

use std::io;
use std::rc::Rc;

use tokio::net::TcpStream;

use crate::{Shared, acknowledge, read, websocket, write};

/// Between packets of a body.
const SEPARATOR: u8 = 0x1e;

/// A session of long-polling: what waits to be polled, and who polls.
#[derive(Default)]
pub(crate) struct Session {
    packets: Vec<u8>,
    waiting: Option<Rc<TcpStream>>,
}

/// Serves requests until the connection ends or becomes a WebSocket.
pub(crate) async fn serve(stream: &Rc<TcpStream>, shared: &Shared) -> io::Result<()> {
    let mut input = Vec::new();
    let mut output = Vec::new();
    while read(stream, &mut input).await? {
        while let Some(head) = find(&input, b"\r\n\r\n") {
            let (head, rest) = input.split_at(head + 4);
            if find(head, b"transport=websocket").is_some() {
                let rest = rest.to_vec();
                drop(input);
                drop(output);
                write(
                    stream,
                    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
                )
                .await?;
                return websocket::serve(stream, shared, rest).await;
            }
            let length = find(head, b"Content-Length: ").map_or(0, |at| digits(&head[at + 16..]) as usize);
            if rest.len() < length {
                break;
            }
            let sid = find(head, b"&sid=").map(|at| digits(&head[at + 5..]));
            match sid {
                None => open(shared, &mut output),
                Some(sid) if head.starts_with(b"GET") => poll(stream, shared, sid, &mut output),
                Some(sid) => {
                    post(shared, sid, &rest[..length]).await?;
                    answer(b"ok", &mut output);
                }
            }
            let taken = head.len() + length;
            input.drain(..taken);
        }
        write(stream, &output).await?;
        output.clear();
    }
    Ok(())
}

fn open(shared: &Shared, output: &mut Vec<u8>) {
    let sid = shared.next.get();
    shared.next.set(sid + 1);
    shared.sessions.borrow_mut().insert(sid, Session::default());
    answer(format!(r#"0{{"sid":"{sid}"}}"#).as_bytes(), output);
}

/// Answers with all that waits, or later.
fn poll(stream: &Rc<TcpStream>, shared: &Shared, sid: u64, output: &mut Vec<u8>) {
    let mut sessions = shared.sessions.borrow_mut();
    let session = sessions.entry(sid).or_default();
    if session.packets.is_empty() {
        session.waiting = Some(stream.clone());
    } else {
        answer(&std::mem::take(&mut session.packets), output);
    }
}

/// Handles all packets, and answers the GET that waits.
async fn post(shared: &Shared, sid: u64, body: &[u8]) -> io::Result<()> {
    let mut packets = Vec::new();
    for packet in body.split(|&byte| byte == SEPARATOR) {
        if !packets.is_empty() {
            packets.push(SEPARATOR);
        }
        match packet {
            b"40" => packets.extend_from_slice(br#"40{"sid":"none"}"#),
            b"41" | b"3" => {}
            b"1" => {
                shared.sessions.borrow_mut().remove(&sid);
                return Ok(());
            }
            packet => acknowledge(packet, &mut packets),
        }
    }
    let waiting = {
        let mut sessions = shared.sessions.borrow_mut();
        let session = sessions.entry(sid).or_default();
        let waiting = session.waiting.take();
        if waiting.is_none() {
            session.packets = packets;
            return Ok(());
        }
        waiting
    };
    if let Some(stream) = waiting {
        let mut output = Vec::with_capacity(packets.len() + 100);
        answer(&packets, &mut output);
        write(&stream, &output).await?;
    }
    Ok(())
}

fn answer(body: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=UTF-8\r\ncontent-length: ");
    output.extend_from_slice(body.len().to_string().as_bytes());
    output.extend_from_slice(b"\r\n\r\n");
    output.extend_from_slice(body);
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

/// The number that begins here.
fn digits(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}
