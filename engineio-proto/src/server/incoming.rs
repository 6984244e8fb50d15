//! A client that asks to be let in.

use super::framing::Framing;
use crate::{Exchange, Revision, TransportKind};

/// A request for a new session, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    pub(super) transport: TransportKind,
    pub(super) framing: Framing,
}

impl Incoming {
    /// The transport that the session will begin on.
    #[must_use]
    pub const fn transport(self) -> TransportKind {
        self.transport
    }

    /// The revision of the protocol that the client speaks.
    #[must_use]
    pub const fn revision(self) -> Revision {
        self.framing.revision()
    }

    /// What the request is to the new session: the first exchange to hand to it.
    #[must_use]
    pub const fn exchange(self) -> Exchange {
        match self.transport {
            TransportKind::Polling => Exchange::Poll,
            TransportKind::WebSocket => Exchange::WebSocket {
                base64: self.framing.is_base64(),
            },
        }
    }
}
