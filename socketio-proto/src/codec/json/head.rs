//! The text of a packet, taken apart.

use alloc::borrow::Cow;
use core::num::NonZeroU32;

use crate::error::DecodeError;
use crate::json;
use crate::kind::PacketKind;
use crate::packet::{AckId, is_reserved_event};

/// The text of one packet, checked and taken apart, all of it borrowed.
///
/// ```text
///   5 1- /admin, 12 ["name",{"_placeholder":true,"num":0}]
///   │ │  │       │  └ data
///   │ │  │       └ id
///   │ │  └ namespace, "/" without one
///   │ └ attachments, in binary packets only
///   └ kind
/// ```
///
/// It is for those who inspect or relay packets; a connection has a [`Decoder`](crate::Decoder).
///
/// <https://socket.io/docs/v4/socket-io-protocol/#packet-encoding>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// What kind of packet it is.
    pub kind: PacketKind,
    /// How many binary messages follow that belong to it. 0 unless the kind is a binary one.
    pub attachments: usize,
    /// The namespace that it is about.
    pub namespace: &'a str,
    /// The number by which the sender of an event knows its answer.
    pub id: Option<AckId>,
    /// The payload: JSON of the shape that the kind wants.
    pub data: Option<&'a str>,
}

/// The name of an event and its arguments, if it is one.
pub(in crate::codec) type EventParts<'a> = Option<(Cow<'a, str>, &'a str)>;

/// What was found when a head was checked.
pub(in crate::codec) struct Checked<'a> {
    /// What [`event`](Head::event) would find.
    pub(in crate::codec) event: EventParts<'a>,
    /// How many placeholders there are, if there are attachments and each of them is named. Nothing also if that is not known.
    pub(in crate::codec) placeholders: Option<NonZeroU32>,
}

impl<'a> Head<'a> {
    /// Takes the text of one packet apart, without the packet type of Engine.IO, and checks it: its payload is JSON of the
    /// right shape, an event has a name that is not reserved, and the placeholders of a binary packet name attachments.
    /// Nothing is allocated, unless JSON is nested deeper than 64 levels or an event's name has escapes.
    ///
    /// # Errors
    ///
    /// What is no packet, or announces or names more than `max_attachments`, as [`DecodeError`] says.
    pub fn parse(text: &'a str, max_attachments: usize) -> Result<Self, DecodeError> {
        Self::parse_and_check(text, max_attachments).map(|(head, _)| head)
    }

    /// The same, and what else was found.
    #[inline]
    pub(super) fn parse_and_check(text: &'a str, max_attachments: usize) -> Result<(Self, Checked<'a>), DecodeError> {
        let mut rest = text.chars();
        let first = rest.next().ok_or(DecodeError::Empty)?;
        let kind = PacketKind::from_digit(first).ok_or(DecodeError::UnknownKind(first))?;
        let text = rest.as_str();
        let (attachments, text) = if kind.is_binary() {
            attachments(text, max_attachments)?
        } else {
            (0, text)
        };
        let (namespace, text) = namespace(text);
        let (id, text) = ack_id(text)?;
        let data = data(kind, text)?;
        let head = Self {
            kind,
            attachments,
            namespace,
            id,
            data,
        };
        let checked = head.check(max_attachments)?;
        Ok((head, checked))
    }

    /// The name of an event, and its arguments: elements of a JSON array. A number, which is legal in JavaScript, is the text
    /// that it was written as. Nothing if it is no event.
    #[must_use]
    pub fn event(&self) -> Option<(Cow<'a, str>, &'a str)> {
        if !matches!(self.kind, PacketKind::Event | PacketKind::BinaryEvent) {
            return None;
        }
        let elements = json::inside_array(self.data?)?;
        if let Some((name, args)) = json::first_plain_string(elements) {
            return Some((Cow::Borrowed(name), args));
        }
        let (name, args) = json::first_element(elements)?;
        let name = match name.as_bytes()[0] {
            b'"' => json::unescape(&name[1..name.len() - 1]),
            b'-' | b'0'..=b'9' => Cow::Borrowed(name),
            _ => return None,
        };
        Some((name, args))
    }

