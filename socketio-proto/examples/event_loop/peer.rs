//! One TCP connection, and what is spoken on it: HTTP, then perhaps WebSocket.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::Shutdown;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use engineio_proto::{ExchangeId, Gone, Message, Response};
use mio::net::TcpStream;
use tungstenite::error::{CapacityError, Error, ProtocolError};
use tungstenite::protocol::frame::{CloseFrame, Utf8Bytes};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};

use super::ClientKey;
use super::http::{self, MAX_HEAD, Request, Terms};

/// How many bytes may wait to be written before nothing more is fetched for this connection, nor read from it.
const HIGH_WATER: usize = 64 * 1024;

/// What has arrived, complete.
pub enum Arrival {
    Request(Request),
    /// What is no request, and the status to answer it with.
    Invalid(u16),
    /// The body of the last request.
    Body(Bytes),
    /// A message of the WebSocket.
    Message(Message),
    /// Nothing more will arrive.
    Gone(Gone),
}

pub struct Peer {
    wire: Wire,
    stage: Stage,
    /// How the last request is to be answered.
    terms: Terms,
    /// How many requests there were.
    requests: u32,
    /// Whose business the last request is, and its name there. A WebSocket keeps it.
    exchange: Option<(ClientKey, ExchangeId)>,
    /// The largest body or message, in bytes.
    max_payload: usize,
}

/// ```text
///          POST          body            respond()
///   Head ───────► Body ────────► Answer ───────────► Head
///     └─────── any other ──────────▲ └── upgrade() ──► WebSocket ── close() ──► Closing
/// ```
enum Stage {
    /// The next request, behind so many bytes of a body that nobody wants.
    Head {
        skip: usize,
    },
    /// A body of so many bytes.
    Body {
        length: usize,
    },
    /// Answers keep the order of requests: if another one is there already, it has to wait.
    Answer {
        skip: usize,
    },
    WebSocket(Box<WebSocketContext>),
    /// All is said. The other side ends the connection, or we do when that takes too long.
    Closing,
}

impl Peer {
    pub fn new(stream: TcpStream, max_payload: usize) -> Self {
        Self {
            wire: Wire {
                stream,
                input: BytesMut::new(),
                output: Vec::new(),
                ends: false,
            },
            stage: Stage::Head { skip: 0 },
            terms: Terms::default(),
            requests: 0,
            exchange: None,
            max_payload,
        }
    }

    /// What has arrived next; `None` if nothing has, until the socket is readable again.
    pub fn receive(&mut self) -> Option<Arrival> {
        loop {
            match &mut self.stage {
                Stage::Head { skip } => {
                    let skipped = self.wire.input.len().min(*skip);
                    drop(self.wire.input.split_to(skipped));
                    *skip -= skipped;
                    if *skip == 0 {
                        match http::parse(&self.wire.input) {
                            Ok(Some((request, len))) => return Some(self.begin(request, len)),
                            Ok(None) => {}
                            Err(status) => {
                                // Where the next request begins, nobody knows: it will be the last answer.
                                (self.stage, self.terms) = (Stage::Answer { skip: 0 }, Terms::default());
                                return Some(Arrival::Invalid(status));
                            }
                        }
                    }
                }
                Stage::Body { length } => {
                    // The beginning of one that is too large is enough to refuse it.
                    let (length, enough) = (*length, self.max_payload.saturating_add(1).min(*length));
                    if self.wire.input.len() >= enough {
                        self.stage = Stage::Answer { skip: length - enough };
                        return Some(Arrival::Body(self.wire.input.split_to(enough).freeze()));
                    }
                }
                // Who waits says nothing, but may vanish, which is to be noticed: read on, within a bound.
                Stage::Answer { .. } if self.wire.input.len() >= MAX_HEAD => return None,
                Stage::Answer { .. } => {}
                Stage::WebSocket(context) => return receive_message(context, &mut self.wire),
                Stage::Closing => self.wire.input.clear(),
            }
            match self.wire.fill() {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Ok(0) | Err(_) => return Some(Arrival::Gone(Gone::Closed)),
            }
        }
    }

    /// The last request is the business of `client`, under the name that `name` makes of its number.
    pub fn assign(&mut self, client: ClientKey, name: impl FnOnce(u32) -> ExchangeId) -> ExchangeId {
        let id = name(self.requests);
        self.exchange = Some((client, id));
        id
    }

    /// Answers the last request.
    pub fn respond(&mut self, response: &Response) {
        let (Stage::Answer { skip } | Stage::Body { length: skip }) = self.stage else {
            return;
        };
        http::write(&mut self.wire.output, response, &self.terms);
        self.exchange = None;
        self.stage = Stage::Head { skip };
        if !self.terms.keep_alive {
            self.hang_up();
        }
    }

