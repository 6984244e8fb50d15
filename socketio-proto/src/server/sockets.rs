//! One client's sockets, one for each namespace.

use alloc::vec::Vec;
use core::fmt;

use bytestring::ByteString;

use super::SocketKey;
use super::error::{NotConnected, NotWaiting};
use crate::{SocketId, Violation};

/// The sockets of one client: a handful, so they are looked through.
#[derive(Default)]
pub(super) struct Sockets {
    list: Vec<Socket>,
    next_key: u64,
}

pub(super) struct Socket {
    key: SocketKey,
    namespace: ByteString,
    state: State,
}

/// See the diagram at [`Connection`](super::Connection).
#[derive(PartialEq, Eq)]
enum State {
    /// The application has not said yet whether the client may join.
    Pending,
    /// Events go both ways.
    Connected(SocketId),
    /// The server ended it; what the client sent before it learned that is no offence.
    Left,
}

impl Sockets {
    /// The client asks to join a namespace.
    pub(super) fn ask(&mut self, namespace: &ByteString, max: usize) -> Result<SocketKey, Violation> {
        if let Some(index) = self.list.iter().position(|socket| socket.namespace == *namespace) {
            if self.list[index].is_connected() {
                return Err(Violation::ConnectedTwice);
            }
            // One that was not answered yet is forgotten: clients that change their mind say nothing about the first attempt.
            self.list.remove(index);
        }
        if self.list.len() >= max {
            // Whom the server sent away is remembered only while there is room: the oldest knows it best.
            let left = self.list.iter().position(|socket| socket.state == State::Left);
            self.list.remove(left.ok_or(Violation::TooManyNamespaces)?);
        }
        let key = SocketKey(self.next_key);
        self.next_key += 1;
        self.list.push(Socket {
            key,
            namespace: own(namespace),
            state: State::Pending,
        });
        Ok(key)
    }

    /// The socket is connected from now on.
    pub(super) fn accept(&mut self, key: SocketKey, id: SocketId) -> Result<(), NotWaiting> {
        self.waiting(key)?;
        if let Some(socket) = self.list.iter_mut().find(|socket| socket.key == key) {
            socket.state = State::Connected(id);
        }
        Ok(())
    }

    /// The server makes a connected socket leave. Returns its namespace.
    pub(super) fn dismiss(&mut self, key: SocketKey) -> Option<&ByteString> {
        let socket = self.list.iter_mut().find(|socket| socket.key == key)?;
        if !socket.is_connected() {
            return None;
        }
        socket.state = State::Left;
        Some(&socket.namespace)
    }

    /// There is no such socket any more.
    pub(super) fn remove(&mut self, key: SocketKey) {
        self.list.retain(|socket| socket.key != key);
    }

    /// There is no socket any more. Returns those that were connected.
    pub(super) fn take_connected(&mut self) -> impl Iterator<Item = SocketKey> + use<> {
        let sockets = core::mem::take(&mut self.list).into_iter();
        sockets.filter(Socket::is_connected).map(|socket| socket.key)
    }

    /// Those that are connected, in the order in which they asked to be.
    pub(super) fn connected(&self) -> impl Iterator<Item = SocketKey> {
        self.list
            .iter()
            .filter(|socket| socket.is_connected())
            .map(|socket| socket.key)
    }

    /// The id of a connected socket.
    pub(super) fn id(&self, key: SocketKey) -> Option<&SocketId> {
        match &self.find(key)?.state {
            State::Connected(id) => Some(id),
            State::Pending | State::Left => None,
        }
    }

    /// The namespace of a socket, whatever its state.
    pub(super) fn namespace(&self, key: SocketKey) -> Option<&ByteString> {
        Some(&self.find(key)?.namespace)
    }

    /// The namespace of a connected socket.
    pub(super) fn joined(&self, key: SocketKey) -> Result<&str, NotConnected> {
        let socket = self
            .find(key)
            .filter(|socket| socket.is_connected())
            .ok_or(NotConnected)?;
        Ok(&socket.namespace)
    }

    /// The namespace of a socket that waits for an answer.
    pub(super) fn waiting(&self, key: SocketKey) -> Result<&ByteString, NotWaiting> {
        let socket = self
            .find(key)
            .filter(|socket| socket.state == State::Pending)
            .ok_or(NotWaiting)?;
        Ok(&socket.namespace)
    }

    /// Whether the client waits to be let into a namespace.
    pub(super) fn is_waiting(&self, namespace: &str) -> bool {
        self.list
            .iter()
            .any(|socket| socket.namespace == *namespace && socket.state == State::Pending)
    }

    /// The socket that a packet for `namespace` belongs to; none if it came too late to count.
    pub(super) fn speaking(&self, namespace: &str) -> Result<Option<SocketKey>, Violation> {
        let socket = self
            .list
            .iter()
            .find(|socket| socket.namespace == *namespace)
            .ok_or(Violation::NotConnected)?;
        match socket.state {
            State::Connected(_) => Ok(Some(socket.key)),
            State::Left => Ok(None),
            State::Pending => Err(Violation::NotConnected),
        }
    }

    fn find(&self, key: SocketKey) -> Option<&Socket> {
        self.list.iter().find(|socket| socket.key == key)
    }
}

impl Socket {
    fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected(_))
    }
}

/// Without their ids: that of a client of revision 3 is its session's, which is a secret.
impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.list.iter().map(|socket| (socket.key, &socket.namespace));
        f.debug_map().entries(keys).finish()
    }
}

/// The same name in memory of its own. What arrives is a slice of a whole message, which must not live as long as a socket.
fn own(namespace: &ByteString) -> ByteString {
    match &**namespace {
        "/" => ByteString::from_static("/"),
        other => other.into(),
    }
}
