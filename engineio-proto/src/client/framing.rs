//! How packets are written for one server.

use bytes::Bytes;

use super::Config;
use crate::body::Body;
use crate::{DecodeError, Frame, Message, Packet, Revision, encode_payload, payload, revision_3};

const TEXT: &str = "text/plain;charset=UTF-8";
const BYTES: &str = "application/octet-stream";

/// What a frame, which is the same for all, becomes for this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Revision 4: frames are written as they are.
    V4,
    /// Revision 3: bytes get their packet type, polling bodies their lengths.
    V3 {
        /// Bytes are to travel as base64.
        base64: bool,
    },
}

impl Framing {
    pub(super) const fn of_config(config: &Config) -> Self {
        match config.revision {
            Revision::V4 => Self::V4,
            Revision::V3 => Self::V3 { base64: config.base64 },
        }
    }

    pub(super) const fn revision(self) -> Revision {
        match self {
            Self::V4 => Revision::V4,
            Self::V3 { .. } => Revision::V3,
        }
    }

    /// Whether requests ask for base64.
    pub(super) const fn is_base64(self) -> bool {
        matches!(self, Self::V3 { base64: true })
    }

    /// Reads a WebSocket message.
    pub(super) fn decode(self, message: Message) -> Result<Packet, DecodeError> {
        match self {
            Self::V4 => Packet::decode(message),
            Self::V3 { .. } => revision_3::decode_packet(message),
        }
    }

    /// Reads the body of a poll's answer as far as is needed to read its packets.
    pub(super) fn read_body(self, body: Bytes, binary: bool) -> Result<Body, DecodeError> {
        match self {
            Self::V4 => Body::v4(body),
            Self::V3 { .. } => Body::v3(body, binary),
        }
    }

    /// A frame as a WebSocket message.
    pub(super) fn message(self, frame: Frame) -> Message {
        match self {
            Self::V4 => frame.into_message(),
            Self::V3 { base64 } => revision_3::encode_frame(frame.into_message(), base64),
        }
    }

    /// The body of a POST and its content type.
    pub(super) fn post<'a, I>(self, frames: I) -> (Bytes, &'static str)
    where
        I: ExactSizeIterator<Item = &'a Frame> + Clone,
    {
        match self {
            Self::V4 => (encode_payload(frames), TEXT),
            Self::V3 { base64: false } if frames.clone().any(is_binary) => {
                (revision_3::encode_binary_payload(frames), BYTES)
            }
            Self::V3 { .. } => (revision_3::encode_payload(frames), TEXT),
        }
    }

    /// How many of `frames` go into one body of `max` bytes. The first always does: whether it is too large is for the server to say.
    pub(super) fn count_that_fits<'a>(self, frames: impl Iterator<Item = &'a Frame>, max: usize) -> usize {
        let mut size = 0usize;
        let fits = |(index, frame): &(usize, &Frame)| {
            let is_first = *index == 0;
            size = size.saturating_add(self.len_in_body(frame, is_first));
            is_first || size <= max
        };
        frames.enumerate().take_while(fits).count()
    }

    /// Bytes that a frame takes in a body, at most.
    fn len_in_body(self, frame: &Frame, is_first: bool) -> usize {
        match self {
            Self::V4 => payload::encoded_len(frame) + usize::from(!is_first), // the separator
            Self::V3 { base64 } => revision_3::encoded_len(frame, base64),
        }
    }
}

fn is_binary(frame: &Frame) -> bool {
    matches!(frame.as_message(), Message::Binary(_))
}
