//! Chance, from the operating system.

use std::cell::RefCell;

/// Bytes of an id.
const ID: usize = 15;

/// Ids whose chance is fetched at a time: a system call for so many clients.
const BATCH: usize = 32;

/// 120 bits that nobody can guess: what an id is made of.
pub(crate) fn entropy() -> Result<[u8; ID], getrandom::Error> {
    POOL.with_borrow_mut(Pool::next)
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [[0; ID]; BATCH], left: 0 }) };
}

/// Chance that nobody has seen yet.
struct Pool {
    bytes: [[u8; ID]; BATCH],
    /// How many of them were not given out.
    left: usize,
}

impl Pool {
    fn next(&mut self) -> Result<[u8; ID], getrandom::Error> {
        if self.left == 0 {
            getrandom::fill(self.bytes.as_flattened_mut())?;
            self.left = BATCH;
        }
        self.left -= 1;
        Ok(std::mem::take(&mut self.bytes[self.left])) // what has become an id is kept nowhere else
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nothing_is_given_out_twice_and_no_thread_has_what_another_has() {
        let draw = || (0..3 * BATCH + 1).map(|_| entropy().unwrap()).collect::<BTreeSet<_>>();
        let mut ids = draw();
        ids.extend(std::thread::spawn(draw).join().unwrap());
        assert_eq!(ids.len(), 2 * (3 * BATCH + 1));
        assert!(!ids.contains(&[0; ID]));
    }
}
