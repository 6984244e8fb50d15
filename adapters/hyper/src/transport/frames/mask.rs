//! Masks, RFC 6455, section 5.3: clients send nothing that a page could have chosen the bytes of, for the sake of proxies.

use std::cell::RefCell;

/// Bytes of chance that are fetched at a time: a system call for so many frames.
const BATCH: usize = 1024;

/// Bytes that are masked at a time: in registers, if the processor has such.
const STEP: usize = 32;

/// Applies a key to a payload, or takes it away: the same.
pub(super) fn apply(payload: &mut [u8], key: [u8; 4]) {
    let keys: [u8; STEP] = std::array::from_fn(|index| key[index % 4]);
    let mut steps = payload.chunks_exact_mut(STEP);
    for bytes in &mut steps {
        xor(bytes, &keys);
    }
    let mut words = steps.into_remainder().chunks_exact_mut(4);
    for bytes in &mut words {
        xor(bytes, &key);
    }
    xor(words.into_remainder(), &key);
}

#[inline]
fn xor(bytes: &mut [u8], keys: &[u8]) {
    for (byte, key) in bytes.iter_mut().zip(keys) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_masked_with_its_own_of_the_key() {
        let key = [1, 20, 100, 255];
        for length in 0..3 * STEP {
            let payload: Vec<u8> = (0..length).map(|index| (7 * index) as u8).collect();
            let mut masked = payload.clone();
            apply(&mut masked, key);
            let one_by_one: Vec<u8> = (0..length).map(|index| payload[index] ^ key[index % 4]).collect();
            assert_eq!(masked, one_by_one);
        }
    }
}
