//! The connections of a listening socket, who are told the time, and when they are to end.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use futures_channel::oneshot;

use crate::session::waiters::Waiters;

/// All of them, and whoever accepts them, have this in common. It is dropped with the last of them.
pub(crate) struct Connections {
    stopping: AtomicBool,
    /// How often they have been told the time.
    ticks: AtomicU32,
    waiting: Mutex<Waiters>,
    _alive: oneshot::Sender<Infallible>,
}

impl Connections {
    /// None yet, and what is ready when there are none any more.
    pub(crate) fn new() -> (Arc<Self>, oneshot::Receiver<Infallible>) {
        let (alive, all_gone) = oneshot::channel();
        let connections = Self {
            stopping: AtomicBool::new(false),
            ticks: AtomicU32::new(0),
            waiting: Mutex::default(),
            _alive: alive,
        };
        (Arc::new(connections), all_gone)
    }

    /// Tells all of them to end.
    pub(crate) fn stop(&self) {
        let waiting = self.waiting();
        self.stopping.store(true, Ordering::SeqCst);
        let wakers = waiting.all();
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Tells all of them that some time has passed.
    pub(crate) fn tick(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
        let wakers = self.waiting().all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How often they have been told so.
    pub(crate) fn ticks(&self) -> u32 {
        self.ticks.load(Ordering::Relaxed)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiters> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one of them.
pub(crate) struct Place {
    connections: Arc<Connections>,
    key: Option<u64>,
}

impl Place {
    pub(crate) const fn new(connections: Arc<Connections>) -> Self {
        Self { connections, key: None }
    }

    /// Whether it is to end. Its task, which is always the same, will be woken when that changes, and whenever it is told the time.
    pub(crate) fn is_stopping(&mut self, cx: &Context<'_>) -> bool {
        if self.key.is_none() {
            self.connections.waiting().wait(&mut self.key, cx);
        }
        self.connections.stopping.load(Ordering::SeqCst)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let left = self.connections.waiting().leave(key);
            drop(left);
        }
    }
}
