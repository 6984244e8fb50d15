//! Many Socket.IO clients over WebSocket in one thread, each connected to the default namespace.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use mio::Registry;

use crate::server::Server;
use crate::watch::{PATIENCE, Watch};
use crate::websocket::{self, Frame};
use crate::wire::{self, Wire};

/// As much as one read may take.
pub const SCRATCH: usize = 256 * 1024;

/// The clients, named by their index.
pub struct Pool {
    watch: Watch,
    scratch: Vec<u8>,
    out: Vec<u8>,
    wires: Vec<Wire>,
    /// Heartbeats answered since the beginning.
    pub pings: u64,
}

impl Pool {
    /// Connects them one after the other.
    pub fn connect(server: &Server, clients: usize) -> Result<Self> {
        let mut pool = Self {
            watch: Watch::new(server.waiting)?,
            scratch: vec![0; SCRATCH],
            out: Vec::new(),
            wires: Vec::with_capacity(clients),
            pings: 0,
        };
        for index in 0..clients {
            pool.wires.push(open(server.port, pool.watch.registry(), index)?);
        }
        Ok(pool)
    }

    pub fn len(&self) -> usize {
        self.wires.len()
    }

    /// Sends frames of a client's.
    pub fn send(&mut self, client: usize, frames: &[u8]) -> Result<()> {
        self.wires[client].send(frames)
    }

    /// Waits until something comes and shows each message to `on`, with where to put what this client is to send in answer: all of
    /// that is sent at once. Heartbeats are answered here.
    pub fn turn(&mut self, on: impl FnMut(usize, Frame<'_>, &mut Vec<u8>) -> Result<()>) -> Result<()> {
        self.watch.wait()?;
        self.handle(on)
    }

    /// Answers heartbeats for so long, when nothing else is expected.
    pub fn listen(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.watch.wait_within(left)?;
            self.handle(|_, frame, _| bail!("unexpected: {frame:?}"))?;
        }
        Ok(())
    }

    fn handle(&mut self, mut on: impl FnMut(usize, Frame<'_>, &mut Vec<u8>) -> Result<()>) -> Result<()> {
        for event in self.watch.events() {
            let index = event.token().0;
            let wire = &mut self.wires[index];
            if event.is_writable() {
                wire.flush()?;
            }
            if !event.is_readable() {
                continue;
            }
            let (out, pings) = (&mut self.out, &mut self.pings);
            out.clear();
            let open = wire.receive(event, &mut self.scratch, |bytes| {
                websocket::frames(bytes, |frame| {
                    if frame == Frame::Text(b"2") {
                        websocket::text(b"3", out);
                        *pings += 1;
                        return Ok(());
                    }
                    on(index, frame, out)
                })
            })?;
            ensure!(open, "the server closed the connection of client {index}");
            if !out.is_empty() {
                wire.send(out)?;
            }
        }
        Ok(())
    }
}

/// Opens a session and its socket, waiting for each answer.
fn open(port: u16, registry: &Registry, index: usize) -> Result<Wire> {
    let mut stream = wire::connect(port)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(websocket::UPGRADE.as_bytes())?;
    let mut received = Vec::new();
    let start = loop {
        more(&mut stream, &mut received)?;
        if let Some(start) = websocket::upgraded(&received)? {
            break start;
        }
    };
    received.drain(..start);
    await_text(&mut stream, &mut received, b"0{")?;
    let mut hello = Vec::new();
    websocket::text(b"40", &mut hello);
    stream.write_all(&hello)?;
    await_text(&mut stream, &mut received, b"40{")?;
    ensure!(received.is_empty(), "half a message that nobody asked for");
    Wire::adopt(stream, registry, index)
}

/// Waits for a text message that begins so. Some servers ping as soon as the session is open.
fn await_text(stream: &mut std::net::TcpStream, received: &mut Vec<u8>, prefix: &[u8]) -> Result<()> {
    let mut found = false;
    let mut pongs = Vec::new();
    loop {
        let taken = websocket::frames(received, |frame| match frame {
            Frame::Text(b"2") => {
                websocket::text(b"3", &mut pongs);
                Ok(())
            }
            Frame::Text(text) if text.starts_with(prefix) && !found => {
                found = true;
                Ok(())
            }
            other => bail!("unexpected: {other:?}"),
        })?;
        received.drain(..taken);
        stream.write_all(&pongs)?;
        pongs.clear();
        if found {
            return Ok(());
        }
        more(stream, received)?;
    }
}

fn more(stream: &mut std::net::TcpStream, received: &mut Vec<u8>) -> Result<()> {
    let mut buffer = [0; 4096];
    let length = stream.read(&mut buffer)?;
    ensure!(length > 0, "the server closed the connection");
    received.extend_from_slice(&buffer[..length]);
    Ok(())
}
