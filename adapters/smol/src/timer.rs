//! Sleeping, for hyper and for sessions.

use std::collections::BTreeMap;
use std::panic;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use smol::Timer;
use socketio_hyper::hyper;
use socketio_hyper::hyper::rt::Sleep;

/// hyper's timer on smol. All that sleep share one timer of smol's reactor, which is set for the first of them: a reactor is woken whenever a
/// timer is set, and a session sets one after each ping and each pong.
///
/// It counts in milliseconds and never ends early.
#[derive(Clone, Copy, Debug, Default)]
pub struct SmolTimer;

impl hyper::rt::Timer for SmolTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Sleeping { deadline, place: None })
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleeping>() {
            Some(sleeping) => sleeping.get_mut().deadline = deadline, // it moves when it is polled
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// One that sleeps.
struct Sleeping {
    deadline: Instant,
    /// Where it waits, once it was polled.
    place: Option<Place>,
}

impl Future for Sleeping {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if Instant::now() >= this.deadline {
            return Poll::Ready(());
        }
        let sleepers = Sleepers::running();
        this.place = Some(sleepers.wait(this.place, this.deadline, cx.waker()));
        Poll::Pending
    }
}

impl Sleep for Sleeping {}

impl Drop for Sleeping {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            Sleepers::running().leave(place);
        }
    }
}

/// Milliseconds since the first one slept.
type Tick = u64;

/// When to wake, and a number that no other has.
type Place = (Tick, u64);

/// All that sleep.
struct Sleepers {
    origin: Instant,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    wakers: BTreeMap<Place, Waker>,
    next_number: u64,
    /// What the timer is set for, if for anything.
    alarm: Option<Tick>,
    /// Of the task that sets it.
    task: Option<Waker>,
}

impl Sleepers {
    /// The ones there are. They begin with the first that sleeps.
    fn running() -> &'static Self {
        static SLEEPERS: OnceLock<Sleepers> = OnceLock::new();
        SLEEPERS.get_or_init(|| {
            smol::spawn(async { Self::running().run().await }).detach();
            Self {
                origin: Instant::now(),
                waiting: Mutex::default(),
            }
        })
    }

    /// Has a task woken at a deadline, and no longer at the one it had a `place` for.
    fn wait(&self, place: Option<Place>, deadline: Instant, waker: &Waker) -> Place {
        let tick = self.tick_after(deadline);
        let mut waiting = self.waiting();
        let number = match place {
            Some((_, number)) => number,
            None => {
                waiting.next_number += 1;
                waiting.next_number
            }
        };
        let moved = place.filter(|place| place.0 != tick);
        let left = moved.and_then(|place| waiting.wakers.remove(&place));
        let there = waiting.wakers.insert((tick, number), waker.clone());
        let earliest = waiting.alarm.is_none_or(|alarm| tick < alarm);
        let task = if earliest { waiting.task.take() } else { None };
        drop(waiting);
        drop((left, there)); // and with them perhaps tasks, which may sleep themselves
        if let Some(task) = task {
            task.wake();
        }
        (tick, number)
    }

    fn leave(&self, place: Place) {
        let left = self.waiting().wakers.remove(&place);
        drop(left);
    }

    /// Wakes whoever is due, for ever.
    async fn run(&self) {
        let mut timer = pin!(Timer::never());
        let mut due = Vec::new();
        std::future::poll_fn(|cx| {
            loop {
                let alarm = self.take_due(&mut due, cx.waker());
                for waker in due.drain(..) {
                    let _ = panic::catch_unwind(|| waker.wake()); // one that panics must not keep others from being woken, ever again
                }
                let Some(at) = alarm.and_then(|tick| self.origin.checked_add(Duration::from_millis(tick))) else {
                    return Poll::<()>::Pending; // nobody sleeps, or only who never wakes
                };
                timer.set_at(at);
                if timer.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }

    /// Takes whoever is due, and sets the alarm for the first of the others.
    fn take_due(&self, due: &mut Vec<Waker>, task: &Waker) -> Option<Tick> {
        let mut waiting = self.waiting();
        let now = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(Tick::MAX);
        while let Some(first) = waiting.wakers.first_entry() {
            if first.key().0 > now {
                break;
            }
            due.push(first.remove());
        }
        waiting.alarm = waiting.wakers.first_key_value().map(|((tick, _), _)| *tick);
        waiting.task = Some(task.clone());
        waiting.alarm
    }

    /// The first whole millisecond that is not before a deadline.
    fn tick_after(&self, deadline: Instant) -> Tick {
        let nanoseconds = deadline.saturating_duration_since(self.origin).as_nanos();
        Tick::try_from(nanoseconds.div_ceil(1_000_000)).unwrap_or(Tick::MAX)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
