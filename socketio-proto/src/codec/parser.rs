//! The choice of a parser.

use alloc::boxed::Box;
use alloc::sync::Arc;

use bytestring::ByteString;
use engineio_proto::{Frame, Message, Revision};

use super::encoded::Encoded;
use super::json::{self, Decoder, DecoderLimits};
use super::msgpack::MessagePack;
use super::packet_parser::{PacketDecoder, PacketParser};
use crate::args::{Args, ToArgs};
use crate::error::{DecodeError, EncodeError};
use crate::event_name::EventName;
use crate::json::Json;
use crate::packet::{AckId, Packet, is_reserved_event};

/// How packets are written: by the parser that every client has, unless another one is chosen. Both ends must choose the same.
///
/// ```
/// use socketio_proto::{Encoded, MessagePack, Parser};
///
/// let packet = Parser::default().event("/", None, "hello", &(1, "world"))?;
/// assert_eq!(packet, Encoded::event("/", None, "hello", &(1, "world"))?);
/// let packet = Parser::new(MessagePack).event("/", None, "hello", &(1, "world"))?;
/// assert_eq!(packet.frame_count(), 1);
/// # Ok::<(), socketio_proto::EncodeError>(())
/// ```
///
/// A clone copies nothing. Two are equal if they are the default one, or clones of the same.
#[derive(Clone, Debug, Default)]
pub struct Parser(Option<Arc<dyn PacketParser>>);

impl Parser {
    /// A parser of one's own, or [`MessagePack`].
    #[must_use]
    pub fn new(parser: impl PacketParser) -> Self {
        Self(Some(Arc::new(parser)))
    }

    /// The parser of npm's `socket.io-msgpack-parser`: see [`MessagePack`].
    #[must_use]
    pub fn msgpack() -> Self {
        Self::new(MessagePack)
    }

    /// Whether it is the one that every client has.
    #[must_use]
    pub const fn is_default(&self) -> bool {
        self.0.is_none()
    }

    /// An event, for whose answer the sender waits under `id`, if it does.
    ///
    /// # Errors
    ///
    /// The event's name is reserved, or an argument cannot be written.
    pub fn event(
        &self,
        namespace: &str,
        id: Option<AckId>,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<Encoded, EncodeError> {
        let Some(parser) = &self.0 else {
            return Encoded::event(namespace, id, event, args);
        };
        json::check_name(event)?;
        parser.encode(&Packet::Event {
            namespace: namespace.into(),
            id,
            event: event.into(),
            args: Args::encode(args)?,
        })
    }

    /// The answer to the event that came with `id`.
    ///
    /// # Errors
    ///
    /// An argument cannot be written.
    pub fn ack(&self, namespace: &str, id: AckId, args: &(impl ToArgs + ?Sized)) -> Result<Encoded, EncodeError> {
        let Some(parser) = &self.0 else {
            return Encoded::ack(namespace, id, args);
        };
        parser.encode(&Packet::Ack {
            namespace: namespace.into(),
            id,
            args: Args::encode(args)?,
        })
    }

    /// A client's request for a namespace with its credentials, or the server's consent with the socket's id: an object.
    ///
    /// # Errors
    ///
    /// None with the default parser, nor with [`MessagePack`].
    pub fn connect(&self, namespace: &str, data: Option<&Json>) -> Result<Encoded, EncodeError> {
        let Some(parser) = &self.0 else {
            return Ok(Encoded::connect(namespace, data));
        };
        parser.encode(&Packet::Connect {
            namespace: namespace.into(),
            data: data.cloned(),
        })
    }

    /// The server's refusal, as clients of revision 5 expect it: an object of the message and the data, if there are any.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_error(&self, namespace: &str, message: &str, data: Option<&Json>) -> Result<Encoded, EncodeError> {
        if self.is_default() {
            return Ok(Encoded::connect_error(namespace, message, data));
        }
        let payload = ByteString::from(json::refusal(message, data));
        self.connect_error_with(namespace, &Json::checked(payload))
    }

