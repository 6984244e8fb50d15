//! Masks, RFC 6455, section 5.3: clients send nothing that a page could have chosen the bytes of, for the sake of proxies.

use std::cell::RefCell;

/// Bytes of chance that are fetched at a time: a system call for so many frames.
const BATCH: usize = 1024;

/// Applies a key to a payload, or takes it away: the same.
pub(super) fn apply(payload: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut words = payload.chunks_exact_mut(8);
    for bytes in &mut words {
        let masked = u64::from_ne_bytes((&*bytes).try_into().expect("8 bytes")) ^ word;
        bytes.copy_from_slice(&masked.to_ne_bytes());
    }
    let mut halves = words.into_remainder().chunks_exact_mut(4);
    for bytes in &mut halves {
        let masked = u32::from_ne_bytes((&*bytes).try_into().expect("4 bytes")) ^ u32::from_ne_bytes(key);
        bytes.copy_from_slice(&masked.to_ne_bytes());
    }
    for (byte, key) in halves.into_remainder().iter_mut().zip(key) {
        *byte ^= key;
    }
}

/// The key for what comes behind the first bytes of a payload.
pub(super) const fn behind(mut key: [u8; 4], bytes: usize) -> [u8; 4] {
    let [a, b, c, d] = key;
    match bytes % 4 {
        1 => key = [b, c, d, a],
        2 => key = [c, d, a, b],
        3 => key = [d, a, b, c],
        _ => {}
    }
    key
}

/// A key that nobody can guess.
pub(super) fn key() -> [u8; 4] {
    KEYS.with_borrow_mut(Keys::next)
}

thread_local! {
    static KEYS: RefCell<Keys> = const { RefCell::new(Keys { bytes: [0; BATCH], left: 0 }) };
}

struct Keys {
    bytes: [u8; BATCH],
    /// How many of the bytes were not used.
    left: usize,
}

impl Keys {
    fn next(&mut self) -> [u8; 4] {
        if self.left == 0 {
            getrandom::fill(&mut self.bytes).expect("the system has had chance before, for the handshake");
            self.left = BATCH;
        }
        let (rest, key) = self.bytes[..self.left].split_last_chunk().expect("a multiple of 4");
        self.left = rest.len();
        *key
    }
}
