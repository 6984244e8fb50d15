//! A namespace beside the simplest thing that could be one: a set of names for each room.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use socketio_proto::SocketId;
use socketio_proto::server::hub::{JoinError, MemberKey, Namespace, RoomLimits, Target};

const ROOMS_PER_MEMBER: usize = 6;
const NAME_BYTES: usize = 40;

/// Ids are names of rooms as well: the first eight are ids. One does not fit in place, one is longer than a room may be.
const NAMES: [&str; 20] = [
    "a",
    "b",
    "c",
    "d",
    "an id of more than twenty-two bytes",
    "e",
    "f",
    "",
    "r1",
    "r2",
    "r3",
    "r4",
    "r5",
    "r6",
    "r7",
    "r8",
    "r9",
    "r10",
    "é",
    "the name of a room that is longer than it may be",
];
const IDS: usize = 8;

#[derive(Arbitrary, Debug)]
enum Operation {
    Insert(Name),
    /// The member is one of all keys ever given, so most are stale after a while.
    Remove(u8),
    Join(u8, Name),
    Leave(u8, Name),
    JoinAll(Query, Vec<Name>),
    LeaveAll(Query, Vec<Name>),
    Members(Query),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Name(u8);

impl Name {
    fn text(self) -> &'static str {
        NAMES[usize::from(self.0) % NAMES.len()]
    }
}

#[derive(Arbitrary, Debug)]
struct Query {
    rooms: Vec<Name>,
    except: Vec<Name>,
    skip: Option<u8>,
}

fuzz_target!(|operations: Vec<Operation>| {
    let mut limits = RoomLimits::default();
    limits.rooms_per_member = ROOMS_PER_MEMBER;
    limits.name_bytes = NAME_BYTES;
    let mut pair = Pair {
        namespace: Namespace::new(limits),
        model: Model::default(),
        keys: Vec::new(),
    };
    for operation in &operations {
        pair.apply(operation);
    }
    pair.compare();
    for key in pair.keys.clone() {
        pair.namespace.remove(key);
    }
    assert!(pair.namespace.is_empty());
    assert_eq!(pair.namespace.room_names().count(), 0);
});

/// The members by number, the n-th key that was given being number n; rooms are written down in full, the own ones too.
#[derive(Default)]
struct Model {
    ids: BTreeMap<usize, &'static str>,
    rooms: BTreeMap<&'static str, BTreeSet<usize>>,
}

impl Model {
    fn join(&mut self, member: usize, room: &'static str) -> Result<bool, JoinError> {
        let own = *self.ids.get(&member).ok_or(JoinError::Gone)?;
        if room != own && room.len() > NAME_BYTES {
            return Err(JoinError::NameTooLong {
                len: room.len(),
                limit: NAME_BYTES,
            });
        }
        let others = self.rooms_of(member).filter(|name| *name != own).count();
        if room != own && others == ROOMS_PER_MEMBER && !self.is_in(member, room) {
            return Err(JoinError::TooManyRooms {
                limit: ROOMS_PER_MEMBER,
            });
        }
        Ok(self.rooms.entry(room).or_default().insert(member))
    }

    fn leave(&mut self, member: usize, room: &str) -> bool {
        let was_in = self.rooms.get_mut(room).is_some_and(|members| members.remove(&member));
        self.rooms.retain(|_, members| !members.is_empty());
        was_in
    }

    fn remove(&mut self, member: usize) -> bool {
        for room in NAMES {
            self.leave(member, room);
        }
        self.ids.remove(&member).is_some()
    }

    fn is_in(&self, member: usize, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|members| members.contains(&member))
    }

    fn rooms_of(&self, member: usize) -> impl Iterator<Item = &'static str> {
        let rooms = self.rooms.iter().filter(move |(_, members)| members.contains(&member));
        rooms.map(|(room, _)| *room)
    }

    fn members(&self, query: &Query, skip: Option<usize>) -> BTreeSet<usize> {
        let in_any = |member: usize, rooms: &[Name]| rooms.iter().any(|room| self.is_in(member, room.text()));
        let meant = |member: &usize| query.rooms.is_empty() || in_any(*member, &query.rooms);
        let spared = |member: &usize| in_any(*member, &query.except) || skip == Some(*member);
        let members = self.ids.keys().copied();
        members.filter(|member| meant(member) && !spared(member)).collect()
    }
}

