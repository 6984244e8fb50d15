//! Deadlines, one for each thing that has one.

use std::collections::{BTreeMap, BTreeSet};

use engineio_proto::Instant;

/// The machines say when they want to be called again, and change their minds with every input. So this holds at most one
/// deadline for each of them, and setting it again replaces it.
pub struct Timers<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_key: BTreeMap<K, Instant>,
}

impl<K: Copy + Ord> Timers<K> {
    pub const fn new() -> Self {
        Self {
            by_time: BTreeSet::new(),
            by_key: BTreeMap::new(),
        }
    }

    /// From now on `key` is due at `deadline`, or not at all.
    pub fn set(&mut self, key: K, deadline: Option<Instant>) {
        let before = match deadline {
            Some(deadline) => self.by_key.insert(key, deadline),
            None => self.by_key.remove(&key),
        };
        if before != deadline {
            before.map(|before| self.by_time.remove(&(before, key)));
            self.by_time.extend(deadline.map(|deadline| (deadline, key)));
        }
    }

    /// Takes one that is due.
    pub fn pop_due(&mut self, now: Instant) -> Option<K> {
        let &(deadline, key) = self.by_time.first()?;
        if deadline > now {
            return None;
        }
        self.set(key, None);
        Some(key)
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|&(deadline, _)| deadline)
    }
}
