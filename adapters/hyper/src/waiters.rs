//! Tasks that wait for the same thing.

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

    /// Those to wake, once the lock is free.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.wakers).into_values()
    }
}
