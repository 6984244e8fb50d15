//! Clients that connect, open a socket, close it and leave, so many at a time.

use std::time::Instant;

use anyhow::{Result, bail, ensure};
use mio::Registry;
use mio::event::Event;

use super::polling::{connected_after_ping, sid};
use crate::http;
use crate::measure::{Figure, Tally, Times, measure};
use crate::pool::SCRATCH;
use crate::server::Server;
use crate::watch::Watch;
use crate::websocket::{self, Frame};
use crate::wire::Wire;

/// Over what they connect.
#[derive(Clone, Copy, Debug)]
pub enum Transport {
    WebSocket,
    Polling,
}

/// Clients that come and go.
#[derive(Clone, Copy, Debug)]
pub struct Visits {
    pub transport: Transport,
    /// Clients at a time.
    pub at_once: usize,
}

/// One client's way. Over WebSocket all steps are taken, over polling those with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// The upgrade is not answered yet.
    Upgrade,
    /// The session is not open yet.
    Open,
    /// The POST that connects is not answered yet.
    Post,
    /// The socket is not connected yet.
    Connect,
    /// The server has been told goodbye.
    Leave,
    /// It has said goodbye too.
    Left,
}

struct Visit {
    wire: Wire,
    step: Step,
    sid: String,
    since: Instant,
}

impl Visits {
    /// An operation is a visit from its first to its last packet.
    pub fn run(self, server: &Server, times: Times) -> Result<Vec<Figure>> {
        let mut watch = Watch::new(server.waiting)?;
        let mut scratch = vec![0; SCRATCH];
        let mut out = Vec::new();
        let begin = |registry: &Registry, index| match self.transport {
            Transport::WebSocket => Visit::begin(
                server.port,
                registry,
                index,
                Step::Upgrade,
                websocket::UPGRADE.as_bytes(),
            ),
            Transport::Polling => {
                let mut request = Vec::new();
                http::get(None, &mut request);
                Visit::begin(server.port, registry, index, Step::Open, &request)
            }
        };
        let mut visits = (0..self.at_once)
            .map(|index| begin(watch.registry(), index))
            .collect::<Result<Vec<_>>>()?;
        measure(server, times, |tally| {
            watch.wait()?;
            for event in watch.events().iter().filter(|event| event.is_readable()) {
                let index = event.token().0;
                let visit = &mut visits[index];
                out.clear();
                let over = match self.transport {
                    Transport::WebSocket => visit.websocket(event, &mut scratch, &mut out)?,
                    Transport::Polling => visit.polling(event, &mut scratch, &mut out)?,
                };
                if over {
                    visit.count(tally);
                    *visit = begin(watch.registry(), index)?;
                } else if !out.is_empty() {
                    visit.wire.send(&out)?;
                }
            }
            Ok(())
        })
    }
}

impl Visit {
    fn begin(port: u16, registry: &Registry, index: usize, step: Step, request: &[u8]) -> Result<Self> {
        let since = Instant::now();
        let mut wire = Wire::connect(port, registry, index)?;
        wire.send(request)?;
        Ok(Self {
            wire,
            step,
            sid: String::new(),
            since,
        })
    }

    /// Takes the steps that what came allows. True when the server has closed, which it must not do early.
    fn websocket(&mut self, event: &Event, scratch: &mut [u8], out: &mut Vec<u8>) -> Result<bool> {
        let step = &mut self.step;
        let open = self.wire.receive(event, scratch, |bytes| {
            let mut start = 0;
            if *step == Step::Upgrade {
                let Some(end) = websocket::upgraded(bytes)? else {
                    return Ok(0);
                };
                start = end;
                *step = Step::Open;
            }
            let taken = websocket::frames(&bytes[start..], |frame| {
                *step = match (*step, frame) {
                    // Some servers ping as soon as the session is open.
                    (step, Frame::Text(b"2")) => {
                        websocket::text(b"3", out);
                        step
                    }
                    (Step::Open, Frame::Text([b'0', ..])) => {
                        websocket::text(b"40", out);
                        Step::Connect
                    }
                    (Step::Connect, Frame::Text([b'4', b'0', ..])) => {
                        websocket::text(b"41", out);
                        websocket::close(out);
                        Step::Leave
                    }
                    (Step::Leave, Frame::Close) => Step::Left,
                    // Whoever sees the last socket of a client leave may tell it to leave altogether.
                    (Step::Leave, Frame::Text(b"1" | b"41")) => Step::Leave,
                    (step, frame) => bail!("unexpected at {step:?}: {frame:?}"),
                };
                Ok(())
            })?;
            Ok(start + taken)
        })?;
        // Some servers hang up as soon as the last socket has left, and do not wait for the close frame.
        let may_close = matches!(self.step, Step::Leave | Step::Left);
        ensure!(open || may_close, "closed at {:?}", self.step);
        Ok(!open)
    }

    /// The same with requests. True when the last is answered.
    fn polling(&mut self, event: &Event, scratch: &mut [u8], out: &mut Vec<u8>) -> Result<bool> {
        let (step, known) = (&mut self.step, &mut self.sid);
        let open = self.wire.receive(event, scratch, |bytes| {
            http::answers(bytes, |body| {
                *step = match (*step, body) {
                    (Step::Open, [b'0', ..]) => {
                        *known = sid(body)?;
                        http::post(known, b"40", out);
                        Step::Post
                    }
                    (Step::Post, b"ok") => {
                        http::get(Some(known), out);
                        Step::Connect
                    }
                    (Step::Connect, body) => {
                        let pinged = connected_after_ping(body)?;
                        http::post(known, if pinged { b"3\x1e41\x1e1" } else { b"41\x1e1" }, out);
                        Step::Leave
                    }
                    (Step::Leave, b"ok") => Step::Left,
                    (step, body) => bail!("unexpected at {step:?}: {}", String::from_utf8_lossy(body)),
                };
                Ok(())
            })
        })?;
        ensure!(open || self.step == Step::Left, "closed at {:?}", self.step);
        Ok(self.step == Step::Left)
    }

    fn count(&self, tally: &mut Tally) {
        tally.operations += 1;
        tally.latencies.record(self.since.elapsed());
    }
}
