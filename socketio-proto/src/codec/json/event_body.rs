//! The part of an event that is the same for every receiver.

use bytestring::ByteString;

use super::encode::{frame, write_event};
use crate::args::{Sink, ToArgs};
use crate::attachments::Attachments;
use crate::codec::encoded::Encoded;
use crate::error::EncodeError;
use crate::kind::PacketKind;
use crate::packet::AckId;

/// The name of an event and its arguments, encoded once for packets that differ in their namespace or in the id of their
/// acknowledgement, as those of a broadcast that asks for answers do.
///
/// Where neither differs, clone an [`Encoded`] instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBody {
    payload: ByteString,
    attachments: Attachments,
}

impl EventBody {
    /// Encodes an event.
    ///
    /// # Errors
    ///
    /// The event's name is reserved, or an argument cannot be written.
    pub fn new(event: &str, args: &(impl ToArgs + ?Sized)) -> Result<Self, EncodeError> {
        let mut sink = Sink::default();
        write_event(&mut sink, event, args)?;
        let attachments = sink.finish()?;
        Ok(Self {
            payload: sink.json.take(),
            attachments,
        })
    }

    /// The packet that carries it. Its text is copied, its attachments are shared.
    #[must_use]
    pub fn encode(&self, namespace: &str, id: Option<AckId>) -> Encoded {
        let kind = if self.attachments.is_empty() {
            PacketKind::Event
        } else {
            PacketKind::BinaryEvent
        };
        let first = frame(kind, self.attachments.len(), namespace, id, &self.payload);
        Encoded::with_attachments(first, self.attachments.clone())
    }
}
