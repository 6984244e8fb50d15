//! Acknowledgements that the server asked for and waits for.

use alloc::collections::{BTreeMap, BTreeSet};

use engineio_proto::Instant;

use super::SocketKey;
use crate::AckId;

/// Which acknowledgement: ids count per namespace, so the socket belongs to the name.
type Key = (SocketKey, AckId);

/// The acknowledgements that are awaited, and when each is given up.
#[derive(Debug, Default)]
pub(super) struct Acks {
    pending: BTreeMap<Key, Option<Instant>>,
    deadlines: BTreeSet<(Instant, Key)>,
    /// Somebody was told that there are too many and waits to be told otherwise.
    refused: bool,
}

impl Acks {
    /// Awaits one more. If it was awaited already it is awaited once, until the new deadline.
    pub(super) fn insert(&mut self, socket: SocketKey, id: AckId, deadline: Option<Instant>) {
        self.remove(socket, id);
        self.pending.insert((socket, id), deadline);
        self.deadlines.extend(deadline.map(|deadline| (deadline, (socket, id))));
    }

    /// No longer awaits this one. Says whether it did.
    pub(super) fn remove(&mut self, socket: SocketKey, id: AckId) -> bool {
        let Some(deadline) = self.pending.remove(&(socket, id)) else {
            return false;
        };
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, (socket, id)));
        }
        true
    }

    /// Takes one whose time is over.
    pub(super) fn pop_expired(&mut self, now: Instant) -> Option<Key> {
        let &(deadline, key) = self.deadlines.first()?;
        (deadline <= now).then(|| {
            self.remove(key.0, key.1);
            key
        })
    }

    /// Takes one of a socket's, in the order of their ids.
    pub(super) fn pop_of(&mut self, socket: SocketKey) -> Option<AckId> {
        let (&(_, id), _) = self
            .pending
            .range((socket, AckId(0))..=(socket, AckId(u64::MAX)))
            .next()?;
        self.remove(socket, id);
        Some(id)
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// Whether `capacity` or more are awaited, which is about to be said to somebody.
    pub(super) fn is_full(&mut self, capacity: usize) -> bool {
        let full = self.pending.len() >= capacity;
        self.refused |= full;
        full
    }

    /// Whether somebody who was refused should be told that there is room again; says so once.
    pub(super) fn take_drained(&mut self, capacity: usize) -> bool {
        let drained = self.refused && self.pending.len() <= capacity / 2;
        self.refused &= !drained;
        drained
    }
}
