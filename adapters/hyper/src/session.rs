//! One session: its machine, and the task that drives it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use engineio_proto::server::Connection;
use engineio_proto::{Exchange, ExchangeId, Gone, Instant, SendError};
use futures_util::task::AtomicWaker;
use http::request::Parts;
use hyper::upgrade::OnUpgrade;

use crate::answers::{Answer, Answers};
use crate::clock::ServerClock;
use crate::machine::Machine;
use crate::registry::Registry;
use crate::runtime::Task;
use crate::turn::Turn;
use crate::websocket::WebSocket;

/// What a session is for: Engine.IO messages, or the sockets of Socket.IO.
pub(crate) trait App: Sized + Send + Sync + 'static {
    type Machine: Machine;
    /// What all sessions of a server share.
    type Host: AsRef<Registry<Self>> + Send + Sync + 'static;

    /// Begins a session, with the request that asked for it.
    fn open(host: &Arc<Self::Host>, connection: Connection, now: Instant, head: &Parts) -> (Self, Self::Machine);

    /// What is to be done before the first event. It is driven by the session, as what [`handle_event`](Self::handle_event) returns.
    fn begin(_session: &Arc<Session<Self>>) -> Option<Task> {
        None
    }

    /// Acts on an event. What cannot be done at once is returned and driven by the session, beside what follows.
    fn handle_event(session: &Arc<Session<Self>>, event: <Self::Machine as Machine>::Event) -> Option<Task>;

    /// How many handlers may wait before nothing more is read.
    fn max_handlers(&self) -> usize;
}

/// One session, shared by its task, by the HTTP requests that belong to it, and by whoever sends to its client.
///
/// Two locks: `shared` is held for the length of a call into the machine and never while other code runs; `turn` belongs to whoever
/// drives the session at the moment. That is its own task or, to save a change of tasks, an HTTP request that has
/// just brought something.
pub(crate) struct Session<A: App> {
    pub(crate) app: A,
    pub(crate) clock: ServerClock,
    shared: Mutex<Shared<A::Machine>>,
    turn: Mutex<Turn>,
    /// There is something to drive.
    due: AtomicBool,
    /// Somebody drives, and will look at `due` when done.
    driving: AtomicBool,
    task: AtomicWaker,
    next_exchange: AtomicU64,
}

pub(crate) struct Shared<M> {
    pub(crate) machine: M,
    pub(crate) answers: Answers,
    /// WebSockets that the driver has not seen yet.
    pub(crate) arriving: Vec<WebSocket>,
    /// Senders that found no room.
    starved: Vec<Waker>,
    /// POSTs that came while enough was there to handle.
    readers: Vec<Waker>,
}

impl<A: App> Session<A> {
    pub(crate) fn new(app: A, machine: A::Machine, clock: ServerClock) -> Arc<Self> {
        Arc::new(Self {
            app,
            clock,
            shared: Mutex::new(Shared {
                machine,
                answers: Answers::default(),
                arriving: Vec::new(),
                starved: Vec::new(),
                readers: Vec::new(),
            }),
            turn: Mutex::new(Turn::default()),
            due: AtomicBool::new(true),
            driving: AtomicBool::new(false),
            task: AtomicWaker::new(),
            next_exchange: AtomicU64::new(0),
        })
    }

