//! How the task of a session is woken.

use std::sync::{PoisonError, RwLock};
use std::task::Waker;

/// The waker of a session's task. It stays here from one time to the next, so a task whose waker is the same each time it is polled, as
/// most are, does not have to leave it again and again.
#[derive(Default)]
pub(crate) struct Bell(RwLock<Option<Waker>>);

impl Bell {
    /// The task can be woken like this from now on, or not any more.
    pub(crate) fn hang(&self, waker: Option<Waker>) {
        let mut hanging = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *hanging, waker);
        drop(hanging);
        drop(before); // it may be the last that holds the task
    }

    /// Wakes the task, if there is one.
    pub(crate) fn ring(&self) {
        let hanging = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = &*hanging {
            waker.wake_by_ref(); // whoever clones it counts a reference, and uncounts it
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Woken {
        fn times(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn whoever_was_left_there_last_is_woken_each_time() {
        let (bell, one, other) = (Bell::default(), Arc::<Woken>::default(), Arc::<Woken>::default());
        bell.ring(); // nobody hears it
        bell.hang(Some(Waker::from(Arc::clone(&one))));
        bell.ring();
        bell.ring();
        assert_eq!(one.times(), 2);
        bell.hang(Some(Waker::from(Arc::clone(&other))));
        bell.ring();
        assert_eq!((one.times(), other.times()), (2, 1));
        bell.hang(None);
        bell.ring();
        assert_eq!((one.times(), other.times()), (2, 1));
        assert_eq!((Arc::strong_count(&one), Arc::strong_count(&other)), (1, 1));
    }
}
