//! Every packet on the wire, for whoever wants to see them.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::{Message, Packet, Payload, Revision, TransportKind, revision_3};

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the server.
    Sent,
    /// From the server.
    Received,
}

pub(crate) type Hook = Arc<dyn Fn(Direction, TransportKind, Packet) + Send + Sync>;

/// Shows packets to the application. It reads them once more for that.
#[derive(Clone)]
pub(crate) struct Trace {
    hook: Hook,
    revision: Revision,
}

impl Trace {
    pub(crate) fn new(hook: Hook, revision: Revision) -> Self {
        Self { hook, revision }
    }

    /// A message on a WebSocket.
    pub(crate) fn message(&self, direction: Direction, message: &Message) {
        let packet = match self.revision {
            Revision::V4 => Packet::decode(message.clone()),
            Revision::V3 => revision_3::decode_packet(message.clone()),
        };
        // What is none is an error that the session ends with.
        packet
            .into_iter()
            .for_each(|packet| self.show(direction, TransportKind::WebSocket, packet));
    }

    /// A body of long-polling.
    pub(crate) fn body(&self, direction: Direction, body: &Bytes, binary: bool) {
        let show = |packet| self.show(direction, TransportKind::Polling, packet);
        let body = body.clone();
        match (self.revision, binary) {
            (Revision::V4, _) => Payload::new(body).into_iter().flatten().flatten().for_each(show),
            (Revision::V3, true) => revision_3::Payload::binary(body)
                .into_iter()
                .flatten()
                .flatten()
                .for_each(show),
            (Revision::V3, false) => revision_3::Payload::text(body)
                .into_iter()
                .flatten()
                .flatten()
                .for_each(show),
        }
    }

    fn show(&self, direction: Direction, transport: TransportKind, packet: Packet) {
        (self.hook)(direction, transport, packet);
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace")
    }
}
