//! Emitting to many.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use engineio_proto::SendError;
use futures_util::future::{Either, join_all, select};
use socketio_proto::server::EmitError;
use socketio_proto::server::hub::{JoinError, Target};
use socketio_proto::{Args, ToArgs};

use crate::session::yield_now;
use crate::socketio::flags::Flags;
use crate::socketio::outgoing::Outgoing;
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
        for socket in self.distribute(event, &args)?.slow {
            socket.give_up();
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
        let Distributed { event, slow, gone, .. } = self.distribute(event, &args)?;
        drop(args); // it may not be allowed to wait here
        if gone {
            yield_now().await; // it will be out of its rooms once its own task has run, which a loop must not prevent
        }
        let Some(timer) = slow.first().map(|socket| Arc::clone(&socket.session().clock.timer)) else {
            return Ok(());
        };
        let sending = slow.iter().map(|socket| async {
            match select(pin!(socket.send_event_when_ready(&event)), timer.sleep(patience)).await {
                Either::Left(_) => socket.catch_up(),
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

    /// How many are chosen, as of now: `io.of("/").to("lobby").len()` is how many are in a room.
    #[must_use]
    pub fn len(&self) -> usize {
        self.namespace.members().members(&self.target).count()
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

    /// Sends an event to all who keep up.
    fn distribute(&self, event: &str, args: &impl ToArgs) -> Result<Distributed, EmitError> {
        let distributed = match self.namespace.log_of(self.flags) {
            None => {
                let event = Outgoing::new(&self.namespace, None, event, args, self.flags)?;
                Distributed::among(self.sockets(), event, self.flags)
            }
            Some(log) => {
                let args = Args::encode(args)?; // the application's part, without a lock
                let _order = log.order();
                let event = Outgoing::with_offset(&self.namespace, event, &args, self.flags)?;
                let sockets = {
                    let mut members = self.namespace.members();
                    members.record(log.now(), &self.target, event.packet());
                    members
                        .members(&self.target)
                        .map(|member| member.value.clone())
                        .collect()
                };
                let distributed = Distributed::among(sockets, event, self.flags);
                distributed.slow.iter().for_each(Socket::fall_behind);
                distributed
            }
        };
        for socket in &distributed.sent {
            distributed.event.tell(socket);
        }
        Ok(distributed)
    }
}

/// What became of an event that was sent to many.
struct Distributed {
    event: Outgoing,
    sent: Vec<Socket>,
    /// Those who did not get it, because they do not keep up.
    slow: Vec<Socket>,
    /// Somebody had left.
    gone: bool,
}

impl Distributed {
    fn among(mut sockets: Vec<Socket>, event: Outgoing, flags: Flags) -> Self {
        let (mut slow, mut gone) = (Vec::new(), false);
        sockets.retain(|socket| match socket.send(event.packet(), flags.volatile) {
            Ok(sent) => sent,
            Err(SendError::Full(())) => {
                slow.push(socket.clone());
                false
            }
            Err(SendError::Closed(())) => {
                gone = true;
                false
            }
        });
        Self {
            event,
            sent: sockets,
            slow,
            gone,
        }
    }
}
