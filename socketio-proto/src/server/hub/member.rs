//! One member: what is seen of it, what it leaves behind.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::borrow::Borrow;
use thiserror::Error;

use super::key::MemberKey;
use super::recovery::{History, Recovery};
use crate::SocketId;

/// A member as it is seen from outside.
#[derive(Debug, PartialEq, Eq)]
pub struct Member<'a, T> {
    /// Its key, for whatever is to be done with it next.
    pub key: MemberKey,
    /// Its public id.
    pub id: &'a SocketId,
    /// How the application reaches it.
    pub value: &'a T,
}

impl<T> Clone for Member<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Member<'_, T> {}

/// What is left of a member: all that a later one needs to take its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed<T> {
    /// Its public id, free again.
    pub id: SocketId,
    /// How the application reached it.
    pub value: T,
    /// The rooms that it was in, and is no more. Its own is not among them: the id says that one.
    pub rooms: BTreeSet<Arc<str>>,
}

/// Two members cannot share an id; the second is handed back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is a socket with the id {id} already")]
pub struct IdTaken<T> {
    /// The id in question.
    pub id: SocketId,
    /// What was to be inserted.
    pub value: T,
}

/// What a namespace keeps of a member.
#[derive(Clone, Debug)]
pub(super) struct Entry<T> {
    pub(super) id: SocketId,
    pub(super) value: T,
    /// The names are those that the rooms are filed under, not copies.
    pub(super) rooms: BTreeSet<Arc<str>>,
    /// Whether it is in the room of its id. That room is nothing but this flag: most members have it and no other.
    pub(super) in_own_room: bool,
    /// Where it has been, if it may come back.
    pub(super) history: Option<Box<History>>,
}

impl<T> Entry<T> {
    pub(super) const fn new(id: SocketId, value: T) -> Self {
        Self {
            id,
            value,
            rooms: BTreeSet::new(),
            in_own_room: true,
            history: None,
        }
    }

    /// The same for one that may come back.
    pub(super) fn with_history(id: SocketId, value: T, history: History) -> Self {
        Self {
            history: Some(Box::new(history)),
            ..Self::new(id, value)
        }
    }

    /// Takes down that it has joined a room.
    pub(super) fn note_joined<D>(&mut self, room: impl Into<Arc<str>>, recovery: Option<&Recovery<D>>) {
        if let (Some(history), Some(recovery)) = (&mut self.history, recovery) {
            recovery.joined(history, room.into());
        }
    }

    /// Takes down that it has left a room.
    pub(super) fn note_left<D>(&mut self, room: &str, recovery: Option<&Recovery<D>>) {
        if let (Some(history), Some(recovery)) = (&mut self.history, recovery) {
            recovery.left(history, room);
        }
    }

    pub(super) const fn member(&self, key: MemberKey) -> Member<'_, T> {
        Member {
            key,
            id: &self.id,
            value: &self.value,
        }
    }

    pub(super) fn owns(&self, room: &str) -> bool {
        self.id.as_bytes() == room.as_bytes()
    }

    /// The name of its own room, while it is in it.
    pub(super) fn own_room(&self) -> Option<&str> {
        self.in_own_room.then(|| self.id.as_str())
    }
}

/// An id by which a member is found, given the bytes of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IdKey(pub(super) SocketId);

impl Borrow<[u8]> for IdKey {
    fn borrow(&self) -> &[u8] {
        self.0.as_bytes() // equal and ordered as the id is, by its bytes
    }
}
