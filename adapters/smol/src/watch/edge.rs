//! Sockets in an `epoll` of our own, which smol's reactor watches.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::panic;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use slab::Slab;
use smol::Async;

use super::readiness::{ENDS, READ, Readiness, WRITE};
use crate::socket::Socket;

/// Events that are fetched before tasks get their turn. Sockets cannot come and go meanwhile.
const EVENTS: usize = 256;

/// A socket that is watched.
pub(crate) struct Watched<T: Socket> {
    socket: T,
    readiness: Arc<Readiness>,
    key: usize,
    watch: &'static Watch,
}

/// All sockets that are watched.
struct Watch {
    /// Tells once that something is new about a socket (it is "edge-triggered"), and need not be asked again.
    epoll: Async<OwnedFd>,
    sockets: Mutex<Slab<Arc<Readiness>>>,
}

impl<T: Socket> Watched<T> {
    /// Watches a socket, which is in non-blocking mode.
    pub(crate) fn new(socket: T) -> io::Result<Self> {
        let watch = Watch::running()?;
        let readiness = Arc::new(Readiness::new());
        let key = watch.sockets().insert(readiness.clone());
        let watched = Self {
            socket,
            readiness,
            key,
            watch,
        };
        let data = EventData::new_u64(key as u64);
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&watch.epoll, &watched.socket, data, flags)?;
        Ok(watched)
    }

    /// Tries to read at most `length` bytes until something comes of it.
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        length: usize,
        read: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        // Fewer than there was room for: that was all. What comes now is told.
        self.poll_io(READ, cx, read, |count| {
            0 < count && count < length && !self.readiness.ends()
        })
    }

    /// Tries to write until something comes of it.
    pub(crate) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        write: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_io(WRITE, cx, write, |_| false)
    }

    pub(crate) const fn get_ref(&self) -> &T {
        &self.socket
    }

    fn poll_io(
        &self,
        direction: u8,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&T) -> io::Result<usize>,
        was_all: impl Fn(usize) -> bool,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.readiness.poll_take(direction, cx));
            match attempt(&self.socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => self.readiness.give_back(direction),
                result => {
                    if !matches!(result, Ok(count) if was_all(count)) {
                        self.readiness.give_back(direction);
                    }
                    return Poll::Ready(result);
                }
            }
        }
    }
}

impl<T: Socket> Drop for Watched<T> {
    fn drop(&mut self) {
        let mut sockets = self.watch.sockets();
        let _ = epoll::delete(&self.watch.epoll, &self.socket); // it is not there if it could not be added
        let readiness = sockets.remove(self.key);
        drop(sockets);
        drop(readiness); // and with it perhaps a task, which may have sockets of its own
    }
}

impl Watch {
    /// The one there is. It begins with the first socket.
    fn running() -> io::Result<&'static Self> {
        static WATCH: OnceLock<Watch> = OnceLock::new();
        if let Some(watch) = WATCH.get() {
            return Ok(watch);
        }
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let watch = Self {
            epoll: Async::new_nonblocking(epoll)?, // it is never waited in
            sockets: Mutex::default(),
        };
        let first = WATCH.set(watch).is_ok();
        let watch = WATCH.get().expect("this thread has set it, or another one");
        if first {
            smol::spawn(watch.run()).detach();
        }
        Ok(watch)
    }

    /// Passes on what is new, for ever.
    async fn run(&self) {
        let mut wakers = Vec::new();
        std::future::poll_fn(|cx| {
            self.dispatch(&mut wakers);
            // The first may find the event that led here. The last one asks for another, which is there at once if something was left.
            while let Poll::Ready(asked) = self.epoll.poll_readable(cx) {
                if asked.is_err() {
                    cx.waker().wake_by_ref(); // then without being told
                    break;
                }
            }
            Poll::<()>::Pending
        })
        .await;
    }

    fn dispatch(&self, wakers: &mut Vec<Waker>) {
        let mut events = [const { MaybeUninit::uninit() }; EVENTS];
        // Whoever is in the list is still there when its events are looked at.
        let sockets = self.sockets();
        let Ok((events, _)) = epoll::wait(&self.epoll, &mut events[..], Some(&Timespec::default())) else {
            return; // interrupted: it will be told again
        };
        for event in events {
            if let Some(readiness) = usize::try_from(event.data.u64()).ok().and_then(|key| sockets.get(key)) {
                readiness.handle(told(event.flags), wakers);
            }
        }
        drop(sockets);
        for waker in wakers.drain(..) {
            let _ = panic::catch_unwind(|| waker.wake()); // one that panics must not keep others from being woken, ever again
        }
    }

    fn sockets(&self) -> MutexGuard<'_, Slab<Arc<Readiness>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an event means.
fn told(flags: EventFlags) -> u8 {
    let mut told = 0;
    if flags.intersects(EventFlags::IN) {
        told |= READ;
    }
    if flags.intersects(EventFlags::OUT) {
        told |= WRITE;
    }
    if flags.intersects(EventFlags::RDHUP) {
        told |= READ | ENDS;
    }
    if flags.intersects(EventFlags::HUP | EventFlags::ERR) {
        told |= READ | WRITE | ENDS;
    }
    told
}
