//! The body of a POST, within bounds of size and time.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::future::{Either, poll_fn, select};
use http_body_util::BodyExt;
use hyper::rt::Timer;

/// How often a body is asked for before a timer is set. Most come along with their heads, and hyper hands them over when it is asked for
/// the second time: those need no timer.
const EARLY: usize = 2;

/// A body that did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incomplete {
    /// The client broke it off.
    Aborted,
    /// It took too long.
    Late,
}

/// Reads a body; of one that is too large only as much as shows that.
pub(crate) async fn read_body<B: http_body::Body + Unpin>(
    body: &mut B,
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
    let read = match begun.await {
        Some(read) => read,
        None => match select(reading, timer.sleep(timeout)).await {
            Either::Left((read, _)) => read,
            Either::Right(_) => return Err(Incomplete::Late),
        },
    };
    read.ok_or(Incomplete::Aborted)
}

/// None if the client broke it off.
async fn read<B: http_body::Body + Unpin>(body: &mut B, max: usize) -> Option<Bytes> {
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.ok()?.into_data() else {
            continue;
        };
        let length = data.remaining();
        if first.is_empty() && whole.is_empty() {
            first = data.copy_to_bytes(length); // copies nothing if it is `Bytes` already
        } else {
            whole.reserve(first.len() + length);
            whole.extend_from_slice(&std::mem::take(&mut first));
            while data.has_remaining() {
                let chunk = data.chunk();
                whole.extend_from_slice(chunk);
                data.advance(chunk.len());
            }
        }
        if first.len().max(whole.len()) > max {
            break;
        }
    }
    Some(if whole.is_empty() { first } else { whole.freeze() })
}
