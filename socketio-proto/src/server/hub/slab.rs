//! Where the members are: in one array, so that a room of thousands is walked from line to line of the cache.

use alloc::vec::Vec;
use core::mem;

use super::MemberKey;

/// An array with holes. A new value fills the latest hole; its key says which of all values that were ever at that place it
/// means, by a number that is never given twice.
#[derive(Clone, Debug)]
pub(super) struct Slab<V> {
    slots: Vec<Slot<V>>,
    /// The latest hole; each hole knows the one before it.
    hole: Option<u32>,
    /// The serial of the next value.
    serial: u64,
}

#[derive(Clone, Debug)]
enum Slot<V> {
    Hole { before: Option<u32> },
    Value { serial: u64, value: V },
}

impl<V> Slab<V> {
    /// Nothing yet; the first key gets the number `serial`.
    pub(super) const fn starting_at(serial: u64) -> Self {
        Self {
            slots: Vec::new(),
            hole: None,
            serial,
        }
    }

    pub(super) fn insert(&mut self, value: V) -> MemberKey {
        let serial = self.serial;
        self.serial += 1;
        let slot = Slot::Value { serial, value };
        let index = match self.hole {
            Some(index) => {
                let Slot::Hole { before } = mem::replace(&mut self.slots[index as usize], slot) else {
                    unreachable!("the list of holes names holes only")
                };
                self.hole = before;
                index
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).expect("memory ends long before 2³² members")
            }
        };
        MemberKey { serial, index }
    }

    pub(super) fn remove(&mut self, key: MemberKey) -> Option<V> {
        self.get(key)?;
        let hole = Slot::Hole { before: self.hole };
        self.hole = Some(key.index);
        match mem::replace(&mut self.slots[key.index as usize], hole) {
            Slot::Value { value, .. } => Some(value),
            Slot::Hole { .. } => unreachable!("there was a value a line ago"),
        }
    }

    pub(super) fn get_mut(&mut self, key: MemberKey) -> Option<&mut V> {
        match self.slots.get_mut(key.index as usize)? {
            Slot::Value { serial, value } if *serial == key.serial => Some(value),
            _ => None,
        }
    }

    pub(super) fn get(&self, key: MemberKey) -> Option<&V> {
        match self.slots.get(key.index as usize)? {
            Slot::Value { serial, value } if *serial == key.serial => Some(value),
            _ => None,
        }
    }

    /// The value at `index` and its key. There must be one.
    pub(super) fn at(&self, index: u32) -> (MemberKey, &V) {
        match &self.slots[index as usize] {
            Slot::Value { serial, value } => (MemberKey { serial: *serial, index }, value),
            Slot::Hole { .. } => unreachable!("whoever is removed leaves every room and every index first"),
        }
    }

    pub(super) const fn next_serial(&self) -> u64 {
        self.serial
    }
}
