//! Connections, for hyper.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use socketio_hyper::hyper::rt::{Read, ReadBufCursor, Write};

use crate::socket::Socket;
use crate::watch::Watched;

/// Bytes that are read at a time, at most.
const MAX_READ: usize = 64 << 10;

thread_local! {
    /// What is read goes through here: nothing is to be cleared then, which would cost more than to copy what there is.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A connection on smol with hyper's traits, which [`Smol`](crate::Smol) itself reads and writes: for connectors of one's own, or to serve with bare
/// hyper. It is a [`TcpStream`] or a `UnixStream` of the standard library.
///
/// smol's own types, an `Async<TcpStream>` for one, are such a socket after `into_inner()`. `FuturesIo` of the crate `smol-hyper` takes
/// them as they are and does as well, but it clears all of a buffer whenever it reads into it.
///
/// On Linux it takes fewer system calls than those: a socket is watched once and for all, not anew after each message.
pub struct SmolIo<T: Socket = TcpStream>(Watched<T>);

impl<T: Socket> SmolIo<T> {
    /// Puts a socket into non-blocking mode, and has smol watch it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn new(socket: T) -> io::Result<Self> {
        socket.set_nonblocking()?;
        Ok(Self(Watched::new(socket)?))
    }

    /// The socket, to ask or to set something.
    pub fn get_ref(&self) -> &T {
        self.0.get_ref()
    }
}

impl<T: Socket> Read for SmolIo<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let length = buf.remaining().min(MAX_READ);
        self.get_mut()
            .0
            .poll_read(cx, length, |socket| {
                with_scratch(|scratch| {
                    let count = socket.read(&mut scratch[..length])?;
                    buf.put_slice(&scratch[..count]);
                    Ok(count)
                })
            })
            .map_ok(|_| ())
    }
}

impl<T: Socket> Write for SmolIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().0.poll_write(cx, |socket| socket.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().0.poll_write(cx, |socket| socket.write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // a socket holds nothing back
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.get_ref().end())
    }
}

impl<T: Socket> fmt::Debug for SmolIo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmolIo").field(self.get_ref()).finish()
    }
}

/// Lends the thread's buffer of [`MAX_READ`] bytes.
fn with_scratch<R>(read: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default(); // gone when the thread ends
    if scratch.is_empty() {
        scratch = vec![0; MAX_READ];
    }
    let result = read(&mut scratch);
    let _ = SCRATCH.try_with(|place| place.set(scratch));
    result
}
