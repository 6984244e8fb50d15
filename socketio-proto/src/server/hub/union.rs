//! Sets of members by their places in the array: a few rooms side by side, each member of them once, in ascending order.

use alloc::collections::{BTreeSet, btree_set};
use alloc::vec::{self, Vec};

/// Those in one room, or the one whose own room it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Occupants<'a> {
    One(u32),
    All(&'a BTreeSet<u32>),
}

impl<'a> Occupants<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::All(all) => all.len(),
        }
    }

    fn cursor(self) -> Cursor<'a> {
        match self {
            Self::One(one) => Cursor {
                next: Some(one),
                room: None,
            },
            Self::All(all) => {
                let mut rest = all.range(..);
                Cursor {
                    next: rest.next().copied(),
                    room: Some((all, rest)),
                }
            }
        }
    }
}

/// The union of rooms, to be walked or asked. Up to eight, which is nearly always, are read where they are, the least of
/// what they have next being the next of the union; of more a sorted list is made.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be an allocation in the common case, to spare the rare one"
)]
pub(super) enum Union<'a> {
    Few { cursors: [Cursor<'a>; FEW], len: usize },
    Many(vec::IntoIter<u32>),
}

const FEW: usize = 8;

impl<'a> Union<'a> {
    pub(super) fn new(rooms: impl IntoIterator<Item = Occupants<'a>>) -> Self {
        let mut rooms = rooms.into_iter().map(Occupants::cursor);
        let mut cursors: [Cursor<'a>; FEW] = Default::default();
        let mut len = 0;
        while let Some(cursor) = rooms.next() {
            if len == FEW {
                let mut all: Vec<u32> = cursors.into_iter().chain([cursor]).chain(rooms).flatten().collect();
                all.sort_unstable();
                all.dedup();
                return Self::Many(all.into_iter());
            }
            cursors[len] = cursor;
            len += 1;
        }
        Self::Few { cursors, len }
    }

    /// Whether `index` is in it, asked in ascending order: what lies below is passed for good.
    pub(super) fn seek(&mut self, index: u32) -> bool {
        match self {
            Self::Few { cursors, len } => cursors[..*len].iter_mut().any(|cursor| cursor.seek(index)),
            Self::Many(all) => {
                while all.as_slice().first().is_some_and(|other| *other < index) {
                    all.next();
                }
                all.as_slice().first() == Some(&index)
            }
        }
    }
}

impl Iterator for Union<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Few { cursors, len } => {
                let cursors = &mut cursors[..*len];
                if let [only] = cursors {
                    return only.next(); // a broadcast to one room
                }
                let least = cursors.iter().filter_map(|cursor| cursor.next).min()?;
                for cursor in cursors {
                    if cursor.next == Some(least) {
                        cursor.advance();
                    }
                }
                Some(least)
            }
            Self::Many(all) => all.next(),
        }
    }
}

/// A place in one room, its next member in hand.
#[derive(Clone, Debug, Default)]
pub(super) struct Cursor<'a> {
    next: Option<u32>,
    /// The room, and what comes after the next one; nothing if it is of one alone.
    room: Option<(&'a BTreeSet<u32>, btree_set::Range<'a, u32>)>,
}

impl Cursor<'_> {
    /// Steps to take before a search is the shorter way: a room is walked beside one of its size, and leapt through beside
    /// a small one.
    const STRIDE: usize = 8;

    fn advance(&mut self) {
        self.next = self.room.as_mut().and_then(|(_, rest)| rest.next().copied());
    }

    /// Goes on to `index` or beyond; whether it is there.
    fn seek(&mut self, index: u32) -> bool {
        for _ in 0..Self::STRIDE {
            match self.next {
                Some(next) if next < index => self.advance(),
                next => return next == Some(index),
            }
        }
        if let Some((all, rest)) = &mut self.room {
            *rest = all.range(index..);
        }
        self.advance();
        self.next == Some(index)
    }
}

impl Iterator for Cursor<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let next = self.next?;
        self.advance();
        Some(next)
    }
}
