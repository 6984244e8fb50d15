//! One namespace: its members and their rooms.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

use super::member::{Entry, IdKey};
use super::names;
use super::recovery::Recovery;
use super::slab::Slab;
use super::union::{Occupants, Union};
use super::{IdTaken, JoinError, Member, MemberKey, Members, Removed, RoomLimits, Target};
use crate::SocketId;

/// The members of one namespace and the rooms they are in. `T` is how the application reaches a member; nobody here looks
/// at it. `D` is what is kept for a client that may [come back](super::recovery).
///
/// Everyone begins in one room, named by the own [`SocketId`]: `to(id)` reaches that socket. It is a room as any other,
/// the member may leave it and others may join it. Other rooms exist as long as someone is in them.
///
/// In the order of the methods: what is done to it (`insert`, `remove`, `join`, `leave`), then what is so.
#[derive(Clone, Debug)]
pub struct Namespace<T, D = ()> {
    pub(super) members: Slab<Entry<T>>,
    /// The places of all members: the room that has no name.
    everyone: BTreeSet<u32>,
    pub(super) ids: BTreeMap<IdKey, u32>,
    /// None is empty; nobody is listed in the room of the own id.
    rooms: BTreeMap<Arc<str>, Room>,
    limits: RoomLimits,
    pub(super) recovery: Option<Box<Recovery<D>>>,
}

#[derive(Clone, Debug)]
struct Room {
    /// The key once more, for the next member to share.
    name: Arc<str>,
    members: BTreeSet<u32>,
}

impl<T> Namespace<T> {
    /// A namespace without members. They do not come back: see [`with_recovery`](Self::with_recovery).
    #[must_use]
    pub const fn new(limits: RoomLimits) -> Self {
        Self::with_serial(limits, 0)
    }
}

impl<T, D> Namespace<T, D> {
    /// The same, whose keys are none of those that have a serial below `serial`.
    pub(super) const fn with_serial(limits: RoomLimits, serial: u64) -> Self {
        Self {
            members: Slab::starting_at(serial),
            everyone: BTreeSet::new(),
            ids: BTreeMap::new(),
            rooms: BTreeMap::new(),
            limits,
            recovery: None,
        }
    }

    /// Lets a socket in, and into the room of its id.
    ///
    /// # Errors
    ///
    /// Another member has that id; `value` comes back.
    pub fn insert(&mut self, id: SocketId, value: T) -> Result<MemberKey, IdTaken<T>> {
        if self.ids.contains_key(id.as_bytes()) {
            return Err(IdTaken { id, value });
        }
        Ok(self.admit(Entry::new(id, value)))
    }

    /// Takes a member out of all rooms and of the namespace; `None` if that was done before.
    pub fn remove(&mut self, key: MemberKey) -> Option<Removed<T>> {
        let Entry {
            id,
            value,
            rooms,
            history,
            ..
        } = self.members.remove(key)?;
        for room in &rooms {
            self.take_out(room, key);
        }
        self.ids.remove(id.as_bytes());
        self.everyone.remove(&key.index);
        if let (Some(history), Some(recovery)) = (history, &mut self.recovery) {
            recovery.forget(&history);
        }
        if self.is_empty() {
            // gives the memory of the busy hours back
            *self = Self {
                recovery: self.recovery.take(),
                ..Self::with_serial(self.limits, self.next_serial())
            };
        }
        Some(Removed { id, value, rooms })
    }

    /// How the application reaches a member, to be changed.
    pub fn value_mut(&mut self, key: MemberKey) -> Option<&mut T> {
        self.members.get_mut(key).map(|entry| &mut entry.value)
    }

    /// Puts a member into a room, which comes into being with its first; `false` if it was in it already. It costs the same
    /// however many rooms the member is in. A room that is new has a [`room_len`](Self::room_len) of 1 afterwards.
    ///
    /// # Errors
    ///
    /// The key is stale, or one of the [`RoomLimits`] is reached; nothing has changed.
    pub fn join(&mut self, key: MemberKey, room: &str) -> Result<bool, JoinError> {
        let entry = self.members.get_mut(key).ok_or(JoinError::Gone)?;
        if entry.owns(room) {
            let joined = !mem::replace(&mut entry.in_own_room, true);
            if joined {
                entry.note_joined(room, self.recovery.as_deref());
            }
            return Ok(joined);
        }
        if room.len() > self.limits.name_bytes {
            return Err(JoinError::NameTooLong {
                len: room.len(),
                limit: self.limits.name_bytes,
            });
        }
        if entry.rooms.len() >= self.limits.rooms_per_member && !entry.rooms.contains(room) {
            return Err(JoinError::TooManyRooms {
                limit: self.limits.rooms_per_member,
            });
        }
        Ok(self.enter(key, room))
    }

    /// Takes a member out of a room, which ceases to be with its last; `false` if it was not in it, or is no member.
    pub fn leave(&mut self, key: MemberKey, room: &str) -> bool {
        let Some(entry) = self.members.get_mut(key) else {
            return false;
        };
        let was_in = if entry.owns(room) {
            mem::replace(&mut entry.in_own_room, false)
        } else {
            entry.rooms.remove(room)
        };
        if was_in {
            entry.note_left(room, self.recovery.as_deref());
        }
        if was_in && !entry.owns(room) {
            self.take_out(room, key);
        }
        was_in
    }

