//! A whole async runtime: one thread, which polls tasks, sleeps for them, and watches sockets with mio.
//!
//! [`Runtime`] is what a server and a client ask of it. The rest is what any runtime has anyway.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use std::{future, mem, thread};

use mio::event::{Event, Source};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Registry, Token};
use socketio_hyper::hyper::rt::{Read, ReadBufCursor, Sleep, Timer, Write};
use socketio_hyper::{Runtime, Task};

/// Our runtime.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Own;

impl Runtime for Own {
    type Timer = Self;
    type Listener = Watched<TcpListener>;
    type Stream = Watched<TcpStream>;

    fn timer(&self) -> Self {
        Self
    }

    fn spawn(&self, task: Task) {
        Waker::from(Arc::new(Spawned(Mutex::new(Some(task))))).wake();
    }

    fn listen(&self, listener: std::net::TcpListener) -> io::Result<Self::Listener> {
        Watched::new(TcpListener::from_std(listener))
    }

    async fn accept(&self, listener: &Self::Listener) -> io::Result<(Self::Stream, SocketAddr)> {
        let accept = || listener.source.accept();
        let (stream, address) = future::poll_fn(|cx| listener.poll(cx, READING, accept)).await?;
        stream.set_nodelay(true)?;
        Ok((Watched::new(stream)?, address))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Self::Stream> {
        let address = (host, port).to_socket_addrs()?.next().ok_or(ErrorKind::NotFound)?; // it blocks, and tries one address
        let stream = Watched::new(TcpStream::connect(address)?)?;
        let connected = || match stream.source.peer_addr() {
            Err(error) if error.kind() == ErrorKind::NotConnected => Err(stream
                .source
                .take_error()?
                .unwrap_or_else(|| ErrorKind::WouldBlock.into())),
            other => other,
        };
        future::poll_fn(|cx| stream.poll(cx, WRITING, connected)).await?;
        stream.source.set_nodelay(true)?;
        Ok(stream)
    }
}

/// What the thread works on. Whoever changes it from elsewhere wakes it.
struct EventLoop {
    registry: Registry,
    alarm: mio::Waker,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Tasks that can go on.
    ready: VecDeque<Arc<Spawned>>,
    /// Those that sleep, the first to wake in front.
    sleeping: BTreeMap<(Instant, usize), Waker>,
    /// Those that wait for a socket to be readable, or writable.
    waiting: BTreeMap<(Token, bool), Waker>,
    /// The number of the next socket, or sleep.
    next: usize,
}

const READING: bool = false;
const WRITING: bool = true;

/// The one there is, which begins to run when it is first asked for.
fn event_loop() -> &'static EventLoop {
    static LOOP: OnceLock<EventLoop> = OnceLock::new();
    LOOP.get_or_init(|| {
        let poll = mio::Poll::new().expect("the operating system watches sockets");
        let registry = poll.registry().try_clone().expect("it has a file descriptor left");
        let alarm = mio::Waker::new(&registry, Token(usize::MAX)).expect("it has another one");
        thread::spawn(|| event_loop().run(poll));
        let state = Mutex::default();
        EventLoop { registry, alarm, state }
    })
}

