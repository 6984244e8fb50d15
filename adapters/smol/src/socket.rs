//! What a connection is made of.

use std::fmt::Debug;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::fd::AsFd as Handle;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(windows)]
use std::os::windows::io::AsSocket as Handle;

/// A connected socket, by shared reference. Nobody else can implement it.
pub trait Socket: Handle + Debug + Send + Sync + Unpin + 'static {
    /// Has it say [`WouldBlock`](io::ErrorKind::WouldBlock) rather than wait.
    fn set_nonblocking(&self) -> io::Result<()>;
    /// Reads what is there. Nothing is the end.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes as much as there is room for.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// The same, of several slices.
    fn write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
    /// Tells the other side that nothing more will be written.
    fn end(&self) -> io::Result<()>;
}

macro_rules! socket {
    ($stream:ty) => {
        impl Socket for $stream {
            fn set_nonblocking(&self) -> io::Result<()> {
                Self::set_nonblocking(self, true)
            }

            fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                Read::read(&mut &*self, buffer)
            }

            fn write(&self, bytes: &[u8]) -> io::Result<usize> {
                Write::write(&mut &*self, bytes)
            }

            fn write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
                Write::write_vectored(&mut &*self, slices)
            }

            fn end(&self) -> io::Result<()> {
                self.shutdown(Shutdown::Write)
            }
        }
    };
}

socket!(TcpStream);
#[cfg(unix)]
socket!(UnixStream);