    /// Puts all those that `target` reaches now into `rooms`.
    ///
    /// # Errors
    ///
    /// Someone could not [`join`](Self::join) a room. All others did; it is the first reason that comes back.
    pub fn join_all<R: AsRef<str>>(
        &mut self,
        target: &Target,
        rooms: impl IntoIterator<Item = R>,
    ) -> Result<(), JoinError> {
        let keys = self.keys(target);
        let mut result = Ok(());
        for room in rooms {
            for &key in &keys {
                result = result.and(self.join(key, room.as_ref()).map(drop));
            }
        }
        result
    }

    /// Takes all those that `target` reaches now out of `rooms`.
    pub fn leave_all<R: AsRef<str>>(&mut self, target: &Target, rooms: impl IntoIterator<Item = R>) {
        let keys = self.keys(target);
        for room in rooms {
            for &key in &keys {
                self.leave(key, room.as_ref());
            }
        }
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.everyone.len()
    }

    /// The bounds of its rooms.
    #[must_use]
    pub const fn limits(&self) -> RoomLimits {
        self.limits
    }

    /// Whether nobody is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.everyone.is_empty()
    }

    /// The member that `key` names, if it is still here.
    #[must_use]
    pub fn get(&self, key: MemberKey) -> Option<Member<'_, T>> {
        self.members.get(key).map(|entry| entry.member(key))
    }

    /// The member with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<MemberKey> {
        self.ids.get(id.as_bytes()).map(|&index| self.members.at(index).0)
    }

    /// All those that `target` reaches, each once, without an allocation for up to eight rooms and eight exceptions. The
    /// names are looked up here and once; to walk on costs a few nanoseconds a member, however large the namespace is.
    #[must_use]
    pub fn members(&self, target: &Target) -> Members<'_, T> {
        let reached = if target.rooms().is_empty() {
            Union::new([Occupants::All(&self.everyone)])
        } else {
            self.select(target.rooms())
        };
        Members::new(&self.members, reached, self.select(target.excepted()), target.skipped())
    }

    /// The rooms of one member in alphabetical order, its own among them; none if it is not here.
    pub fn rooms(&self, key: MemberKey) -> impl Iterator<Item = &str> {
        let entry = self.members.get(key);
        let own = entry.and_then(Entry::own_room);
        let joined = entry.into_iter().flat_map(|entry| &entry.rooms);
        names::merged(own.into_iter(), joined.map(|name| &**name))
    }

    /// Whether a member is in a room.
    #[must_use]
    pub fn is_in(&self, key: MemberKey, room: &str) -> bool {
        self.members.get(key).is_some_and(|entry| match entry.owns(room) {
            true => entry.in_own_room,
            false => entry.rooms.contains(room),
        })
    }

    /// How many members are in a room; 0 is a room that does not exist.
    #[must_use]
    pub fn room_len(&self, room: &str) -> usize {
        self.occupants(room).map(Occupants::len).sum()
    }

    /// All rooms in alphabetical order, those of single sockets among them.
    pub fn room_names(&self) -> impl Iterator<Item = &str> {
        let own = self
            .ids
            .values()
            .filter_map(|&index| self.members.at(index).1.own_room());
        names::merged(own, self.rooms.keys().map(|name| &**name))
    }

    /// The least serial that no key of this namespace has.
    pub(super) const fn next_serial(&self) -> u64 {
        self.members.next_serial()
    }

    /// Takes a member in, who is in no room but maybe that of its id.
    pub(super) fn admit(&mut self, entry: Entry<T>) -> MemberKey {
        let id = entry.id.clone();
        let key = self.members.insert(entry);
        self.ids.insert(IdKey(id), key.index);
        self.everyone.insert(key.index);
        key
    }

    /// Puts a member into a room that is not its own; `false` if it was in it already.
    pub(super) fn enter(&mut self, key: MemberKey, room: &str) -> bool {
        let name = if let Some(room) = self.rooms.get_mut(room) {
            if !room.members.insert(key.index) {
                return false;
            }
            Arc::clone(&room.name)
        } else {
            let name = Arc::<str>::from(room);
            let room = Room {
                name: Arc::clone(&name),
                members: BTreeSet::from([key.index]),
            };
            self.rooms.insert(Arc::clone(&name), room);
            name
        };
        if let Some(entry) = self.members.get_mut(key) {
            entry.note_joined(Arc::clone(&name), self.recovery.as_deref());
            entry.rooms.insert(name);
        }
        true
    }

    /// Strikes a member off the list of a room.
    fn take_out(&mut self, room: &str, key: MemberKey) {
        let list = &mut self
            .rooms
            .get_mut(room)
            .expect("a room exists while someone is in it")
            .members;
        list.remove(&key.index);
        if list.is_empty() {
            self.rooms.remove(room);
        }
    }

    pub(super) fn keys(&self, target: &Target) -> Vec<MemberKey> {
        self.members(target).map(|member| member.key).collect()
    }

    fn select(&self, names: &[Arc<str>]) -> Union<'_> {
        Union::new(names.iter().flat_map(|name| self.occupants(name)))
    }

    /// Who is in a room: the one that it belongs to, and those who joined.
    fn occupants(&self, room: &str) -> impl Iterator<Item = Occupants<'_>> {
        let owner = self
            .ids
            .get(room.as_bytes())
            .filter(|&&index| self.members.at(index).1.in_own_room);
        let joined = self.rooms.get(room).map(|room| Occupants::All(&room.members));
        owner.map(|&index| Occupants::One(index)).into_iter().chain(joined)
    }
}

impl<T> Default for Namespace<T> {
    /// A namespace without members, with the default limits.
    fn default() -> Self {
        Self::new(RoomLimits::default())
    }
}
