//! What a namespace takes from the allocator: nothing to answer, little for a member that waits.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use socketio_proto::SocketId;
use socketio_proto::server::hub::{Namespace, RoomLimits, Target};

/// Counts for each thread, so that tests side by side do not see each other.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came; the counters neither allocate nor have a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size() as isize);
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get() - layout.size() as isize);
        // SAFETY: the pointer is from `alloc` above, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn id(number: usize) -> SocketId {
    let mut entropy = [0; 15];
    entropy[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    SocketId::from_entropy(entropy)
}

#[test]
fn members_does_not_allocate_for_eight_rooms_and_eight_exceptions() {
    let mut namespace = Namespace::default();
    let rooms: Vec<_> = (0..8).map(|room| format!("room-{room}")).collect();
    for number in 0..100 {
        let key = namespace.insert(id(number), number).unwrap();
        namespace.join(key, &rooms[number % 8]).unwrap();
    }
    let mut targets = vec![Target::everyone(), Target::everyone().to(&id(7))];
    for room in &rooms {
        targets.push(targets[0].clone().to(&**room));
        targets.push(targets[targets.len() - 2].clone().except(&**room));
    }
    targets.push(
        rooms
            .iter()
            .fold(Target::everyone(), |target, room| target.to(&**room).except("nobody")),
    );

    let before = ALLOCATIONS.get();
    let reached: usize = targets.iter().map(|target| namespace.members(target).count()).sum();
    assert_eq!(ALLOCATIONS.get(), before);
    assert!(reached > 100);
}

#[test]
fn a_member_without_rooms_takes_less_than_300_bytes() {
    for members in [1_000, 5_000, 10_000, 16_385] {
        let before = BYTES.get();
        let mut namespace = Namespace::default();
        for number in 0..members {
            namespace.insert(id(number), Arc::new(())).unwrap();
        }
        let values = members * size_of::<[usize; 2]>();
        let bytes = usize::try_from(BYTES.get() - before).unwrap() - values;
        println!("{members} members: {} bytes each", bytes / members);
        assert!(bytes / members < 300);
    }
}

#[test]
fn a_member_that_joins_all_it_may_stays_within_what_the_limits_promise() {
    let limits = RoomLimits::default();
    for (len, promised) in [(20, 300 * limits.rooms_per_member), (limits.name_bytes, 15_000_000)] {
        let mut namespace = Namespace::default();
        let key = namespace.insert(id(0), ()).unwrap();
        let before = BYTES.get();
        for room in 0..limits.rooms_per_member {
            namespace.join(key, &format!("{room:0len$}")).unwrap();
        }
        let bytes = usize::try_from(BYTES.get() - before).unwrap();
        println!("names of {len} bytes: {} bytes a room", bytes / limits.rooms_per_member);
        assert!(bytes < promised);
    }
}

#[test]
fn an_empty_namespace_keeps_nothing() {
    let before = BYTES.get();
    let mut namespace = Namespace::default();
    for _ in 0..2 {
        let keys = [1, 2, 3].map(|number| namespace.insert(id(number), number).unwrap());
        for key in keys {
            namespace.join(key, "room").unwrap();
        }
        for key in keys {
            namespace.remove(key);
        }
        assert_eq!(BYTES.get(), before);
    }
}
