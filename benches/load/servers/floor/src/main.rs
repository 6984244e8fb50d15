//! The physical limit that servers are compared with: it answers the load generator, but is no Socket.IO server.
//!
//! It looks at as few bytes as it can, trusts its clients, checks nothing and copies the rest: one read for whatever is there, one write for
//! all answers to that. What it does not do, no server can do for less on tokio.

mod http;
mod websocket;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::str::FromStr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// As much as is read at once.
const READ: usize = 4096;

/// All that connections know of each other.
struct Shared {
    ping_interval: Duration,
    /// Who has joined the room.
    lobby: RefCell<Vec<Rc<TcpStream>>>,
    /// Sessions of long-polling by their ids.
    sessions: RefCell<HashMap<u64, http::Session>>,
    next: Cell<u64>,
}

fn main() -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve())
}

async fn serve() -> io::Result<()> {
    let shared = Rc::new(Shared {
        ping_interval: Duration::from_millis(number("PING_INTERVAL_MS", 25_000)),
        lobby: RefCell::default(),
        sessions: RefCell::default(),
        next: Cell::new(1_000_000),
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number("PORT", 3000))).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let shared = shared.clone();
        tokio::task::spawn_local(async move {
            let stream = Rc::new(stream);
            // A client that goes is no error.
            let _ = http::serve(&stream, &shared).await;
        });
    }
}

/// Waits for more and appends it. False at the end.
async fn read(stream: &TcpStream, input: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; READ];
    loop {
        stream.readable().await?;
        let before = input.len();
        loop {
            match stream.try_read(&mut buffer) {
                Ok(0) => return Ok(input.len() > before),
                Ok(length) => {
                    input.extend_from_slice(&buffer[..length]);
                    if length < READ {
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if input.len() > before {
            return Ok(true);
        }
    }
}

/// Writes all of it.
async fn write(stream: &TcpStream, mut output: &[u8]) -> io::Result<()> {
    while !output.is_empty() {
        match stream.try_write(output) {
            Ok(length) => output = &output[length..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The acknowledgement of an echo: `42<id>["echo",<data>]` becomes `43<id>[<data>]`, and with attachments `451-` becomes `461-`.
fn acknowledge(packet: &[u8], out: &mut Vec<u8>) {
    let bracket = packet.iter().position(|&byte| byte == b'[').unwrap_or(0);
    let comma = packet.iter().position(|&byte| byte == b',').unwrap_or(0);
    out.extend_from_slice(&packet[..bracket]);
    let kind = out.len() - bracket + 1;
    out[kind] += 1;
    out.push(b'[');
    out.extend_from_slice(&packet[comma + 1..]);
}

/// A number from the environment; what is none counts as unset.
fn number<T: FromStr>(name: &str, default: T) -> T {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}
