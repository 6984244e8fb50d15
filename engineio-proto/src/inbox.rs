//! What happened and nobody has fetched yet.

use alloc::collections::VecDeque;

use crate::Message;
use crate::payload::{self, Records};

/// Events in order. A polling body is kept as it came and read one message at a time, so that a body of many small packets
/// costs no more memory than itself.
pub(crate) struct Inbox<E>(VecDeque<Entry<E>>);

enum Entry<E> {
    Event(E),
    /// A body that was checked already.
    Body(Records),
}

impl<E: From<Message>> Inbox<E> {
    pub(crate) const fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(crate) fn push(&mut self, event: E) {
        self.0.push_back(Entry::Event(event));
    }

    pub(crate) fn push_body(&mut self, records: Records) {
        self.0.push_back(Entry::Body(records));
    }

    pub(crate) fn pop(&mut self) -> Option<E> {
        while let Some(Entry::Body(records)) = self.0.front_mut() {
            match records.next() {
                Some(record) => {
                    let message = payload::message(&record).expect("a body is checked before it is kept");
                    if let Some(message) = message {
                        return Some(message.into());
                    }
                }
                None => {
                    self.0.pop_front();
                }
            }
        }
        match self.0.pop_front() {
            Some(Entry::Event(event)) => Some(event),
            Some(Entry::Body(_)) => unreachable!("bodies at the front were read to their end above"),
            None => None,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
