//! A packet encoded once, for any number of receivers.

use core::iter;

use bytes::Bytes;
use engineio_proto::Frame;

use crate::attachments::Attachments;

/// One encoded packet: the frames that an Engine.IO connection sends for it, together and in their order.
///
/// A clone copies nothing: a broadcast is one `Encoded`, and for each receiver a reference count a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    first: Frame,
    attachments: Attachments,
}

#[expect(clippy::len_without_is_empty, reason = "a packet is never empty")]
impl Encoded {
    pub(super) const fn new(first: Frame, attachments: Attachments) -> Self {
        Self { first, attachments }
    }

    /// The frame that says what the packet is.
    pub(super) const fn first(&self) -> &Frame {
        &self.first
    }

    /// The frames behind it.
    pub(super) const fn attachments(&self) -> &Attachments {
        &self.attachments
    }

    /// The frames to send: first the packet, then its attachments.
    pub fn frames(&self) -> impl Iterator<Item = Frame> + Clone + '_ {
        iter::once(self.first.clone()).chain(self.attachments.iter().cloned().map(Frame::binary))
    }

    /// How many frames it is.
    #[must_use]
    pub fn frame_count(&self) -> usize {
        1 + self.attachments.len()
    }

    /// Bytes in all frames, as [`Frame::len`] counts them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }
}
