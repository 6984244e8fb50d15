//! What comes out of a connection.

use core::time::Duration;

use bytestring::ByteString;
use engineio_proto::TransportFault;
use engineio_proto::client::Rejection;
use thiserror::Error;

use super::DisconnectReason;
use crate::acks::AckError;
use crate::{AckId, Args, EncodeError, EventName, Json, SocketId};

/// A connection's own name for one socket, from [`connect`](super::Connection::connect) to
/// [`disconnect`](super::Connection::disconnect), however often it is connected in between. It is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketKey(pub(super) u64);

/// What has happened on a connection.
#[derive(Debug)]
pub enum Event {
    /// A session with the server is open. The sockets join their namespaces now.
    Open {
        /// How many attempts to reconnect it took; 0 if it is not a reconnection.
        attempts: u32,
    },
    /// The server wants to know who this is, of a socket whose credentials are [`OnDemand`](super::Auth::OnDemand). Answer with
    /// [`authenticate`](super::Connection::authenticate), now or later, but before the server's patience is over (45 s by default).
    Authenticate {
        /// Which socket is to be let in.
        socket: SocketKey,
    },
    /// A socket is in its namespace. What was emitted before is on its way.
    Connected {
        /// Which socket.
        socket: SocketKey,
        /// Its id for this time; the server may tell it to anyone.
        id: SocketId,
        /// Whether the server has restored who it was before the connection was lost, and sends what it has missed.
        recovered: bool,
    },
    /// A socket could not be connected.
    ConnectError {
        /// Which socket. Whether it will be tried again, [`is_active`](super::Connection::is_active) knows.
        socket: SocketKey,
        /// Why.
        error: ConnectError,
    },
    /// The server emitted an event.
    Event {
        /// On which socket.
        socket: SocketKey,
        /// The event's name.
        name: EventName,
        /// What came with it.
        args: Args,
        /// What was taken off the end of the arguments, because it is the server's and not the application's: see
        /// [recovery](crate::client#connection-state-recovery).
        offset: Option<ByteString>,
        /// How to acknowledge it, if the server asks for that.
        reply: Option<Reply>,
    },
    /// The server acknowledged an event.
    Ack {
        /// On which socket.
        socket: SocketKey,
        /// Which event: the id that its emission returned.
        id: AckId,
        /// What came with the acknowledgement.
        args: Args,
    },
    /// An event will not be acknowledged any more. Whether the server has got it is not known, unless it was still waiting to be sent.
    AckFailed {
        /// On which socket.
        socket: SocketKey,
        /// Which event: the id that its emission returned.
        id: AckId,
        /// Why not.
        error: AckError,
    },
    /// A socket that was connected is so no more: exactly one for each [`Connected`](Self::Connected).
    Disconnected {
        /// Which socket. Whether it will be connected again, [`is_active`](super::Connection::is_active) knows.
        socket: SocketKey,
        /// Why.
        reason: DisconnectReason,
    },
    /// There is no session. The next attempt to open one comes by itself.
    Reconnecting {
        /// Which attempt in a row it will be, from 1.
        attempt: u32,
        /// How long until then.
        delay: Duration,
    },
    /// The last attempt to reconnect has failed. No socket is active any more; [`connect`](super::Connection::connect) begins anew.
    ReconnectFailed,
    /// The session went over from long-polling to a WebSocket.
    Upgraded,
    /// The passage to a WebSocket failed; the session stays where it is and does not try again.
    UpgradeFailed(TransportFault),
    /// There is room again after [`EmitError::Full`](super::EmitError::Full): half of what was full is free, or a socket needs none of it
    /// any more because it is connected.
    Drained,
    /// All that was still to be said after [`close`](super::Connection::close) is said: the last event, and there is exactly one.
    Closed,
}

/// Why a socket could not be connected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server does not let it in. That is not tried again until somebody [asks for it](super::Connection::connect).
    #[error("{message}")]
    Refused {
        /// What the server says; empty if it says nothing that is text. It is as the server wrote it, whatever it wrote.
        message: ByteString,
        /// What it adds; in revision 3 this may be all there is.
        data: Option<Json>,
    },
    /// The server let it in without a word about its id: it is older than Socket.IO 3 and wants
    /// [revision 3](engineio_proto::client::Config::revision). That is not tried again.
    #[error("the server speaks an older revision of the protocol")]
    OldServer,
    /// The [parser](super::Config::parser) could not say to the server that the socket wants to be let in.
    #[error(transparent)]
    Encode(EncodeError),
    /// There is no session, or it ended before the server let the socket in. It is tried again, if
    /// [reconnections](super::Config::reconnection) are wanted.
    #[error("{reason}")]
    Session {
        /// Why there is none.
        reason: DisconnectReason,
        /// What the server said, if it refused the session.
        rejection: Option<Rejection>,
    },
}

/// The right to acknowledge one event, once: [`Connection::ack`](super::Connection::ack) takes it.
///
/// ```compile_fail,E0382
/// use socketio_proto::client::{Connection, Reply};
///
/// fn twice(connection: &mut Connection, reply: Reply) {
///     let _ = connection.ack(reply, "yes");
///     let _ = connection.ack(reply, "no");
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the server waits for an acknowledgement"]
pub struct Reply {
    pub(super) socket: SocketKey,
    pub(super) id: AckId,
    /// How often the socket had been connected by then: after another time, the id means another event.
    pub(super) time: u64,
}

impl Reply {
    /// The socket that the event came on.
    #[must_use]
    pub const fn socket(&self) -> SocketKey {
        self.socket
    }

    /// The id that the server gave the event, for someone who encodes the acknowledgement elsewhere.
    #[must_use]
    pub const fn id(&self) -> AckId {
        self.id
    }
}
