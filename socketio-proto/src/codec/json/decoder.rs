//! From messages to packets.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::Message;

use super::head::{EventParts, Head};
use crate::args::Args;
use crate::error::DecodeError;
use crate::json::{self, Json};
use crate::kind::PacketKind;
use crate::packet::Packet;
use crate::part::{Part, range_of};

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
            (Message::Text(text), None) => self.text(text),
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

    fn text(&mut self, text: ByteString) -> Result<Option<Packet>, DecodeError> {
        let (head, event) = Head::parse_with_event(&text, self.limits.max_attachments)?;
        let namespace = match head.namespace {
            "/" => ByteString::from_static("/"),
            other => text.slice_ref(other),
        };
        let announced = head.attachments;
        let (mut packet, elements) = packet(&head, event, namespace, &text);
        keep(&mut packet, text, elements);
        if announced == 0 {
            return Ok(Some(packet));
        }
        self.waiting = Some(Box::new(Waiting {
            packet,
            announced,
            attachments: Vec::with_capacity(announced.min(USUAL)),
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
        if let Some(args) = packet.args_mut() {
            args.set_attachments(attachments.into());
        }
        Ok(Some(packet))
    }
}

/// How many attachments have their place before they come. Whoever announces more has to send them first.
const USUAL: usize = 16;

/// The packet that `head`, whose data is somewhere in `text`, describes, and where its arguments are, which are for [`keep`]; its
/// attachments are still to come.
pub(in crate::codec) fn packet(
    head: &Head<'_>,
    event: EventParts<'_>,
    namespace: ByteString,
    text: &ByteString,
) -> (Packet, Range<usize>) {
    const CHECKED: &str = "a head that was parsed has what its kind needs";
    let json = |data| Json::checked(text.slice_ref(data));
    let packet = match head.kind {
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
            let (name, elements) = event.expect(CHECKED);
            let event = match name {
                // Both are kept together, and counted by whoever keeps them.
                Cow::Borrowed(name) if is_worth_it(name.len() + elements.len(), text) => text.slice_ref(name),
                name => name.into_owned().into(),
            };
            let packet = Packet::Event {
                namespace,
                id: head.id,
                event,
                args: Args::new(),
            };
            return (packet, range_of(elements, text));
        }
        PacketKind::Ack | PacketKind::BinaryAck => {
            let elements = json::inside_array(head.data.expect(CHECKED)).expect(CHECKED);
            let packet = Packet::Ack {
                namespace,
                id: head.id.expect(CHECKED),
                args: Args::new(),
            };
            return (packet, range_of(elements, text));
        }
    };
    (packet, 0..0)
}

/// Gives a packet its arguments.
pub(in crate::codec) fn keep(packet: &mut Packet, text: ByteString, elements: Range<usize>) {
    let name = match packet {
        Packet::Event { event, .. } => event.len(),
        _ => 0,
    };
    if let Some(args) = packet.args_mut() {
        args.set_elements(if is_worth_it(name + elements.len(), &text) {
            Part::of(text, elements)
        } else {
            ByteString::from(&text[elements]).into()
        });
    }
}

/// Whether `text` may be kept for the sake of `kept` bytes of it, unless that would keep far more. White space and whatever else means
/// nothing may be as long as a message.
fn is_worth_it(kept: usize, text: &str) -> bool {
    /// What keeps no more than this costs less than to copy it.
    const SMALL: usize = 4_096;
    text.len() <= SMALL || kept >= text.len() / 4
}
