//! Acknowledgements: ours for a client's event, a client's for ours.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::oneshot;
use socketio_proto::server::{AckError, EmitError};
use socketio_proto::{AckId, Args, ToArgs};

use crate::Socket;

/// The right to acknowledge an event, once. If the client asked for no acknowledgement, nothing is sent.
#[derive(Debug)]
pub struct Ack {
    socket: Socket,
    id: Option<AckId>,
}

impl Ack {
    pub(crate) const fn new(socket: Socket, id: AckId) -> Self {
        Self { socket, id: Some(id) }
    }

    pub(crate) fn none(socket: &Socket) -> Self {
        Self {
            socket: socket.clone(),
            id: None,
        }
    }

    /// Acknowledges the event, with any number of arguments: see [`Socket::emit`].
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`].
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn send(self, args: impl ToArgs) -> Result<(), EmitError> {
        let Some(id) = self.id else { return Ok(()) };
        let packet = self.socket.namespace().encode_ack(id, &args)?;
        self.socket.send(&packet, false)?;
        Ok(())
    }

    /// Acknowledges the event, and waits for room if the client does not keep up.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_when_ready`].
    pub async fn send_when_ready(self, args: impl ToArgs) -> Result<(), EmitError> {
        let Some(id) = self.id else { return Ok(()) };
        let packet = self.socket.namespace().encode_ack(id, &args)?;
        drop(args); // it may not be allowed to wait here
        Ok(self.socket.send_when_ready(&packet).await?)
    }

    /// Whether the client waits for it.
    #[must_use]
    pub const fn is_expected(&self) -> bool {
        self.id.is_some()
    }
}

/// A client's acknowledgement that has not come yet. Dropping it gives it up.
#[derive(Debug)]
#[must_use = "the acknowledgement is given up when this is dropped"]
pub struct AckFuture {
    socket: Socket,
    id: AckId,
    answer: oneshot::Receiver<Result<Args, AckError>>,
}

impl AckFuture {
    pub(crate) const fn new(socket: Socket, id: AckId, answer: oneshot::Receiver<Result<Args, AckError>>) -> Self {
        Self { socket, id, answer }
    }
}

impl Future for AckFuture {
    type Output = Result<Args, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer)
            .poll(cx)
            .map(|answer| answer.unwrap_or(Err(AckError::Disconnected)))
    }
}

impl Drop for AckFuture {
    fn drop(&mut self) {
        if self.socket.client().forget_ack(self.socket.key(), self.id) {
            let session = self.socket.session();
            session.lock().machine.forget_ack(self.socket.key(), self.id);
            session.notify();
        }
    }
}
