//! The events that clients may have missed.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use engineio_proto::Instant;

use crate::{Encoded, SocketId};

/// What an entry costs beside the bytes of its packet and the names of its rooms, in bytes: itself, and the headers of what it shares.
const ENTRY_COST: usize = 192;

/// The latest recorded events of a namespace, oldest first. Each has a serial, and no two the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// The serial of the oldest.
    first: u64,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    at: Instant,
    audience: Audience,
    packet: Encoded,
}

/// To whom an event was sent, in names that outlive keys.
#[derive(Clone, Debug)]
pub(super) enum Audience {
    One(SocketId),
    Target {
        /// Empty means everyone.
        rooms: Vec<Arc<str>>,
        except: Vec<Arc<str>>,
        skip: Option<SocketId>,
    },
}

impl Log {
    pub(super) fn push(&mut self, at: Instant, audience: Audience, packet: Encoded) {
        let entry = Entry { at, audience, packet };
        self.bytes += entry.cost();
        self.entries.push_back(entry);
    }

    /// Forgets the oldest; whether there was one.
    pub(super) fn pop(&mut self) -> bool {
        let Some(entry) = self.entries.pop_front() else {
            return false;
        };
        self.first += 1;
        self.bytes -= entry.cost();
        if self.entries.is_empty() {
            self.entries = VecDeque::new(); // gives the memory of the busy hours back
        }
        true
    }

    /// When the oldest was recorded.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.entries.front().map(|entry| entry.at)
    }

    /// Those from `serial` on.
    pub(super) fn since(&self, serial: u64) -> impl Iterator<Item = (u64, &Audience, &Encoded)> {
        let skip = usize::try_from(serial.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let serials = self.first.max(serial)..;
        let entries = self.entries.iter().skip(skip);
        serials
            .zip(entries)
            .map(|(serial, entry)| (serial, &entry.audience, &entry.packet))
    }

    /// The serial of the oldest entry, or of the next if there is none.
    pub(super) const fn first(&self) -> u64 {
        self.first
    }

    /// The serial of the next entry.
    pub(super) fn next(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Entry {
    fn cost(&self) -> usize {
        let names = match &self.audience {
            Audience::One(_) => 0,
            Audience::Target { rooms, except, .. } => rooms.iter().chain(except).map(|name| name.len() + 16).sum(),
        };
        ENTRY_COST + self.packet.len() + names
    }
}
