//! What the sockets of a broadcast answer.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use socketio_proto::Args;
use socketio_proto::server::AckError;

use crate::{AckFuture, Socket};

/// What each socket of a broadcast answers, or why it does not: see [`Broadcast::emit_with_ack`](crate::Broadcast::emit_with_ack).
///
/// Await it for all answers, or take them as they come: it is a [`Stream`], and [`next`](Self::next) needs no other crate. There is
/// one for each socket, in the order in which they come. Those that have not come when it is dropped are given up.
///
/// ```
/// # use socketio_hyper::Namespace;
/// # async fn example(io: &Namespace) -> Result<(), Box<dyn std::error::Error>> {
/// for (socket, answer) in io.emit_with_ack("ready?", ())?.await {
///     println!("{}: {answer:?}", socket.id());
/// }
///
/// let mut answers = io.emit_with_ack("first one?", ())?;
/// while let Some((socket, answer)) = answers.next().await {
///     if answer.is_ok() {
///         socket.emit("you are", ())?;
///         break;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "the acknowledgements are given up when this is dropped"]
pub struct BroadcastAcks(FuturesUnordered<Answer>);

impl BroadcastAcks {
    pub(crate) fn new(answers: impl Iterator<Item = (Socket, Option<AckFuture>)>) -> Self {
        let answer = |(socket, answer)| Answer {
            socket: Some(socket),
            answer,
        };
        Self(answers.map(answer).collect())
    }

    /// Waits for the next answer; `None` if each socket has given its own, or why it does not. It can be given up without losing one.
    pub async fn next(&mut self) -> Option<(Socket, Result<Args, AckError>)> {
        self.0.next().await
    }

    /// How many are still to come.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Stream for BroadcastAcks {
    type Item = (Socket, Result<Args, AckError>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }
}

impl IntoFuture for BroadcastAcks {
    type Output = Vec<(Socket, Result<Args, AckError>)>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0.collect())
    }
}

impl fmt::Debug for BroadcastAcks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastAcks")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// The answer of one socket; none is awaited if the event could not be sent.
struct Answer {
    /// There until the answer has come.
    socket: Option<Socket>,
    answer: Option<AckFuture>,
}

impl Future for Answer {
    type Output = (Socket, Result<Args, AckError>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match &mut self.answer {
            None => Err(AckError::Disconnected),
            Some(answer) => match Pin::new(answer).poll(cx) {
                Poll::Ready(answer) => answer,
                Poll::Pending => return Poll::Pending,
            },
        };
        let socket = self.socket.take().expect("an answer comes once");
        Poll::Ready((socket, answer))
    }
}
