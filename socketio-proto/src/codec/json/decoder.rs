//! From messages to packets.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::Message;

use super::head::Head;
use crate::args::Args;
use crate::attachments::Attachments;
use crate::error::DecodeError;
use crate::json::{self, Json};
use crate::kind::PacketKind;
use crate::packet::Packet;

/// How much a packet may ask a [`Decoder`] to keep while it waits for attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderLimits {
    /// How many attachments a packet may have. 10 by default, as in Node.js: whoever announces a million and sends all but
    /// one would have us keep them. Nor may it have more placeholders: each can cost a copy of the attachment that it names.
    pub max_attachments: usize,
    /// How many bytes the attachments of a packet may have together. 10 000 000 by default: what 10 messages of the size that
    /// Engine.IO allows by default can hold, so that nothing is refused that Node.js accepts.
    pub max_attachment_bytes: usize,
}

impl Default for DecoderLimits {
    fn default() -> Self {
        Self {
            max_attachments: 10,
            max_attachment_bytes: 10_000_000,
        }
    }
}

/// Makes packets of the messages of one connection.
///
/// ```text
///             text, complete
///            ┌──► packet ──┐          binary, more to come
///            │             ▼            ┌──────────┐
///   start ─► ready ── text, attachments ► waiting ─┘
///            ▲        announced         │
///            └───────── packet ─────────┘ the last binary
/// ```
///
/// All that a packet holds are slices of its messages. After an error the connection is to be closed.
#[derive(Debug, Default)]
pub struct Decoder {
    limits: DecoderLimits,
    /// The packet that waits for attachments.
    waiting: Option<Box<Waiting>>,
}

/// A packet whose attachments are on their way.
#[derive(Debug)]
struct Waiting {
    packet: Packet,
    /// How many attachments it has in the end.
    announced: usize,
    attachments: Vec<Bytes>,
    /// How many bytes they may still have.
    bytes_left: usize,
}

impl Decoder {
    /// A decoder for a connection on which nothing was received.
    #[must_use]
    pub const fn new(limits: DecoderLimits) -> Self {
        Self { limits, waiting: None }
    }

    /// Takes the next message. A packet that has attachments comes with the last of them.
    ///
    /// # Errors
    ///
    /// The message is no packet, or not the one that had to come. What was waiting is gone.
    pub fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        match (message, self.waiting.take()) {
            (Message::Text(text), None) => self.text(&text),
            (Message::Binary(bytes), Some(waiting)) => self.attachment(bytes, waiting),
            (Message::Text(_), Some(_)) => Err(DecodeError::AttachmentExpected),
            (Message::Binary(_), None) => Err(DecodeError::UnexpectedAttachment),
        }
    }

    /// Whether the next message must be an attachment.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    fn text(&mut self, text: &ByteString) -> Result<Option<Packet>, DecodeError> {
        let head = Head::parse(text, self.limits.max_attachments)?;
        let namespace = match head.namespace {
            "/" => ByteString::from_static("/"),
            other => text.slice_ref(other),
        };
        let packet = packet(&head, namespace, text);
        if head.attachments == 0 {
            return Ok(Some(packet));
        }
        self.waiting = Some(Box::new(Waiting {
            packet,
            announced: head.attachments,
            attachments: Vec::new(),
            bytes_left: self.limits.max_attachment_bytes,
        }));
        Ok(None)
    }

    fn attachment(&mut self, bytes: Bytes, mut waiting: Box<Waiting>) -> Result<Option<Packet>, DecodeError> {
        let limit = self.limits.max_attachment_bytes;
        let left = waiting.bytes_left.checked_sub(bytes.len());
        waiting.bytes_left = left.ok_or(DecodeError::AttachmentsTooLarge { limit })?;
        waiting.attachments.push(bytes);
        if waiting.attachments.len() < waiting.announced {
            self.waiting = Some(waiting);
            return Ok(None);
        }
        let Waiting {
            mut packet,
            attachments,
            ..
        } = *waiting;
        if let Packet::Event { args, .. } | Packet::Ack { args, .. } = &mut packet {
            args.set_attachments(attachments.into());
        }
        Ok(Some(packet))
    }
}

/// The packet that `head`, whose data is somewhere in `text`, describes; its attachments are still to come.
pub(in crate::codec) fn packet(head: &Head<'_>, namespace: ByteString, text: &ByteString) -> Packet {
    const CHECKED: &str = "a head that was parsed has what its kind needs";
    let json = |data| Json::checked(text.slice_ref(data));
    match head.kind {
        PacketKind::Connect => Packet::Connect {
            namespace,
            data: head.data.map(json),
        },
        PacketKind::Disconnect => Packet::Disconnect { namespace },
        PacketKind::ConnectError => Packet::ConnectError {
            namespace,
            data: json(head.data.expect(CHECKED)),
        },
        PacketKind::Event | PacketKind::BinaryEvent => {
            let (name, elements) = head.event().expect(CHECKED);
            // Both are kept together, and counted by whoever keeps them.
            let kept = name.len() + elements.len();
            Packet::Event {
                namespace,
                id: head.id,
                event: match name {
                    Cow::Borrowed(name) => part(text, name, kept),
                    Cow::Owned(name) => name.into(),
                },
                args: args(text, elements, kept),
            }
        }
        PacketKind::Ack | PacketKind::BinaryAck => {
            let elements = json::inside_array(head.data.expect(CHECKED)).expect(CHECKED);
            Packet::Ack {
                namespace,
                id: head.id.expect(CHECKED),
                args: args(text, elements, elements.len()),
            }
        }
    }
}

fn args(text: &ByteString, elements: &str, kept: usize) -> Args {
    Args::from_parts(part(text, elements, kept), Attachments::NONE)
}

/// A part of a message of which `kept` bytes are kept: a slice, unless that would keep far more. White space and whatever else means
/// nothing may be as long as a message.
fn part(text: &ByteString, part: &str, kept: usize) -> ByteString {
    /// What keeps no more than this costs less than to copy it.
    const SMALL: usize = 4_096;
    if text.len() > SMALL && kept < text.len() / 4 {
        part.into()
    } else {
        text.slice_ref(part)
    }
}
