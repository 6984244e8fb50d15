//! What happened and nobody has fetched yet.

use alloc::collections::VecDeque;

use crate::Message;
use crate::body::Body;

/// What an entry costs beside its bytes, in bytes.
const ENTRY_COST: usize = 64;

/// Events in order. A polling body is kept as it came and read one message at a time, so that a body of many small packets
/// costs no more memory than itself.
pub(crate) struct Inbox<E> {
    entries: VecDeque<Entry<E>>,
    bytes: usize,
}

struct Entry<E> {
    content: Content<E>,
    cost: usize,
}

enum Content<E> {
    Event(E),
    /// A body that was checked already.
    Body(Body),
}

impl<E: From<Message>> Inbox<E> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
        }
    }

    pub(crate) fn push(&mut self, event: E) {
        self.entries.push_back(Entry {
            content: Content::Event(event),
            cost: 0,
        });
    }

    pub(crate) fn push_message(&mut self, message: Message) {
        let cost = message.len() + ENTRY_COST;
        self.bytes += cost;
        self.entries.push_back(Entry {
            content: Content::Event(message.into()),
            cost,
        });
    }

    pub(crate) fn push_body(&mut self, body: Body) {
        let cost = body.len() + ENTRY_COST;
        self.bytes += cost;
        self.entries.push_back(Entry {
            content: Content::Body(body),
            cost,
        });
    }

    pub(crate) fn pop(&mut self) -> Option<E> {
        loop {
            if let Some(Entry {
                content: Content::Body(body),
                ..
            }) = self.entries.front_mut()
            {
                if let Some(message) = body.next_message() {
                    return Some(message.into());
                }
            }
            let Entry { content, cost } = self.entries.pop_front()?;
            self.bytes -= cost;
            if let Content::Event(event) = content {
                return Some(event);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of messages that nobody has fetched; a body counts until its last message is fetched.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}
