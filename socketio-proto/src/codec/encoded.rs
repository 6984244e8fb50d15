//! A packet encoded once, for any number of receivers.

use alloc::sync::Arc;

use bytes::Bytes;
use engineio_proto::Frame;

use crate::attachments::Attachments;

/// One encoded packet: the frames that an Engine.IO connection sends for it, together and in their order.
///
/// A clone copies nothing: a broadcast is one `Encoded`, and for each receiver a reference count a frame.
///
/// Its constructors write as the default parser does, a [`Parser`](crate::Parser) as it was told to, and
/// [`from_frames`](Self::from_frames) takes what anybody else has written.
#[derive(Clone, Debug)]
pub struct Encoded {
    first: Frame,
    rest: Rest,
}

/// The frames behind the first.
#[derive(Clone, Debug)]
enum Rest {
    /// Those of the default parser, shared with the arguments that they came from.
    Attachments(Attachments),
    /// Those of another.
    Frames(Arc<[Frame]>),
}

#[expect(clippy::len_without_is_empty, reason = "a packet is never empty")]
impl Encoded {
    /// A packet that a [parser of one's own](crate::PacketParser) has written, which is one frame at least.
    #[must_use]
    pub fn from_frames(first: Frame, rest: impl IntoIterator<Item = Frame>) -> Self {
        let mut rest = rest.into_iter().peekable();
        let rest = match rest.peek() {
            None => Rest::Attachments(Attachments::NONE),
            Some(_) => Rest::Frames(rest.collect()),
        };
        Self { first, rest }
    }

    pub(super) const fn with_attachments(first: Frame, attachments: Attachments) -> Self {
        Self {
            first,
            rest: Rest::Attachments(attachments),
        }
    }

    /// Says whether the transport may compress it, all its frames: see [`Frame::with_compression`].
    #[must_use]
    pub fn with_compression(self, compress: bool) -> Self {
        let rest = match self.rest {
            Rest::Frames(frames) => {
                let frames = frames.iter().cloned();
                Rest::Frames(frames.map(|frame| frame.with_compression(compress)).collect())
            }
            attachments @ Rest::Attachments(_) => attachments, // they do as the first
        };
        Self {
            first: self.first.with_compression(compress),
            rest,
        }
    }

    /// The frames to send: with the default parser first the packet, then its attachments.
    pub fn frames(&self) -> impl Iterator<Item = Frame> + Clone + '_ {
        (0..self.frame_count()).map(|index| self.frame(index))
    }

    /// How many frames it is.
    #[must_use]
    pub fn frame_count(&self) -> usize {
        1 + match &self.rest {
            Rest::Attachments(attachments) => attachments.len(),
            Rest::Frames(frames) => frames.len(),
        }
    }

    /// Bytes in all frames, as [`Frame::len`] counts them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len()
            + match &self.rest {
                Rest::Attachments(attachments) => attachments.iter().map(Bytes::len).sum::<usize>(),
                Rest::Frames(frames) => frames.iter().map(Frame::len).sum(),
            }
    }

    /// The frame, if it is only one; otherwise the packet again.
    pub(crate) fn into_only_frame(self) -> Result<Frame, Self> {
        match self.frame_count() {
            1 => Ok(self.first),
            _ => Err(self),
        }
    }

    /// The frame that says what the packet is.
    pub(super) const fn first(&self) -> &Frame {
        &self.first
    }

    /// The frames behind it, if the default parser wrote them.
    pub(super) const fn attachments(&self) -> Option<&Attachments> {
        match &self.rest {
            Rest::Attachments(attachments) => Some(attachments),
            Rest::Frames(_) => None,
        }
    }

    fn frame(&self, index: usize) -> Frame {
        let Some(index) = index.checked_sub(1) else {
            return self.first.clone();
        };
        match &self.rest {
            Rest::Attachments(attachments) => {
                Frame::binary(attachments[index].clone()).with_compression(self.first.is_compressible())
            }
            Rest::Frames(frames) => frames[index].clone(),
        }
    }
}

impl From<&Self> for Encoded {
    fn from(packet: &Self) -> Self {
        packet.clone()
    }
}

impl PartialEq for Encoded {
    fn eq(&self, other: &Self) -> bool {
        self.frames().eq(other.frames())
    }
}

impl Eq for Encoded {}
