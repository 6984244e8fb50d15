//! Which events were addressed to one client.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::log::{Audience, Log};
use crate::{PrivateId, SocketId};

/// How many rooms that it has left a member may have to be remembered in. A client that makes the server join and leave rooms without
/// end can be restored to the latest events only.
const MAX_PAST: usize = 1_000;

/// Where a client has been, in serials of the log: what it was sent can be told from what others were.
#[derive(Clone, Debug)]
pub(in super::super) struct History {
    pub(super) pid: PrivateId,
    /// The first event after it came.
    since: u64,
    /// The first event from which on all is known that it was sent.
    floor: u64,
    /// The first event after the last that it was sent.
    last: u64,
    /// Events that were recorded for it but wait to be sent, while later ones are sent already.
    late: u32,
    /// How many of those later ones there are.
    overtaking: u32,
    /// The rooms that it is in, each since when.
    rooms: BTreeMap<Arc<str>, u64>,
    /// The rooms that it was in, each with its stays there in their order: whoever comes back has every event looked up here.
    past: BTreeMap<Arc<str>, Vec<Stay>>,
    /// How many stays these are.
    stays: usize,
}

#[derive(Clone, Copy, Debug)]
struct Stay {
    from: u64,
    until: u64,
}

impl History {
    /// Begins with the room of the own id, before the event `next`.
    pub(super) fn new(pid: PrivateId, id: &SocketId, next: u64) -> Self {
        Self {
            pid,
            since: next,
            floor: next,
            last: next,
            late: 0,
            overtaking: 0,
            rooms: BTreeMap::from([(Arc::from(id.as_str()), next)]),
            past: BTreeMap::new(),
            stays: 0,
        }
    }

    /// It is in a room from the event `next` on.
    pub(super) fn join(&mut self, room: Arc<str>, next: u64) {
        self.rooms.entry(room).or_insert(next);
    }

    /// It is in a room no more, from the event `next` on.
    pub(super) fn leave(&mut self, room: &str, log: &Log) {
        let until = log.next();
        let Some((room, from)) = self.rooms.remove_entry(room) else {
            return;
        };
        if from == until {
            return; // nothing was said meanwhile
        }
        if self.stays >= MAX_PAST {
            self.past.retain(|_, stays| {
                stays.retain(|stay| stay.until > log.first());
                !stays.is_empty()
            });
            self.stays = self.past.values().map(Vec::len).sum();
        }
        if self.stays >= MAX_PAST {
            self.past.clear();
            self.stays = 0;
            self.floor = self.floor.max(until);
        }
        self.past.entry(room).or_default().push(Stay { from, until });
        self.stays += 1;
    }

    /// It is sent the event before `next`.
    pub(super) fn heard(&mut self, next: u64) {
        self.last = next;
        if self.late > 0 {
            self.overtaking += 1;
        }
    }

    /// It is not sent the event now that it was to be sent last.
    pub(super) fn delay(&mut self) {
        if self.late > 0 {
            self.overtaking = self.overtaking.saturating_sub(1);
        }
        self.late += 1;
    }

    /// It was sent such an event, behind all that was recorded before `next`. If any of that has overtaken it, who saw the last of it need
    /// not have seen this one; who saw `next` has.
    pub(super) fn catch_up(&mut self, next: u64) {
        self.late = self.late.saturating_sub(1);
        if self.overtaking > 0 {
            self.floor = self.floor.max(next + 1);
        }
        if self.late == 0 {
            self.overtaking = 0;
        }
    }

    /// The rooms that it is in, that of its own id among them if it did not leave that.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &Arc<str>> {
        self.rooms.keys()
    }

    /// What it costs to remember it, in bytes.
    pub(super) fn cost(&self) -> usize {
        /// Without rooms, as a 64-bit machine counts. Others count alike, so that all of them forget the same.
        const HISTORY: usize = 96;
        const ROOM: usize = 64;
        let rooms = self.rooms.keys().map(|room| room.len() + ROOM);
        let past = self.past.iter().map(|(room, stays)| stays.len() * (room.len() + ROOM));
        HISTORY + rooms.chain(past).sum::<usize>()
    }

    /// From which event on it has to be told what it missed; none if that is not known any more. `left` is the first event after it was
    /// gone, `offset` the last that it saw.
    pub(super) fn missing(&self, offset: Option<u64>, left: u64, log: &Log) -> Option<u64> {
        let from = offset.map_or(Some(0), |offset| offset.checked_add(1))?.max(self.since);
        let in_order = self.late == 0 && from >= self.floor && from <= log.next();
        // All are there; or those that are not were for others: the last that it was sent while it was here it has seen.
        let complete = log.first() <= from || (self.last <= from && log.first() <= left);
        (in_order && complete).then_some(from)
    }

    /// Whether an event was addressed to it.
    pub(super) fn is_addressed(&self, id: &SocketId, serial: u64, audience: &Audience) -> bool {
        match audience {
            Audience::One(one) => one == id,
            Audience::Target { rooms, except, skip } => {
                let was_in = |room: &Arc<str>| self.was_in(room, serial);
                skip.as_ref() != Some(id)
                    && (rooms.is_empty() || rooms.iter().any(was_in))
                    && !except.iter().any(was_in)
            }
        }
    }

    fn was_in(&self, room: &str, serial: u64) -> bool {
        let is_in = self.rooms.get(room).is_some_and(|from| *from <= serial);
        let was_in = |stays: &Vec<Stay>| {
            let next = stays.partition_point(|stay| stay.until <= serial);
            stays.get(next).is_some_and(|stay| stay.from <= serial)
        };
        is_in || self.past.get(room).is_some_and(was_in)
    }
}
