//! How an event is to be emitted.

use std::time::Duration;

use socketio_proto::Encoded;

/// What the operators say that do not choose whom to emit to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) volatile: bool,
    pub(crate) uncompressed: bool,
    /// How long to wait for acknowledgements.
    pub(crate) timeout: Option<Duration>,
}

impl Flags {
    pub(crate) const fn volatile(self) -> Self {
        Self { volatile: true, ..self }
    }

    pub(crate) const fn compress(self, compress: bool) -> Self {
        Self {
            uncompressed: !compress,
            ..self
        }
    }

    pub(crate) const fn timeout(self, timeout: Duration) -> Self {
        Self {
            timeout: Some(timeout),
            ..self
        }
    }

    /// Marks a packet for the transports that compress.
    pub(crate) fn mark(self, packet: Encoded) -> Encoded {
        packet.with_compression(!self.uncompressed)
    }
}
