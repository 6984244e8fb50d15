//! What can be wrong: with what the peer sent, with what we are to send, with what the application asks of a packet.

use alloc::string::{String, ToString};
use core::fmt::Display;

use thiserror::Error;

use crate::json::JsonError;
use crate::kind::PacketKind;

/// A message that is no packet, or none that may come now. It is the peer's fault, and it ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A text message has no character.
    #[error("an empty packet")]
    Empty,
    /// The first character names no packet type.
    #[error("unknown packet type {0:?}")]
    UnknownKind(char),
    /// A binary packet does not say how many attachments follow: a natural number other than 0, and a `-`.
    #[error("a binary packet without its number of attachments")]
    AttachmentCount,
    /// More attachments are announced, or named by placeholders, than
    /// [`DecoderLimits::max_attachments`](crate::DecoderLimits::max_attachments) allows.
    #[error("a packet of more than {limit} attachments")]
    TooManyAttachments {
        /// How many there may be.
        limit: usize,
    },
    /// The attachments of a packet hold more bytes than
    /// [`DecoderLimits::max_attachment_bytes`](crate::DecoderLimits::max_attachment_bytes) allows.
    #[error("a packet whose attachments exceed {limit} bytes")]
    AttachmentsTooLarge {
        /// How many bytes there may be.
        limit: usize,
    },
    /// The id of an acknowledgement does not fit into 64 bits.
    #[error("an acknowledgement id beyond 64 bits")]
    AckId,
    /// An acknowledgement does not say what it acknowledges.
    #[error("an acknowledgement without an id")]
    MissingAckId,
    /// The payload is not JSON.
    #[error("invalid payload")]
    Json(#[from] JsonError),
    /// A packet of this kind must have a payload.
    #[error("{0:?} packet without a payload")]
    MissingPayload(PacketKind),
    /// The payload is not what a packet of this kind carries.
    #[error("{0:?} packet with a payload of another shape")]
    PayloadShape(PacketKind),
    /// An event has a name that the libraries keep for events of their own.
    #[error("an event with a reserved name")]
    ReservedEvent,
    /// A placeholder names no attachment of its packet.
    #[error("a placeholder without an attachment")]
    Placeholder,
    /// Text came while a packet waited for its attachments.
    #[error("a text message where an attachment was expected")]
    AttachmentExpected,
    /// A binary message came that no packet announced.
    #[error("a binary message that is no attachment")]
    UnexpectedAttachment,
    /// A message is not one value of MessagePack, or says something in it that JSON cannot: text that is not UTF-8, or a map with a
    /// key that is neither text nor plain.
    #[error("no MessagePack, or none that JSON can say, from byte {at} on")]
    MessagePack {
        /// How many bytes come before the fault.
        at: usize,
    },
    /// What a parser other than the default one finds wrong, in its own words.
    #[error("{0}")]
    Malformed(&'static str),
}

/// Something that cannot be sent. It is the caller's fault, and nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The name of the event is one that the libraries keep for events of their own: the peer would refuse the packet.
    #[error("{0:?} is a reserved event name")]
    ReservedEvent(String),
    /// A value cannot be written: a map whose keys are no strings, or something that its own `Serialize` refuses.
    #[error("a value that cannot be written: {0}")]
    Value(String),
    /// Beside binary data there is an object that says `"_placeholder": true` but stands for no attachment: the peer would take
    /// it for one.
    #[error("an object that looks like the placeholder of an attachment")]
    Lookalike,
}

impl EncodeError {
    pub(crate) fn value(error: impl Display) -> Self {
        Self::Value(error.to_string())
    }
}

impl serde::ser::Error for EncodeError {
    fn custom<T: Display>(message: T) -> Self {
        Self::value(message)
    }
}

/// Arguments that are not what the application expects. Whose fault that is, it has to know.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArgsError {
    /// There are too few arguments, and the missing one may not be `null`.
    #[error("argument {index} is missing")]
    Missing {
        /// Which one, from 0.
        index: usize,
    },
    /// An argument is of another type.
    #[error("argument {index}: {message}")]
    Type {
        /// Which one, from 0.
        index: usize,
        /// What was expected, and what was found.
        message: String,
    },
    /// The arguments are what was asked for each, but not together.
    #[error("arguments: {message}")]
    List {
        /// What was expected.
        message: String,
    },
}

impl ArgsError {
    /// Which argument it is about, from 0, unless it is about all of them.
    #[must_use]
    pub const fn index(&self) -> Option<usize> {
        match self {
            Self::Missing { index } | Self::Type { index, .. } => Some(*index),
            Self::List { .. } => None,
        }
    }
}

impl serde::de::Error for ArgsError {
    fn custom<T: Display>(message: T) -> Self {
        Self::List {
            message: message.to_string(),
        }
    }

    /// A visitor got `len` arguments and wants more.
    fn invalid_length(len: usize, _expected: &dyn serde::de::Expected) -> Self {
        Self::Missing { index: len }
    }
}
