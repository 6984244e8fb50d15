//! Buffers of a thread's, which its connections take turns with: one that has nothing to read or to write has none.

use std::cell::Cell;

/// Bytes that are read at a time.
pub(crate) const READ: usize = 64 << 10;

/// The largest buffer that is kept for what is written.
pub(super) const MAX_WRITE: usize = 128 << 10;

thread_local! {
    static FOR_READING: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static FOR_WRITING: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends a buffer of [`READ`] bytes, which has what the one before has left in it.
pub(crate) fn with_buffer<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buffer = take(&FOR_READING);
    if buffer.is_empty() {
        buffer = vec![0; READ];
    }
    let result = read(&mut buffer);
    give(&FOR_READING, buffer);
    result
}

/// An empty buffer for what is to be written.
pub(super) fn take_out() -> Vec<u8> {
    take(&FOR_WRITING)
}

/// Gives such a buffer back.
pub(super) fn give_out(mut buffer: Vec<u8>) {
    if buffer.capacity() <= MAX_WRITE {
        buffer.clear();
        give(&FOR_WRITING, buffer);
    }
}

/// What is there: nothing, if someone else has it, or the thread ends.
fn take(place: &'static std::thread::LocalKey<Cell<Vec<u8>>>) -> Vec<u8> {
    place.try_with(Cell::take).unwrap_or_default()
}

fn give(place: &'static std::thread::LocalKey<Cell<Vec<u8>>>, buffer: Vec<u8>) {
    let _ = place.try_with(|place| place.set(buffer));
}
