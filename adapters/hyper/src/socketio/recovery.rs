//! Clients that come back: what the server keeps, and in which order it speaks.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use engineio_proto::Instant;
use socketio_proto::PrivateId;
use socketio_proto::server::hub::recovery::RecoveryConfig;
use socketio_proto::server::hub::{self, RoomLimits};

use crate::clock::ServerClock;
use crate::entropy::entropy;
use crate::session::waiters::Waiters;
use crate::{Data, Socket};

/// The members of a namespace, and what is kept for those who may come back.
pub(crate) type Members = hub::Namespace<Socket, Arc<Data>>;

/// Settings of [connection state recovery](https://socket.io/docs/v4/connection-state-recovery): a client whose connection was lost
/// comes back, within a while, under the id that it had, in the rooms that it was in, with its [data](Socket::data), and is told what it
/// missed. [`Socket::recovered`] says that it has.
///
/// What is kept are events without acknowledgements that are not volatile. Each gets an offset as one more argument: JavaScript clients
/// pass that on to their handlers.
///
/// A client comes back if nothing that it missed is lacking, and otherwise as somebody new. If its former connection is still taken to
/// be alive, that one is closed first. What was kept is given out once.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ConnectionStateRecovery {
    max_disconnection_duration: Duration,
    capacity: usize,
    pub(crate) skip_middlewares: bool,
}

impl ConnectionStateRecovery {
    /// The defaults of the JavaScript server, and bounds for what is kept.
    pub fn new() -> Self {
        let RecoveryConfig {
            max_disconnection_duration,
            capacity,
            ..
        } = RecoveryConfig::default();
        Self {
            max_disconnection_duration,
            capacity,
            skip_middlewares: true,
        }
    }

    /// How long a client may be away. Default 2 min.
    pub const fn max_disconnection_duration(mut self, duration: Duration) -> Self {
        self.max_disconnection_duration = duration;
        self
    }

    /// How many bytes each namespace may keep, of events and of clients that are away, but for what the application keeps with them.
    /// Default 16 MiB. Beyond that the oldest events are forgotten, and whoever missed them cannot come back.
    pub const fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes;
        self
    }

    /// Whether who comes back need not pass the [middlewares](crate::Namespace::with_middleware) again. Default true. With false they
    /// see a socket that has not been recovered yet: another one, which is let in if the client turns out not to be able to come back.
    pub const fn skip_middlewares(mut self, skip: bool) -> Self {
        self.skip_middlewares = skip;
        self
    }
}

impl Default for ConnectionStateRecovery {
    fn default() -> Self {
        Self::new()
    }
}

/// What every namespace of a server needs to let clients come back.
#[derive(Clone)]
pub(crate) struct Recovery {
    config: RecoveryConfig,
    clock: ServerClock,
}

impl Recovery {
    /// `detection` is how long it may take to notice that a client has gone.
    pub(crate) fn new(settings: ConnectionStateRecovery, detection: Duration, clock: ServerClock) -> Self {
        let mut config = RecoveryConfig::default();
        config.max_disconnection_duration = settings.max_disconnection_duration;
        config.capacity = settings.capacity;
        config.detection = detection;
        Self { config, clock }
    }

    /// The members of a namespace that has none yet.
    pub(crate) fn no_members(&self, limits: RoomLimits) -> Members {
        // If there is no chance to be had, no client can connect anyway.
        hub::Namespace::with_recovery(limits, self.config, entropy().unwrap_or_default())
    }

    pub(crate) fn log(&self) -> Log {
        Log {
            clock: self.clock.clone(),
            order: Mutex::default(),
            departures: Mutex::default(),
        }
    }

    /// The time between two looks for what is too old.
    pub(crate) fn sweep_interval(&self) -> Duration {
        const LEAST: Duration = Duration::from_millis(100);
        LEAST.max(self.config.max_disconnection_duration / 8)
    }
}

/// Where a namespace's events are recorded.
pub(crate) struct Log {
    clock: ServerClock,
    order: Mutex<()>,
    departures: Mutex<Departures>,
}

/// Who goes, and who waits for that.
#[derive(Default)]
struct Departures {
    /// Members no more; the application is being told.
    leaving: BTreeSet<PrivateId>,
    /// Clients that wait for their former connection to be gone.
    waiting: Waiters,
}

impl Log {
    /// Held from the choice of an offset until the event was given to all whom it concerns, so that nobody gets a later event first; and
    /// while someone comes or goes. It comes before the locks of members and of sessions.
    pub(crate) fn order(&self) -> MutexGuard<'_, ()> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// A client leaves, until what is returned is dropped: only then is it let in again, so that the application hears of the one before
    /// the other. Called while the order is held, as [`is_leaving`](Self::is_leaving) is by whoever would let it in.
    pub(crate) fn departs(&self, pid: PrivateId) -> Departure<'_> {
        self.departures().leaving.insert(pid);
        Departure { log: self, pid }
    }

    pub(crate) fn is_leaving(&self, pid: &PrivateId) -> bool {
        self.departures().leaving.contains(pid)
    }

    /// Waits until `gone` says so, but not for ever. Returns whether it did.
    pub(crate) async fn departure(&self, gone: impl Fn() -> bool) -> bool {
        /// An application whose handlers compute for longer has other problems.
        const PATIENCE: Duration = Duration::from_secs(5);
        let mut timeout = self.clock.timer.sleep(PATIENCE);
        let mut key = None;
        let result = std::future::poll_fn(|cx: &mut Context<'_>| {
            self.departures().waiting.wait(&mut key, cx);
            if gone() {
                return Poll::Ready(true);
            }
            Pin::as_mut(&mut timeout).poll(cx).map(|()| false)
        })
        .await;
        drop(key.map(|key| self.departures().waiting.leave(key)));
        result
    }

    fn departures(&self) -> MutexGuard<'_, Departures> {
        self.departures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client that leaves.
#[must_use]
pub(crate) struct Departure<'a> {
    log: &'a Log,
    pid: PrivateId,
}

impl Drop for Departure<'_> {
    fn drop(&mut self) {
        let mut departures = self.log.departures();
        departures.leaving.remove(&self.pid);
        let waiting = departures.waiting.take();
        drop(departures);
        waiting.for_each(Waker::wake);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").finish_non_exhaustive()
    }
}
