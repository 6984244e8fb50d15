//! Sockets that smol's reactor watches one by one.

use std::io;
use std::task::{Context, Poll, ready};

use smol::Async;

use crate::socket::Socket;

/// A socket that is watched.
pub(crate) struct Watched<T> {
    socket: Async<T>,
    /// All that had arrived was read.
    empty: bool,
}

impl<T: Socket> Watched<T> {
    /// Watches a socket, which is in non-blocking mode.
    pub(crate) fn new(socket: T) -> io::Result<Self> {
        let socket = Async::new_nonblocking(socket)?;
        Ok(Self { socket, empty: false })
    }

    /// Tries to read at most `length` bytes until something comes of it.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        length: usize,
        mut read: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            if self.empty {
                ready!(self.socket.poll_readable(cx))?;
                self.empty = false;
            }
            match read(self.socket.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.empty = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    self.empty = matches!(result, Ok(count) if 0 < count && count < length);
                    return Poll::Ready(result);
                }
            }
        }
    }

    /// Tries to write until something comes of it.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match write(self.socket.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.socket.poll_writable(cx))?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    pub(crate) fn get_ref(&self) -> &T {
        self.socket.get_ref()
    }
}
