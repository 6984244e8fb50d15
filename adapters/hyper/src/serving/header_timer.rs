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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// What time it is, and for when it was asked to wake.
    #[derive(Clone)]
    struct Manual(Arc<Mutex<(Instant, Vec<Instant>)>>);

    struct Due(Manual, Instant);

    impl Future for Due {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            if self.0.now() >= self.1 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }
    }

    impl Sleep for Due {}

    impl Timer for Manual {
        fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
            self.sleep_until(self.now() + duration)
        }

        fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
            self.0.lock().unwrap().1.push(deadline);
            Box::pin(Due(self.clone(), deadline))
        }

        fn now(&self) -> Instant {
            self.0.lock().unwrap().0
        }
    }

    fn is_over(sleep: &mut Pin<Box<dyn Sleep>>) -> bool {
        let polled = sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        polled.is_ready()
    }

    #[test]
    fn sleeps_one_after_the_other_share_a_timer_and_end_in_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let manual = Manual(Arc::new(Mutex::new((start, Vec::new()))));
        let timer = HeaderTimer::new(manual.clone());
        let armed = || manual.0.lock().unwrap().1.clone();

        let mut first = timer.sleep_until(at(30));
        assert!(!is_over(&mut first));
        manual.0.lock().unwrap().0 = at(10);
        drop(first);
        let mut second = timer.sleep_until(at(40));
        assert!(!is_over(&mut second));
        assert_eq!(armed(), [at(30)], "the first one's timer wakes for the second");
        manual.0.lock().unwrap().0 = at(30);
        assert!(!is_over(&mut second), "it sleeps on");
        assert_eq!(armed(), [at(30), at(40)]);
        manual.0.lock().unwrap().0 = at(40);
        assert!(is_over(&mut second));
        let mut early = timer.sleep_until(at(50));
        assert!(!is_over(&mut early));
        let mut earlier = timer.sleep_until(at(45));
        assert!(!is_over(&mut earlier));
        assert_eq!(armed()[2..], [at(50), at(45)], "a timer that is too late is set anew");
    }
}
