//! Emitting to one.

use std::time::Duration;

use socketio_proto::ToArgs;
use socketio_proto::server::EmitError;

use crate::socketio::flags::Flags;
use crate::{AckFuture, Broadcast, IntoRooms, Socket};

/// A socket and how to emit to it: what [`Socket::volatile`], [`Socket::timeout`] and [`Socket::compress`] return. It is a value and
/// changes nothing about the socket.
///
/// ```
/// # use std::time::Duration;
/// # use socketio_hyper::Socket;
/// # async fn example(socket: &Socket) -> Result<(), Box<dyn std::error::Error>> {
/// socket.volatile().compress(false).emit("position", (1.5, 2.5))?;
/// let answer = socket.timeout(Duration::from_secs(5)).emit_with_ack("still there?", ())?.await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is emitted yet"]
pub struct Emitter {
    socket: Socket,
    flags: Flags,
}

impl Emitter {
    pub(crate) const fn new(socket: Socket, flags: Flags) -> Self {
        Self { socket, flags }
    }

    /// See [`Socket::volatile`].
    pub fn volatile(self) -> Self {
        Self {
            flags: self.flags.volatile(),
            ..self
        }
    }

    /// See [`Socket::compress`].
    pub fn compress(self, compress: bool) -> Self {
        Self {
            flags: self.flags.compress(compress),
            ..self
        }
    }

    /// See [`Socket::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        Self {
            flags: self.flags.timeout(timeout),
            ..self
        }
    }

    /// Emits an event: see [`Socket::emit`].
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`]. A volatile event that is dropped is none.
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        self.socket.emit_as(event, &args, self.flags)
    }

    /// Emits an event, and waits for room if the client does not keep up: see [`Socket::emit_when_ready`]. A volatile one is dropped
    /// instead.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_when_ready`].
    pub async fn emit_when_ready(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        self.socket.emit_as_when_ready(event, args, self.flags).await
    }

    /// Emits an event and asks for an acknowledgement: see [`Socket::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_with_ack`]; a volatile event that cannot be sent now is [`EmitError::Full`], for there will be no answer.
    #[doc(alias = "emitWithAck")]
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit_with_ack(&self, event: &str, args: impl ToArgs) -> Result<AckFuture, EmitError> {
        self.socket.emit_awaiting(event, &args, self.flags)
    }

    /// Everyone else in `rooms`, to emit to in this way: see [`Socket::to`].
    pub fn to(self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](Self::to): JavaScript's `in`.
    #[doc(alias = "in")]
    pub fn within(self, rooms: impl IntoRooms) -> Broadcast {
        self.to(rooms)
    }

    /// Everyone else who is in none of `rooms`, to emit to in this way.
    pub fn except(self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// Everyone else in the namespace, to emit to in this way.
    pub fn broadcast(self) -> Broadcast {
        self.socket.broadcast_as(self.flags)
    }

    /// Everyone else on this server, to emit to in this way: see [`Broadcast::local`].
    pub fn local(self) -> Broadcast {
        self.broadcast().local()
    }
}
