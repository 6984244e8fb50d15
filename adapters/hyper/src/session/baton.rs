//! Who drives a session: one at a time, and what is due meanwhile is not forgotten.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// There is something to drive.
const DUE: u8 = 1;

/// Somebody drives, and will look whether something is due when done.
const DRIVING: u8 = 2;

/// What only the driver touches, and whether there is one.
///
/// The lock alone would not do: who finds it taken would not know whether the holder still sees what is due.
pub(crate) struct Baton<T> {
    state: AtomicU8,
    turn: Mutex<T>,
}

impl<T: Default> Baton<T> {
    /// Nobody drives yet, and somebody should.
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU8::new(DUE),
            turn: Mutex::default(),
        }
    }

    /// There is something to drive. Says whether somebody has to be told: whoever drives already will see it.
    pub(crate) fn be_due(&self) -> bool {
        if self.is_due() {
            return false; // it was said, and is still to be seen
        }
        self.state.fetch_or(DUE, Ordering::SeqCst) & DRIVING == 0
    }

    /// Whether something has become due since the driver last [looked](Self::take_due).
    pub(crate) fn is_due(&self) -> bool {
        self.state.load(Ordering::SeqCst) & DUE != 0
    }

    /// The driver is about to see everything that has happened.
    pub(crate) fn take_due(&self) {
        if self.is_due() {
            self.state.fetch_and(!DUE, Ordering::SeqCst);
        }
    }

    /// Becomes the driver because something is due, unless there is one: that one sees it.
    pub(crate) fn take(&self) -> Option<Held<'_, T>> {
        let mut state = self.state.load(Ordering::SeqCst);
        loop {
            let next = if state & DRIVING == 0 { DRIVING } else { state | DUE };
            match self
                .state
                .compare_exchange_weak(state, next, Ordering::SeqCst, Ordering::SeqCst)
            {
                Ok(_) if state & DRIVING == 0 => break,
                Ok(_) => return None,
                Err(now) => state = now,
            }
        }
        Some(Held {
            baton: self,
            turn: Some(self.lock()), // whoever drove before has given it back
        })
    }

    /// What only the driver touches, when there is none any more.
    pub(crate) fn end(&self) -> T {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The driver's.
pub(crate) struct Held<'a, T> {
    baton: &'a Baton<T>,
    turn: Option<MutexGuard<'a, T>>,
}

impl<T: Default> Held<'_, T> {
    pub(crate) fn turn(&mut self) -> &mut T {
        self.turn.get_or_insert_with(|| self.baton.lock())
    }

    /// Gives it back, unless something is due again.
    pub(crate) fn pass(mut self) -> Result<(), Self> {
        // The lock first: who becomes the driver next has to find it free.
        self.turn = None;
        let state = &self.baton.state;
        match state.compare_exchange(DRIVING, 0, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => {
                std::mem::forget(self); // it is somebody else's from here on
                Ok(())
            }
            Err(_) => {
                self.baton.take_due();
                Err(self)
            }
        }
    }
}

/// Whoever breaks off sees to it that somebody goes on.
impl<T> Drop for Held<'_, T> {
    fn drop(&mut self) {
        self.turn = None;
        self.baton.state.store(0, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// What has happened, and a driver that counts how much of it it has seen.
    struct Session {
        happened: Mutex<u64>,
        baton: Baton<u64>,
        seen: Mutex<u64>,
        task: (Mutex<Task>, Condvar),
    }

    #[derive(Default)]
    struct Task {
        woken: bool,
        stopped: bool,
    }

    impl Session {
        fn happen(&self) -> u64 {
            let mut happened = self.happened.lock().unwrap();
            *happened += 1;
            *happened
        }

        fn notify(&self) {
            if self.baton.be_due() {
                self.tell(|task| task.woken = true);
            }
        }

        fn tell(&self, tell: impl FnOnce(&mut Task)) {
            tell(&mut self.task.0.lock().unwrap());
            self.task.1.notify_one();
        }

        fn drive(&self) {
            let Some(mut held) = self.baton.take() else { return };
            loop {
                let happened = self.happened.lock().unwrap();
                self.baton.take_due();
                let seen = *happened;
                drop(happened);
                *held.turn() += 1;
                *self.seen.lock().unwrap() = seen;
                match held.pass() {
                    Ok(()) => return,
                    Err(again) => held = again,
                }
            }
        }

        /// Drives when woken, and never otherwise.
        fn run(&self) {
            loop {
                let task = self.task.0.lock().unwrap();
                let waits = |task: &mut Task| !(task.woken || task.stopped);
                let mut task = self.task.1.wait_while(task, waits).unwrap();
                if !std::mem::take(&mut task.woken) {
                    return;
                }
                drop(task);
                self.drive();
            }
        }

        fn wait_until_seen(&self, what: u64) {
            let deadline = Instant::now() + Duration::from_secs(20);
            while *self.seen.lock().unwrap() < what {
                assert!(Instant::now() < deadline, "nobody has seen {what}");
                thread::yield_now();
            }
        }
    }

    #[test]
    fn whatever_happens_on_many_threads_is_seen_by_whoever_drives() {
        let session = Session {
            happened: Mutex::new(0),
            baton: Baton::new(),
            seen: Mutex::new(0),
            task: Default::default(),
        };
        session.drive();
        thread::scope(|scope| {
            scope.spawn(|| session.run());
            // As who sends, and as a request that has brought something.
            let ways = [Session::notify, Session::drive].map(|tell| {
                let session = &session;
                scope.spawn(move || {
                    for _ in 0..100_000 {
                        let what = session.happen();
                        tell(session);
                        session.wait_until_seen(what);
                    }
                })
            });
            let done = ways.map(thread::ScopedJoinHandle::join);
            session.tell(|task| task.stopped = true);
            done.into_iter().for_each(Result::unwrap);
        });
        assert!(session.baton.end() > 0);
    }
}
