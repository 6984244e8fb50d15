//! Sleeping on smol, through hyper's trait.

use std::panic;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use smol::future::{or, zip};
use socketio_smol::hyper::rt::{Sleep, Timer};
use socketio_smol::{Runtime, Smol};

const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

/// Longer than a busy machine takes from one line of a test to the next.
const SHORT: Duration = Duration::from_millis(200);

fn sleep_until(deadline: Instant) -> Pin<Box<dyn Sleep>> {
    Smol.timer().sleep_until(deadline)
}

/// Tells when it is woken, by a name.
struct Bell(&'static str, Sender<(&'static str, Instant)>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.1.send((self.0, Instant::now())); // the test may be over
    }
}

/// What wakers tell, in order.
struct Heard(Sender<(&'static str, Instant)>, Receiver<(&'static str, Instant)>);

impl Heard {
    fn new() -> Self {
        let (tell, told) = channel();
        Self(tell, told)
    }

    fn waker(&self, name: &'static str) -> Waker {
        Arc::new(Bell(name, self.0.clone())).into()
    }

    fn next(&self) -> (&'static str, Instant) {
        self.1.recv_timeout(PATIENCE).expect("somebody is woken")
    }

    fn is_silent(&self) -> bool {
        self.1.try_recv().is_err()
    }
}

fn poll(sleep: &mut Pin<Box<dyn Sleep>>, waker: &Waker) -> Poll<()> {
    sleep.as_mut().poll(&mut Context::from_waker(waker))
}

#[test]
fn what_is_over_already_is_not_waited_for() {
    assert!(poll(&mut sleep_until(Instant::now()), Waker::noop()).is_ready());
}

#[test]
fn the_earliest_wakes_first_whichever_was_there_first() {
    let heard = Heard::new();
    let start = Instant::now();
    let mut sleeps = [("third", 3), ("first", 1), ("second", 2)].map(|(name, times)| {
        let deadline = start + times * SHORT;
        let mut sleep = sleep_until(deadline);
        assert!(poll(&mut sleep, &heard.waker(name)).is_pending());
        (name, deadline, sleep)
    });
    for expected in ["first", "second", "third"] {
        let (name, woken) = heard.next();
        assert_eq!(name, expected);
        let (_, deadline, sleep) = sleeps.iter_mut().find(|(name, ..)| *name == expected).unwrap();
        assert!(woken >= *deadline, "nobody is woken early");
        assert!(poll(sleep, Waker::noop()).is_ready());
    }
}

#[test]
fn one_that_is_moved_earlier_wakes_then() {
    let heard = Heard::new();
    let mut sleep = sleep_until(Instant::now() + LONG);
    assert!(poll(&mut sleep, &heard.waker("it")).is_pending());
    let deadline = Instant::now() + SHORT;
    Smol.timer().reset(&mut sleep, deadline);
    assert!(poll(&mut sleep, &heard.waker("it")).is_pending());
    assert!(heard.next().1 >= deadline);
    assert!(poll(&mut sleep, Waker::noop()).is_ready());
}

#[test]
fn one_that_is_moved_later_wakes_then_and_not_before() {
    let heard = Heard::new();
    let start = Instant::now();
    let mut sleep = sleep_until(start + SHORT);
    assert!(poll(&mut sleep, &heard.waker("it")).is_pending());
    let deadline = start + 3 * SHORT;
    Smol.timer().reset(&mut sleep, deadline);
    assert!(poll(&mut sleep, &heard.waker("it")).is_pending());
    assert!(heard.next().1 >= deadline);
    assert!(poll(&mut sleep, Waker::noop()).is_ready());
    assert!(heard.is_silent(), "it is woken once");
}

#[test]
fn one_that_is_dropped_wakes_nobody_and_keeps_no_task() {
    let heard = Heard::new();
    let bell = Arc::new(Bell("dropped", heard.0.clone()));
    let mut dropped = sleep_until(Instant::now() + SHORT);
    assert!(poll(&mut dropped, &bell.clone().into()).is_pending());
    let mut other = sleep_until(Instant::now() + 2 * SHORT);
    assert!(poll(&mut other, &heard.waker("other")).is_pending());
    drop(dropped);
    assert_eq!(Arc::strong_count(&bell), 1);
    assert_eq!(heard.next().0, "other");
    assert!(heard.is_silent());
}

#[test]
fn the_one_that_polled_last_is_woken() {
    let heard = Heard::new();
    let mut sleep = sleep_until(Instant::now() + SHORT);
    for name in ["one", "another", "last"] {
        assert!(poll(&mut sleep, &heard.waker(name)).is_pending());
    }
    assert_eq!(heard.next().0, "last");
    assert!(heard.is_silent());
}

#[test]
fn thousands_sleep_at_once_and_none_wakes_early() {
    let start = Instant::now();
    let sleeping = |number: u32| async move {
        // Two of each deadline, in no order, and each is moved once.
        let deadline = start + SHORT + Duration::from_micros(u64::from(number * 7919 % 5000) * 40);
        let mut sleep = sleep_until(start + LONG);
        assert!(smol::future::poll_once(&mut sleep).await.is_none());
        Smol.timer().reset(&mut sleep, deadline);
        sleep.await;
        assert!(Instant::now() >= deadline);
    };
    let tasks: Vec<_> = (0..10_000).map(|number| smol::spawn(sleeping(number))).collect();
    smol::block_on(or(
        async {
            for task in tasks {
                task.await;
            }
        },
        async {
            smol::Timer::after(PATIENCE).await;
            panic!("some sleep for ever");
        },
    ));
}

#[test]
fn one_that_never_ends_keeps_nobody_from_waking() {
    let forever = (0..64)
        .rev()
        .find_map(|bits| Instant::now().checked_add(Duration::from_secs(1 << bits)));
    let mut forever = sleep_until(forever.unwrap());
    assert!(poll(&mut forever, Waker::noop()).is_pending());
    let short = || async { sleep_until(Instant::now() + SHORT).await };
    smol::block_on(zip(short(), short()));
    assert!(poll(&mut forever, Waker::noop()).is_pending());
}

#[test]
fn a_waker_that_panics_does_no_harm_to_others() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic::resume_unwind(Box::new("a waker of its own kind")); // without a message
        }
    }
    let heard = Heard::new();
    let deadline = Instant::now() + SHORT;
    let (mut bad, mut good) = (sleep_until(deadline), sleep_until(deadline));
    assert!(poll(&mut bad, &Arc::new(Panics).into()).is_pending());
    assert!(poll(&mut good, &heard.waker("good")).is_pending());
    heard.next();
    let mut later = sleep_until(Instant::now() + SHORT);
    assert!(poll(&mut later, &heard.waker("later")).is_pending());
    assert_eq!(heard.next().0, "later");
}
