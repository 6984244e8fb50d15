//! The passage from long-polling to a WebSocket.

use super::connection::{Connection, Transport};
use super::probe::{Probe, ProbeState};
use super::{Event, Transmit, Transports};
use crate::{Frame, Instant, Message, TransportFault, TransportKind};

impl Connection {
    /// Asks for a WebSocket, if the server offers one and the application wants it.
    pub(super) fn start_probe(&mut self, now: Instant) {
        let offered = self
            .handshake
            .as_ref()
            .is_some_and(|handshake| handshake.upgrade_to_websocket);
        let wanted = self.config.transports == Transports::PollingThenWebSocket;
        if !offered || !wanted || self.transport != Transport::Polling {
            return;
        }
        let id = self.new_exchange();
        let query = self.query(id, TransportKind::WebSocket);
        self.transmits.push_back(Transmit::Connect { id, query });
        self.probe = Some(Probe {
            id,
            state: ProbeState::Connecting,
            deadline: now + self.config.upgrade_timeout,
        });
    }

    /// The WebSocket is open.
    pub(super) fn handle_probe_open(&mut self) {
        let Some(probe) = &mut self.probe else { return };
        if probe.state == ProbeState::Connecting {
            probe.state = ProbeState::Probing;
            let message = Frame::control("2probe").into_message();
            self.transmits.push_back(Transmit::Frame { id: probe.id, message });
        }
    }

    /// A message on the WebSocket that probes.
    pub(super) fn handle_probe_message(&mut self, now: Instant, message: &Message) {
        let Some(probe) = &mut self.probe else { return };
        match (probe.state, message) {
            (ProbeState::Probing, Message::Text(text)) if &**text == "3probe" => {
                probe.state = ProbeState::Pausing;
                self.finish_upgrade(now);
            }
            _ => self.fail_probe(TransportFault::Probe),
        }
    }

    /// Goes over, if all that long-polling had on its way has come back.
    pub(super) fn finish_upgrade(&mut self, now: Instant) {
        if self.poll.is_some() || self.post.is_some() {
            return;
        }
        let Some(probe) = self.probe.take_if(|probe| probe.state == ProbeState::Pausing) else {
            return;
        };
        let message = Frame::control("5").into_message();
        self.transmits.push_back(Transmit::Frame { id: probe.id, message });
        self.transport = Transport::WebSocket(Some(probe.id));
        if let (Some(heartbeat), Some(handshake)) = (&mut self.heartbeat, &self.handshake) {
            heartbeat.handle_upgrade(now, handshake.rhythm());
        }
        self.inbox.push(Event::Upgraded);
    }

    /// Whether long-polling comes to rest.
    pub(super) fn is_pausing(&self) -> bool {
        self.probe.is_some_and(|probe| probe.state == ProbeState::Pausing)
    }

    /// Gives up the WebSocket that probes and says why; the session goes on without it.
    pub(super) fn fail_probe(&mut self, fault: TransportFault) {
        self.drop_probe();
        self.inbox.push(Event::UpgradeFailed(fault));
    }

    /// Gives up the WebSocket that probes, if there is one.
    pub(super) fn drop_probe(&mut self) {
        if let Some(Probe { id, state, .. }) = self.probe.take() {
            self.transmits.push_back(match state {
                ProbeState::Connecting => Transmit::Abort { id },
                ProbeState::Probing | ProbeState::Pausing => Transmit::Close { id, code: None },
            });
        }
    }
}
