//! One HTTP connection to the server, used for one request after another.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};

use super::connector::BoxStream;

/// How long an unused connection may be used again. Servers close theirs after five seconds, many of them, and what is sent at that very
/// moment is lost.
const MAX_IDLE: Duration = Duration::from_secs(4);

/// One HTTP connection. It is polled along with whatever waits for it, so it needs no task of its own.
pub(crate) struct Lane {
    sender: SendRequest<Full<Bytes>>,
    /// Until it has ended.
    connection: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
    idle_since: Option<Instant>,
}

impl Lane {
    pub(crate) async fn open(io: BoxStream) -> hyper::Result<Self> {
        let (sender, connection) = http1::handshake(io).await?;
        Ok(Self {
            sender,
            connection: Some(Box::pin(connection.with_upgrades())),
            idle_since: None,
        })
    }

    /// Sends a request. If the connection has ended before anything of it was sent, the request comes back.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Unsent> {
        self.idle_since = None;
        let answer = self.sender.try_send_request(request);
        self.drive(answer)
            .await
            .map_err(|mut error| match error.take_message() {
                Some(request) => Unsent::Request(Box::new(request), error.into_error()),
                None => Unsent::Error(error.into_error()),
            })
    }

    /// Waits for something that the connection brings.
    pub(crate) async fn drive<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| {
            self.poll_connection(cx);
            future.as_mut().poll(cx)
        })
        .await
    }

    /// It is not needed now. Says whether it may be needed later.
    pub(crate) fn rest(&mut self, now: Instant) -> bool {
        self.idle_since = Some(now);
        self.connection.is_some() && !self.sender.is_closed()
    }

    /// Whether it can still be used, after it has [rested](Self::rest).
    pub(crate) fn poll_usable(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        self.poll_connection(cx);
        let rested = self
            .idle_since
            .map_or(Duration::ZERO, |since| now.duration_since(since));
        rested < MAX_IDLE && self.connection.is_some() && !self.sender.is_closed()
    }

    /// Whether it takes a request at once.
    pub(crate) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    fn poll_connection(&mut self, cx: &mut Context<'_>) {
        let ended = self.connection.as_mut().map(|connection| connection.as_mut().poll(cx));
        if let Some(Poll::Ready(_)) = ended {
            self.connection = None; // whoever waits for something learns of it from there
        }
    }
}

/// A request that was not answered.
pub(crate) enum Unsent {
    /// Nothing of it has left.
    Request(Box<Request<Full<Bytes>>>, hyper::Error),
    Error(hyper::Error),
}
