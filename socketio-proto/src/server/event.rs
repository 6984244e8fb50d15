//! What comes out of a connection.

use core::fmt;

use bytestring::ByteString;
use engineio_proto::CloseReason;

use crate::acks::AckError;
use crate::{AckId, Args, DisconnectReason, EventName, Json};

/// A connection's own name for one socket, from the request to join a namespace to the end. It is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketKey(pub(super) u64);

/// What has happened on a connection. `Debug` hides what a client brings to be recognised by.
pub enum Event {
    /// The client asks to join a namespace. Answer with [`accept`](super::Connection::accept) or
    /// [`refuse`](super::Connection::refuse), now or later.
    Connect {
        /// The socket that there will be.
        socket: SocketKey,
        /// The namespace, beginning with a slash.
        namespace: ByteString,
        /// What the client brings to be recognised by: a JSON object.
        auth: Option<Json>,
    },
    /// The client emitted an event.
    Event {
        /// On which socket.
        socket: SocketKey,
        /// The event's name.
        name: EventName,
        /// What came with it.
        args: Args,
        /// How to acknowledge it, if the client asks for that.
        reply: Option<Reply>,
    },
    /// The client acknowledged an event.
    Ack {
        /// On which socket.
        socket: SocketKey,
        /// Which event: the id it was sent with.
        id: AckId,
        /// What came with the acknowledgement.
        args: Args,
    },
    /// The client will not acknowledge an event any more.
    AckFailed {
        /// On which socket.
        socket: SocketKey,
        /// Which event: the id it was sent with.
        id: AckId,
        /// Why not.
        error: AckError,
    },
    /// A socket that was accepted has left its namespace: its last event, and there is exactly one.
    Disconnect {
        /// Which socket.
        socket: SocketKey,
        /// Why.
        reason: DisconnectReason,
    },
    /// The session went over from long-polling to a WebSocket.
    Upgraded,
    /// There is room again after [`SendError::Full`](engineio_proto::SendError::Full): half of what was full is free.
    Drained,
    /// The session has ended: the last event of every connection, and there is exactly one.
    Closed(CloseReason),
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect {
                socket,
                namespace,
                auth,
            } => {
                let auth = auth.as_ref().map(|_| format_args!("secret"));
                let mut connect = f.debug_struct("Connect");
                connect.field("socket", socket).field("namespace", &namespace);
                connect.field("auth", &auth).finish()
            }
            Self::Event {
                socket,
                name,
                args,
                reply,
            } => {
                let mut event = f.debug_struct("Event");
                event.field("socket", socket).field("name", name);
                event.field("args", args).field("reply", reply).finish()
            }
            Self::Ack { socket, id, args } => {
                let mut ack = f.debug_struct("Ack");
                ack.field("socket", socket).field("id", id).field("args", args).finish()
            }
            Self::AckFailed { socket, id, error } => {
                let mut failed = f.debug_struct("AckFailed");
                failed.field("socket", socket).field("id", id);
                failed.field("error", error).finish()
            }
            Self::Disconnect { socket, reason } => {
                let mut disconnect = f.debug_struct("Disconnect");
                disconnect.field("socket", socket).field("reason", reason).finish()
            }
            Self::Upgraded => f.write_str("Upgraded"),
            Self::Drained => f.write_str("Drained"),
            Self::Closed(reason) => f.debug_tuple("Closed").field(reason).finish(),
        }
    }
}

/// The right to acknowledge one event, once: [`Connection::ack`](super::Connection::ack) takes it.
///
/// ```compile_fail,E0382
/// use socketio_proto::server::{Connection, Reply};
///
/// fn twice(connection: &mut Connection, reply: Reply) {
///     let _ = connection.ack(reply, "yes");
///     let _ = connection.ack(reply, "no");
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the client waits for an acknowledgement"]
pub struct Reply {
    pub(super) socket: SocketKey,
    pub(super) id: AckId,
}

impl Reply {
    /// The socket that the event came on.
    #[must_use]
    pub const fn socket(&self) -> SocketKey {
        self.socket
    }

    /// The id that the client gave the event, for someone who encodes the acknowledgement elsewhere.
    #[must_use]
    pub const fn id(&self) -> AckId {
        self.id
    }
}