    /// The server's refusal with a payload of any shape: clients of the older revision expect a string, or what the application's
    /// error carries.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_error_with(&self, namespace: &str, payload: &Json) -> Result<Encoded, EncodeError> {
        let Some(parser) = &self.0 else {
            return Ok(Encoded::connect_error_with(namespace, payload));
        };
        parser.encode(&Packet::ConnectError {
            namespace: namespace.into(),
            data: payload.clone(),
        })
    }

    /// The sender leaves the namespace.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn disconnect(&self, namespace: &str) -> Result<Encoded, EncodeError> {
        let Some(parser) = &self.0 else {
            return Ok(Encoded::disconnect(namespace));
        };
        parser.encode(&Packet::Disconnect {
            namespace: namespace.into(),
        })
    }

    /// Any packet, as one that was decoded and is to go elsewhere.
    ///
    /// # Errors
    ///
    /// The event's name is reserved, or the parser cannot say it.
    pub fn encode(&self, packet: &Packet) -> Result<Encoded, EncodeError> {
        if let Some(parser) = &self.0 {
            return parser.encode(packet);
        }
        match packet {
            Packet::Connect { namespace, data } => Ok(Encoded::connect(namespace, data.as_ref())),
            Packet::Disconnect { namespace } => Ok(Encoded::disconnect(namespace)),
            Packet::Event {
                namespace,
                id,
                event,
                args,
            } => Encoded::event(namespace, *id, event, args),
            Packet::Ack { namespace, id, args } => Encoded::ack(namespace, *id, args),
            Packet::ConnectError { namespace, data } => Ok(Encoded::connect_error_with(namespace, data)),
        }
    }

    /// Reads back the name and the arguments of an event that this parser has written, for whoever watches what is sent. `None` if it
    /// is no event.
    #[must_use]
    pub fn to_event(&self, encoded: &Encoded) -> Option<(EventName, Args)> {
        let Some(parser) = &self.0 else {
            return encoded.to_event();
        };
        let limits = DecoderLimits {
            max_attachments: usize::MAX,
            max_attachment_bytes: usize::MAX,
        };
        let mut decoder = parser.decoder(Revision::V4, limits);
        encoded.frames().find_map(|frame| {
            let message = match frame.into_message() {
                Message::Text(text) => Message::Text(text.slice_ref(text.strip_prefix(Frame::TEXT_PREFIX)?)),
                binary @ Message::Binary(_) => binary,
            };
            match decoder.decode(message).ok()?? {
                Packet::Event { event, args, .. } => Some((event, args)),
                _ => None,
            }
        })
    }

    /// What reads the messages of one connection.
    pub(crate) fn decoder(&self, revision: Revision, limits: DecoderLimits) -> ParserDecoder {
        match &self.0 {
            None => ParserDecoder::Default(Decoder::new(limits)),
            Some(parser) => ParserDecoder::Other(parser.decoder(revision, limits)),
        }
    }
}

impl PartialEq for Parser {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Eq for Parser {}

/// What reads the messages of one connection: the default decoder without a detour, or another one.
#[derive(Debug)]
pub(crate) enum ParserDecoder {
    Default(Decoder),
    Other(Box<dyn PacketDecoder>),
}

impl ParserDecoder {
    /// Takes the next message: see [`PacketDecoder::decode`].
    pub(crate) fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        match self {
            Self::Default(decoder) => decoder.decode(message),
            Self::Other(decoder) => {
                let packet = decoder.decode(message)?;
                packet.as_ref().map_or(Ok(()), check)?;
                Ok(packet)
            }
        }
    }
}

/// What others rely on in every packet, whoever has read it.
fn check(packet: &Packet) -> Result<(), DecodeError> {
    if !packet.namespace().starts_with('/') {
        return Err(DecodeError::Malformed("a namespace that does not begin with a slash"));
    }
    match packet {
        Packet::Event { event, .. } if is_reserved_event(event) => Err(DecodeError::ReservedEvent),
        _ => Ok(()),
    }
}
