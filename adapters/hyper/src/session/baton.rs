//! Who drives a session: one at a time, and what is due meanwhile is not forgotten.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

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
        if self.state.fetch_or(DUE, Ordering::SeqCst) & DRIVING != 0 {
            return None;
        }
        let turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody else has become the driver in this moment, and has not begun.
            Err(TryLockError::WouldBlock) => return None,
        };
        self.state.swap(DRIVING, Ordering::SeqCst);
        Some(Held {
            baton: self,
            turn: Some(turn),
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
