//! One event of a client.

use bytes::Bytes;
use socketio_proto::{AckId, Args, EventName};

/// An event that a client has emitted, as a middleware sees it: see [`Socket::with_event_middleware`](crate::Socket::with_event_middleware).
/// A clone copies nothing.
#[derive(Clone, Debug)]
pub struct IncomingEvent {
    pub(crate) name: EventName,
    pub(crate) args: Args,
    pub(crate) reply: Option<AckId>,
}

impl IncomingEvent {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What comes with it, not read yet.
    #[must_use]
    pub const fn args(&self) -> &Args {
        &self.args
    }

    /// Whether the client waits for an acknowledgement.
    #[must_use]
    pub const fn expects_ack(&self) -> bool {
        self.reply.is_some()
    }

    /// The same in memory of its own, to wait: as it came, it keeps the whole message or body that it is a slice of.
    pub(crate) fn detached(self) -> Self {
        Self {
            name: self.name.detached(),
            args: self.args.detached(),
            reply: self.reply,
        }
    }

    /// How many bytes it keeps.
    pub(crate) fn len(&self) -> usize {
        let attachments = self.args.attachments().iter().map(Bytes::len);
        self.name.len() + self.args.as_json().len() + attachments.sum::<usize>()
    }
}
