//! How one client's packets are written.

use alloc::string::String;

use bytes::Bytes;

use super::Request;
use crate::body::Body;
use crate::jsonp::{decode_form, encode_script};
use crate::packet::encode_base64;
use crate::{DecodeError, Frame, Message, Packet, Response, Revision, TransportKind, encode_payload, revision_3};

/// What a frame, which is the same for all clients, becomes for this one.
///
/// In revision 4 frames are written as they are. In revision 3 bytes get their packet type, and polling bodies their lengths. Clients of both
/// may ask for base64 and for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Framing {
    revision: Revision,
    /// The client reads no bytes, so they are written as base64.
    base64: bool,
    /// Polls are answered with a script that calls the page's function of this number, and posts are forms.
    jsonp: Option<u32>,
}

impl Framing {
    /// What the first request of a client asks for. None if it asks for a script and does not say which: only the digits of its `j` count,
    /// because they become a part of the script.
    pub(super) fn of_request(request: &Request<'_>, transport: TransportKind, revision: Revision) -> Option<Self> {
        let [index, base64] = request.query_values(["j", "b64"]);
        let jsonp = match index {
            Some(index) if transport == TransportKind::Polling => {
                let digits: String = index.chars().filter(char::is_ascii_digit).collect();
                Some(digits.parse().ok()?)
            }
            _ => None,
        };
        Some(Self {
            revision,
            base64: jsonp.is_some() || base64.is_some(),
            jsonp,
        })
    }

    pub(super) const fn revision(self) -> Revision {
        self.revision
    }

    /// Whether bytes are written as base64 even where there are other ways.
    pub(super) const fn is_base64(self) -> bool {
        self.base64
    }

    /// The session goes over to a WebSocket, which may read bytes though polling could not.
    pub(super) fn handle_upgrade(&mut self, reads_no_bytes: bool) {
        self.base64 = reads_no_bytes;
    }

    /// Whether a POST may declare its body as bytes.
    pub(super) const fn takes_binary_posts(self) -> bool {
        matches!(self.revision, Revision::V3) && self.jsonp.is_none()
    }

    /// Reads a WebSocket message.
    pub(super) fn decode(self, message: Message) -> Result<Packet, DecodeError> {
        match self.revision {
            Revision::V4 => Packet::decode(message),
            Revision::V3 => revision_3::decode_packet(message),
        }
    }

    /// Reads the body of a POST as far as is needed to read its packets.
    pub(super) fn read_body(self, body: Bytes, binary: bool) -> Result<Body, DecodeError> {
        let body = match self.jsonp {
            Some(_) => decode_form(&body)?,
            None => body,
        };
        match self.revision {
            Revision::V4 => Body::v4(body),
            Revision::V3 => Body::v3(body, binary),
        }
    }

    /// A frame as a WebSocket message.
    pub(super) fn message(self, frame: Frame) -> Message {
        match (self.revision, frame.into_message()) {
            (Revision::V4, Message::Binary(bytes)) if self.base64 => Message::Text(encode_base64(&bytes)),
            (Revision::V4, message) => message,
            (Revision::V3, message) => revision_3::encode_frame(message, self.base64),
        }
    }

    /// The answer to a poll.
    pub(super) fn response<'a>(self, frames: impl ExactSizeIterator<Item = &'a Frame> + Clone) -> Response {
        let compress = frames.clone().any(Frame::is_compressible);
        match self.revision {
            Revision::V4 => Response::packets(self.script(encode_payload(frames)), compress),
            Revision::V3 if !self.base64 && frames.clone().any(is_binary) => {
                Response::binary_packets(revision_3::encode_binary_payload(frames), compress)
            }
            Revision::V3 => Response::packets(self.script(revision_3::encode_text(frames).into()), compress),
        }
    }

    /// The answer to a poll with one packet that is a constant.
    pub(super) fn control(self, packet: &'static str) -> Response {
        let body = match self.revision {
            Revision::V4 => Bytes::from_static(packet.as_bytes()),
            Revision::V3 => revision_3::encode_text([&Frame::control(packet)]).into(),
        };
        Response::packets(self.script(body), false)
    }

    /// A body of text, as a script if the client wants one.
    fn script(self, body: Bytes) -> Bytes {
        match self.jsonp {
            Some(index) => encode_script(index, &body),
            None => body,
        }
    }
}

fn is_binary(frame: &Frame) -> bool {
    matches!(frame.as_message(), Message::Binary(_))
}
