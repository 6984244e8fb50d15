//! From packets to MessagePack.

use alloc::vec;
use alloc::vec::{IntoIter, Vec};

use bytes::Bytes;

use crate::error::EncodeError;
use crate::json::{self, Piece, Pieces};
use crate::kind::PacketKind;
use crate::packet::{AckId, Packet};

/// How much more room than it needs a message may keep, as the text of a packet of the default parser.
const SPARE: usize = 1024;

/// The message that says a packet.
pub(super) fn packet(packet: &Packet) -> Result<Bytes, EncodeError> {
    let mut writer = Writer::default();
    match packet {
        Packet::Connect { namespace, data } => {
            let data = data.as_ref().map(|data| Payload::new(data.as_str(), &[])).transpose()?;
            writer.head(PacketKind::Connect, namespace, None, data.is_some());
            if let Some(data) = data {
                writer.payload(data)?;
            }
        }
        Packet::Disconnect { namespace } => writer.head(PacketKind::Disconnect, namespace, None, false),
        Packet::Event {
            namespace,
            id,
            event,
            args,
        } => {
            let args = Payload::new(args.as_json(), args.attachments())?;
            writer.head(PacketKind::Event, namespace, *id, true);
            writer.array(args.len() + 1);
            writer.str(event);
            writer.payload(args)?;
        }
        Packet::Ack { namespace, id, args } => {
            let args = Payload::new(args.as_json(), args.attachments())?;
            writer.head(PacketKind::Ack, namespace, Some(*id), true);
            writer.array(args.len());
            writer.payload(args)?;
        }
        Packet::ConnectError { namespace, data } => {
            let data = Payload::new(data.as_str(), &[])?;
            writer.head(PacketKind::ConnectError, namespace, None, true);
            writer.payload(data)?;
        }
    }
    let mut message = writer.0;
    if message.capacity() - message.len() > SPARE {
        message.shrink_to_fit();
    }
    Ok(message.into())
}

/// JSON and its attachments, to be written.
struct Payload<'a> {
    pieces: Pieces<'a>,
    attachments: &'a [Bytes],
    /// How many elements are on the outermost level.
    elements: u32,
    /// How many elements or entries the arrays and objects have, in the order in which they begin.
    lens: IntoIter<u32>,
}

impl<'a> Payload<'a> {
    fn new(json: &'a str, attachments: &'a [Bytes]) -> Result<Self, EncodeError> {
        let longest = attachments.iter().map(Bytes::len).max().unwrap_or(0).max(json.len());
        if u32::try_from(longest).is_err() {
            return Err(EncodeError::value("more than MessagePack can say at once"));
        }
        let pieces = Pieces::of(json, !attachments.is_empty());
        let mut lens = lens(pieces.clone()).into_iter();
        Ok(Self {
            pieces,
            attachments,
            elements: lens.next().unwrap_or(0),
            lens,
        })
    }

    const fn len(&self) -> u32 {
        self.elements
    }
}

/// How many elements there are on the outermost level, and then in each array and object.
fn lens(pieces: Pieces<'_>) -> Vec<u32> {
    let mut lens = vec![0];
    // Those that are open, as indices of `lens`, of which there are fewer than bytes of JSON: less than 4 GiB.
    let mut open = vec![0u32];
    for piece in pieces {
        let innermost = open.last().map_or(0, |&open| open as usize);
        match piece {
            Piece::Close => {
                open.pop();
            }
            Piece::Comma => lens[innermost] += 1,
            Piece::Array | Piece::Object => {
                lens[innermost] = lens[innermost].max(1);
                open.push(lens.len() as u32);
                lens.push(0);
            }
            Piece::String(_) | Piece::Scalar(_) | Piece::Attachment(_) => lens[innermost] = lens[innermost].max(1),
        }
    }
    lens
}

