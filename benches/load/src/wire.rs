//! One TCP connection: what has not been sent yet, and what has come of a message that is not complete yet.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

/// Ports below this may be someone's, ports above the last are none.
const FIRST_PORT: u32 = 10_000;
const PORTS: u32 = 22_000;

/// A connection that never blocks.
pub struct Wire {
    stream: TcpStream,
    incomplete: Vec<u8>,
    unsent: Vec<u8>,
}

impl Wire {
    /// Makes a connection and watches it.
    pub fn connect(port: u16, registry: &Registry, token: usize) -> Result<Self> {
        Self::adopt(connect(port)?, registry, token)
    }

    /// Watches a connection that was opened before.
    pub fn adopt(stream: std::net::TcpStream, registry: &Registry, token: usize) -> Result<Self> {
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        registry.register(&mut stream, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            incomplete: Vec::new(),
            unsent: Vec::new(),
        })
    }

    /// Sends now what can be sent now, the rest when `flush` is called.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let mut rest = bytes;
        if self.unsent.is_empty() {
            rest = &bytes[write(&mut self.stream, bytes)?..];
        }
        self.unsent.extend_from_slice(rest);
        Ok(())
    }

    /// Sends what was left over.
    pub fn flush(&mut self) -> Result<()> {
        if !self.unsent.is_empty() {
            let sent = write(&mut self.stream, &self.unsent)?;
            self.unsent.drain(..sent);
        }
        Ok(())
    }

    /// Reads all that has come, as an event tells, and shows it to `take`, which says how much of it were complete messages. False if the
    /// server has closed.
    pub fn receive(
        &mut self,
        event: &Event,
        scratch: &mut [u8],
        mut take: impl FnMut(&[u8]) -> Result<usize>,
    ) -> Result<bool> {
        loop {
            let length = match self.stream.read(scratch) {
                Ok(0) => return Ok(false),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                // It has closed before it read all that we sent.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error).context("reading"),
            };
            if self.incomplete.is_empty() {
                let taken = take(&scratch[..length])?;
                self.incomplete.extend_from_slice(&scratch[taken..length]);
            } else {
                self.incomplete.extend_from_slice(&scratch[..length]);
                let taken = take(&self.incomplete)?;
                self.incomplete.drain(..taken);
            }
            // Less than there was room for: nothing is left but perhaps the end, and what comes later is told anew.
            if length < scratch.len() && !event.is_read_closed() {
                return Ok(true);
            }
        }
    }
}

/// Connects and waits for it, which is no time at all: the server's kernel answers.
///
/// Addresses and ports are taken in turn, so that thousands of connections a second never wait for a port that was just used.
pub fn connect(port: u16) -> Result<std::net::TcpStream> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    for _ in 0..100 {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + 1 + turn / PORTS % 200);
        let from = SocketAddr::from((address, (FIRST_PORT + turn % PORTS) as u16));
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if socket.bind(&from.into()).is_err() {
            continue;
        }
        match socket.connect(&server.into()) {
            Ok(()) => {
                socket.set_tcp_nodelay(true)?;
                return Ok(socket.into());
            }
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {}
            Err(error) => return Err(error).context("connecting"),
        }
    }
    anyhow::bail!("no port is free")
}

/// Writes until all is written or the socket is full, and says how much that was.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(length) => sent += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error).context("writing"),
        }
    }
    Ok(sent)
}
