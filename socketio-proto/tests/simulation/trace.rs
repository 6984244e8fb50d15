//! What has happened, as a number that two runs can be compared by, and the end of it for people.

use std::collections::VecDeque;
use std::fmt;

use engineio_proto::Instant;

/// How much is kept for people.
const KEPT: usize = 80;

#[derive(Debug)]
pub struct Trace {
    hash: u64,
    count: u64,
    last: VecDeque<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Instant,
    what: &'static str,
    who: usize,
    detail: u64,
}

impl Trace {
    pub const fn new() -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            count: 0,
            last: VecDeque::new(),
        }
    }

    /// Something happens to the `who`th of its kind.
    pub fn note(&mut self, at: Instant, what: &'static str, who: usize, detail: u64) {
        let micros = u64::try_from(at.since_origin().as_micros()).expect("runs are short");
        for number in [micros, what.len() as u64, who as u64, detail] {
            self.mix(number);
        }
        self.count += 1;
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(Entry { at, what, who, detail });
    }

    /// Bytes are said.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.mix(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }

    /// The same for two runs that were the same.
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// How much has happened.
    pub const fn count(&self) -> u64 {
        self.count
    }

    const fn mix(&mut self, number: u64) {
        self.hash = (self.hash.rotate_left(5) ^ number).wrapping_mul(0x0100_0000_01b3_0101);
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Entry { at, what, who, detail } in &self.last {
            writeln!(f, "{at:?} {what} {who} ({detail})")?;
        }
        Ok(())
    }
}
