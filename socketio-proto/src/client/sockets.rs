//! The sockets of one client, one for each namespace.

use alloc::vec::Vec;

use bytestring::ByteString;

use super::error::NoSocket;
use super::recovery::Recovery;
use super::retries::Retries;
use super::{Auth, SocketKey};
use crate::{AckId, Args, EventName, SocketId};

/// The sockets of one client: a handful, so they are looked through.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    list: Vec<Socket>,
    next_key: u64,
}

#[derive(Debug)]
pub(super) struct Socket {
    pub(super) key: SocketKey,
    pub(super) namespace: ByteString,
    pub(super) auth: Auth,
    pub(super) state: State,
    pub(super) recovery: Recovery,
    pub(super) retries: Retries,
    /// How often it was connected.
    pub(super) times: u64,
    next_ack: u64,
}

/// See the diagram at [`Connection`](super::Connection).
#[derive(Debug)]
pub(super) enum State {
    /// It is not to be connected, until the application says so.
    Idle,
    /// It is to be connected when there is a session.
    Waiting,
    /// The application was asked for its credentials.
    Asking,
    /// The server was asked to let it in.
    Joining(Held),
    /// Events go both ways.
    Connected(SocketId),
}

/// Events that came before the server's consent.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) events: Vec<HeldEvent>,
    pub(super) bytes: usize,
}

#[derive(Debug)]
pub(super) struct HeldEvent {
    pub(super) id: Option<AckId>,
    pub(super) name: EventName,
    pub(super) args: Args,
}

impl Sockets {
    pub(super) fn insert(&mut self, namespace: &str, auth: Auth) -> SocketKey {
        let key = SocketKey(self.next_key);
        self.next_key += 1;
        self.list.push(Socket {
            key,
            namespace: match namespace {
                "/" => ByteString::from_static("/"),
                other => other.into(),
            },
            auth,
            state: State::Waiting,
            recovery: Recovery::default(),
            retries: Retries::default(),
            times: 0,
            next_ack: 0,
        });
        key
    }

    pub(super) fn remove(&mut self, key: SocketKey) -> Option<Socket> {
        let index = self.list.iter().position(|socket| socket.key == key)?;
        Some(self.list.remove(index))
    }

    pub(super) fn find(&self, key: SocketKey) -> Result<&Socket, NoSocket> {
        self.list.iter().find(|socket| socket.key == key).ok_or(NoSocket)
    }

    pub(super) fn find_mut(&mut self, key: SocketKey) -> Option<&mut Socket> {
        self.list.iter_mut().find(|socket| socket.key == key)
    }

    /// The socket of a namespace.
    pub(super) fn of(&mut self, namespace: &str) -> Option<&mut Socket> {
        self.list.iter_mut().find(|socket| socket.namespace == *namespace)
    }

    /// The sockets, in the order in which they were asked for.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Socket> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Socket> {
        self.list.iter_mut()
    }

    /// Their keys, for whoever changes them meanwhile.
    pub(super) fn keys(&self) -> Vec<SocketKey> {
        self.list.iter().map(|socket| socket.key).collect()
    }

    /// Whether some socket is connected or is to be.
    pub(super) fn are_active(&self) -> bool {
        self.list.iter().any(Socket::is_active)
    }
}

impl Socket {
    /// The id of the next event that is to be acknowledged.
    pub(super) const fn next_ack(&self) -> AckId {
        AckId(self.next_ack)
    }

    /// That id was used.
    pub(super) const fn use_ack(&mut self) {
        self.next_ack += 1;
    }

    pub(super) const fn is_active(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    pub(super) const fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected(_))
    }
}
