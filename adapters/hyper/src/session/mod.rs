//! One session: its machine, and the task that drives it.

pub(crate) mod answers;
mod baton;
mod bell;
pub(crate) mod machine;
pub(crate) mod registry;
pub(crate) mod turn;
pub(crate) mod waiters;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use engineio_proto::server::Connection;
use engineio_proto::{Exchange, ExchangeId, Gone, Instant, SendError};
use futures_util::task::{ArcWake, waker_ref};

use crate::RequestHead;
use crate::clock::ServerClock;
use crate::runtime::Task;
use crate::session::answers::{Answer, Answers};
use crate::session::baton::Baton;
use crate::session::bell::Bell;
use crate::session::machine::Machine;
use crate::session::registry::Registry;
use crate::session::turn::Turn;
use crate::session::waiters::{Line, Waiters};
use crate::transport::websocket::{Upgrade, WebSocket};

/// Turns in a row before other sessions get theirs: a handler that emits all the time would otherwise hold its thread for good.
const TURNS: usize = 16;

/// Events that are handled in these turns, and handlers that are done: a body of a POST has as many events as bytes, almost, and whoever
/// sends several such bodies would hold the thread for seconds.
pub(crate) const EVENTS: usize = 256;

/// What a session is for: Engine.IO messages, or the sockets of Socket.IO.
pub(crate) trait App: Sized + Send + Sync + 'static {
    type Machine: Machine;
    /// What only the driver needs to know.
    type Local: Default + Send + 'static;
    /// What all sessions of a server share.
    type Host: AsRef<Registry<Self>> + Send + Sync + 'static;

    /// Begins a session, with the request that asked for it.
    fn open(host: &Arc<Self::Host>, connection: Connection, now: Instant, head: &RequestHead) -> (Self, Self::Machine);

    /// Does what is to be done before the first event, as [`handle_event`](Self::handle_event) acts on one.
    fn begin(_session: &Arc<Session<Self>>, _cx: &mut Context<'_>) -> Option<Task> {
        None
    }

    /// Acts on an event, as far as that goes at once. What is left was polled; it is driven by the session, beside what follows.
    fn handle_event(
        session: &Arc<Session<Self>>,
        local: &mut Self::Local,
        event: <Self::Machine as Machine>::Event,
        cx: &mut Context<'_>,
    ) -> Option<Task>;

    /// No more events are handled for now: what was kept from one to the next is not kept for longer.
    fn rest(_local: &mut Self::Local) {}

    /// Lets go of the session, which is over, and of everyone who waits for its client: handlers that do are what keeps its last
    /// events from being handled.
    fn release(session: &Arc<Session<Self>>);

    /// Takes everything apart that the session shares with others. Nobody drives it any more: its task has panicked, or the runtime
    /// was shut down.
    fn abandon(session: &Arc<Session<Self>>) {
        Self::release(session);
    }

    /// Whether so much waits to be handled that no more should be begun; `handlers` of the session's do.
    fn is_busy(&self, handlers: usize) -> bool;
}

/// One session, shared by its task, by the HTTP requests that belong to it, and by whoever sends to its client.
///
/// Two locks: `shared` is held for calls into the machine, and while WebSockets are read and written, never while the application's code
/// runs; `turn` belongs to whoever drives the session at the moment. That is its own task or, to save a change of tasks, an HTTP
/// request that has just brought something.
pub(crate) struct Session<A: App> {
    pub(crate) app: A,
    pub(crate) clock: ServerClock,
    shared: Mutex<Shared<A::Machine>>,
    turn: Baton<Turn<A::Local>>,
    task: Bell,
    /// Something may have come on a WebSocket since all was read: who only has something to write need not look.
    heard: AtomicBool,
    next_exchange: AtomicU64,
}

