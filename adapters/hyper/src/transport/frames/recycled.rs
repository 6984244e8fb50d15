//! Memory of messages, which is used again.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use bytes::Bytes;

/// Messages of so many bytes have such memory.
///
/// For smaller ones malloc has what it needs at hand. Asked for 1 KiB or more, glibc's merges all the small chunks that are free, and then
/// has to cut them again for what comes of the message: where that is many small values, it was an eighth of all that was done. For larger ones
/// too much would be kept.
const SIZES: RangeInclusive<usize> = 1_000..=32 << 10;

/// How many buffers a thread keeps for the next messages.
const KEPT: usize = 8;

thread_local! {
    static KEPT_HERE: RefCell<Kept> = const { RefCell::new(Kept { buffers: Vec::new(), next: 0 }) };
}

/// Some buffers, the latest in place of the oldest.
struct Kept {
    buffers: Vec<Vec<u8>>,
    /// Where the next one goes if there are enough.
    next: usize,
}

impl Kept {
    /// A buffer for so many bytes that does not waste more than a quarter of that: a message that waits is counted by its length.
    fn take(&mut self, len: usize) -> Option<Vec<u8>> {
        let fits = |buffer: &Vec<u8>| (len..=len + len / 4).contains(&buffer.capacity());
        let index = self.buffers.iter().position(fits)?;
        Some(self.buffers.swap_remove(index))
    }

    /// Keeps a buffer. Returns one that is kept no more.
    fn give(&mut self, buffer: Vec<u8>) -> Option<Vec<u8>> {
        if self.buffers.len() < KEPT {
            self.buffers.push(buffer);
            return None;
        }
        self.next = (self.next + 1) % KEPT;
        Some(std::mem::replace(&mut self.buffers[self.next], buffer))
    }
}

/// The memory of one message. It is given back to the thread that drops it.
struct Recycled(Vec<u8>);

impl AsRef<[u8]> for Recycled {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Recycled {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        buffer.clear();
        let _ = KEPT_HERE.try_with(|kept| kept.borrow_mut().give(buffer)); // unless the thread ends
    }
}

/// These bytes, in memory of their own.
pub(super) fn copy(bytes: &[u8]) -> Bytes {
    if !SIZES.contains(&bytes.len()) {
        return Bytes::copy_from_slice(bytes);
    }
    let kept = KEPT_HERE.try_with(|kept| kept.borrow_mut().take(bytes.len()));
    let mut buffer = kept.ok().flatten().unwrap_or_else(|| Vec::with_capacity(bytes.len()));
    buffer.extend_from_slice(bytes);
    Bytes::from_owner(Recycled(buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Vec<usize> {
        KEPT_HERE.with_borrow(|kept| kept.buffers.iter().map(Vec::capacity).collect())
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at * 7 + len) as u8).collect()
    }

    #[test]
    fn a_copy_is_what_was_copied_whatever_was_there_before() {
        for len in [0, 999, 1_000, 1_001, 1_200, 5_000, 32_768, 32_769].repeat(3) {
            let copied = copy(&bytes(len));
            assert_eq!(copied, bytes(len));
            let part = copied.slice(len / 2..);
            drop(copied);
            assert_eq!(part, bytes(len)[len / 2..]);
        }
    }

    #[test]
    fn memory_is_used_again_and_no_more_than_a_quarter_of_it_is_wasted() {
        let first = copy(&bytes(1_250));
        let at = first.as_ptr();
        drop(first);
        assert_eq!(kept(), [1_250]);
        assert_ne!(copy(&bytes(999)).as_ptr(), at, "too short");
        let short = copy(&bytes(1_000));
        assert_eq!(short.as_ptr(), at);
        let other = copy(&bytes(1_000));
        assert_ne!(other.as_ptr(), at, "it is in use");
        drop((short, other));
        let long = copy(&bytes(1_251));
        assert_ne!(long.as_ptr(), at, "there is not enough of it");
    }

    #[test]
    fn few_buffers_are_kept_and_the_latest_of_them() {
        let many: Vec<_> = (0..100).map(|more| copy(&bytes(1_000 + more * 100))).collect();
        drop(many);
        assert_eq!(kept().len(), KEPT);
        assert!(
            kept().iter().all(|&capacity| capacity >= 1_000 + (100 - KEPT) * 100),
            "{:?}",
            kept()
        );
        let small = copy(&bytes(10));
        let large = copy(&bytes(100_000));
        drop((small, large));
        assert!(kept().iter().all(|capacity| SIZES.contains(capacity)));
    }

    #[test]
    fn a_message_may_be_dropped_elsewhere() {
        let copied = copy(&bytes(2_000));
        std::thread::spawn(move || drop(copied)).join().unwrap();
        assert_eq!(kept(), [0; 0]);
    }
}