/// The namespace and the model, side by side.
struct Pair {
    namespace: Namespace<usize>,
    model: Model,
    keys: Vec<MemberKey>,
}

impl Pair {
    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Insert(name) => {
                let (number, id) = (self.keys.len(), NAMES[usize::from(name.0) % IDS]);
                let taken = self.model.ids.values().any(|other| *other == id);
                match self.namespace.insert(SocketId::new(id), number) {
                    Ok(key) => {
                        assert!(!taken);
                        self.keys.push(key);
                        self.model.ids.insert(number, id);
                        self.model.join(number, id).expect("the own room is free");
                    }
                    Err(error) => assert!(taken && error.id.as_str() == id && error.value == number),
                }
            }
            Operation::Remove(member) => {
                let Some((number, key)) = self.pick(*member) else {
                    return;
                };
                let own = self.model.ids.get(&number).copied();
                let rooms: Vec<_> = self.model.rooms_of(number).filter(|room| Some(*room) != own).collect();
                let removed = self.namespace.remove(key);
                assert_eq!(removed.is_some(), self.model.remove(number));
                if let Some(removed) = removed {
                    assert_eq!(removed.value, number);
                    assert!(removed.rooms.iter().map(|room| &**room).eq(rooms));
                }
            }
            Operation::Join(member, room) => {
                let Some((number, key)) = self.pick(*member) else {
                    return;
                };
                let joined = self.namespace.join(key, room.text());
                assert_eq!(joined, self.model.join(number, room.text()));
            }
            Operation::Leave(member, room) => {
                let Some((number, key)) = self.pick(*member) else {
                    return;
                };
                let left = self.namespace.leave(key, room.text());
                assert_eq!(left, self.model.leave(number, room.text()));
            }
            Operation::JoinAll(query, rooms) => {
                let (target, members) = self.resolve(query);
                let result = self.namespace.join_all(&target, rooms.iter().map(|room| room.text()));
                let mut failed = 0;
                for room in rooms {
                    for member in &members {
                        failed += usize::from(self.model.join(*member, room.text()).is_err());
                    }
                }
                assert_eq!(result.is_err(), failed > 0);
            }
            Operation::LeaveAll(query, rooms) => {
                let (target, members) = self.resolve(query);
                self.namespace.leave_all(&target, rooms.iter().map(|room| room.text()));
                for room in rooms {
                    for member in &members {
                        self.model.leave(*member, room.text());
                    }
                }
            }
            Operation::Members(query) => {
                let (target, members) = self.resolve(query);
                let reached: Vec<_> = self.namespace.members(&target).map(|member| *member.value).collect();
                assert_eq!(reached.len(), members.len(), "each once");
                assert_eq!(reached.into_iter().collect::<BTreeSet<_>>(), members);
            }
        }
    }

    /// All answers that do not depend on a target.
    fn compare(&self) {
        assert_eq!(self.namespace.len(), self.model.ids.len());
        assert!(self.namespace.room_names().eq(self.model.rooms.keys().copied()));
        for room in NAMES {
            let len = self.model.rooms.get(room).map_or(0, BTreeSet::len);
            assert_eq!(self.namespace.room_len(room), len);
            let owner = self.model.ids.iter().find(|(_, id)| **id == room);
            assert_eq!(self.namespace.find(room), owner.map(|(number, _)| self.keys[*number]));
        }
        for (number, key) in self.keys.iter().enumerate() {
            let member = self.namespace.get(*key);
            assert_eq!(member.is_some(), self.model.ids.contains_key(&number));
            assert!(member.is_none_or(|member| *member.value == number));
            assert!(self.namespace.rooms(*key).eq(self.model.rooms_of(number)));
        }
    }

    fn pick(&self, member: u8) -> Option<(usize, MemberKey)> {
        let number = usize::from(member).checked_rem(self.keys.len())?;
        Some((number, self.keys[number]))
    }

    fn resolve(&self, query: &Query) -> (Target, BTreeSet<usize>) {
        let mut target = Target::everyone();
        for room in &query.rooms {
            target = target.to(room.text());
        }
        for room in &query.except {
            target = target.except(room.text());
        }
        let skip = query.skip.and_then(|member| self.pick(member));
        if let Some((_, key)) = skip {
            target = target.skip(key);
        }
        (target, self.model.members(query, skip.map(|(number, _)| number)))
    }
}
