//! How one client's packets are written.

use alloc::collections::VecDeque;
use alloc::string::String;

use bytes::Bytes;

use super::Request;
use crate::{DecodeError, Frame, Message, Packet, Response, Revision, TransportKind, encode_payload, revision_3};

/// What a frame, which is the same for all clients, becomes for this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Revision 4: frames are written as they are.
    V4,
    /// Revision 3: bytes get their packet type, polling bodies their lengths.
    V3 {
        /// The client reads no bytes, so they are written as base64.
        base64: bool,
        /// Polls are answered with a script that calls the page's function of this number, and posts are forms.
        jsonp: Option<u32>,
    },
}

impl Framing {
    /// What the first request of a client of revision 3 asks for. None if it asks for a script and does not say which: only the digits of
    /// its `j` count, because they become a part of the script.
    pub(super) fn of_request(request: &Request<'_>, transport: TransportKind) -> Option<Self> {
        let jsonp = match request.query_value("j") {
            Some(index) if transport == TransportKind::Polling => {
                let digits: String = index.chars().filter(char::is_ascii_digit).collect();
                Some(digits.parse().ok()?)
            }
            _ => None,
        };
        Some(Self::V3 {
            base64: jsonp.is_some() || request.query_value("b64").is_some(),
            jsonp,
        })
    }

    pub(super) const fn revision(self) -> Revision {
        match self {
            Self::V4 => Revision::V4,
            Self::V3 { .. } => Revision::V3,
        }
    }

    /// Whether bytes are written as base64 even where there are other ways.
    pub(super) const fn is_base64(self) -> bool {
        matches!(self, Self::V3 { base64: true, .. })
    }

    /// The session goes over to a WebSocket, which may read bytes though polling could not.
    pub(super) fn handle_upgrade(&mut self, reads_no_bytes: bool) {
        if let Self::V3 { base64, .. } = self {
            *base64 = reads_no_bytes;
        }
    }

    /// Whether a POST may declare its body as bytes.
    pub(super) const fn takes_binary_posts(self) -> bool {
        matches!(self, Self::V3 { jsonp: None, .. })
    }

    /// Reads a WebSocket message.
    pub(super) fn decode(self, message: Message) -> Result<Packet, DecodeError> {
        match self {
            Self::V4 => Packet::decode(message),
            Self::V3 { .. } => revision_3::decode_packet(message),
        }
    }

    /// A frame as a WebSocket message.
    pub(super) fn message(self, frame: Frame) -> Message {
        match self {
            Self::V4 => frame.into_message(),
            Self::V3 { base64, .. } => revision_3::encode_frame(frame.into_message(), base64),
        }
    }

    /// The answer to a poll.
    pub(super) fn response(self, frames: &VecDeque<Frame>) -> Response {
        let compress = frames.iter().any(Frame::is_compressible);
        match self {
            Self::V4 => Response::packets(encode_payload(frames), compress),
            Self::V3 { base64: false, .. } if frames.iter().any(is_binary) => {
                Response::binary_packets(revision_3::encode_binary_payload(frames), compress)
            }
            Self::V3 { jsonp, .. } => Response::packets(script(revision_3::encode_text(frames), jsonp), compress),
        }
    }

    /// The answer to a poll with one packet that is a constant.
    pub(super) fn control(self, packet: &'static str) -> Response {
        match self {
            Self::V4 => Response::packets(Bytes::from_static(packet.as_bytes()), false),
            Self::V3 { jsonp, .. } => {
                let body = revision_3::encode_text([&Frame::control(packet)]);
                Response::packets(script(body, jsonp), false)
            }
        }
    }
}

fn is_binary(frame: &Frame) -> bool {
    matches!(frame.as_message(), Message::Binary(_))
}

fn script(body: String, jsonp: Option<u32>) -> Bytes {
    match jsonp {
        Some(index) => revision_3::encode_script(index, &body),
        None => body.into(),
    }
}
