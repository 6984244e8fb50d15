//! The runtime's time, for the machines.

use std::sync::Arc;
use std::time::Instant;

use engineio_proto::Clock;
use hyper::rt::Timer;

/// What time it is, and sleeping until later; one for all sessions of a server.
#[derive(Clone)]
pub(crate) struct ServerClock {
    clock: Clock,
    pub(crate) timer: Arc<dyn Timer + Send + Sync>,
}

impl ServerClock {
    pub(crate) fn new(timer: Arc<dyn Timer + Send + Sync>) -> Self {
        Self {
            clock: Clock::starting_at(timer.now()),
            timer,
        }
    }

    pub(crate) fn now(&self) -> engineio_proto::Instant {
        self.clock.instant(self.timer.now())
    }

    pub(crate) fn std(&self, instant: engineio_proto::Instant) -> Instant {
        self.clock.std(instant)
    }

    pub(crate) fn instant(&self, std: Instant) -> engineio_proto::Instant {
        self.clock.instant(std)
    }
}
