//! Tasks that wait for the same thing, all at once or one after the other.

use std::collections::BTreeMap;
use std::task::{Context, Waker};

/// The wakers of tasks that wait, one each however often they look.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    wakers: BTreeMap<u64, Waker>,
    next: u64,
}

impl Waiters {
    /// Waits. `key` is none at first; whoever gives up waiting [`leave`](Self::leave)s with it.
    pub(crate) fn wait(&mut self, key: &mut Option<u64>, cx: &Context<'_>) {
        let key = *key.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        self.wakers.insert(key, cx.waker().clone());
    }

    /// Waits no more.
    pub(crate) fn leave(&mut self, key: u64) -> Option<Waker> {
        self.wakers.remove(&key)
    }

    /// All of them, who wait on, to be woken once the lock is free.
    pub(crate) fn all(&self) -> Vec<Waker> {
        self.wakers.values().cloned().collect()
    }

    /// Those to wake, once the lock is free.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.wakers).into_values()
    }
}

/// Tasks that wait for their turn, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Line {
    wakers: BTreeMap<u64, Waker>,
    next: u64,
}

impl Line {
    /// Whether it is the turn of whoever has this place or, if nobody waits, of someone who has none.
    pub(crate) fn is_turn(&self, place: Option<u64>) -> bool {
        self.wakers.keys().next().copied() == place
    }

    /// Waits, behind everyone else at first. Whoever has had their turn, or gives it up, [`leave`](Self::leave)s.
    pub(crate) fn wait(&mut self, place: &mut Option<u64>, cx: &Context<'_>) {
        let place = *place.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        self.wakers.insert(place, cx.waker().clone());
    }

    /// Waits no more. Returns whom to wake, if it was the turn of whoever leaves.
    pub(crate) fn leave(&mut self, place: u64) -> Option<Waker> {
        let turn = self.is_turn(Some(place));
        let left = self.wakers.remove(&place);
        drop(left);
        self.first().filter(|_| turn)
    }

    /// Whose turn it is, to be woken once the lock is free.
    pub(crate) fn first(&self) -> Option<Waker> {
        self.wakers.values().next().cloned()
    }

    /// Everyone, to be woken once the lock is free.
    pub(crate) fn all(&self) -> Vec<Waker> {
        self.wakers.values().cloned().collect()
    }
}
