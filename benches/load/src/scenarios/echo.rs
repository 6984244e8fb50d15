//! Echoes over WebSocket: events with an acknowledgement, which must bring the same arguments back.

use std::collections::VecDeque;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::measure::{Figure, Tally, Times, measure};
use crate::payload;
use crate::pool::Pool;
use crate::server::Server;
use crate::websocket::{self, Frame};

/// What one argument is sent.
#[derive(Clone, Copy, Debug)]
pub enum Argument {
    /// A string of so many characters.
    Text(usize),
    /// JSON of so many bytes.
    Json(usize),
    /// One attachment of so many bytes.
    Attachment(usize),
}

/// Who sends how much.
#[derive(Clone, Copy, Debug)]
pub struct Echo {
    pub event: &'static str,
    pub argument: Argument,
    pub clients: usize,
    /// Messages of a client's that are not answered yet.
    pub in_flight: usize,
    /// Rooms that each client joins before.
    pub rooms: usize,
}

/// What to send, and what is to come back.
struct Exchange {
    /// By their ids, of which there are twice as many as are in flight: the next message has another id, so no answer counts twice.
    requests: Vec<Vec<u8>>,
    /// What an acknowledgement begins with and, after its id, goes on with.
    kind: Vec<u8>,
    data: Vec<u8>,
    attachment: Option<Vec<u8>>,
}

/// What a client waits for.
struct Waiting {
    /// By the ids of messages.
    since: Vec<Option<Instant>>,
    /// Acknowledgements whose attachment is to come.
    incomplete: VecDeque<usize>,
}

impl Echo {
    pub fn run(self, server: &Server, times: Times) -> Result<Vec<Figure>> {
        let mut pool = Pool::connect(server, self.clients)?;
        for room in 0..self.rooms {
            super::rooms::join(&mut pool, &format!("room {room}"))?;
        }
        let exchange = Exchange::new(self);
        let now = Instant::now();
        let mut clients: Vec<Waiting> = Vec::new();
        for client in 0..self.clients {
            let mut since = vec![Some(now); self.in_flight];
            since.resize(2 * self.in_flight, None);
            clients.push(Waiting {
                since,
                incomplete: VecDeque::new(),
            });
            pool.send(client, &exchange.requests[..self.in_flight].concat())?;
        }
        measure(server, times, |tally| {
            pool.turn(|client, frame, out| {
                if let Some(next) = exchange.answered(frame, &mut clients[client], tally)? {
                    out.extend_from_slice(&exchange.requests[next]);
                }
                Ok(())
            })
        })
    }
}

impl Exchange {
    fn new(echo: Echo) -> Self {
        let (json, attachment) = match echo.argument {
            Argument::Text(length) => (payload::string(length), None),
            Argument::Json(length) => (payload::json(length), None),
            Argument::Attachment(length) => (
                r#"{"_placeholder":true,"num":0}"#.to_owned(),
                Some(payload::attachment(length)),
            ),
        };
        let (event, ack) = if attachment.is_some() {
            ("451-", "461-")
        } else {
            ("42", "43")
        };
        let name = echo.event;
        let requests = (0..2 * echo.in_flight).map(|id| {
            let mut request = Vec::new();
            websocket::text(format!(r#"{event}{id}["{name}",{json}]"#).as_bytes(), &mut request);
            if let Some(attachment) = &attachment {
                websocket::binary(attachment, &mut request);
            }
            request
        });
        Self {
            requests: requests.collect(),
            kind: ack.as_bytes().to_vec(),
            data: format!("[{json}]").into_bytes(),
            attachment,
        }
    }

    /// Checks what came. If it completes an answer, this is the id of the message to send next.
    fn answered(&self, frame: Frame<'_>, client: &mut Waiting, tally: &mut Tally) -> Result<Option<usize>> {
        let id = match frame {
            Frame::Text(text) => {
                let rest = text.strip_prefix(&self.kind[..]).with_context(|| unexpected(text))?;
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let id: usize = std::str::from_utf8(&rest[..digits])?.parse()?;
                ensure!(rest[digits..] == self.data, "{}", unexpected(text));
                if self.attachment.is_some() {
                    client.incomplete.push_back(id);
                    return Ok(None);
                }
                id
            }
            Frame::Binary(bytes) => {
                ensure!(self.attachment.as_deref() == Some(bytes), "another attachment");
                client.incomplete.pop_front().context("an attachment of nothing")?
            }
            Frame::Close => bail!("the server closes"),
        };
        let now = Instant::now();
        let since = client.since.get_mut(id).and_then(Option::take);
        tally.latencies.record(now - since.context("an answer to nothing")?);
        tally.operations += 1;
        let next = (id + self.requests.len() / 2) % self.requests.len();
        client.since[next] = Some(now);
        Ok(Some(next))
    }
}

fn unexpected(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(200)]);
    format!("unexpected: {text}")
}
