//! Emitting to many.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use engineio_proto::SendError;
use futures_util::future::{Either, join_all, select};
use socketio_proto::server::hub::{JoinError, Target};
use socketio_proto::server::{AckError, EmitError};
use socketio_proto::{Args, Encoded, ToArgs};

use crate::session::yield_now;
use crate::{Namespace, Socket};

/// What each socket of a broadcast answers, or why it does not.
pub type BroadcastAcks = Pin<Box<dyn Future<Output = Vec<(Socket, Result<Args, AckError>)>> + Send>>;

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
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        let packet = Encoded::event(self.namespace.name(), None, event, &args)?;
        for socket in self.sockets() {
            if let Err(SendError::Full(())) = socket.send_encoded(&packet, self.volatile) {
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
        let packet = Encoded::event(self.namespace.name(), None, event, &args)?;
        drop(args); // it may not be allowed to wait here
        let (mut slow, mut gone) = (Vec::new(), false);
        for socket in self.sockets() {
            match socket.send_encoded(&packet, self.volatile) {
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
            match select(pin!(socket.send_when_ready(&packet)), timer.sleep(patience)).await {
                Either::Left(_) => {}
                Either::Right(_) => socket.give_up(),
            }
        });
        join_all(sending).await;
        Ok(())
    }

    /// Emits an event to all of them and asks each for an acknowledgement. The future waits until every one has answered, has left, or
    /// has taken longer than `timeout`; a client that cannot be sent the event counts as one that has left.
    ///
    /// # Errors
    ///
    /// The event cannot be encoded; nobody gets anything.
    pub fn emit_with_ack(&self, event: &str, args: impl ToArgs, timeout: Duration) -> Result<BroadcastAcks, EmitError> {
        let id = self.namespace.next_ack();
        let packet = Encoded::event(self.namespace.name(), Some(id), event, &args)?;
        drop(args);
        let answers: Vec<_> = self
            .sockets()
            .into_iter()
            .map(|socket| {
                let answer = socket.send_with_ack(id, &packet, Some(timeout));
                async move {
                    let answer = match answer {
                        Ok(answer) => answer.await,
                        Err(_) => Err(AckError::Disconnected),
                    };
                    (socket, answer)
                }
            })
            .collect();
        Ok(Box::pin(join_all(answers)))
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

    /// Whether nobody is chosen, as of now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.namespace.members().members(&self.target).next().is_none()
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
