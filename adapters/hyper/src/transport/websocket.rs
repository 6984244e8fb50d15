//! One WebSocket: hyper's upgraded connection, with its frames; of a server or of a client.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytestring::ByteString;
use engineio_proto::{ExchangeId, Gone, Message};
use hyper::rt::{Read, ReadBuf, Write};
use hyper::upgrade::{OnUpgrade, Upgraded};

use crate::transport::deflate::{Agreement, Deflate};
use crate::transport::frames::{Close, Item, Kind, Reader, Role, Rules, Writer, scratch};

/// How often is read for one message before others get their turn: it may be large.
const READS: usize = 2;

/// How many fragments of it are: most of them may be empty, and there may be any number of them.
const FRAGMENTS: usize = 1024;

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
        rules: Rules,
        deflate: Option<Box<Deflate>>,
        close: Option<Option<u16>>,
    },
    Open(Box<Open>),
    /// Our last word waits to be written, then our half of the connection is closed; what arrives does not count.
    Closing {
        open: Box<Open>,
        deadline: Instant,
        shut: bool,
        /// The client has said goodbye: nothing of ours can be taken back by what it sends afterwards, as it sends nothing.
        done: bool,
    },
    Ended,
}

struct Open {
    role: Role,
    io: Upgraded,
    reader: Reader,
    writer: Writer,
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
        let rules = Rules {
            role: Role::Server,
            max_message,
            max_compressed: deflate.as_ref().map(|deflate| deflate.max_compressed()),
        };
        let state = State::Upgrading {
            upgrade: upgrade.connection,
            rules,
            deflate,
            close: None,
        };
        Self::with(id, state)
    }

    /// The WebSocket that a client's request has become.
    pub(crate) fn client(id: ExchangeId, io: Upgraded, max_message: usize) -> Self {
        let rules = Rules {
            role: Role::Client,
            max_message,
            max_compressed: None,
        };
        Self::with(id, State::Open(Box::new(Open::new(io, rules, None))))
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
            rules,
            deflate,
            close,
        } = &mut self.state
        {
            let Ok(io) = ready!(Pin::new(upgrade).poll(cx)) else {
                self.state = State::Ended;
                return Poll::Ready(Received::Gone(Gone::Closed));
            };
            let (open, close) = (Open::new(io, *rules, deflate.take()), *close);
            self.state = State::Open(Box::new(open));
            self.dirty = true; // the 101 may wait for being flushed
            if let Some(code) = close {
                self.close(code, now);
            }
        }
        let State::Open(open) = &mut self.state else {
            return Poll::Pending;
        };
        let (mut reads, mut fragments) = (0, 0);
        while self.controls < MAX_CONTROLS {
            let message = match open.reader.poll() {
                Ok(Some(Item::Text(text))) => Message::Text(text),
                Ok(Some(Item::Binary(bytes))) => Message::Binary(bytes),
                Ok(Some(Item::Compressed { text, bytes })) => {
                    let deflate = open.deflate.as_mut().expect("nothing else allows it");
                    let message = deflate.receive(text, &bytes);
                    return Poll::Ready(message.map_or_else(Received::Gone, Received::Message));
                }
                Ok(Some(Item::Ping(payload))) => {
                    open.writer.pong(&payload);
                    self.dirty = true;
                    self.controls += 1;
                    continue;
                }
                Ok(Some(Item::Pong(_))) => {
                    self.dirty = true; // a pong was not asked for
                    self.controls += 1;
                    continue;
                }
                Ok(Some(Item::Close(close))) => {
                    open.writer.close(close.map(Close::answer).as_ref());
                    let done = open.role == Role::Server; // clients let the server close first, RFC 6455, section 7.1.1
                    self.begin_closing(now, done);
                    return Poll::Ready(Received::Gone(Gone::Closed));
                }
                Ok(Some(Item::Fragment)) if fragments < FRAGMENTS => {
                    fragments += 1;
                    continue;
                }
                Ok(Some(Item::Fragment)) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(None) if reads == READS => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(None) => {
                    reads += 1;
                    if ready!(open.poll_fill(cx)) {
                        continue;
                    }
                    self.state = State::Ended;
                    return Poll::Ready(Received::Gone(Gone::Closed));
                }
                Err(gone) => return Poll::Ready(Received::Gone(gone)),
            };
            return Poll::Ready(Received::Message(message));
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
        if self.broken {
            return;
        }
        let (bytes, kind) = match message {
            Message::Text(text) => (text.into_bytes(), Kind::Text),
            Message::Binary(bytes) => (bytes, Kind::Binary),
        };
        let (bytes, compressed) = match &mut open.deflate {
            Some(deflate) if compress => deflate.send(bytes),
            _ => (bytes, false),
        };
        self.dirty = true;
        open.writer.message(kind, compressed, bytes);
        if !self.blocked && open.writer.len() > WRITE_BUFFER {
            let written = open.poll_write(cx);
            self.note(&written, cx);
        }
    }

    /// Closes the WebSocket behind what waits to be written.
    pub(crate) fn close(&mut self, code: Option<u16>, now: Instant) {
        match &mut self.state {
            State::Upgrading { close, .. } => *close = Some(code),
            State::Open(open) => {
                let reason = ByteString::new();
                open.writer.close(code.map(|code| Close { code, reason }).as_ref());
                self.begin_closing(now, false);
            }
            State::Closing { .. } | State::Ended => {}
        }
    }

    /// Hands what was written to the connection, in as few writes as it takes.
    pub(crate) fn flush(&mut self, cx: &mut Context<'_>) {
        let (State::Open(open) | State::Closing { open, .. }) = &mut self.state else {
            return;
        };
        if !(self.dirty || self.blocked) {
            return;
        }
        if self.broken {
            open.writer.clear();
        } else {
            let flushed = open.poll_flush(cx);
            self.dirty = flushed.is_pending();
            self.note(&flushed, cx);
        }
        if (self.broken || !self.blocked) && std::mem::take(&mut self.controls) >= MAX_CONTROLS {
            cx.waker().wake_by_ref(); // to read on
        }
    }

    /// Waits for the other side of a closed WebSocket to take what was written and to close too. Says when that is given up.
    pub(crate) fn poll_end(&mut self, now: Instant, cx: &mut Context<'_>) -> Option<Instant> {
        self.flush(cx);
        let State::Closing {
            open,
            deadline,
            shut,
            done,
        } = &mut self.state
        else {
            return None;
        };
        if !*shut && !self.blocked {
            *shut = Pin::new(&mut open.io).poll_shutdown(cx).is_ready();
        }
        if now >= *deadline || discard(&mut open.io, cx) || *shut && *done {
            self.state = State::Ended;
            return None;
        }
        Some(*deadline)
    }

    pub(crate) const fn id(&self) -> ExchangeId {
        self.id
    }

    /// Whether what it reads may have to be inflated, which takes time.
    pub(crate) fn inflates(&self) -> bool {
        matches!(&self.state, State::Open(open) if open.deflate.is_some())
    }

    /// Whether there is a point in fetching messages for it.
    pub(crate) fn has_room(&self) -> bool {
        !self.blocked && !matches!(self.state, State::Upgrading { .. })
    }

    /// Whether it takes nothing any more. What is read tells why.
    pub(crate) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether it is not read before answers to pings were taken.
    pub(crate) const fn is_flooded(&self) -> bool {
        self.controls >= MAX_CONTROLS
    }

    /// Whether it is over but for our last word and the other side's.
    pub(crate) fn is_closing(&self) -> bool {
        matches!(
            self.state,
            State::Closing { .. } | State::Upgrading { close: Some(_), .. }
        )
    }

    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    fn begin_closing(&mut self, now: Instant, done: bool) {
        self.dirty = true;
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Open(mut open) => {
                open.reader.stop(Gone::Closed);
                State::Closing {
                    open,
                    deadline: now + LINGER,
                    shut: false,
                    done,
                }
            }
            other => other,
        };
    }

    /// Looks what came of writing.
    fn note(&mut self, written: &Poll<io::Result<()>>, cx: &mut Context<'_>) {
        self.blocked = !matches!(written, Poll::Ready(Ok(())));
        if matches!(written, Poll::Ready(Err(_))) {
            self.broken = true;
            cx.waker().wake_by_ref(); // to see that, even if nothing is read
        }
    }
}

