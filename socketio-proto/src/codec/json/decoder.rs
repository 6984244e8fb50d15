//! From messages to packets.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use core::num::NonZeroU32;
use core::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::Message;

use super::head::{Checked, EventParts, Head};
use crate::args::Args;
use crate::attachments::Attachments;
use crate::error::DecodeError;
use crate::event_name::EventName;
use crate::json::{self, Json};
use crate::kind::PacketKind;
use crate::packet::{AckId, Packet};
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
    /// How many placeholders it has, if they name all of them.
    placeholders: Option<NonZeroU32>,
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
        let (head, Checked { event, placeholders }) = Head::parse_and_check(&text, self.limits.max_attachments)?;
        let namespace = match head.namespace {
            "/" => ByteString::from_static("/"),
            other => text.slice_ref(other),
        };
        let announced = head.attachments;
        let outline = Outline::of(&head, event, namespace, &text);
        let packet = outline.fill(text);
        if announced == 0 {
            return Ok(Some(packet));
        }
        self.waiting = Some(Box::new(Waiting {
            packet,
            announced,
            placeholders,
            attachments: Vec::with_capacity(if announced == 1 { 0 } else { announced.min(USUAL) }),
            bytes_left: self.limits.max_attachment_bytes,
        }));
        Ok(None)
    }

    fn attachment(&mut self, bytes: Bytes, mut waiting: Box<Waiting>) -> Result<Option<Packet>, DecodeError> {
        let limit = self.limits.max_attachment_bytes;
        let left = waiting.bytes_left.checked_sub(bytes.len());
        waiting.bytes_left = left.ok_or(DecodeError::AttachmentsTooLarge { limit })?;
        let attachments = if waiting.announced == 1 {
            bytes.into()
        } else {
            waiting.attachments.push(bytes);
            if waiting.attachments.len() < waiting.announced {
                self.waiting = Some(waiting);
                return Ok(None);
            }
            mem::take(&mut waiting.attachments).into()
        };
        let mut packet = waiting.packet;
        if let Some(args) = packet.args_mut() {
            args.set_attachments(attachments, waiting.placeholders);
        }
        Ok(Some(packet))
    }
}

/// How many attachments have their place before they come. Whoever announces more has to send them first.
const USUAL: usize = 16;

/// What a head says of a packet, without borrowing from its text, which the packet can then have: it counts no reference.
pub(in crate::codec) struct Outline {
    kind: PacketKind,
    namespace: ByteString,
    id: Option<AckId>,
    /// The name of an event.
    event: EventName,
    /// Where the payload is in the text; of events and acknowledgements, where their arguments are.
    data: Option<Range<usize>>,
}

impl Outline {
    /// Of `head`, which was parsed, and whose data is somewhere in `text`.
    #[inline]
    pub(in crate::codec) fn of(
        head: &Head<'_>,
        event: EventParts<'_>,
        namespace: ByteString,
        text: &ByteString,
    ) -> Self {
        let mut data = head.data;
        let mut name = EventName::default();
        match head.kind {
            PacketKind::Event | PacketKind::BinaryEvent => {
                let (event, elements) = event.expect(CHECKED);
                name = match event {
                    // Both are kept together, and counted by whoever keeps them.
                    Cow::Borrowed(event) if is_worth_it(event.len() + elements.len(), text) => {
                        EventName::of(event, text)
                    }
                    Cow::Borrowed(event) => event.into(),
                    Cow::Owned(event) => event.into(),
                };
                data = Some(elements);
            }
            PacketKind::Ack | PacketKind::BinaryAck => data = data.and_then(json::inside_array),
            PacketKind::Connect | PacketKind::Disconnect | PacketKind::ConnectError => {}
        }
        Self {
            kind: head.kind,
            namespace,
            id: head.id,
            event: name,
            data: data.map(|data| range_of(data, text)),
        }
    }

    /// The packet, of the same text; its attachments are still to come.
    #[inline]
    pub(in crate::codec) fn fill(self, text: ByteString) -> Packet {
        let Self {
            kind,
            namespace,
            id,
            event,
            data,
        } = self;
        match kind {
            PacketKind::Connect => Packet::Connect {
                namespace,
                data: data.map(|data| Json::checked(text.slice_ref(&text[data]))),
            },
            PacketKind::Disconnect => Packet::Disconnect { namespace },
            PacketKind::ConnectError => Packet::ConnectError {
                namespace,
                data: Json::checked(text.slice_ref(&text[data.expect(CHECKED)])),
            },
            PacketKind::Event | PacketKind::BinaryEvent => Packet::Event {
                namespace,
                id,
                args: args(text, data.expect(CHECKED), event.len()),
                event,
            },
            PacketKind::Ack | PacketKind::BinaryAck => Packet::Ack {
                namespace,
                id: id.expect(CHECKED),
                args: args(text, data.expect(CHECKED), 0),
            },
        }
    }
}

const CHECKED: &str = "a head that was parsed has what its kind needs";

/// The arguments that are at `elements` in `text`, beside a name of so many bytes.
#[inline]
fn args(text: ByteString, elements: Range<usize>, name: usize) -> Args {
    let part = if is_worth_it(name + elements.len(), &text) {
        Part::of(text, elements)
    } else {
        ByteString::from(&text[elements]).into()
    };
    Args::from_parts(part, Attachments::NONE)
}

/// Whether `text` may be kept for the sake of `kept` bytes of it, unless that would keep far more. White space and whatever else means
/// nothing may be as long as a message.
fn is_worth_it(kept: usize, text: &str) -> bool {
    /// What keeps no more than this costs less than to copy it.
    const SMALL: usize = 4_096;
    text.len() <= SMALL || kept >= text.len() / 4
}
