//! What keeps the session alive: see [`Heartbeat`] for who pings.

use super::connection::Connection;
use crate::heartbeat::{Heartbeat, Rhythm};
use crate::{Frame, Instant};

impl Connection {
    /// A ping of the server, if it is the server who pings; otherwise it means nothing. Nothing follows our close packet.
    pub(super) fn handle_ping(&mut self, now: Instant) {
        if self.is_closing() && self.outbox.is_empty() {
            return;
        }
        let pinged = self.with_heartbeat(|heartbeat, rhythm| heartbeat.handle_ping(now, rhythm).then_some(()));
        if pinged.is_some() {
            self.push_heartbeat("3");
        }
    }

    /// A pong of the server.
    pub(super) fn handle_pong(&mut self, now: Instant) {
        self.with_heartbeat(|heartbeat, rhythm| heartbeat.handle_pong(now, rhythm).then_some(()));
    }

    /// A packet that keeps the session alive. It goes out first, so that a long queue cannot make the server wait for it.
    pub(super) fn push_heartbeat(&mut self, packet: &'static str) {
        self.outbox.push_front_once(Frame::control(packet));
    }

    /// Nothing before the handshake.
    pub(super) fn with_heartbeat<T>(&mut self, act: impl FnOnce(&mut Heartbeat, Rhythm) -> Option<T>) -> Option<T> {
        act(self.heartbeat.as_mut()?, self.handshake.as_ref()?.rhythm())
    }
}