    /// The session's task.
    pub(crate) async fn run(self: Arc<Self>) {
        std::future::poll_fn(|cx| {
            self.task.register(cx.waker());
            if self.drive(cx) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Calls the machine. Whoever gives it something to do calls [`notify`](Self::notify) afterwards.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Shared<A::Machine>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The machine has something to transmit or to tell.
    pub(crate) fn notify(&self) {
        self.due.store(true, Ordering::SeqCst);
        if !self.driving.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }

    /// Sends something as soon as there is room for it.
    pub(crate) async fn send_when_ready<T>(
        &self,
        mut send: impl FnMut(&mut A::Machine) -> Result<(), SendError<T>>,
    ) -> Result<(), T> {
        std::future::poll_fn(|cx| {
            let mut shared = self.lock();
            let result = match send(&mut shared.machine) {
                Err(SendError::Full(_)) => {
                    shared.starved.push(cx.waker().clone());
                    return Poll::Pending;
                }
                Err(SendError::Closed(unsent)) => Err(unsent),
                Ok(()) => Ok(()),
            };
            drop(shared);
            self.notify();
            Poll::Ready(result)
        })
        .await
    }

    /// There is room again, or there never will be.
    pub(crate) fn wake_senders(&self) {
        let starved = std::mem::take(&mut self.lock().starved);
        for waker in starved {
            waker.wake();
        }
    }

    /// Waits until what has arrived before is handled, all but a little: the answer to a POST is what paces the client.
    pub(crate) async fn ready_to_read(&self) {
        std::future::poll_fn(|cx| {
            let mut shared = self.lock();
            if shared.machine.is_saturated() {
                shared.readers.push(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }

    /// If there is room for more to be read, tells those who wait to, and says so.
    pub(crate) fn wake_readers(&self) -> bool {
        let mut shared = self.lock();
        if shared.machine.is_saturated() {
            return false;
        }
        let readers = std::mem::take(&mut shared.readers);
        drop(shared);
        for waker in readers {
            waker.wake();
        }
        true
    }

    /// The largest body that the client may send, in bytes.
    pub(crate) fn max_payload(&self) -> usize {
        self.lock().machine.max_payload()
    }

    /// Hands an HTTP request to the session.
    pub(crate) fn request(self: &Arc<Self>, exchange: Exchange, upgrade: Option<OnUpgrade>) -> Pending<A> {
        let id = ExchangeId(self.next_exchange.fetch_add(1, Ordering::Relaxed));
        let now = self.clock.now();
        let mut shared = self.lock();
        shared.answers.expect(id);
        if let Some(upgrade) = upgrade {
            let websocket = WebSocket::new(id, upgrade, shared.machine.max_payload());
            shared.arriving.push(websocket);
        }
        shared.machine.handle_request(now, id, exchange);
        drop(shared);
        self.drive_here();
        Pending {
            session: Arc::clone(self),
            id,
            answered: false,
        }
    }

    /// Drives the session as far as it goes. Says whether it is over.
    fn drive(self: &Arc<Self>, cx: &mut Context<'_>) -> bool {
        self.due.store(true, Ordering::SeqCst);
        loop {
            let Ok(mut turn) = self.turn.try_lock() else {
                return false;
            };
            self.driving.store(true, Ordering::SeqCst);
            while self.due.swap(false, Ordering::SeqCst) {
                turn.take(self, cx);
            }
            let over = turn.is_over();
            self.driving.store(false, Ordering::SeqCst);
            drop(turn);
            if !self.due.load(Ordering::SeqCst) {
                return over;
            }
        }
    }

    /// Drives the session in a task that is not its own; what has to wait wakes its own.
    fn drive_here(self: &Arc<Self>) {
        let waker = Waker::from(Arc::clone(self));
        if self.drive(&mut Context::from_waker(&waker)) {
            self.task.wake();
        }
    }
}

/// Lets other tasks run before this one goes on.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl<A: App> Wake for Session<A> {
    fn wake(self: Arc<Self>) {
        self.task.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.task.wake();
    }
}

/// An HTTP request that its session has not answered yet. Dropping it tells the session that the client has given it up.
pub(crate) struct Pending<A: App> {
    session: Arc<Session<A>>,
    id: ExchangeId,
    answered: bool,
}

impl<A: App> Pending<A> {
    /// Brings the body of a POST.
    pub(crate) fn body(&self, body: Bytes) {
        let now = self.session.clock.now();
        self.session.lock().machine.handle_body(now, self.id, body);
        self.session.drive_here();
    }
}

impl<A: App> Future for Pending<A> {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let answer = self.session.lock().answers.poll(self.id, cx);
        self.answered |= answer.is_ready();
        answer
    }
}

impl<A: App> Drop for Pending<A> {
    fn drop(&mut self) {
        if !self.answered {
            let now = self.session.clock.now();
            let mut shared = self.session.lock();
            shared.answers.forget(self.id);
            shared.machine.handle_gone(now, self.id, Gone::Closed);
            drop(shared);
            self.session.notify();
        }
    }
}
