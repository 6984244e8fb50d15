//! The passage from long-polling to a WebSocket.

use core::time::Duration;

use super::connection::{Connection, Transport};
use super::probe::Probe;
use super::{Event, Transmit};
use crate::{ExchangeId, Frame, Instant, Message};

/// The least time between two noops: the client that keeps polling while it upgrades is answered no faster than this.
const NOOP_INTERVAL: Duration = Duration::from_millis(100);

impl Connection {
    /// A GET that wants to become a WebSocket while the session has a transport already.
    pub(super) fn handle_probe_request(&mut self, now: Instant, id: ExchangeId, base64: bool) {
        self.transmits.push_back(Transmit::Upgrade { id });
        let welcome = self.transport == Transport::Polling && self.probe.is_none() && self.config.allow_upgrades;
        if welcome && self.config.transports.websocket {
            self.probe = Some(Probe {
                id,
                base64,
                deadline: now + self.config.upgrade_timeout,
                noop_at: None,
            });
        } else {
            self.transmits.push_back(Transmit::Close { id, code: None });
        }
    }

    /// A message on the WebSocket that probes.
    pub(super) fn handle_probe_message(&mut self, now: Instant, message: &Message) {
        let Some(probe) = &mut self.probe else { return };
        let Message::Text(text) = message else {
            return self.drop_probe();
        };
        match &**text {
            "2probe" if probe.noop_at.is_none() => {
                probe.noop_at = Some(now);
                let message = Frame::control("3probe").into_message();
                self.transmits.push_back(Transmit::Frame {
                    id: probe.id,
                    message,
                    compress: false,
                });
                self.flush_poll(now);
            }
            "5" => self.upgrade(now),
            _ => self.drop_probe(),
        }
    }

    /// Gives up the WebSocket that probes; the session goes on without it.
    pub(super) fn drop_probe(&mut self) {
        if let Some(probe) = self.probe.take() {
            self.transmits.push_back(Transmit::Close {
                id: probe.id,
                code: None,
            });
        }
    }

    /// Ends a poll that waits for nothing, if a probe wants it to end and it is time.
    pub(super) fn flush_poll(&mut self, now: Instant) {
        let Some(Probe {
            noop_at: Some(noop_at), ..
        }) = &mut self.probe
        else {
            return;
        };
        if now < *noop_at || !self.outbox.is_empty() {
            return;
        }
        if let Some(id) = self.poll.take() {
            *noop_at = now + NOOP_INTERVAL;
            let response = self.framing.control("6");
            self.transmits.push_back(Transmit::Respond { id, response });
        }
    }

    /// When [`flush_poll`](Self::flush_poll) has something to do.
    pub(super) fn noop_timeout(&self) -> Option<Instant> {
        self.poll
            .and(self.probe)
            .filter(|_| self.outbox.is_empty())
            .and_then(|probe| probe.noop_at)
    }

    /// The client has gone over.
    fn upgrade(&mut self, now: Instant) {
        let Some(probe) = self.probe.take() else { return };
        if let Some(id) = self.poll.take() {
            let response = self.framing.control("6");
            self.transmits.push_back(Transmit::Respond { id, response });
        }
        self.transport = Transport::WebSocket(Some(probe.id));
        self.framing.handle_upgrade(probe.base64);
        self.heartbeat.handle_upgrade(now, self.config.rhythm());
        self.inbox.push(Event::Upgraded);
        self.finish_closing();
    }
}
