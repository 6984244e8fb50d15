//! The rooms that a socket is in, from before it is a member of its namespace.

use socketio_proto::server::hub::{self, JoinError, MemberKey};

use crate::socketio::stage::{Queue, Stage};
use crate::{IntoRooms, Socket};

/// A socket that is in rooms, but not in its namespace yet: it is the only member of a namespace of its own, where all is as in the
/// other, the limits included.
pub(crate) struct Alone {
    pub(crate) members: hub::Namespace<()>,
    pub(crate) member: MemberKey,
}

impl Alone {
    pub(crate) fn new(socket: &Socket) -> Box<Self> {
        let mut members = socket.namespace().no_members();
        let inserted = members.insert(socket.id().clone(), ());
        let member = inserted.expect("nobody else is there who could have the id");
        Box::new(Self { members, member })
    }
}

impl Socket {
    /// Joins one room or several. In a [middleware](crate::Namespace::with_middleware), where the socket is not connected yet, it will be in
    /// them as soon as it is. A socket that has left joins nothing.
    ///
    /// # Errors
    ///
    /// The first room that cannot be joined: the socket is in too many, or the name is too long. It is in the others.
    pub fn join(&self, rooms: impl IntoRooms) -> Result<(), JoinError> {
        let rooms = rooms.into_rooms();
        if let Stage::Joining(alone) = &mut *self.stage() {
            let alone = alone.get_or_insert_with(|| Alone::new(self));
            return join_all(&mut alone.members, alone.member, rooms);
        }
        match self.member() {
            Some(member) => join_all(&mut self.namespace().members(), member, rooms),
            None => Ok(()),
        }
    }

    /// Leaves one room or several.
    pub fn leave(&self, rooms: impl IntoRooms) {
        let rooms = rooms.into_rooms();
        if let Stage::Joining(alone) = &mut *self.stage() {
            let alone = alone.get_or_insert_with(|| Alone::new(self));
            return leave_all(&mut alone.members, alone.member, rooms);
        }
        if let Some(member) = self.member() {
            leave_all(&mut self.namespace().members(), member, rooms);
        }
    }

    /// The rooms it is in, its own included, in their alphabetical order.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        if let Stage::Joining(alone) = &*self.stage() {
            return match alone {
                Some(alone) => alone.members.rooms(alone.member).map(str::to_owned).collect(),
                None => vec![self.id().as_str().to_owned()],
            };
        }
        let Some(member) = self.member() else {
            return Vec::new();
        };
        self.namespace().members().rooms(member).map(str::to_owned).collect()
    }

    /// Makes the socket a member of its namespace, in the rooms that it has joined so far. `None` if it is too late or another has
    /// its id.
    pub(crate) fn enter(&self) -> Option<MemberKey> {
        let mut stage = self.stage();
        let Stage::Joining(alone) = &mut *stage else {
            return None;
        };
        let alone = alone.take();
        self.entrance().close(); // until the connect handler has had its first turn
        let mut members = self.namespace().members();
        let inserted = match self.pid() {
            Some(pid) => members.insert_recoverable(pid, self.id().clone(), self.clone()),
            None => members.insert(self.id().clone(), self.clone()),
        };
        let member = inserted.ok()?;
        if let Some(Alone {
            members: before,
            member: own,
        }) = alone.map(|alone| *alone)
        {
            if !before.is_in(own, self.id().as_str()) {
                members.leave(member, self.id().as_str());
            }
            for room in before.rooms(own) {
                members.join(member, room).expect("the limits are the same");
            }
        }
        drop(members);
        self.set_member(member);
        *stage = Stage::Open(Queue::connecting());
        Some(member)
    }

    /// It is not sent an event now that was recorded for it: until it [catches up](Self::catch_up) its client cannot come back.
    pub(crate) fn fall_behind(&self) {
        if let Some(member) = self.member() {
            self.namespace().members().delay(member);
        }
    }

    /// It was sent an event for which it was waited.
    pub(crate) fn catch_up(&self) {
        if let Some(member) = self.member() {
            self.namespace().members().catch_up(member);
        }
    }

    /// It has become a member again, in the rooms that it was in.
    pub(crate) fn enter_again(&self, member: MemberKey) {
        self.set_member(member);
        *self.stage() = Stage::Open(Queue::connecting());
    }
}

fn join_all<T, D, R: AsRef<str>>(
    members: &mut hub::Namespace<T, D>,
    member: MemberKey,
    rooms: impl Iterator<Item = R>,
) -> Result<(), JoinError> {
    let mut result = Ok(());
    for room in rooms {
        let joined = members.join(member, room.as_ref()).map(drop);
        result = result.and(match joined {
            Err(JoinError::Gone) => Ok(()),
            joined => joined,
        });
    }
    result
}

fn leave_all<T, D, R: AsRef<str>>(
    members: &mut hub::Namespace<T, D>,
    member: MemberKey,
    rooms: impl Iterator<Item = R>,
) {
    for room in rooms {
        members.leave(member, room.as_ref());
    }
}
