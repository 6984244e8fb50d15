//! Acknowledgements: ours for an event of the other side, theirs for ours.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_channel::oneshot;
use socketio_proto::server::{AckError, EmitError};
use socketio_proto::{AckId, Args, ArgsWriter, EncodeError, ToArgs};

use crate::Socket;

/// The right to acknowledge an event, once. If the other side asked for no acknowledgement, nothing is sent.
#[derive(Debug, Default)]
pub struct Ack(To);

/// Who asks for it.
#[derive(Default)]
enum To {
    #[default]
    Nobody,
    /// A client asks our server.
    Client(Socket, AckId),
    /// A server asks our client.
    Server(Box<dyn Reply>),
}

/// The acknowledgement of a server's event.
pub(crate) trait Reply: Send + Sync {
    fn send(self: Box<Self>, args: &dyn ToArgs) -> Result<(), EmitError>;
}

impl Ack {
    pub(crate) const fn new(socket: Socket, id: AckId) -> Self {
        Self(To::Client(socket, id))
    }

    pub(crate) fn to_server(reply: impl Reply + 'static) -> Self {
        Self(To::Server(Box::new(reply)))
    }

    /// Acknowledges the event, with any number of arguments: see [`Socket::emit`].
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`].
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn send(self, args: impl ToArgs) -> Result<(), EmitError> {
        match self.0 {
            To::Nobody => Ok(()),
            To::Client(socket, id) => {
                let packet = socket.namespace().encode_ack(id, &args)?;
                socket.send(packet, false)?;
                Ok(())
            }
            To::Server(reply) => reply.send(&args),
        }
    }

    /// Acknowledges the event, and waits for room if the client does not keep up. What is said to a server does not wait: it is as
    /// with [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_when_ready`].
    pub async fn send_when_ready(self, args: impl ToArgs) -> Result<(), EmitError> {
        let (socket, id) = match self.0 {
            To::Client(socket, id) => (socket, id),
            other => return Self(other).send(args),
        };
        let packet = socket.namespace().encode_ack(id, &args)?;
        drop(args); // it may not be allowed to wait here
        Ok(socket.send_when_ready(&packet).await?)
    }

    /// Whether the other side waits for it.
    #[must_use]
    pub const fn is_expected(&self) -> bool {
        !matches!(self.0, To::Nobody)
    }
}

impl fmt::Debug for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Client(..) => "Client",
            Self::Server(_) => "Server",
        })
    }
}

/// An acknowledgement that has not come yet. Dropping it gives it up.
#[must_use = "the acknowledgement is given up when this is dropped"]
pub struct AckFuture {
    awaited: Awaited,
    id: AckId,
    answer: oneshot::Receiver<Result<Args, AckError>>,
}

/// Whose acknowledgement it is.
enum Awaited {
    Client(Socket),
    Server(Arc<dyn Forget>),
}

/// A client that waits for its server.
pub(crate) trait Forget: Send + Sync {
    /// Waits for it no more.
    fn forget_ack(&self, id: AckId);
}

impl AckFuture {
    pub(crate) const fn new(socket: Socket, id: AckId, answer: oneshot::Receiver<Result<Args, AckError>>) -> Self {
        let awaited = Awaited::Client(socket);
        Self { awaited, id, answer }
    }

    pub(crate) fn of_server(
        client: Arc<dyn Forget>,
        id: AckId,
        answer: oneshot::Receiver<Result<Args, AckError>>,
    ) -> Self {
        let awaited = Awaited::Server(client);
        Self { awaited, id, answer }
    }
}

impl fmt::Debug for AckFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckFuture")
            .field("id", &self.id)
            .finish_non_exhaustive()
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
        match &self.awaited {
            Awaited::Client(socket) => {
                if socket.client().forget_ack(socket.key(), self.id) {
                    let session = socket.session();
                    session.lock().machine.forget_ack(socket.key(), self.id);
                    session.notify();
                }
            }
            Awaited::Server(client) => client.forget_ack(self.id),
        }
    }
}

/// Arguments of a type that is not known any more.
pub(crate) struct AnyArgs<'a>(pub(crate) &'a dyn ToArgs);

impl ToArgs for AnyArgs<'_> {
    fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError> {
        self.0.write_args(writer)
    }
}
