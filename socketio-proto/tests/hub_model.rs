//! Whatever is done, a namespace answers as the simplest thing that could: a set of names for each room.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use socketio_proto::SocketId;
use socketio_proto::server::hub::{JoinError, MemberKey, Namespace, RoomLimits, Target};

const ROOMS_PER_MEMBER: usize = 6;

/// Ids are names of rooms as well; one of them is too long to live in place.
const NAMES: [&str; 14] = [
    "a",
    "b",
    "c",
    "d",
    "an id of more than twenty-two bytes",
    "e",
    "f",
    "r1",
    "r2",
    "r3",
    "r4",
    "r5",
    "r6",
    "",
];
const IDS: &[&str] = NAMES.split_at(7).0;

#[derive(Clone, Debug)]
enum Op {
    Insert(&'static str),
    /// The member is one of all keys ever given, so most are stale after a while.
    Remove(usize),
    Join(usize, &'static str),
    Leave(usize, &'static str),
    JoinAll(Query, Vec<&'static str>),
    LeaveAll(Query, Vec<&'static str>),
    Members(Query),
}

#[derive(Clone, Debug)]
struct Query {
    rooms: Vec<&'static str>,
    except: Vec<&'static str>,
    skip: Option<usize>,
}

fn name() -> impl Strategy<Value = &'static str> {
    select(&NAMES[..])
}

fn query() -> impl Strategy<Value = Query> {
    let skip = prop::option::of(any::<usize>());
    (vec(name(), 0..12), vec(name(), 0..4), skip).prop_map(|(rooms, except, skip)| Query { rooms, except, skip })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => select(IDS).prop_map(Op::Insert),
        2 => any::<usize>().prop_map(Op::Remove),
        8 => (any::<usize>(), name()).prop_map(|(member, room)| Op::Join(member, room)),
        4 => (any::<usize>(), name()).prop_map(|(member, room)| Op::Leave(member, room)),
        1 => (query(), vec(name(), 0..3)).prop_map(|(query, rooms)| Op::JoinAll(query, rooms)),
        1 => (query(), vec(name(), 0..3)).prop_map(|(query, rooms)| Op::LeaveAll(query, rooms)),
        4 => query().prop_map(Op::Members),
    ]
}

/// The members by number, the n-th key that was given being number n; rooms are written down in full, the own ones too.
#[derive(Default)]
struct Model {
    ids: BTreeMap<usize, &'static str>,
    rooms: BTreeMap<&'static str, BTreeSet<usize>>,
}

impl Model {
    fn remove(&mut self, member: usize) -> bool {
        for room in NAMES {
            self.leave(member, room);
        }
        self.ids.remove(&member).is_some()
    }

    fn join(&mut self, member: usize, room: &'static str) -> Result<bool, JoinError> {
        let own = *self.ids.get(&member).ok_or(JoinError::Gone)?;
        let others = self.rooms_of(member).into_iter().filter(|name| *name != own).count();
        if room != own && others == ROOMS_PER_MEMBER && !self.is_in(member, room) {
            return Err(JoinError::TooManyRooms {
                limit: ROOMS_PER_MEMBER,
            });
        }
        Ok(self.rooms.entry(room).or_default().insert(member))
    }

    fn leave(&mut self, member: usize, room: &'static str) -> bool {
        let was_in = self.rooms.get_mut(room).is_some_and(|members| members.remove(&member));
        self.rooms.retain(|_, members| !members.is_empty());
        was_in
    }

    fn is_in(&self, member: usize, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|members| members.contains(&member))
    }

    fn rooms_of(&self, member: usize) -> Vec<&'static str> {
        self.rooms
            .keys()
            .copied()
            .filter(|room| self.is_in(member, room))
            .collect()
    }

    fn members(&self, query: &Query, skip: Option<usize>) -> BTreeSet<usize> {
        let in_any = |member: usize, rooms: &[&str]| rooms.iter().any(|room| self.is_in(member, room));
        let meant = |member: &usize| query.rooms.is_empty() || in_any(*member, &query.rooms);
        let spared = |member: &usize| in_any(*member, &query.except) || skip == Some(*member);
        self.ids
            .keys()
            .copied()
            .filter(|member| meant(member) && !spared(member))
            .collect()
    }
}

/// The namespace and the model, side by side.
struct Pair {
    namespace: Namespace<usize>,
    model: Model,
    /// All that were ever given.
    keys: Vec<MemberKey>,
}

impl Pair {
    fn apply(&mut self, op: Op) {
        match op {
            Op::Insert(id) => {
                let number = self.keys.len();
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
            Op::Remove(member) => {
                let Some((number, key)) = self.pick(member) else { return };
                let mut rooms = self.model.rooms_of(number);
                rooms.retain(|room| Some(room) != self.model.ids.get(&number));
                let removed = self.namespace.remove(key);
                assert_eq!(removed.is_some(), self.model.remove(number));
                if let Some(removed) = removed {
                    assert_eq!(removed.value, number);
                    assert!(removed.rooms.iter().map(|room| &**room).eq(rooms));
                }
            }
            Op::Join(member, room) => {
                let Some((number, key)) = self.pick(member) else { return };
                assert_eq!(self.namespace.join(key, room), self.model.join(number, room));
            }
            Op::Leave(member, room) => {
                let Some((number, key)) = self.pick(member) else { return };
                assert_eq!(self.namespace.leave(key, room), self.model.leave(number, room));
            }
            Op::JoinAll(query, rooms) => {
                let (target, members) = self.resolve(&query);
                let result = self.namespace.join_all(&target, &rooms);
                let each = rooms
                    .into_iter()
                    .flat_map(|room| members.iter().map(move |member| (*member, room)));
                let failed = each
                    .filter(|(member, room)| self.model.join(*member, room).is_err())
                    .count();
                assert_eq!(result.is_err(), failed > 0);
            }
            Op::LeaveAll(query, rooms) => {
                let (target, members) = self.resolve(&query);
                self.namespace.leave_all(&target, &rooms);
                for (member, room) in members
                    .iter()
                    .flat_map(|member| rooms.iter().map(move |room| (*member, *room)))
                {
                    self.model.leave(member, room);
                }
            }
            Op::Members(query) => {
                let (target, members) = self.resolve(&query);
                let reached: Vec<_> = self.namespace.members(&target).collect();
                assert_eq!(reached.len(), members.len(), "each once");
                assert!(
                    reached.is_sorted_by_key(|member| self.place(member.key)),
                    "in order of places"
                );
                assert_eq!(
                    reached.iter().map(|member| *member.value).collect::<BTreeSet<_>>(),
                    members
                );
                assert!(
                    reached
                        .iter()
                        .all(|member| member.id.as_str() == self.model.ids[member.value])
                );
            }
        }
    }

    /// All answers that do not depend on a target.
    fn compare(&self) {
        assert_eq!(self.namespace.len(), self.model.ids.len());
        assert_eq!(self.namespace.is_empty(), self.model.ids.is_empty());
        assert!(self.namespace.room_names().eq(self.model.rooms.keys().copied()));
        for room in NAMES {
            assert_eq!(
                self.namespace.room_len(room),
                self.model.rooms.get(room).map_or(0, BTreeSet::len)
            );
            let owner = self.model.ids.iter().find(|(_, id)| **id == room);
            assert_eq!(self.namespace.find(room), owner.map(|(number, _)| self.keys[*number]));
        }
        for (number, key) in self.keys.iter().enumerate() {
            let member = self.namespace.get(*key);
            assert_eq!(
                member.map(|member| *member.value),
                self.model.ids.get(&number).map(|_| number)
            );
            assert!(self.namespace.rooms(*key).eq(self.model.rooms_of(number)));
            for room in NAMES {
                assert_eq!(self.namespace.is_in(*key, room), self.model.is_in(number, room));
            }
        }
    }

    fn pick(&self, member: usize) -> Option<(usize, MemberKey)> {
        let number = member.checked_rem(self.keys.len())?;
        Some((number, self.keys[number]))
    }

    fn resolve(&self, query: &Query) -> (Target, BTreeSet<usize>) {
        let mut target = Target::everyone();
        for room in &query.rooms {
            target = target.to(*room);
        }
        for room in &query.except {
            target = target.except(*room);
        }
        let skip = query.skip.and_then(|member| self.pick(member));
        if let Some((_, key)) = skip {
            target = target.skip(key);
        }
        (target, self.model.members(query, skip.map(|(number, _)| number)))
    }

    /// Where everyone puts the member: the order is the same for every target.
    fn place(&self, key: MemberKey) -> Option<usize> {
        self.namespace
            .members(&Target::everyone())
            .position(|member| member.key == key)
    }
}

proptest! {
    #[test]
    fn a_namespace_answers_as_the_model_does(ops in vec(op(), 1..80)) {
        let mut limits = RoomLimits::default();
        limits.rooms_per_member = ROOMS_PER_MEMBER;
        let mut pair = Pair { namespace: Namespace::new(limits), model: Model::default(), keys: Vec::new() };
        for op in ops {
            pair.apply(op);
            pair.compare();
        }
    }
}