/// MessagePack in the making.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    /// Everything up to the payload, which is the last field.
    fn head(&mut self, kind: PacketKind, namespace: &str, id: Option<AckId>, data: bool) {
        self.map(2 + u32::from(id.is_some()) + u32::from(data));
        self.str("type");
        self.unsigned(u64::from(u32::from(kind.digit()) - u32::from('0')));
        self.str("nsp");
        self.str(namespace);
        if let Some(AckId(id)) = id {
            self.str("id");
            self.unsigned(id);
        }
        if data {
            self.str("data");
        }
    }

    /// The values of a payload, whose outermost level is written already.
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), EncodeError> {
        const COUNTED: &str = "each array and object was counted";
        let mut lens = payload.lens;
        for piece in payload.pieces {
            match piece {
                Piece::Array => self.array(lens.next().expect(COUNTED)),
                Piece::Object => self.map(lens.next().expect(COUNTED)),
                Piece::Close | Piece::Comma => {}
                Piece::String(text) => self.str(&json::unescape(text)),
                Piece::Scalar(text) => self.scalar(text),
                Piece::Attachment(num) => {
                    let attachment = payload.attachments.get(num).ok_or(EncodeError::Lookalike)?;
                    self.bin(attachment);
                }
            }
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str) {
        const VALID: &str = "the JSON was checked";
        match text {
            "null" => self.0.push(0xc0),
            "false" => self.0.push(0xc2),
            "true" => self.0.push(0xc3),
            _ => {
                if let Ok(number) = text.parse() {
                    self.unsigned(number);
                } else if let Ok(number) = text.parse() {
                    self.signed(number);
                } else {
                    self.0.push(0xcb);
                    self.0.extend(text.parse::<f64>().expect(VALID).to_be_bytes());
                }
            }
        }
    }

    fn unsigned(&mut self, number: u64) {
        match number {
            0..=0x7f => self.0.push(number as u8),
            0x80..=0xff => self.lead(0xcc, number, 1),
            0x100..=0xffff => self.lead(0xcd, number, 2),
            0x1_0000..=0xffff_ffff => self.lead(0xce, number, 4),
            _ => self.lead(0xcf, number, 8),
        }
    }

    /// A number below zero. (The JSON `-0` is zero, as `0` is.)
    fn signed(&mut self, number: i64) {
        match number {
            0.. => self.unsigned(number as u64),
            -0x20..0 => self.0.push(number as u8),
            -0x80..-0x20 => self.lead(0xd0, number as u64, 1),
            -0x8000..-0x80 => self.lead(0xd1, number as u64, 2),
            -0x8000_0000..-0x8000 => self.lead(0xd2, number as u64, 4),
            _ => self.lead(0xd3, number as u64, 8),
        }
    }

    fn str(&mut self, text: &str) {
        let len = text.len() as u64;
        match len {
            0..=0x1f => self.0.push(0xa0 | len as u8),
            0x20..=0xff => self.lead(0xd9, len, 1),
            0x100..=0xffff => self.lead(0xda, len, 2),
            _ => self.lead(0xdb, len, 4),
        }
        self.0.extend(text.as_bytes());
    }

    fn bin(&mut self, bytes: &[u8]) {
        let len = bytes.len() as u64;
        match len {
            0..=0xff => self.lead(0xc4, len, 1),
            0x100..=0xffff => self.lead(0xc5, len, 2),
            _ => self.lead(0xc6, len, 4),
        }
        self.0.extend(bytes);
    }

    fn array(&mut self, len: u32) {
        match len {
            0..=0x0f => self.0.push(0x90 | len as u8),
            0x10..=0xffff => self.lead(0xdc, len.into(), 2),
            _ => self.lead(0xdd, len.into(), 4),
        }
    }

    fn map(&mut self, len: u32) {
        match len {
            0..=0x0f => self.0.push(0x80 | len as u8),
            0x10..=0xffff => self.lead(0xde, len.into(), 2),
            _ => self.lead(0xdf, len.into(), 4),
        }
    }

    /// A first byte, and the last bytes of a number.
    fn lead(&mut self, lead: u8, number: u64, bytes: usize) {
        self.0.push(lead);
        self.0.extend(&number.to_be_bytes()[8 - bytes..]);
    }
}
