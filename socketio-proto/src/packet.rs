//! The packets of Socket.IO.

use core::fmt;

use bytestring::ByteString;

use crate::args::Args;
use crate::event_name::EventName;
use crate::json::Json;

/// The number by which the sender of an event knows its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AckId(pub u64);

impl fmt::Display for AckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One packet, complete with its attachments. All of it are slices of the messages it came in, but for what is
/// as short as most names of events.
///
/// <https://socket.io/docs/v4/socket-io-protocol/#exchange-protocol>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// A client asks for a namespace, or the server grants it.
    Connect {
        /// Which one.
        namespace: ByteString,
        /// An object: the client's credentials, or the socket's id from the server. Revision 3 sends none.
        data: Option<Json>,
    },
    /// Either leaves a namespace.
    Disconnect {
        /// Which one.
        namespace: ByteString,
    },
    /// An event.
    Event {
        /// Where it happens.
        namespace: ByteString,
        /// Under which number the sender awaits an answer, if it does.
        id: Option<AckId>,
        /// Its name. A number, which is legal in JavaScript, is the text that it was written as.
        event: EventName,
        /// What comes with it.
        args: Args,
    },
    /// The answer to an event.
    Ack {
        /// Where the event happened.
        namespace: ByteString,
        /// The number of the event.
        id: AckId,
        /// What comes with the answer.
        args: Args,
    },
    /// The server refuses a namespace.
    ConnectError {
        /// Which one.
        namespace: ByteString,
        /// Why: an object with a `message` and maybe `data`, or, in revision 3, mostly a string.
        data: Json,
    },
}

impl Packet {
    /// The namespace that it is about.
    #[must_use]
    pub const fn namespace(&self) -> &ByteString {
        match self {
            Self::Connect { namespace, .. }
            | Self::Disconnect { namespace }
            | Self::Event { namespace, .. }
            | Self::Ack { namespace, .. }
            | Self::ConnectError { namespace, .. } => namespace,
        }
    }

    /// The arguments, of those that have some.
    pub(crate) fn args_mut(&mut self) -> Option<&mut Args> {
        match self {
            Self::Event { args, .. } | Self::Ack { args, .. } => Some(args),
            Self::Connect { .. } | Self::Disconnect { .. } | Self::ConnectError { .. } => None,
        }
    }
}

/// Whether the libraries keep `event` for events of their own: to receive one would be a lie, to send one an error.
#[must_use]
pub fn is_reserved_event(event: &str) -> bool {
    matches!(
        event,
        "connect" | "connect_error" | "disconnect" | "disconnecting" | "newListener" | "removeListener"
    )
}
