//! The server's first word.

use super::Event;
use super::connection::{Connection, State};
use crate::heartbeat::Heartbeat;
use crate::{CloseReason, DecodeError, Handshake, Instant, Packet, Revision};

impl Connection {
    /// The first packet on a WebSocket, which must be the handshake.
    pub(super) fn handle_first_packet(&mut self, now: Instant, packet: Packet) -> Result<(), CloseReason> {
        match packet {
            Packet::Open(handshake) => self.handle_handshake(now, handshake),
            Packet::Close => Err(CloseReason::TransportClose),
            _ => Err(CloseReason::ParseError(DecodeError::Handshake)),
        }
    }

    /// The server has let the client in.
    pub(super) fn handle_handshake(&mut self, now: Instant, handshake: Handshake) -> Result<(), CloseReason> {
        if !handshake.is_livable() {
            return Err(CloseReason::ParseError(DecodeError::Handshake));
        }
        self.heartbeat = Some(match self.framing.revision() {
            Revision::V4 => Heartbeat::pinged(now, handshake.rhythm()),
            Revision::V3 => Heartbeat::pinging(now, handshake.rhythm()),
        });
        self.handshake = Some(handshake.clone());
        if matches!(self.state, State::Opening { .. }) {
            self.state = State::Open;
            self.inbox.push(Event::Open(handshake));
            self.start_probe(now);
        }
        Ok(())
    }
}
