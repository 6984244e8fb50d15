//! Acknowledgements that this side asked for and waits for.

use alloc::collections::{BTreeMap, BTreeSet};

use engineio_proto::Instant;
use thiserror::Error;

use crate::packet::AckId;

/// Why an acknowledgement will not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AckError {
    /// Its time is over.
    #[error("operation has timed out")]
    TimedOut,
    /// The socket has left its namespace, or its connection was lost.
    #[error("socket has been disconnected")]
    Disconnected,
}

/// Which acknowledgement: ids count per namespace, so the socket, whose key is an `S`, belongs to the name.
type Key<S> = (S, AckId);

/// The acknowledgements that are awaited, and when each is given up.
#[derive(Debug)]
pub(crate) struct Acks<S> {
    pending: BTreeMap<Key<S>, Option<Instant>>,
    deadlines: BTreeSet<(Instant, Key<S>)>,
    /// Somebody was told that there are too many and waits to be told otherwise.
    refused: bool,
}

impl<S: Copy + Ord> Acks<S> {
    pub(crate) const fn new() -> Self {
        Self {
            pending: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            refused: false,
        }
    }

    /// Awaits one more. If it was awaited already it is awaited once, until the new deadline.
    pub(crate) fn insert(&mut self, socket: S, id: AckId, deadline: Option<Instant>) {
        self.remove(socket, id);
        self.pending.insert((socket, id), deadline);
        self.deadlines.extend(deadline.map(|deadline| (deadline, (socket, id))));
    }

    /// No longer awaits this one. Says whether it did.
    pub(crate) fn remove(&mut self, socket: S, id: AckId) -> bool {
        let Some(deadline) = self.pending.remove(&(socket, id)) else {
            return false;
        };
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, (socket, id)));
        }
        true
    }

    /// Takes one whose time is over.
    pub(crate) fn pop_expired(&mut self, now: Instant) -> Option<Key<S>> {
        let &(deadline, key) = self.deadlines.first()?;
        (deadline <= now).then(|| {
            self.remove(key.0, key.1);
            key
        })
    }

    /// Takes one of a socket's, in the order of their ids.
    pub(crate) fn pop_of(&mut self, socket: S) -> Option<AckId> {
        let id = self.ids_of(socket).next()?;
        self.remove(socket, id);
        Some(id)
    }

    /// Those of a socket.
    pub(crate) fn ids_of(&self, socket: S) -> impl Iterator<Item = AckId> {
        let ids = self.pending.range((socket, AckId(0))..=(socket, AckId(u64::MAX)));
        ids.map(|(&(_, id), _)| id)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// Whether `capacity` or more are awaited, which is about to be said to somebody.
    pub(crate) fn is_full(&mut self, capacity: usize) -> bool {
        let full = self.pending.len() >= capacity;
        self.refused |= full;
        full
    }

    /// Whether somebody who was refused should be told that there is room again; says so once.
    pub(crate) fn take_drained(&mut self, capacity: usize) -> bool {
        let drained = self.refused && self.pending.len() <= capacity / 2;
        self.refused &= !drained;
        drained
    }
}
