//! The timer of a connection's hyper, which wants a sleep for each head of a request.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

use crate::serving::connections::Connections;

/// How often it is looked, in the time that a head may take, whether one has taken longer.
const TICKS: u32 = 4;

/// The shortest and the longest time between two such looks. Who allows more than days does not want to count them.
const TICK: [Duration; 2] = [Duration::from_millis(1), Duration::from_secs(24 * 60 * 60)];

/// Sleeps for heads on one connection. They end when all connections have been [told the time](tell_time) so often: who has a head at once,
/// as nearly everyone, neither looks at a clock for it nor sets a timer.
///
/// Each connection counts references of its own: all of them to one count would have the cores wait for each other.
pub(crate) struct HeaderTimer(Arc<Own>);

struct Own {
    connections: Arc<Connections>,
    now: Instant,
}

impl HeaderTimer {
    pub(crate) fn new(connections: Arc<Connections>) -> Self {
        let now = Instant::now();
        Self(Arc::new(Own { connections, now }))
    }
}

impl Timer for HeaderTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Head {
            since: self.0.connections.ticks(),
            own: Arc::clone(&self.0),
        })
    }

    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(Duration::ZERO)
    }

    /// Some time: hyper only adds to it what it then sleeps until.
    fn now(&self) -> Instant {
        self.0.now
    }
}

/// One of the sleeps.
struct Head {
    own: Arc<Own>,
    since: u32,
}

impl Future for Head {
    type Output = ();

    /// Its task is woken at each tick.
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        // The first of them may have come at once.
        if self.own.connections.ticks().wrapping_sub(self.since) > TICKS {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Sleep for Head {}

/// Tells connections the time for as long as there are some, or may be: a head may take `timeout`.
pub(crate) async fn tell_time(timer: impl Timer, connections: Weak<Connections>, timeout: Duration) {
    let [shortest, longest] = TICK;
    let tick = (timeout / TICKS).clamp(shortest, longest);
    loop {
        timer.sleep(tick).await;
        let Some(connections) = connections.upgrade() else {
            return;
        };
        connections.tick();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn is_over(sleep: &mut Pin<Box<dyn Sleep>>) -> bool {
        let polled = sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        polled.is_ready()
    }

    #[test]
    fn a_sleep_ends_when_its_time_has_passed_and_not_before() {
        let (connections, _) = Connections::new();
        let timer = HeaderTimer::new(Arc::clone(&connections));
        let mut sleeps: Vec<_> = (0..3)
            .map(|_| {
                let sleep = timer.sleep_until(timer.now());
                connections.tick();
                sleep
            })
            .collect();
        // The first has seen three ticks, of which one may have come at once.
        for over in [0, 0, 1, 2, 3] {
            let ended = sleeps.iter_mut().filter_map(|sleep| is_over(sleep).then_some(()));
            assert_eq!(ended.count(), over);
            connections.tick();
        }
    }
}
