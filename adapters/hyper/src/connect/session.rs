//! One client: its machine, shared by the task that drives it and by whoever holds a handle.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use engineio_proto::SendError;
use futures_util::task::AtomicWaker;

use super::Cause;
use super::machine::Machine;
use crate::clock::ServerClock;
use crate::runtime::Task;
use crate::session::waiters::Waiters;

/// What a client is for: Engine.IO messages, or the namespaces of Socket.IO.
pub(crate) trait App: Sized + Send + Sync + 'static {
    type Machine: Machine;

    /// Acts on an event. What cannot be done at once is returned and driven by the client's task, beside what follows.
    fn handle_event(session: &Arc<Session<Self>>, event: <Self::Machine as Machine>::Event) -> Option<Task>;

    /// Whether so much waits to be handled that no more should be begun; `handlers` of the client's do.
    fn is_busy(&self, handlers: usize) -> bool;

    /// Nobody drives the client any more: it is over, or the runtime was shut down.
    fn release(&self);
}

/// One client. The lock is held for the length of a call into the machine and never while other code runs.
pub(crate) struct Session<A: App> {
    pub(crate) app: A,
    pub(crate) clock: ServerClock,
    shared: Mutex<Shared<A::Machine>>,
    /// There is something to drive.
    due: AtomicBool,
    /// The task drives, and will look at `due` when done.
    driving: AtomicBool,
    task: AtomicWaker,
}

pub(crate) struct Shared<M> {
    pub(crate) machine: M,
    /// The latest error of the network: what the machine cannot know.
    pub(crate) cause: Option<Cause>,
    /// Nobody drives it any more.
    pub(crate) abandoned: bool,
    /// Nothing is under way on the network.
    pub(crate) settled: bool,
    waiters: Waiters,
}

impl<M: Machine> Shared<M> {
    /// Whether it is closed for good.
    pub(crate) fn is_over(&self) -> bool {
        self.machine.is_closed() || self.abandoned
    }

    /// Whether the server knows that too, or never will.
    pub(crate) fn is_settled(&self) -> bool {
        self.machine.is_closed() && self.settled || self.abandoned
    }
}

impl<A: App> Session<A> {
    pub(crate) fn new(app: A, machine: A::Machine, clock: ServerClock) -> Arc<Self> {
        Arc::new(Self {
            app,
            clock,
            shared: Mutex::new(Shared {
                machine,
                cause: None,
                abandoned: false,
                settled: true,
                waiters: Waiters::default(),
            }),
            due: AtomicBool::new(false),
            driving: AtomicBool::new(false),
            task: AtomicWaker::new(),
        })
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

    /// Runs one turn of the task. What it was notified of meanwhile gets another one.
    pub(crate) fn drive<T>(&self, cx: &mut Context<'_>, turn: impl FnOnce(&mut Context<'_>) -> T) -> T {
        self.task.register(cx.waker());
        self.driving.store(true, Ordering::SeqCst);
        let result = turn(cx);
        self.driving.store(false, Ordering::SeqCst);
        if self.due.swap(false, Ordering::SeqCst) {
            cx.waker().wake_by_ref();
        }
        result
    }

    /// Whether something is new since this was last asked.
    pub(crate) fn take_due(&self) -> bool {
        self.due.swap(false, Ordering::SeqCst)
    }

    /// Waits until `look` sees what it looks for. Nothing is lost if this is given up.
    pub(crate) async fn wait<T>(&self, mut look: impl FnMut(&mut Shared<A::Machine>) -> Option<T>) -> T {
        let mut place = Place {
            session: self,
            key: None,
        };
        std::future::poll_fn(|cx| {
            let mut shared = self.lock();
            if let Some(seen) = look(&mut shared) {
                return Poll::Ready(seen);
            }
            shared.waiters.wait(&mut place.key, cx);
            Poll::Pending
        })
        .await
    }

    /// Sends something as soon as there is room for it.
    pub(crate) async fn send_when_ready<T>(
        &self,
        mut send: impl FnMut(&mut A::Machine) -> Result<(), SendError<T>>,
    ) -> Result<(), T> {
        let sent = self.wait(|shared| match send(&mut shared.machine) {
            Ok(()) => Some(Ok(())),
            Err(SendError::Closed(unsent)) => Some(Err(unsent)),
            Err(SendError::Full(unsent)) if shared.abandoned => Some(Err(unsent)),
            Err(SendError::Full(_)) => None,
        });
        let sent = sent.await;
        self.notify();
        sent
    }

    /// Those who wait look again.
    pub(crate) fn wake_waiters(&self) {
        let waiters = self.lock().waiters.take();
        waiters.for_each(Waker::wake);
    }

    /// Nobody drives it any more.
    pub(crate) fn abandon(&self) {
        let mut shared = self.lock();
        shared.machine.close(self.clock.now());
        shared.abandoned = true;
        drop(shared);
        self.app.release();
        self.wake_waiters();
        self.task.take();
    }
}

/// A place among those who wait, for as long as the future that waits lives.
struct Place<'a, A: App> {
    session: &'a Session<A>,
    key: Option<u64>,
}

impl<A: App> Drop for Place<'_, A> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let left = self.session.lock().waiters.leave(key);
            drop(left);
        }
    }
}