impl Open {
    const fn new(io: Upgraded, rules: Rules, deflate: Option<Box<Deflate>>) -> Self {
        Self {
            role: rules.role,
            io,
            reader: Reader::new(rules),
            writer: Writer::new(rules.role),
            deflate,
        }
    }

    /// Reads what has arrived. Says whether there was anything before the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        scratch::with_buffer(|buffer| {
            let read = ready!(poll_read(&mut self.io, buffer, cx));
            self.reader.handle(read);
            Poll::Ready(!read.is_empty())
        })
    }

    /// Writes what waits.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.writer.is_empty() {
            let [frames, large] = self.writer.unwritten();
            let mut io = Pin::new(&mut self.io);
            let written = if large.is_empty() {
                io.poll_write(cx, &frames)
            } else if frames.is_empty() {
                io.poll_write(cx, &large)
            } else {
                io.as_mut().poll_write_vectored(cx, &[frames, large])
            };
            match written {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => self.writer.handle_written(count),
                Poll::Ready(Err(error)) => {
                    self.writer.clear();
                    return Poll::Ready(Err(error));
                }
                Poll::Pending => {
                    self.writer.settle();
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what waits, and sees that it leaves.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }
}

/// Reads what has arrived. Nothing is the end.
fn poll_read<'a>(io: &mut Upgraded, buffer: &'a mut [u8], cx: &mut Context<'_>) -> Poll<&'a mut [u8]> {
    let mut read = ReadBuf::new(buffer);
    let result = ready!(Pin::new(io).poll_read(cx, read.unfilled()));
    let length = if result.is_ok() { read.filled().len() } else { 0 };
    Poll::Ready(&mut buffer[..length])
}

/// Reads what nobody wants. Says whether the connection has ended.
fn discard(io: &mut Upgraded, cx: &mut Context<'_>) -> bool {
    for _ in 0..READS {
        match scratch::with_buffer(|buffer| poll_read(io, buffer, cx).map(|read| read.is_empty())) {
            Poll::Ready(true) => return true,
            Poll::Ready(false) => {}
            Poll::Pending => return false,
        }
    }
    cx.waker().wake_by_ref(); // there is more, and others want their turn
    false
}
