//! An allocator that counts.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what the current thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// What it has allocated and not given back. Less than nothing if it gives back what others have allocated.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// The most that it has held since somebody began to look.
    static MOST: Cell<isize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is handed to the system's allocator as it came; counting touches nothing that allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller keeps the contract of this very method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(1, new_size, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

/// How often `work` allocates.
pub(crate) fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// How many bytes `work` holds at most at a time, beyond what is held already.
pub(crate) fn peak(work: impl FnOnce()) -> usize {
    let before = HELD.get();
    MOST.set(before);
    work();
    (MOST.get() - before).unsigned_abs()
}

/// How many bytes are held for what `work` returns.
pub(crate) fn kept<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    let kept = work();
    (kept, (HELD.get() - before).unsigned_abs())
}

fn count(allocations: usize, taken: usize, given_back: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + allocations);
    HELD.set(HELD.get() + taken as isize);
    MOST.set(MOST.get().max(HELD.get()));
    HELD.set(HELD.get() - given_back as isize);
}