    /// Makes the last request a WebSocket.
    pub fn upgrade(&mut self) {
        let Some(switching) = self.terms.switching.take() else {
            return;
        };
        self.wire.output.extend(switching);
        let config = WebSocketConfig::default()
            .write_buffer_size(0) // `Wire` has one, and never blocks
            .max_message_size(Some(self.max_payload))
            .max_frame_size(Some(self.max_payload));
        let read_already = mem::take(&mut self.wire.input).into();
        let context = WebSocketContext::from_partially_read(read_already, Role::Server, Some(config));
        self.stage = Stage::WebSocket(Box::new(context));
    }

    /// Writes a message to the WebSocket.
    pub fn send(&mut self, message: Message) {
        let Stage::WebSocket(context) = &mut self.stage else {
            return;
        };
        let message = match message {
            Message::Text(text) => {
                let text = Utf8Bytes::try_from(text.into_bytes());
                tungstenite::Message::Text(text.expect("it was text before"))
            }
            Message::Binary(bytes) => tungstenite::Message::Binary(bytes),
        };
        // It fails only if the client has closed, and then that is the next thing to arrive.
        let _ = context.write(&mut self.wire, message);
    }

    /// Closes the WebSocket.
    pub fn close(&mut self, code: Option<u16>) {
        if let Stage::WebSocket(context) = &mut self.stage {
            let frame = code.map(|code| CloseFrame {
                code: code.into(),
                reason: "".into(),
            });
            let _ = context.close(&mut self.wire, frame);
        }
        self.hang_up();
    }

    /// Ends the connection when all is written.
    pub fn hang_up(&mut self) {
        self.exchange = None;
        self.stage = Stage::Closing;
        self.wire.ends = true;
    }

    /// Writes what the socket takes.
    pub fn flush(&mut self) {
        self.wire.flush_to_socket();
    }

    /// Whether there is room for more. If not, the socket will be writable one day.
    pub fn is_writable(&mut self) -> bool {
        if self.wire.output.len() >= HIGH_WATER {
            self.flush();
        }
        self.wire.output.len() < HIGH_WATER
    }

    /// Whose business the last request is.
    pub fn exchange(&self) -> Option<(ClientKey, ExchangeId)> {
        self.exchange
    }

    /// How long it may take until the next thing arrives. Whoever waits for us may wait for ever.
    pub fn patience(&self) -> Option<Duration> {
        match self.stage {
            Stage::Head { .. } | Stage::Body { .. } => Some(Duration::from_secs(60)),
            Stage::Closing => Some(Duration::from_secs(5)),
            Stage::Answer { .. } | Stage::WebSocket(_) => None,
        }
    }

    fn begin(&mut self, mut request: Request, len: usize) -> Arrival {
        drop(self.wire.input.split_to(len));
        self.requests += 1;
        self.terms = mem::take(&mut request.terms);
        self.stage = match &*request.method {
            "POST" => Stage::Body { length: request.length },
            _ => Stage::Answer { skip: request.length },
        };
        Arrival::Request(request)
    }
}

/// The next message of a WebSocket.
fn receive_message(context: &mut WebSocketContext, wire: &mut Wire) -> Option<Arrival> {
    loop {
        return Some(match context.read(wire) {
            Ok(tungstenite::Message::Text(text)) => {
                let text = ByteString::try_from(Bytes::from(text));
                Arrival::Message(Message::Text(text.expect("the WebSocket has checked it")))
            }
            Ok(tungstenite::Message::Binary(bytes)) => Arrival::Message(Message::Binary(bytes)),
            Ok(tungstenite::Message::Close(_)) => {
                let _ = context.flush(wire); // it is answered
                wire.flush_to_socket();
                Arrival::Gone(Gone::Closed)
            }
            Ok(_) => continue, // pings are answered by the next read
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(Error::Capacity(CapacityError::MessageTooLong { size, .. })) => Arrival::Gone(Gone::TooLarge { size }),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => Arrival::Gone(Gone::Closed),
            Err(Error::Protocol(_)) => Arrival::Gone(Gone::Failed { code: 1002 }),
            Err(Error::Utf8(_)) => Arrival::Gone(Gone::Failed { code: 1007 }),
            Err(_) => Arrival::Gone(Gone::Closed),
        });
    }
}

/// The socket with a buffer on either side. To write to it never blocks, so that whoever writes need not stop in the middle;
/// [`HIGH_WATER`] sees to it that not much is written.
struct Wire {
    stream: TcpStream,
    /// Bytes of HTTP that were read and are not understood yet.
    input: BytesMut,
    /// Bytes that the socket has not taken yet.
    output: Vec<u8>,
    /// Whether nothing comes behind `output`.
    ends: bool,
}

impl Wire {
    /// Reads once; 0 is the end.
    fn fill(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 16 * 1024];
        let read = self.stream.read(&mut chunk)?;
        self.input.extend_from_slice(&chunk[..read]);
        Ok(read)
    }

    fn flush_to_socket(&mut self) {
        let mut written = 0;
        while written < self.output.len() {
            match self.stream.write(&self.output[written..]) {
                Ok(len) => written += len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => written = self.output.len(), // it is broken, as the next read will say
            }
        }
        self.output.drain(..written);
        if self.output.is_empty() && mem::take(&mut self.ends) {
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buf)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
