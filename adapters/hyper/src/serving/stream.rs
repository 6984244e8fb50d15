//! A connection whose 101 leaves with the first frame behind it.

use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};

/// How an answer begins that makes a connection a WebSocket.
const SWITCHING: &[u8] = b"HTTP/1.1 101 ";

/// Holds a 101 back until the session, which gets the connection next, has written or has seen that it has nothing to write: most
/// begin with a frame, and one write is cheaper than two. It is only for sessions, which flush what they have taken over after a first
/// attempt to read.
pub(crate) struct Joining<I> {
    io: I,
    held: Held,
}

enum Held {
    /// No 101 was written.
    Not,
    /// It was; nobody has read since.
    Fresh(Vec<u8>),
    /// It is to leave with the next write or flush.
    Due(Vec<u8>),
    /// It has left.
    Gone,
}

impl<I> Joining<I> {
    pub(crate) const fn new(io: I) -> Self {
        Self { io, held: Held::Not }
    }
}

impl<I: Write + Unpin> Joining<I> {
    /// Writes what is held back, with as much of what follows as is taken. Says how much of that.
    fn poll_release(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        while let Held::Fresh(held) | Held::Due(held) = &mut self.held {
            let next = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
            let both = [IoSlice::new(held), IoSlice::new(next)];
            let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, &both))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let Some(behind) = written.checked_sub(held.len()) else {
                held.drain(..written);
                continue;
            };
            self.held = Held::Gone;
            if behind > 0 {
                return Poll::Ready(Ok(behind));
            }
        }
        Poll::Ready(Ok(0))
    }

    fn is_holding(&self) -> bool {
        matches!(self.held, Held::Fresh(_) | Held::Due(_))
    }
}

impl<I: Read + Unpin> Read for Joining<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if let Held::Fresh(held) = &mut self.held {
            self.held = Held::Due(std::mem::take(held));
        }
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<I: Write + Unpin> Write for Joining<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if matches!(this.held, Held::Gone) {
            return Pin::new(&mut this.io).poll_write(cx, buf);
        }
        Pin::new(this).poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match &this.held {
            Held::Not if bufs.first().is_some_and(|buf| buf.starts_with(SWITCHING)) => {
                let length = bufs.iter().map(|buf| buf.len()).sum();
                let mut whole = Vec::with_capacity(length);
                bufs.iter().for_each(|buf| whole.extend_from_slice(buf));
                this.held = Held::Fresh(whole);
                return Poll::Ready(Ok(length));
            }
            Held::Fresh(_) | Held::Due(_) => {
                let behind = ready!(this.poll_release(cx, bufs))?;
                if behind > 0 {
                    return Poll::Ready(Ok(behind));
                }
            }
            Held::Not | Held::Gone => {}
        }
        match bufs {
            [buf] => Pin::new(&mut this.io).poll_write(cx, buf),
            bufs => Pin::new(&mut this.io).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Held::Due(_) = this.held {
            ready!(this.poll_release(cx, &[]))?;
        }
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_holding() {
            ready!(this.poll_release(cx, &[]))?;
        }
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}
