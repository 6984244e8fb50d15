//! What waits for a connection, within a bound.

use alloc::collections::BTreeMap;

use super::SocketKey;
use crate::{AckId, Encoded};

/// What a frame costs beside its bytes, in bytes: as much as the buffer of a session counts for it.
const FRAME_COST: usize = 64;

/// What a packet costs to keep, in bytes.
pub(super) fn cost_of(packet: &Encoded) -> usize {
    packet.len() + packet.frame_count() * FRAME_COST
}

/// How many bytes may wait, and how many do: those of the [`Buffer`] and of what is sent with retries.
#[derive(Debug)]
pub(super) struct Room {
    capacity: usize,
    bytes: usize,
    /// Somebody was told that it is full and waits to be told otherwise.
    refused: bool,
    /// Whoever that was may try again, though it is not half free.
    reopened: bool,
}

impl Room {
    pub(super) const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            bytes: 0,
            refused: false,
            reopened: false,
        }
    }

    /// Takes as much as a packet costs, if it is there. The rules are those of a session's buffer: whatever is asked for when nothing
    /// waits does fit, and once something did not, nothing does until half is free.
    pub(super) fn take(&mut self, cost: usize) -> bool {
        let fits = self.bytes == 0 || self.bytes.saturating_add(cost) <= self.capacity;
        self.refused |= !fits;
        if self.refused {
            return false;
        }
        self.bytes += cost;
        true
    }

    pub(super) const fn give_back(&mut self, cost: usize) {
        self.bytes -= cost;
    }

    /// A socket is connected and nothing of it waits: it needs no room, even if others fill it for as long as they are not connected.
    pub(super) const fn reopen(&mut self) {
        self.reopened = self.refused;
    }

    /// Whether somebody who was refused should be told that there is room again; says so once.
    pub(super) fn take_drained(&mut self) -> bool {
        let drained = self.refused && (self.reopened || self.bytes <= self.capacity / 2);
        self.refused &= !drained;
        self.reopened = false;
        drained
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The packets that wait, those of each socket in their order. What they cost is for whoever puts them here to [count](Room).
#[derive(Debug, Default)]
pub(super) struct Buffer {
    packets: BTreeMap<(SocketKey, u64), Waiting>,
    /// Those whose acknowledgement is awaited: they must not be sent when that was given up.
    awaited: BTreeMap<(SocketKey, AckId), u64>,
    serial: u64,
}

#[derive(Debug)]
struct Waiting {
    packet: Encoded,
    ack: Option<AckId>,
}

impl Buffer {
    pub(super) fn push(&mut self, socket: SocketKey, packet: Encoded, ack: Option<AckId>) {
        self.packets.insert((socket, self.serial), Waiting { packet, ack });
        self.awaited.extend(ack.map(|id| ((socket, id), self.serial)));
        self.serial += 1;
    }

    /// The packet of a socket that is to be sent next.
    pub(super) fn first(&self, socket: SocketKey) -> Option<&Encoded> {
        let (_, waiting) = self.packets.range((socket, 0)..=(socket, u64::MAX)).next()?;
        Some(&waiting.packet)
    }

    /// Takes the packet of a socket that is to be sent next. Says what it cost.
    pub(super) fn pop(&mut self, socket: SocketKey) -> Option<usize> {
        let (&key, _) = self.packets.range((socket, 0)..=(socket, u64::MAX)).next()?;
        let Waiting { packet, ack } = self.packets.remove(&key)?;
        if let Some(id) = ack {
            self.awaited.remove(&(socket, id));
        }
        Some(cost_of(&packet))
    }

    /// Takes the packet whose acknowledgement was given up, if it is still here. Says what it cost.
    pub(super) fn remove(&mut self, socket: SocketKey, id: AckId) -> Option<usize> {
        let serial = self.awaited.remove(&(socket, id))?;
        let waiting = self.packets.remove(&(socket, serial))?;
        Some(cost_of(&waiting.packet))
    }

    /// Whether an event whose acknowledgement is awaited was not sent yet.
    pub(super) fn holds(&self, socket: SocketKey, id: AckId) -> bool {
        self.awaited.contains_key(&(socket, id))
    }

    /// Whether nothing of a socket waits.
    pub(super) fn is_empty(&self, socket: SocketKey) -> bool {
        self.packets.is_empty() || self.first(socket).is_none()
    }
}
