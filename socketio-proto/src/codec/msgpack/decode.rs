//! From MessagePack to packets.

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::Revision;

use super::reader::{Reader, Token};
use super::transcode::{Binary, transcode};
use crate::attachments::Attachments;
use crate::codec::json::{DecoderLimits, Head, Outline};
use crate::error::DecodeError;
use crate::kind::PacketKind;
use crate::packet::{AckId, Packet};

/// The packet that a message says.
pub(super) fn packet(message: &Bytes, revision: Revision, limits: DecoderLimits) -> Result<Packet, DecodeError> {
    let fields = Fields::read(message)?;
    let kind = fields.kind(revision)?;
    let namespace = fields.namespace(message)?;
    let id = fields.id()?;
    let (data, attachments) = match fields.data(kind)? {
        None => (None, Attachments::NONE),
        Some(at) => {
            let (json, attachments) = transcode(message, at, Binary::of(kind, limits))?;
            (Some(json), attachments)
        }
    };
    let data = data.as_ref();
    let head = Head {
        kind,
        attachments: 0, // none follow; those inside are there already
        namespace: &namespace,
        id,
        data: data.map(|data| &**data),
    };
    let event = head.check(limits.max_attachments)?.event;
    let text = data.cloned().unwrap_or_default();
    let mut packet = Outline::of(&head, event, namespace.clone(), &text).fill(text);
    if let Some(args) = packet.args_mut() {
        args.set_attachments(attachments, None);
    }
    Ok(packet)
}

/// The fields of a packet. What is there twice counts as JavaScript counts it: the last one.
#[derive(Debug, Default)]
struct Fields<'a> {
    kind: Option<Token<'a>>,
    namespace: Option<Token<'a>>,
    id: Option<Token<'a>>,
    /// What it begins with, and where.
    data: Option<(Token<'a>, usize)>,
}

impl<'a> Fields<'a> {
    /// Finds them in a message, all of which is looked at: it must be one map.
    fn read(message: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(message);
        let Token::Map(len) = reader.token()? else {
            return Err(DecodeError::Malformed("a packet that is no map"));
        };
        let mut fields = Self::default();
        for _ in 0..len {
            let key = reader.value()?;
            let at = reader.at();
            let value = reader.value()?;
            match key {
                Token::Str(b"type") => fields.kind = Some(value),
                Token::Str(b"nsp") => fields.namespace = Some(value),
                Token::Str(b"id") => fields.id = Some(value),
                Token::Str(b"data") => fields.data = Some((value, at)),
                _ => {}
            }
        }
        if reader.is_at_end() {
            Ok(fields)
        } else {
            Err(reader.fault())
        }
    }

    fn kind(&self, revision: Revision) -> Result<PacketKind, DecodeError> {
        Ok(match (self.kind, revision) {
            (Some(Token::Unsigned(0)), _) => PacketKind::Connect,
            (Some(Token::Unsigned(1)), _) => PacketKind::Disconnect,
            (Some(Token::Unsigned(2)), _) | (Some(Token::Unsigned(5)), Revision::V3) => PacketKind::Event,
            (Some(Token::Unsigned(3)), _) | (Some(Token::Unsigned(6)), Revision::V3) => PacketKind::Ack,
            (Some(Token::Unsigned(4)), _) => PacketKind::ConnectError,
            _ => return Err(DecodeError::Malformed("a packet of no known type")),
        })
    }

    fn namespace(&self, message: &Bytes) -> Result<ByteString, DecodeError> {
        match self.namespace {
            Some(Token::Str(b"/")) => Ok(ByteString::from_static("/")),
            Some(Token::Str(name)) => ByteString::try_from(message.slice_ref(name))
                .map_err(|_| DecodeError::Malformed("a namespace that is not UTF-8")),
            _ => Err(DecodeError::Malformed("a packet without a namespace")),
        }
    }

    fn id(&self) -> Result<Option<AckId>, DecodeError> {
        match self.id {
            None | Some(Token::Undefined) => Ok(None),
            Some(Token::Unsigned(id)) => Ok(Some(AckId(id))),
            Some(_) => Err(DecodeError::AckId),
        }
    }

    /// Where the payload is, which begins as the kind wants.
    fn data(&self, kind: PacketKind) -> Result<Option<usize>, DecodeError> {
        let Some((token, at)) = self.data.filter(|(token, _)| *token != Token::Undefined) else {
            return match kind {
                PacketKind::Connect | PacketKind::Disconnect => Ok(None),
                _ => Err(DecodeError::MissingPayload(kind)),
            };
        };
        match (kind, token) {
            (PacketKind::Disconnect, Token::Nil) => Ok(None), // so says python-socketio that there is none
            (PacketKind::Connect, Token::Map(_))
            | (PacketKind::ConnectError, Token::Map(_) | Token::Str(_))
            | (PacketKind::Event | PacketKind::Ack, Token::Array(_)) => Ok(Some(at)),
            _ => Err(DecodeError::PayloadShape(kind)),
        }
    }
}
