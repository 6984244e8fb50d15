//! To whom: rooms, rooms that are excepted, and the one who speaks.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::MemberKey;

/// To whom something is addressed: a value that names no member of any namespace yet, to be built once, kept, cloned, sent
/// to another server, and resolved by [`Namespace::members`](super::Namespace::members) as often as needed.
///
/// A name is that of a room or the id of a socket; a name that nobody answers to is nobody, not an error.
///
/// ```
/// use socketio_proto::server::hub::Target;
///
/// let staff = Target::everyone().to("staff");
/// let staff_on_call = staff.clone().except("on holiday").except("off duty");
/// assert_eq!(staff.rooms().len() + staff.excepted().len(), 1);
/// assert_eq!(staff_on_call.excepted().len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Empty means everyone.
    rooms: Vec<Arc<str>>,
    except: Vec<Arc<str>>,
    skip: Option<MemberKey>,
}

impl Target {
    /// The whole namespace, until a room is named.
    #[must_use]
    pub const fn everyone() -> Self {
        Self {
            rooms: Vec::new(),
            except: Vec::new(),
            skip: None,
        }
    }

    /// Also those in `room` (JavaScript's `to` and `in`). The first name narrows everyone to that room, each further one
    /// adds to it. Whoever is in several of them is reached once.
    #[must_use]
    pub fn to(mut self, room: impl Into<Arc<str>>) -> Self {
        self.rooms.push(room.into());
        self
    }

    /// But not those in `room`, whatever else they are in.
    #[must_use]
    pub fn except(mut self, room: impl Into<Arc<str>>) -> Self {
        self.except.push(room.into());
        self
    }

    /// But not this member: the one who speaks, when the others are to hear it. By key and not by the room of its id,
    /// since it can leave that room and others can join it. The last one stays.
    #[must_use]
    pub const fn skip(mut self, member: MemberKey) -> Self {
        self.skip = Some(member);
        self
    }

    /// The rooms, in the order in which they were named; empty for everyone.
    #[must_use]
    pub fn rooms(&self) -> &[Arc<str>] {
        &self.rooms
    }

    /// The rooms excepted, in the order in which they were named.
    #[must_use]
    pub fn excepted(&self) -> &[Arc<str>] {
        &self.except
    }

    /// The member left out.
    #[must_use]
    pub const fn skipped(&self) -> Option<MemberKey> {
        self.skip
    }
}
