//! Frames for the other side.

use std::io::IoSlice;

use bytes::{Buf, Bytes};

use super::header::{Header, Kind, MAX_CONTROL, MAX_HEADER};
use super::item::Close;
use super::mask;
use super::rules::Role;
use super::scratch;

/// A payload of so many bytes is written from where it is, unless there is more to write behind it: then to copy it is less than to write
/// twice.
const LARGE: usize = 16 << 10;

/// Collects what goes out until it is written.
///
/// It keeps nothing when all was written, and not much more than what was not when the connection takes no more.
#[derive(Debug)]
pub(crate) struct Writer {
    role: Role,
    /// Frames, or with `large` the last one's header.
    out: Vec<u8>,
    /// How much of that was written.
    written: usize,
    /// A payload behind it.
    large: Bytes,
}

impl Writer {
    pub(crate) const fn new(role: Role) -> Self {
        Self {
            role,
            out: Vec::new(),
            written: 0,
            large: Bytes::new(),
        }
    }

    /// Puts a message behind what waits.
    pub(crate) fn message(&mut self, kind: Kind, compressed: bool, payload: Bytes) {
        if self.role == Role::Server && payload.len() >= LARGE {
            self.frame(kind, compressed, payload.len(), &[]);
            self.large = payload;
        } else {
            self.frame(kind, compressed, payload.len(), &payload);
        }
    }

    /// Puts the answer to a ping behind what waits.
    pub(crate) fn pong(&mut self, payload: &[u8]) {
        self.frame(Kind::Pong, false, payload.len(), payload);
    }

    /// Puts the last word behind what waits.
    pub(crate) fn close(&mut self, close: Option<&Close>) {
        let mut payload = Vec::new();
        if let Some(Close { code, reason }) = close {
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(reason.as_bytes());
        }
        debug_assert!(
            payload.len() <= MAX_CONTROL,
            "the reason came in such a frame, or is none"
        );
        self.frame(Kind::Close, false, payload.len(), &payload);
    }

    /// What is to be written next.
    pub(crate) fn unwritten(&self) -> [IoSlice<'_>; 2] {
        [IoSlice::new(&self.out[self.written..]), IoSlice::new(&self.large)]
    }

    /// So many bytes of that were written.
    pub(crate) fn handle_written(&mut self, count: usize) {
        let here = count.min(self.out.len() - self.written);
        self.written += here;
        self.large.advance(count - here);
        if self.is_empty() {
            self.clear();
        }
    }

    /// Keeps what was not written in a buffer of its size: it may have to wait. A large rest stays where it is until it is a small part of
    /// its buffer, or else it would be copied for every piece that is taken of it.
    pub(crate) fn settle(&mut self) {
        let rest = &self.out[self.written..];
        let capacity = self.out.capacity();
        if rest.len() < capacity && (capacity <= scratch::MAX_WRITE || rest.len() < capacity / 4) {
            let rest = rest.to_vec();
            scratch::give_out(std::mem::replace(&mut self.out, rest));
            self.written = 0;
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        scratch::give_out(std::mem::take(&mut self.out));
        self.written = 0;
        self.large = Bytes::new();
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.out.len() - self.written + self.large.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that are held for what waits, shared payloads aside.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.out.capacity()
    }

    /// Puts a frame behind what waits, its payload as far as it is given.
    fn frame(&mut self, kind: Kind, compressed: bool, length: usize, payload: &[u8]) {
        if self.out.capacity() == 0 {
            self.out = scratch::take_out();
        }
        if !self.large.is_empty() {
            self.out.extend_from_slice(&std::mem::take(&mut self.large));
        }
        self.out.reserve(MAX_HEADER + payload.len());
        let header = Header {
            kind,
            last: true,
            compressed,
            key: (self.role == Role::Client).then(mask::key),
            length,
        };
        header.write(&mut self.out);
        let begin = self.out.len();
        self.out.extend_from_slice(payload);
        if let Some(key) = header.key {
            mask::apply(&mut self.out[begin..], key);
        }
    }
}