pub(crate) struct Shared<M> {
    pub(crate) machine: M,
    pub(crate) answers: Answers,
    /// WebSockets that the driver has not seen yet.
    pub(crate) arriving: Vec<WebSocket>,
    /// Senders that found no room: who came first is sent first.
    pub(crate) starved: Line,
    /// POSTs that came while enough was there to handle.
    readers: Waiters,
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
                starved: Line::default(),
                readers: Waiters::default(),
            }),
            turn: Baton::new(),
            task: Bell::default(),
            heard: AtomicBool::new(false),
            next_exchange: AtomicU64::new(0),
        })
    }

    /// The session's task.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut running = Running {
            session: self,
            over: false,
        };
        let mut hung: Option<Waker> = None;
        std::future::poll_fn(|cx| {
            if hung.as_ref().is_none_or(|hung| !hung.will_wake(cx.waker())) {
                hung = Some(cx.waker().clone());
                running.session.task.hang(hung.clone());
            }
            running.over = running.session.drive(cx);
            if running.over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Calls the machine. Whoever gives it something to do calls [`notify`](Self::notify) afterwards.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Shared<A::Machine>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The machine has something to transmit or to tell.
    pub(crate) fn notify(&self) {
        if self.turn.be_due() {
            self.task.ring();
        }
    }

    /// The driver, with the lock, is about to see all that has happened before.
    fn take_due(&self) {
        self.turn.take_due();
    }

    /// Something has happened that the driver has not seen.
    fn is_due(&self) -> bool {
        self.turn.is_due()
    }

    /// Whether something may have come on a WebSocket since this was asked. Whoever asks reads until nothing comes, or says that there is
    /// [more](Self::hear).
    fn take_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed) && self.heard.swap(false, Ordering::AcqRel)
    }

    /// There is something on a WebSocket to be read later, whether or not more comes.
    fn hear(&self) {
        self.heard.store(true, Ordering::Release);
    }

    /// Sends something as soon as there is room for it, and for what others wanted to send before.
    pub(crate) async fn send_when_ready<T>(
        &self,
        mut send: impl FnMut(&mut A::Machine) -> Result<(), SendError<T>>,
    ) -> Result<(), T> {
        let mut place = PlaceInLine {
            session: self,
            key: None,
        };
        std::future::poll_fn(|cx| {
            let mut shared = self.lock();
            if !(shared.starved.is_turn(place.key) || shared.machine.is_closed()) {
                shared.starved.wait(&mut place.key, cx);
                return Poll::Pending;
            }
            let result = match send(&mut shared.machine) {
                Err(SendError::Full(_)) => {
                    shared.starved.wait(&mut place.key, cx);
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

    /// [`send_when_ready`](Self::send_when_ready) for who needs other locks to send, which come before the session's: tries again while
    /// `is_full` says so.
    pub(crate) async fn when_ready<T, E>(
        &self,
        mut send: impl FnMut() -> Result<T, E>,
        is_full: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        let mut place = PlaceInLine {
            session: self,
            key: None,
        };
        std::future::poll_fn(|cx| {
            let mut shared = self.lock();
            let turn = shared.starved.is_turn(place.key) || shared.machine.is_closed();
            shared.starved.wait(&mut place.key, cx); // before the attempt, so that no wake-up is missed
            drop(shared);
            if !turn {
                return Poll::Pending;
            }
            match send() {
                Err(error) if is_full(&error) => Poll::Pending,
                result => Poll::Ready(result),
            }
        })
        .await
    }

    /// There is room again, or there never will be.
    pub(crate) fn wake_senders(&self) {
        let shared = self.lock();
        let wakers = if shared.machine.is_closed() {
            shared.starved.all()
        } else {
            shared.starved.first().into_iter().collect()
        };
        drop(shared);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Waits until what has arrived before is handled, all but a little: the answer to a POST is what paces the client.
    pub(crate) async fn ready_to_read(&self) {
        let mut place = Place {
            session: self,
            key: None,
        };
        std::future::poll_fn(|cx| {
            let mut shared = self.lock();
            if shared.machine.is_saturated() {
                shared.readers.wait(&mut place.key, cx);
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
        let readers = shared.readers.take();
        drop(shared);
        readers.for_each(Waker::wake);
        true
    }

    /// The largest body that the client may send, in bytes.
    pub(crate) fn max_payload(&self) -> usize {
        self.lock().machine.max_payload()
    }

    /// Hands an HTTP request to the session.
    pub(crate) fn request(self: &Arc<Self>, exchange: Exchange, upgrade: Option<Upgrade>) -> Pending<A> {
        let mut shared = self.lock();
        let (id, now) = self.expect(&mut shared);
        if let Some(upgrade) = upgrade {
            let websocket = WebSocket::new(id, upgrade, shared.machine.max_payload());
            shared.arriving.push(websocket);
        }
        shared.machine.handle_request(now, id, exchange);
        self.answer_later(shared, id)
    }

    /// Hands a POST to the session whose body is there already. The body comes back if what has arrived before is to be handled first:
    /// see [`ready_to_read`](Self::ready_to_read).
    pub(crate) fn post(self: &Arc<Self>, exchange: Exchange, body: Bytes) -> Result<Pending<A>, Bytes> {
        let mut shared = self.lock();
        if shared.machine.is_saturated() {
            return Err(body);
        }
        let (id, now) = self.expect(&mut shared);
        shared.machine.handle_request(now, id, exchange);
        shared.machine.handle_body(now, id, body);
        Ok(self.answer_later(shared, id))
    }

    /// A request that wants an answer, now.
    fn expect(&self, shared: &mut Shared<A::Machine>) -> (ExchangeId, Instant) {
        let id = ExchangeId(self.next_exchange.fetch_add(1, Ordering::Relaxed));
        shared.answers.expect(id);
        (id, self.clock.now())
    }

    /// The machine has been told of a request.
    fn answer_later(self: &Arc<Self>, shared: MutexGuard<'_, Shared<A::Machine>>, id: ExchangeId) -> Pending<A> {
        drop(shared);
        let pending = Pending {
            session: Arc::clone(self),
            id,
            answered: false,
        };
        self.drive_here();
        pending
    }

    /// Drives the session as far as it goes. Says whether it is over.
    fn drive(self: &Arc<Self>, cx: &mut Context<'_>) -> bool {
        let Some(mut held) = self.turn.take() else {
            return false;
        };
        let mut events = EVENTS;
        for _ in 0..TURNS {
            let turn = held.turn();
            turn.take(self, &mut events, cx);
            let over = turn.finish();
            if events == 0 {
                break;
            }
            match held.pass() {
                Ok(()) => return over,
                Err(again) => held = again,
            }
        }
        drop(held);
        cx.waker().wake_by_ref();
        false
    }

    /// Drives the session in a task that is not its own; what has to wait wakes its own.
    fn drive_here(self: &Arc<Self>) {
        if self.drive(&mut Context::from_waker(&waker_ref(self))) {
            self.task.ring();
        }
    }

    /// Nobody drives the session any more, and nobody will: ends it without a word.
    fn abandon(self: &Arc<Self>) {
        drop(self.turn.end());
        let mut shared = self.lock();
        shared.machine.close(self.clock.now());
        let arriving = std::mem::take(&mut shared.arriving);
        let wakers: Vec<_> = shared.answers.end().collect();
        drop(shared);
        drop(arriving);
        wakers.into_iter().for_each(Waker::wake);
        A::abandon(self);
    }
}

/// A session whose task runs.
struct Running<A: App> {
    session: Arc<Session<A>>,
    over: bool,
}

impl<A: App> Drop for Running<A> {
    fn drop(&mut self) {
        if !self.over {
            self.session.abandon();
        }
        self.session.task.hang(None);
    }
}

/// A place among those who wait to read, for as long as the future that waits lives.
struct Place<'a, A: App> {
    session: &'a Session<A>,
    key: Option<u64>,
}

impl<A: App> Drop for Place<'_, A> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let left = self.session.lock().readers.leave(key);
            drop(left);
        }
    }
}

/// A place among those who wait to send.
struct PlaceInLine<'a, A: App> {
    session: &'a Session<A>,
    key: Option<u64>,
}

impl<A: App> Drop for PlaceInLine<'_, A> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let next = self.session.lock().starved.leave(key);
            if let Some(next) = next {
                next.wake();
            }
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

/// Something has happened on the session's connections, or on whatever else waits for it in a task that is not its own.
impl<A: App> ArcWake for Session<A> {
    fn wake_by_ref(session: &Arc<Self>) {
        session.heard.store(true, Ordering::Release);
        session.task.ring();
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
