//! What others send to a socket that is about to speak for the first time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};

use engineio_proto::{Instant, SendError};
use socketio_proto::{AckId, Encoded};

use crate::Socket;

/// How many packets may wait: more than come in the moment that it takes, and few enough to be kept for every new client. What they
/// say is kept by whoever else gets it.
const MAX_HELD: usize = 10_000;

/// From the moment a socket is a member of its namespace others can emit to it, on other threads too. What they do waits here until its
/// connect handler has had its first turn: what that emits before it waits for something comes first, as in JavaScript, where
/// nobody else runs meanwhile.
#[derive(Default)]
pub(crate) struct Entrance {
    closed: AtomicBool,
    held: Mutex<Option<Held>>,
}

struct Held {
    /// Where the connect handler has its turn: what is emitted there is its own.
    thread: ThreadId,
    packets: Vec<HeldPacket>,
}

struct HeldPacket {
    packet: Encoded,
    ack: Option<(AckId, Option<Instant>)>,
}

impl Entrance {
    /// From now on, what other threads send waits.
    pub(crate) fn close(&self) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Held {
            thread: thread::current().id(),
            packets: Vec::new(),
        });
        self.closed.store(true, Ordering::Release);
    }

    /// Takes a packet that has to wait, with the acknowledgement that it asks for, and says so. `on_hold` is called before it can be
    /// sent.
    fn hold(
        &self,
        packet: &Encoded,
        ack: Option<(AckId, Option<Instant>)>,
        on_hold: impl FnOnce(),
    ) -> Result<bool, SendError<()>> {
        if !self.closed.load(Ordering::Acquire) {
            return Ok(false);
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = held.as_mut().filter(|held| held.thread != thread::current().id()) else {
            return Ok(false);
        };
        if held.packets.len() >= MAX_HELD {
            return Err(SendError::Full(()));
        }
        held.packets.push(HeldPacket {
            packet: packet.clone(),
            ack,
        });
        on_hold();
        Ok(true)
    }
}

impl Socket {
    /// Holds a packet back if it has to wait, and says so. What the connect handler emits overtakes it, also in the order in which
    /// events are recorded.
    pub(crate) fn hold(&self, packet: &Encoded, ack: Option<(AckId, Option<Instant>)>) -> Result<bool, SendError<()>> {
        self.entrance().hold(packet, ack, || self.fall_behind())
    }

    /// The connect handler has had its first turn: sends what waits for that.
    pub(crate) fn open_entrance(&self) {
        let entrance = self.entrance();
        let mut held = entrance.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Held { packets, .. }) = held.take() else {
            return;
        };
        let mut shared = self.session().lock();
        let mut full = false;
        for HeldPacket { packet, ack } in &packets {
            let sent = match *ack {
                Some((id, deadline)) => shared.machine.send_with_ack(self.key(), id, packet, deadline),
                None => shared.machine.send(self.key(), packet),
            };
            full |= sent == Err(SendError::Full(()));
        }
        drop(shared);
        entrance.closed.store(false, Ordering::Release);
        drop(held);
        packets.iter().for_each(|_| self.catch_up());
        if full {
            self.give_up();
        }
        self.session().notify();
    }
}
