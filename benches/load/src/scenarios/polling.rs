//! Echoes over long-polling: a GET that waits for answers on one connection, a POST of events on another.

use std::io::{Read, Write};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use mio::Registry;
use mio::event::Event;

use crate::http;
use crate::measure::{Figure, Tally, Times, measure};
use crate::payload;
use crate::pool::SCRATCH;
use crate::server::Server;
use crate::watch::{PATIENCE, Watch};
use crate::wire::{self, Wire};

/// Between packets of a body.
const SEPARATOR: u8 = 0x1e;

/// Who sends how much.
#[derive(Clone, Copy, Debug)]
pub struct PollingEcho {
    pub sessions: usize,
    /// Bytes of JSON; a string if it is short.
    pub size: usize,
    /// Messages of one POST. The next follows when all are answered.
    pub in_flight: usize,
}

/// A session and its two connections.
struct Session {
    get: Wire,
    post: Wire,
    request: Vec<u8>,
    poll: Vec<u8>,
    posted: bool,
    unanswered: usize,
    since: Instant,
}

impl PollingEcho {
    pub fn run(self, server: &Server, times: Times) -> Result<Vec<Figure>> {
        let argument = if self.size < 1024 {
            payload::string(self.size)
        } else {
            payload::json(self.size)
        };
        let packets: Vec<_> = (0..self.in_flight)
            .map(|id| format!(r#"42{id}["echo",{argument}]"#))
            .collect();
        let body = packets.join(str::from_utf8(&[SEPARATOR])?);
        let answer = format!("[{argument}]");
        let mut watch = Watch::new(server.waiting)?;
        let mut scratch = vec![0; SCRATCH];
        let mut sessions = Vec::new();
        for index in 0..self.sessions {
            sessions.push(Session::open(server.port, watch.registry(), index, &body)?);
        }
        for session in &mut sessions {
            session.get.send(&session.poll)?;
            session.send(self.in_flight)?;
        }
        measure(server, times, |tally| {
            watch.wait()?;
            for event in watch.events() {
                let index = event.token().0;
                let session = &mut sessions[index / 2];
                session.get.flush()?;
                session.post.flush()?;
                if event.is_readable() && index % 2 == 0 {
                    session.polled(event, &mut scratch, answer.as_bytes(), tally)?;
                } else if event.is_readable() {
                    session.accepted(event, &mut scratch)?;
                }
                if session.posted && session.unanswered == 0 {
                    session.send(self.in_flight)?;
                }
            }
            Ok(())
        })
    }
}

impl Session {
    fn open(port: u16, registry: &Registry, index: usize, body: &str) -> Result<Self> {
        let mut stream = wire::connect(port)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut request = Vec::new();
        http::get(None, &mut request);
        let sid = sid(&exchange(&mut stream, &request)?)?;
        request.clear();
        http::post(&sid, b"40", &mut request);
        ensure!(exchange(&mut stream, &request)? == b"ok", "not ok");
        let mut poll_request = Vec::new();
        http::get(Some(&sid), &mut poll_request);
        let connected = exchange(&mut stream, &poll_request)?;
        request.clear();
        if connected_after_ping(&connected)? {
            http::post(&sid, b"3", &mut request);
            ensure!(exchange(&mut stream, &request)? == b"ok", "not ok");
            request.clear();
        }
        http::post(&sid, body.as_bytes(), &mut request);
        Ok(Self {
            get: Wire::connect(port, registry, 2 * index)?,
            post: Wire::adopt(stream, registry, 2 * index + 1)?,
            request,
            poll: poll_request,
            posted: false,
            unanswered: 0,
            since: Instant::now(),
        })
    }

    /// Posts all events.
    fn send(&mut self, events: usize) -> Result<()> {
        self.posted = false;
        self.unanswered = events;
        self.since = Instant::now();
        self.post.send(&self.request)
    }

    /// A POST is answered.
    fn accepted(&mut self, event: &Event, scratch: &mut [u8]) -> Result<()> {
        let posted = &mut self.posted;
        let open = self.post.receive(event, scratch, |bytes| {
            http::answers(bytes, |body| {
                ensure!(body == b"ok" && !*posted, "answered twice, or not ok");
                *posted = true;
                Ok(())
            })
        })?;
        ensure!(open, "the server closed a connection");
        Ok(())
    }

    /// A GET is answered: checks each packet, and polls again.
    fn polled(&mut self, event: &Event, scratch: &mut [u8], answer: &[u8], tally: &mut Tally) -> Result<()> {
        let (unanswered, since) = (&mut self.unanswered, self.since);
        let mut polls = 0;
        let open = self.get.receive(event, scratch, |bytes| {
            http::answers(bytes, |body| {
                polls += 1;
                for packet in body.split(|&byte| byte == SEPARATOR) {
                    // No scenario lasts as long as a ping may stay unanswered.
                    if packet == b"2" {
                        continue;
                    }
                    let data = packet.strip_prefix(b"43").context("no acknowledgement")?;
                    let digits = data.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    ensure!(digits > 0 && &data[digits..] == answer, "another answer");
                    *unanswered = unanswered.checked_sub(1).context("answered twice")?;
                    tally.operations += 1;
                    tally.latencies.record(since.elapsed());
                }
                Ok(())
            })
        })?;
        ensure!(open, "the server closed a connection");
        for _ in 0..polls {
            self.get.send(&self.poll)?;
        }
        Ok(())
    }
}

/// The sid of a session that was opened.
pub fn sid(body: &[u8]) -> Result<String> {
    let body = str::from_utf8(body)?;
    let (_, rest) = body.split_once(r#""sid":""#).context("no sid")?;
    let (sid, _) = rest.split_once('"').context("no sid")?;
    Ok(sid.to_owned())
}

/// Checks what comes when a socket is connected. True if a ping came with it: some servers ping as soon as the session is open.
pub fn connected_after_ping(body: &[u8]) -> Result<bool> {
    let connected = body.strip_prefix(b"2\x1e").unwrap_or(body);
    ensure!(
        connected.starts_with(b"40{"),
        "not connected: {}",
        String::from_utf8_lossy(body)
    );
    Ok(connected.len() < body.len())
}

/// One request, whose answer is awaited.
fn exchange(stream: &mut std::net::TcpStream, request: &[u8]) -> Result<Vec<u8>> {
    stream.write_all(request)?;
    let mut received = Vec::new();
    let mut answer = None;
    while answer.is_none() {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer)?;
        ensure!(length > 0, "the server closed the connection");
        received.extend_from_slice(&buffer[..length]);
        http::answers(&received, |body| {
            answer = Some(body.to_vec());
            Ok(())
        })?;
    }
    answer.context("no answer")
}
