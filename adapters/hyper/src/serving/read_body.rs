//! The body of a POST, within bounds of size and time.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::future::{Either, poll_fn, select};
use http::header::EXPECT;
use http::{Method, Request};
use http_body::{Body, Frame};
use hyper::rt::Timer;

/// How often a body is asked for before a timer is set. One that comes along with its head is there the second time that hyper is asked:
/// it needs no timer.
const EARLY: usize = 2;

/// The largest body that is asked for before anybody wants it: about what arrives with a head.
const LIKELY: u64 = 16 << 10;

/// A body that was asked for when its request came, if it is a small one. hyper goes on to read for who has asked, and whoever waits for
/// the body has it at once; else it would be the next turn of the connection's task that reads it.
pub(crate) struct Asked<B> {
    body: B,
    first: Option<Part>,
}

/// What came of asking. None is the end.
type Part = Option<Result<Bytes, Incomplete>>;

impl<B: Body + Unpin> Asked<B> {
    /// A request, with its body asked for if that is small. A client that waits to be told to go on waits on.
    pub(crate) fn of(request: Request<B>) -> Request<Self> {
        let (head, body) = request.into_parts();
        let size = body.size_hint().exact().unwrap_or(u64::MAX);
        let mut asked = Self { body, first: None };
        if head.method == Method::POST && size <= LIKELY && !head.headers.contains_key(EXPECT) {
            if let Poll::Ready(part) = asked.poll_part(&mut Context::from_waker(Waker::noop())) {
                asked.first = Some(part);
            }
        }
        Request::from_parts(head, asked)
    }

    /// The whole body, if it is there and of one piece.
    pub(crate) fn take_whole(&mut self, cx: &mut Context<'_>) -> Option<Bytes> {
        match self.poll_part(cx) {
            Poll::Ready(Some(Ok(whole))) if self.body.is_end_stream() => Some(whole),
            Poll::Ready(part) => {
                self.first = Some(part);
                None
            }
            Poll::Pending => None,
        }
    }

    /// It is to be read later.
    pub(crate) fn put_back(&mut self, whole: Bytes) {
        self.first = Some(Some(Ok(whole)));
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Part> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(first);
        }
        loop {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            match frame.map(Frame::into_data) {
                Ok(Ok(mut data)) => {
                    let length = data.remaining();
                    return Poll::Ready(Some(Ok(data.copy_to_bytes(length)))); // copies nothing if it is `Bytes` already
                }
                Ok(Err(_)) => {}
                Err(_) => return Poll::Ready(Some(Err(Incomplete::Aborted))),
            }
        }
    }

    fn is_at_end(&self) -> bool {
        self.first.is_none() && self.body.is_end_stream()
    }
}

/// A body that did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incomplete {
    /// The client broke it off.
    Aborted,
    /// It took too long.
    Late,
}

/// Reads a body; of one that is too large only as much as shows that.
pub(crate) async fn read_body<B: Body + Unpin>(
    body: &mut Asked<B>,
    max: usize,
    timer: &(dyn Timer + Send + Sync),
    timeout: Duration,
) -> Result<Bytes, Incomplete> {
    let mut reading = pin!(read(body, max));
    let mut early = EARLY;
    let begun = poll_fn(|cx| match reading.as_mut().poll(cx) {
        Poll::Ready(read) => Poll::Ready(Some(read)),
        Poll::Pending if early == 0 => Poll::Ready(None),
        Poll::Pending => {
            early -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    });
    match begun.await {
        Some(read) => read,
        None => match select(reading, timer.sleep(timeout)).await {
            Either::Left((read, _)) => read,
            Either::Right(_) => Err(Incomplete::Late),
        },
    }
}

async fn read<B: Body + Unpin>(body: &mut Asked<B>, max: usize) -> Result<Bytes, Incomplete> {
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(part) = poll_fn(|cx| body.poll_part(cx)).await {
        let part = part?;
        if first.is_empty() && whole.is_empty() {
            first = part;
        } else {
            whole.reserve(first.len() + part.len());
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&part);
        }
        if first.len().max(whole.len()) > max || body.is_at_end() {
            break;
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}
