//! Events that are sent again until they are acknowledged.

use alloc::collections::VecDeque;

use engineio_proto::Instant;

use super::buffer::cost_of;
use crate::{AckId, Encoded};

/// The events of one socket that are sent one after the other, each until it is acknowledged or was sent too often.
///
/// ```text
///           connected              acknowledged
///   first ────────────► in flight ──────────────► gone, and the next is first
///     ▲                     │
///     └── ack_timeout, or ──┤
///         disconnected      └── the same, for the last time ──► gone, and reported
/// ```
///
/// An event has one id, however often it is sent: an acknowledgement that comes late is one all the same.
#[derive(Debug, Default)]
pub(super) struct Retries {
    queue: VecDeque<Retried>,
    /// The first was sent, and its acknowledgement may still come in time.
    in_flight: bool,
    /// Until when that may come.
    deadline: Option<Instant>,
}

#[derive(Debug)]
struct Retried {
    id: AckId,
    packet: Encoded,
    sends: u32,
    /// Somebody wants to know what becomes of it.
    awaited: bool,
}

/// An event that is not sent any more.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) id: AckId,
    /// Somebody wants to know what became of it.
    pub(super) awaited: bool,
    /// What it cost to keep.
    pub(super) cost: usize,
}

impl Retries {
    pub(super) fn push(&mut self, id: AckId, packet: Encoded) {
        self.queue.push_back(Retried {
            id,
            packet,
            sends: 0,
            awaited: true,
        });
    }

    /// What is to be sent now, if there is a connection.
    pub(super) fn due(&self) -> Option<&Encoded> {
        let first = self.queue.front().filter(|_| !self.in_flight)?;
        Some(&first.packet)
    }

    /// What was due is sent.
    pub(super) fn sent(&mut self, deadline: Option<Instant>) {
        if let Some(first) = self.queue.front_mut() {
            first.sends = first.sends.saturating_add(1);
            self.in_flight = true;
            self.deadline = deadline;
        }
    }

    /// What is in flight is not acknowledged any more. If it was sent once and `retries` times again, it is done.
    pub(super) fn fail(&mut self, retries: u32) -> Option<Done> {
        if !self.in_flight {
            return None;
        }
        self.in_flight = false;
        self.deadline = None;
        self.queue.front().filter(|first| first.sends > retries)?;
        self.pop()
    }

    /// An event is acknowledged. Nothing if it was not sent.
    pub(super) fn acknowledge(&mut self, id: AckId) -> Option<Done> {
        self.queue.front().filter(|first| first.id == id && first.sends > 0)?;
        self.in_flight = false;
        self.deadline = None;
        self.pop()
    }

    /// Nobody wants to know any more what becomes of an event. It is sent all the same. Says whether there is such an event.
    pub(super) fn forget(&mut self, id: AckId) -> bool {
        let found = self.queue.iter_mut().find(|retried| retried.id == id);
        found.map(|retried| retried.awaited = false).is_some()
    }

    /// Takes the first, whatever became of it.
    pub(super) fn pop(&mut self) -> Option<Done> {
        let Retried {
            id, packet, awaited, ..
        } = self.queue.pop_front()?;
        let cost = cost_of(&packet);
        Some(Done { id, awaited, cost })
    }

    /// When what is in flight is given up.
    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }
}