impl EventLoop {
    fn run(&self, mut poll: mio::Poll) {
        let mut events = Events::with_capacity(256);
        loop {
            let ready = mem::take(&mut self.state().ready);
            ready.into_iter().for_each(Spawned::poll);
            let timeout = self.wake_sleepers();
            match poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => panic!("sockets cannot be watched: {error}"),
                _ => events.iter().for_each(|event| self.wake_waiting(event)),
            }
        }
    }

    /// Wakes those whose time has come, and says when that of the next does: at once if a task can go on.
    fn wake_sleepers(&self) -> Option<Duration> {
        let now = Instant::now();
        let mut state = self.state();
        let later = state.sleeping.split_off(&(now, usize::MAX));
        let due = mem::replace(&mut state.sleeping, later);
        drop(state);
        due.into_values().for_each(Waker::wake);
        let state = self.state();
        match state.sleeping.keys().next() {
            _ if !state.ready.is_empty() => Some(Duration::ZERO),
            next => next.map(|&(at, _)| at.saturating_duration_since(now)),
        }
    }

    fn wake_waiting(&self, event: &Event) {
        let mut state = self.state();
        let broken = event.is_error();
        let reader = (event.is_readable() || event.is_read_closed() || broken).then(|| (event.token(), READING));
        let writer = (event.is_writable() || event.is_write_closed() || broken).then(|| (event.token(), WRITING));
        let wakers = [reader, writer].map(|who| state.waiting.remove(&who?));
        drop(state);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self) -> usize {
        let mut state = self.state();
        state.next += 1;
        state.next
    }

    fn interrupt(&self) {
        self.alarm.wake().expect("an event can be written down");
    }
}

/// A task, until it has come to its end.
struct Spawned(Mutex<Option<Task>>);

impl Spawned {
    fn poll(self: Arc<Self>) {
        let waker = Waker::from(Arc::clone(&self));
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let polled = task
            .as_mut()
            .map(|task| task.as_mut().poll(&mut Context::from_waker(&waker)));
        if polled.is_some_and(|polled| polled.is_ready()) {
            *task = None;
        }
    }
}

impl Wake for Spawned {
    fn wake(self: Arc<Self>) {
        event_loop().state().ready.push_back(self);
        event_loop().interrupt();
    }
}

/// A socket, and its name in the event loop.
#[derive(Debug)]
pub(crate) struct Watched<S: Source> {
    source: S,
    token: Token,
}

impl<S: Source> Watched<S> {
    fn new(mut source: S) -> io::Result<Self> {
        let token = Token(event_loop().number());
        let both = Interest::READABLE | Interest::WRITABLE;
        event_loop().registry.register(&mut source, token, both)?;
        Ok(Self { source, token })
    }

    /// Tries `act` until it does not have to wait. The lock is held meanwhile, so that an event in between finds somebody to wake.
    fn poll<T>(&self, cx: &Context<'_>, way: bool, mut act: impl FnMut() -> io::Result<T>) -> Poll<io::Result<T>> {
        let mut state = event_loop().state();
        loop {
            match act() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let old = state.waiting.insert((self.token, way), cx.waker().clone());
                    drop(state); // first: behind a waker may be a task that nobody else has, with sockets
                    drop(old);
                    return Poll::Pending;
                }
                other => return Poll::Ready(other),
            }
        }
    }
}

impl<S: Source> Drop for Watched<S> {
    fn drop(&mut self) {
        let _ = event_loop().registry.deregister(&mut self.source); // it is about to be closed, which does the same
        for way in [READING, WRITING] {
            let waker = event_loop().state().waiting.remove(&(self.token, way));
            drop(waker);
        }
    }
}

impl Read for Watched<TcpStream> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let mut chunk = [0; 16 << 10];
        let length = buf.remaining().min(chunk.len());
        let read = self.poll(cx, READING, || (&self.source).read(&mut chunk[..length]));
        read.map_ok(|length| buf.put_slice(&chunk[..length]))
    }
}

impl Write for Watched<TcpStream> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(cx, WRITING, || (&self.source).write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.source.shutdown(Shutdown::Write))
    }
}

impl Timer for Own {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Sleeping((deadline, event_loop().number())))
    }
}

struct Sleeping((Instant, usize));

impl Future for Sleeping {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.0 <= Instant::now() {
            return Poll::Ready(());
        }
        let old = event_loop().state().sleeping.insert(self.0, cx.waker().clone());
        drop(old);
        event_loop().interrupt();
        Poll::Pending
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        let waker = event_loop().state().sleeping.remove(&self.0);
        drop(waker);
    }
}

impl Sleep for Sleeping {}
