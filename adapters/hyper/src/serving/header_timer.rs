//! The timer of a connection's hyper, which wants one for each head of a request.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// Sleeps of one task, of which at most one is there at a time. When it is dropped, the runtime's timer below goes on, for the next: that
/// has a later deadline, and most never get there.
pub(crate) struct HeaderTimer<T>(Arc<Shared<T>>);

struct Shared<T> {
    timer: T,
    armed: Mutex<Option<Armed>>,
}

struct Armed {
    at: Instant,
    sleep: Pin<Box<dyn Sleep>>,
}

impl<T> HeaderTimer<T> {
    pub(crate) fn new(timer: T) -> Self {
        Self(Arc::new(Shared {
            timer,
            armed: Mutex::new(None),
        }))
    }
}

impl<T: Timer + Send + Sync + 'static> Timer for HeaderTimer<T> {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Borrowed {
            shared: Arc::clone(&self.0),
            deadline,
        })
    }

    fn now(&self) -> Instant {
        self.0.timer.now()
    }
}

/// One of the sleeps.
struct Borrowed<T> {
    shared: Arc<Shared<T>>,
    deadline: Instant,
}

impl<T: Timer> Future for Borrowed<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (timer, deadline) = (&self.shared.timer, self.deadline);
        let now = timer.now();
        if now >= deadline {
            return Poll::Ready(());
        }
        let mut armed = self.shared.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let armed = match &mut *armed {
            // It wakes the task early enough, which polls this again then.
            Some(armed) if now < armed.at && armed.at <= deadline => return Poll::Pending,
            Some(armed) => {
                timer.reset(&mut armed.sleep, deadline);
                armed.at = deadline;
                armed
            }
            none => none.insert(Armed {
                at: deadline,
                sleep: timer.sleep_until(deadline),
            }),
        };
        armed.sleep.as_mut().poll(cx)
    }
}

impl<T: Timer + Send + Sync> Sleep for Borrowed<T> {}
