//! One WebSocket: hyper's upgraded connection, framed by tungstenite; of a server or of a client.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{ExchangeId, Gone, Message};
use hyper::rt::Write;
use hyper::upgrade::{OnUpgrade, Upgraded};
use tungstenite::Error;
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};

use crate::transport::blocking::{Blocking, Portion};
use crate::transport::deflate::{Agreement, Deflate};

/// Bytes read at a time. tungstenite clears its buffer before every read, so a large one costs more than it saves.
const READ_BUFFER: usize = 4 << 10;

/// Bytes that are read in search of one message before others get their turn. A message may have any number of fragments, most of them empty.
const READ_AT_A_TIME: usize = 64 << 10;

/// Bytes that are collected before they are written without being asked to: a wake-up's worth, at most.
const WRITE_BUFFER: usize = 64 << 10;

/// How long a closed WebSocket may take to say goodbye. Closing the connection at once would take back what is still on its way
/// to the client.
const LINGER: Duration = Duration::from_secs(5);

/// Pings and pongs that are read before answers to them must have been taken: someone who sends nothing else, and reads nothing, must
/// neither fill the memory with answers nor keep others from their turn.
const MAX_CONTROLS: usize = 64;

/// A request that becomes a WebSocket.
pub(crate) struct Upgrade {
    pub(crate) connection: OnUpgrade,
    /// How messages are compressed, if they are.
    pub(crate) deflate: Option<Agreement>,
}

/// A WebSocket under the id of the request that it was.
///
/// ```text
///   Upgrading ──► Open ── close() ──► Closing ──► Ended
///       └───────────┴── the connection breaks ──────▲
/// ```
pub(crate) struct WebSocket {
    id: ExchangeId,
    state: State,
    /// The connection took less than it was given: nothing more is fetched for it until it took that.
    blocked: bool,
    /// It takes nothing any more, and never will.
    broken: bool,
    /// Something was written and not flushed.
    dirty: bool,
    /// Pings and pongs that were read since the connection last took all that it was given.
    controls: usize,
}

enum State {
    /// The 101 is on its way. The WebSocket may have to be closed as soon as it is there.
    Upgrading {
        upgrade: OnUpgrade,
        config: WebSocketConfig,
        deflate: Option<Box<Deflate>>,
        close: Option<Option<u16>>,
    },
    Open(Box<Open>),
    /// Our last word waits to be written, then our half of the connection is closed; what arrives does not count.
    Closing {
        open: Box<Open>,
        deadline: Instant,
        shut: bool,
    },
    Ended,
}

struct Open {
    io: Upgraded,
    context: WebSocketContext,
    deflate: Option<Box<Deflate>>,
}

/// What came of reading.
pub(crate) enum Received {
    Message(Message),
    /// The last thing that comes.
    Gone(Gone),
}

impl WebSocket {
    /// The WebSocket that the request `id` becomes once it was answered with 101.
    pub(crate) fn new(id: ExchangeId, upgrade: Upgrade, max_message: usize) -> Self {
        let deflate = upgrade
            .deflate
            .map(|agreement| Box::new(Deflate::new(&agreement, max_message)));
        let max_size = deflate.as_ref().map_or(max_message, |deflate| deflate.max_compressed());
        Self::with(
            id,
            State::Upgrading {
                upgrade: upgrade.connection,
                config: config(max_size),
                deflate,
                close: None,
            },
        )
    }

    /// The WebSocket that a client's request has become.
    pub(crate) fn client(id: ExchangeId, io: Upgraded, max_message: usize) -> Self {
        let context = WebSocketContext::new(Role::Client, Some(config(max_message)));
        let deflate = None;
        Self::with(id, State::Open(Box::new(Open { io, context, deflate })))
    }

    const fn with(id: ExchangeId, state: State) -> Self {
        Self {
            id,
            state,
            blocked: false,
            broken: false,
            dirty: false,
            controls: 0,
        }
    }

