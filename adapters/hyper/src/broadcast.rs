//! Emitting to many.

use std::sync::Arc;

use engineio_proto::SendError;
use socketio_proto::server::EmitError;
use socketio_proto::server::hub::{JoinError, Target};
use socketio_proto::{Encoded, ToArgs};

use crate::{Namespace, Socket};

/// A choice of sockets, to emit to or to do something else with. It is a value: changing it makes another, and it can be kept.
///
/// ```
/// # use socketio_hyper::Socket;
/// # fn example(socket: &Socket) -> Result<(), Box<dyn std::error::Error>> {
/// socket.to("lobby").to("garden").except("muted").emit("chat message", "hello")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is done with the sockets yet"]
pub struct Broadcast {
    namespace: Namespace,
    target: Target,
    volatile: bool,
}

impl Broadcast {
    pub(crate) const fn new(namespace: Namespace, target: Target) -> Self {
        Self {
            namespace,
            target,
            volatile: false,
        }
    }

    /// Also those in `room`; the first call limits the choice to it. A socket that is in several rooms counts once.
    pub fn to(self, room: impl Into<Arc<str>>) -> Self {
        Self {
            target: self.target.to(room),
            ..self
        }
    }

    /// None of those in `room`, even if they are in a room that was chosen.
    pub fn except(self, room: impl Into<Arc<str>>) -> Self {
        Self {
            target: self.target.except(room),
            ..self
        }
    }

    /// Only those that keep up: an event that would have to wait for a client is not sent to it.
    pub fn volatile(self) -> Self {
        Self { volatile: true, ..self }
    }

    /// Emits an event to all of them; it is encoded once. See [`Socket::emit`] for what `args` can be.
    ///
    /// A client whose send buffer is full is disconnected: it has not read for long, and from now on there would be a gap in what it
    /// gets.
    ///
    /// # Errors
    ///
    /// The event cannot be encoded; nobody gets anything.
    pub fn emit(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        let packet = Encoded::event(self.namespace.name(), None, event, &args)?;
        for socket in self.sockets() {
            if let Err(SendError::Full(())) = socket.send_encoded(&packet, self.volatile) {
                tracing::warn!(socket = %socket.id(), "a client does not keep up and is disconnected");
                socket.disconnect(true);
            }
        }
        Ok(())
    }

    /// Makes all of them join `room`.
    ///
    /// # Errors
    ///
    /// The first one that is in too many rooms; the others have joined.
    pub fn join(&self, room: &str) -> Result<(), JoinError> {
        self.namespace.members().join_all(&self.target, [room])
    }

    /// Makes all of them leave `room`.
    pub fn leave(&self, room: &str) {
        self.namespace.members().leave_all(&self.target, [room]);
    }

    /// Disconnects all of them: see [`Socket::disconnect`].
    pub fn disconnect(&self, close: bool) {
        for socket in self.sockets() {
            socket.disconnect(close);
        }
    }

    /// The sockets as of now.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        self.namespace
            .members()
            .members(&self.target)
            .map(|member| member.value.clone())
            .collect()
    }
}