    /// What the kind asks of the parts.
    pub(in crate::codec) fn check(&self, max_attachments: usize) -> Result<Checked<'a>, DecodeError> {
        let kind = self.kind;
        let mut event = None;
        match kind {
            PacketKind::Connect | PacketKind::Disconnect | PacketKind::ConnectError => {}
            PacketKind::Event | PacketKind::BinaryEvent => {
                let (name, args) = self.event().ok_or(DecodeError::PayloadShape(kind))?;
                if is_reserved_event(&name) {
                    return Err(DecodeError::ReservedEvent);
                }
                event = Some((name, args));
            }
            PacketKind::Ack | PacketKind::BinaryAck => {
                self.id.ok_or(DecodeError::MissingAckId)?;
            }
        }
        let placeholders = match (self.attachments, self.data) {
            (1.., Some(data)) => self.check_placeholders(data, max_attachments)?,
            _ => None,
        };
        Ok(Checked { event, placeholders })
    }

    /// Whether each placeholder names an attachment. Returns how many there are, if each attachment is named, as far as that is told.
    fn check_placeholders(&self, data: &str, max_attachments: usize) -> Result<Option<NonZeroU32>, DecodeError> {
        let (mut count, mut unnamed) = (0, all_ones(self.attachments));
        for found in json::Placeholders::of(data) {
            let num = found.map_err(|_| DecodeError::Placeholder)?.num;
            if num >= self.attachments {
                return Err(DecodeError::Placeholder);
            }
            if count as usize >= max_attachments {
                return Err(DecodeError::TooManyAttachments { limit: max_attachments });
            }
            count += 1;
            unnamed &= !1u64.checked_shl(num as u32).unwrap_or(0);
        }
        let all_named = unnamed == 0 && self.attachments <= 64;
        Ok(NonZeroU32::new(count).filter(|_| all_named))
    }
}

/// As many ones, up to 64.
const fn all_ones(count: usize) -> u64 {
    if count < 64 { (1 << count) - 1 } else { !0 }
}

/// How many attachments a binary packet announces, and the text behind that.
fn attachments(text: &str, max: usize) -> Result<(usize, &str), DecodeError> {
    let (digits, behind) = split_digits(text);
    let behind = behind.strip_prefix('-').ok_or(DecodeError::AttachmentCount)?;
    match digits.trim_start_matches('0') {
        "" => Err(DecodeError::AttachmentCount),
        digits => match digits.parse() {
            Ok(count) if count <= max => Ok((count, behind)),
            _ => Err(DecodeError::TooManyAttachments { limit: max }),
        },
    }
}

/// The namespace, and the text behind its comma.
fn namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("/", text);
    }
    text.split_once(',').unwrap_or((text, ""))
}

/// The id of an acknowledgement, and the text behind it.
fn ack_id(text: &str) -> Result<(Option<AckId>, &str), DecodeError> {
    let (mut id, mut count) = (0u64, 0);
    for digit in text.bytes().take_while(u8::is_ascii_digit) {
        let tens = id.checked_mul(10).ok_or(DecodeError::AckId)?;
        id = tens.checked_add((digit - b'0').into()).ok_or(DecodeError::AckId)?;
        count += 1;
    }
    Ok(((count > 0).then_some(AckId(id)), &text[count..]))
}

/// The payload, which is JSON that begins as the kind wants.
fn data(kind: PacketKind, text: &str) -> Result<Option<&str>, DecodeError> {
    if text.is_empty() {
        return match kind {
            PacketKind::Connect | PacketKind::Disconnect => Ok(None),
            _ => Err(DecodeError::MissingPayload(kind)),
        };
    }
    json::validate(text)?;
    let text = json::trim(text);
    let fits = match kind {
        PacketKind::Connect => text.starts_with('{'),
        PacketKind::Disconnect => false,
        PacketKind::ConnectError => text.starts_with(['{', '"']),
        PacketKind::Event | PacketKind::Ack | PacketKind::BinaryEvent | PacketKind::BinaryAck => text.starts_with('['),
    };
    if fits {
        Ok(Some(text))
    } else {
        Err(DecodeError::PayloadShape(kind))
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(digits)
}