    /// The next message, if one has arrived.
    pub(crate) fn poll_read(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<Received> {
        if let State::Upgrading {
            upgrade,
            config,
            deflate,
            close,
        } = &mut self.state
        {
            let Ok(io) = ready!(Pin::new(upgrade).poll(cx)) else {
                self.state = State::Ended;
                return Poll::Ready(Received::Gone(Gone::Closed));
            };
            let context = WebSocketContext::new(Role::Server, Some(*config));
            let (deflate, close) = (deflate.take(), *close);
            self.state = State::Open(Box::new(Open { io, context, deflate }));
            if let Some(code) = close {
                self.close(code, now, cx);
            }
        }
        let State::Open(open) = &mut self.state else {
            return Poll::Pending;
        };
        while self.controls < MAX_CONTROLS {
            let error = match open.read(cx) {
                Ok(tungstenite::Message::Text(text)) => {
                    let text = ByteString::try_from(Bytes::from(text)).expect("tungstenite checks that text is UTF-8");
                    return Poll::Ready(Received::Message(Message::Text(text)));
                }
                Ok(tungstenite::Message::Binary(bytes)) => {
                    return Poll::Ready(match &mut open.deflate {
                        None => Received::Message(Message::Binary(bytes)),
                        Some(deflate) => deflate.receive(bytes).map_or_else(Received::Gone, Received::Message),
                    });
                }
                Ok(tungstenite::Message::Close(_)) => {
                    self.begin_closing(now);
                    return Poll::Ready(Received::Gone(Gone::Closed));
                }
                Ok(_) => {
                    // A ping has been answered, a pong was not asked for.
                    self.dirty = true;
                    self.controls += 1;
                    continue;
                }
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => error,
            };
            let gone = match error {
                Error::Capacity(CapacityError::MessageTooLong { size, .. }) => Gone::TooLarge { size },
                Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Gone::Closed,
                Error::Protocol(_) => Gone::Failed { code: 1002 },
                Error::Utf8(_) => Gone::Failed { code: 1007 },
                _ => Gone::Closed,
            };
            if gone == Gone::Closed {
                self.state = State::Ended;
            }
            return Poll::Ready(Received::Gone(gone));
        }
        Poll::Pending // until they are flushed
    }

    /// Looks whether the connection has broken, while nothing is read from it. The last thing that comes, then.
    pub(crate) fn poll_broken(&mut self) -> Option<Gone> {
        if !self.broken || !matches!(self.state, State::Open(_)) {
            return None;
        }
        self.state = State::Ended;
        Some(Gone::Closed)
    }

    /// Puts one message, which may be compressed or not, behind what waits to be written.
    pub(crate) fn write(&mut self, message: Message, compress: bool, cx: &mut Context<'_>) {
        let State::Open(open) = &mut self.state else { return };
        let (bytes, kind) = match message {
            Message::Text(text) => (text.into_bytes(), Data::Text),
            Message::Binary(bytes) => (bytes, Data::Binary),
        };
        let (bytes, compressed) = match &mut open.deflate {
            Some(deflate) if compress => deflate.send(bytes),
            _ => (bytes, false),
        };
        let mut frame = Frame::message(bytes, OpCode::Data(kind), true);
        frame.header_mut().rsv1 = compressed;
        let frame = tungstenite::Message::Frame(frame);
        self.dirty = true;
        self.blocked |= is_stuck(&open.context.write(&mut Blocking { io: &mut open.io, cx }, frame));
    }

    /// Closes the WebSocket behind what waits to be written.
    pub(crate) fn close(&mut self, code: Option<u16>, now: Instant, cx: &mut Context<'_>) {
        match &mut self.state {
            State::Upgrading { close, .. } => *close = Some(code),
            State::Open(open) => {
                let frame = code.map(|code| CloseFrame {
                    code: CloseCode::from(code),
                    reason: "".into(),
                });
                self.blocked |= is_stuck(&open.context.close(&mut Blocking { io: &mut open.io, cx }, frame));
                self.begin_closing(now);
            }
            State::Closing { .. } | State::Ended => {}
        }
    }

    /// Hands what was written to the connection, in as few writes as it takes.
    pub(crate) fn flush(&mut self, cx: &mut Context<'_>) {
        let (State::Open(open) | State::Closing { open, .. }) = &mut self.state else {
            return;
        };
        if self.dirty || self.blocked {
            let flushed = open.context.flush(&mut Blocking { io: &mut open.io, cx });
            self.blocked = is_stuck(&flushed);
            self.dirty = self.blocked;
            if self.blocked && !would_block(&flushed) && !std::mem::replace(&mut self.broken, true) {
                cx.waker().wake_by_ref(); // to see that, even if nothing is read
            }
            if !would_block(&flushed) && std::mem::take(&mut self.controls) >= MAX_CONTROLS {
                cx.waker().wake_by_ref(); // to read on
            }
        }
    }

    /// Waits for the other side of a closed WebSocket to take what was written and to close too. Says when that is given up.
    pub(crate) fn poll_end(&mut self, now: Instant, cx: &mut Context<'_>) -> Option<Instant> {
        self.flush(cx);
        let State::Closing { open, deadline, shut } = &mut self.state else {
            return None;
        };
        if !*shut && !self.blocked {
            *shut = Pin::new(&mut open.io).poll_shutdown(cx).is_ready();
        }
        if now >= *deadline || discard(&mut Blocking { io: &mut open.io, cx }) {
            self.state = State::Ended;
            return None;
        }
        Some(*deadline)
    }

    pub(crate) const fn id(&self) -> ExchangeId {
        self.id
    }

    /// Whether there is a point in fetching messages for it.
    pub(crate) fn has_room(&self) -> bool {
        !self.blocked && !matches!(self.state, State::Upgrading { .. })
    }

    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    fn begin_closing(&mut self, now: Instant) {
        self.dirty = true;
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Open(open) => State::Closing {
                open,
                deadline: now + LINGER,
                shut: false,
            },
            other => other,
        };
    }
}

impl Open {
    fn read(&mut self, cx: &mut Context<'_>) -> Result<tungstenite::Message, Error> {
        let mut io = Portion::new(Blocking { io: &mut self.io, cx }, READ_AT_A_TIME);
        match &mut self.deflate {
            None => self.context.read(&mut io),
            Some(deflate) => self.context.read(&mut deflate.unmark(&mut io)),
        }
    }
}

fn config(max_size: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(max_size))
        .max_frame_size(Some(max_size))
}

/// Reads what nobody wants. Says whether the connection has ended.
fn discard(io: &mut Blocking<'_, '_, Upgraded>) -> bool {
    let mut buffer = [0; 4096];
    for _ in 0..16 {
        match io::Read::read(io, &mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
        }
    }
    io.cx.waker().wake_by_ref(); // there is more, and others want their turn
    false
}

fn would_block(result: &Result<(), Error>) -> bool {
    matches!(result, Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Whether something is left that the connection does not take, now or, if it is broken, ever: the next read says which.
fn is_stuck(result: &Result<(), Error>) -> bool {
    !matches!(result, Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed))
}
