//! A connection whose 101 leaves with the first frame behind it.

use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};

/// How an answer begins that makes a connection a WebSocket.
const SWITCHING: &[u8] = b"HTTP/1.1 101 ";

/// Bytes that are copied together to be written: the system call for one buffer is cheaper than the one for several.
const SMALL: usize = 512;

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
        let length = bufs.iter().map(|buf| buf.len()).sum();
        if let [buf] = bufs {
            return Pin::new(&mut this.io).poll_write(cx, buf);
        }
        if length > SMALL {
            return Pin::new(&mut this.io).poll_write_vectored(cx, bufs);
        }
        let mut whole = [0; SMALL];
        let mut filled = 0;
        for buf in bufs {
            whole[filled..filled + buf.len()].copy_from_slice(buf);
            filled += buf.len();
        }
        Pin::new(&mut this.io).poll_write(cx, &whole[..length])
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use hyper::rt::ReadBuf;

    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

    /// What was written, a write each, of which each takes so much.
    struct Written(Vec<Vec<u8>>, usize);

    impl Read for Written {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl Write for Written {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            let length = buf.len().min(self.1);
            self.0.push(buf[..length].to_vec());
            Poll::Ready(Ok(length))
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let whole: Vec<u8> = bufs.iter().flat_map(|buf| buf.to_vec()).collect();
            self.poll_write(cx, &whole)
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn stream(most: usize) -> Joining<Written> {
        Joining::new(Written(Vec::new(), most))
    }

    fn write(stream: &mut Joining<Written>, bytes: &[u8]) {
        let mut left = bytes;
        while !left.is_empty() {
            let written = Pin::new(&mut *stream).poll_write(&mut Context::from_waker(Waker::noop()), left);
            let Poll::Ready(Ok(length @ 1..)) = written else {
                panic!("nothing was taken");
            };
            left = &left[length..];
        }
    }

    fn flush(stream: &mut Joining<Written>) {
        let flushed = Pin::new(stream).poll_flush(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(flushed, Poll::Ready(Ok(()))));
    }

    fn read(stream: &mut Joining<Written>) {
        let mut buffer = [0; 8];
        let mut buffer = ReadBuf::new(&mut buffer);
        let read = Pin::new(stream).poll_read(&mut Context::from_waker(Waker::noop()), buffer.unfilled());
        assert!(read.is_pending());
    }

    #[test]
    fn a_101_leaves_with_the_first_frame() {
        let mut stream = stream(usize::MAX);
        write(&mut stream, ANSWER);
        flush(&mut stream);
        assert_eq!(stream.io.0.len(), 0);
        read(&mut stream);
        write(&mut stream, b"frame");
        write(&mut stream, ANSWER);
        assert_eq!(stream.io.0, [[ANSWER, b"frame"].concat(), ANSWER.to_vec()]);
    }

    #[test]
    fn a_101_leaves_alone_if_nothing_follows() {
        let mut stream = stream(usize::MAX);
        write(&mut stream, ANSWER);
        read(&mut stream);
        flush(&mut stream);
        assert_eq!(stream.io.0, [ANSWER]);
    }

    #[test]
    fn no_byte_is_lost_or_sent_twice_if_little_is_taken_at_a_time() {
        for most in 1..50 {
            let mut stream = stream(most);
            write(&mut stream, ANSWER);
            write(&mut stream, b"a frame");
            write(&mut stream, b"and one more");
            assert_eq!(stream.io.0.concat(), [ANSWER, b"a frame", b"and one more"].concat());
        }
    }

    #[test]
    fn other_answers_are_written_at_once() {
        let mut stream = stream(usize::MAX);
        let bufs = [IoSlice::new(b"HTTP/1.1 200 OK\r\n\r\n"), IoSlice::new(b"ok")];
        let written = Pin::new(&mut stream).poll_write_vectored(&mut Context::from_waker(Waker::noop()), &bufs);
        assert!(matches!(written, Poll::Ready(Ok(21))));
        assert_eq!(stream.io.0, [b"HTTP/1.1 200 OK\r\n\r\nok"]);
    }
}
