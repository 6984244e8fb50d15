//! What is known of a socket.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;

/// Something may be there to be read.
pub(super) const READ: u8 = 1;
/// There may be room for what is written.
pub(super) const WRITE: u8 = 2;
/// The other side is done. That is not told again, so that one must read on until the end comes.
pub(super) const ENDS: u8 = 4;

/// Whether it is worth trying to read or to write, and who waits for that.
///
/// Whoever tries takes the readiness first, and gives it back if there may be more to do: what is told meanwhile is not lost then.
#[derive(Debug)]
pub(super) struct Readiness {
    state: AtomicU8,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Readiness {
    /// Of a socket that nobody has tried yet.
    pub(super) const fn new() -> Self {
        Self {
            state: AtomicU8::new(READ | WRITE),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
        }
    }

    /// Waits until it is worth trying, and takes that.
    pub(super) fn poll_take(&self, direction: u8, cx: &mut Context<'_>) -> Poll<()> {
        if self.take(direction) {
            return Poll::Ready(());
        }
        let waker = if direction == READ { &self.reader } else { &self.writer };
        waker.register(cx.waker());
        if self.take(direction) {
            Poll::Ready(())
        } else {
            Poll::Pending
        } // it may have been told before the waker was there
    }

    /// There may be more to do.
    pub(super) fn give_back(&self, direction: u8) {
        self.state.fetch_or(direction, Ordering::AcqRel);
    }

    /// What the operating system tells. Whoever waits for it is put to the others that are to be woken.
    pub(super) fn handle(&self, told: u8, wakers: &mut Vec<Waker>) {
        self.state.fetch_or(told, Ordering::AcqRel);
        if told & READ != 0 {
            wakers.extend(self.reader.take());
        }
        if told & WRITE != 0 {
            wakers.extend(self.writer.take());
        }
    }

    pub(super) fn ends(&self) -> bool {
        self.state.load(Ordering::Acquire) & ENDS != 0
    }

    fn take(&self, direction: u8) -> bool {
        // Only the one who takes it, and who is one for each direction, has it vanish.
        let is_there = self.state.load(Ordering::Acquire) & direction != 0;
        if is_there {
            self.state.fetch_and(!direction, Ordering::AcqRel);
        }
        is_there
    }
}
