//! hyper's streams as the standard library's.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBuf, Write};

/// A stream of hyper's as the standard library's: what would wait is an error, and the task will be woken.
pub(crate) struct Blocking<'a, 'b, S> {
    pub(crate) io: &'a mut S,
    pub(crate) cx: &'a mut Context<'b>,
}

impl<S: Read + Unpin> io::Read for Blocking<'_, '_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.io).poll_read(self.cx, buffer.unfilled()) {
            Poll::Ready(result) => result.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<S: Write + Unpin> io::Write for Blocking<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.io).poll_write(self.cx, bytes) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match Pin::new(&mut *self.io).poll_flush(self.cx) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// Of a stream only so many bytes. Behind them it seems that no more has come, and the task is woken to read on: who reads as long as there
/// is something never ends if the other side writes as quickly, and on a runtime that leaves it to its tasks to let others run nobody
/// else does.
pub(crate) struct Portion<S> {
    io: S,
    left: usize,
}

impl<S> Portion<S> {
    pub(crate) const fn new(io: S, bytes: usize) -> Self {
        Self { io, left: bytes }
    }
}

impl<S: Read + Unpin> io::Read for Portion<Blocking<'_, '_, S>> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.io.cx.waker().wake_by_ref();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = self.io.read(buffer)?;
        self.left = self.left.saturating_sub(length);
        Ok(length)
    }
}

impl<S: io::Write> io::Write for Portion<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.io.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.io.flush()
    }
}
