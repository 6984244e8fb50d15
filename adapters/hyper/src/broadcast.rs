//! Emitting to many.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use engineio_proto::SendError;
use futures_util::future::{Either, join_all, select};
use socketio_proto::ToArgs;
use socketio_proto::server::EmitError;
use socketio_proto::server::hub::{JoinError, Target};

use crate::flags::Flags;
use crate::outgoing::Outgoing;
use crate::session::yield_now;
use crate::{BroadcastAcks, IntoRooms, Namespace, Socket};

/// A choice of sockets, to emit to or to do something else with. It is a value: changing it makes another, and it can be kept.
///
/// ```
/// # use socketio_hyper::Socket;
/// # fn example(socket: &Socket) -> Result<(), Box<dyn std::error::Error>> {
/// socket.to("lobby").to("garden").except("muted").emit("chat message", "hello")?;
/// socket.namespace().to(["lobby", "garden"]).volatile().emit("weather", "fair")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is done with the sockets yet"]
pub struct Broadcast {
    namespace: Namespace,
    target: Target,
    flags: Flags,
}

impl Broadcast {
    pub(crate) const fn new(namespace: Namespace, target: Target, flags: Flags) -> Self {
        Self {
            namespace,
            target,
            flags,
        }
    }

    /// Also those in `rooms`; the first call limits the choice to them. A socket that is in several rooms counts once.
    pub fn to(self, rooms: impl IntoRooms) -> Self {
        Self {
            target: rooms.into_rooms().fold(self.target, Target::to),
            ..self
        }
    }

    /// The same as [`to`](Self::to): JavaScript's `in`, which is a keyword here.
    #[doc(alias = "in")]
    pub fn within(self, rooms: impl IntoRooms) -> Self {
        self.to(rooms)
    }

    /// None of those in one of `rooms`, even if they are in a room that was chosen.
    pub fn except(self, rooms: impl IntoRooms) -> Self {
        Self {
            target: rooms.into_rooms().fold(self.target, Target::except),
            ..self
        }
    }

    /// Only those on this server, where there are several that know of each other. There is no such thing yet: it changes nothing, and
    /// says what is meant.
    pub fn local(self) -> Self {
        self
    }

    /// Only those that keep up: an event that would have to wait for a client is not sent to it.
    pub fn volatile(self) -> Self {
        Self {
            flags: self.flags.volatile(),
            ..self
        }
    }

    /// With or without compression: see [`Socket::compress`].
    pub fn compress(self, compress: bool) -> Self {
        Self {
            flags: self.flags.compress(compress),
            ..self
        }
    }

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits. Default:
    /// [`ServerBuilder::ack_timeout`](crate::ServerBuilder::ack_timeout).
    pub fn timeout(self, timeout: Duration) -> Self {
        Self {
            flags: self.flags.timeout(timeout),
            ..self
        }
    }

    /// Emits an event to all of them; it is encoded once. See [`Socket::emit`] for what `args` can be.
    ///
    /// A client whose send buffer is full is disconnected: it has not read for long, and from now on there would be a gap in what it
    /// gets.
    ///
    /// # Errors
    ///
    /// The event cannot be encoded; nobody gets anything.
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        let event = Outgoing::new(&self.namespace, None, event, &args, self.flags)?;
        for socket in self.sockets() {
            if let Err(SendError::Full(())) = socket.send_event(&event, self.flags.volatile) {
                socket.give_up();
            }
        }
        Ok(())
    }

    /// Emits an event to all of them, and waits for those that do not keep up, for `patience` at most; after that they are
    /// disconnected as by [`emit`](Self::emit).
    ///
    /// # Errors
    ///
    /// The event cannot be encoded; nobody gets anything.
    pub async fn emit_when_ready(&self, event: &str, args: impl ToArgs, patience: Duration) -> Result<(), EmitError> {
        let event = Outgoing::new(&self.namespace, None, event, &args, self.flags)?;
        drop(args); // it may not be allowed to wait here
        let (mut slow, mut gone) = (Vec::new(), false);
        for socket in self.sockets() {
            match socket.send_event(&event, self.flags.volatile) {
                Ok(()) => {}
                Err(SendError::Full(())) => slow.push(socket),
                Err(SendError::Closed(())) => gone = true,
            }
        }
        if gone {
            yield_now().await; // it will be out of its rooms once its own task has run, which a loop must not prevent
        }
        let Some(timer) = slow.first().map(|socket| Arc::clone(&socket.session().clock.timer)) else {
            return Ok(());
        };
        let sending = slow.iter().map(|socket| async {
            match select(pin!(socket.send_event_when_ready(&event)), timer.sleep(patience)).await {
                Either::Left(_) => {}
                Either::Right(_) => socket.give_up(),
            }
        });
        join_all(sending).await;
        Ok(())
    }

    /// Emits an event to all of them and asks each for an acknowledgement. [`BroadcastAcks`] waits until every one has answered, has left,
    /// or has taken longer than the [`timeout`](Self::timeout), or brings the answers as they come. A client that cannot be sent
    /// the event counts as one that has left.
    ///
    /// # Errors
    ///
    /// The event cannot be encoded; nobody gets anything.
    #[doc(alias = "emitWithAck")]
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit_with_ack(&self, event: &str, args: impl ToArgs) -> Result<BroadcastAcks, EmitError> {
        let id = self.namespace.next_ack();
        let event = Outgoing::new(&self.namespace, Some(id), event, &args, self.flags)?;
        let answers = self.sockets().into_iter().map(|socket| {
            let timeout = self.flags.timeout.unwrap_or_else(|| socket.client().ack_timeout());
            let answer = socket.send_with_ack(id, &event, self.flags.timeout(timeout));
            (socket, answer.ok())
        });
        Ok(BroadcastAcks::new(answers))
    }

    /// Makes all of them join `rooms`: JavaScript's `socketsJoin`.
    ///
    /// # Errors
    ///
    /// The first reason why one of them cannot, as [`Socket::join`]; the others have joined.
    #[doc(alias = "socketsJoin")]
    pub fn join(&self, rooms: impl IntoRooms) -> Result<(), JoinError> {
        let rooms = rooms.into_rooms();
        self.namespace.members().join_all(&self.target, rooms)
    }

    /// Makes all of them leave `rooms`: JavaScript's `socketsLeave`.
    #[doc(alias = "socketsLeave")]
    pub fn leave(&self, rooms: impl IntoRooms) {
        let rooms = rooms.into_rooms();
        self.namespace.members().leave_all(&self.target, rooms);
    }

    /// Disconnects all of them, JavaScript's `disconnectSockets`: see [`Socket::disconnect`].
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect(&self, close: bool) {
        for socket in self.sockets() {
            socket.disconnect(close);
        }
    }

    /// Whether nobody is chosen, as of now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.namespace.members().members(&self.target).next().is_none()
    }

    /// The sockets as of now: JavaScript's `fetchSockets`.
    #[doc(alias = "fetchSockets")]
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        self.namespace
            .members()
            .members(&self.target)
            .map(|member| member.value.clone())
            .collect()
    }
}
