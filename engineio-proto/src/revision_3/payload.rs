//! Several packets in one body, whichever its form.

use bytes::Bytes;
use bytestring::ByteString;

use super::packet::decode_packet;
use super::{binary, text};
use crate::{DecodeError, Message, Packet};

/// A cursor over the packets of a polling body of revision 3.
///
/// It reads one packet at a time, as slices of the body; after an error it is at its end. Packets of no length, which stand
/// for nothing in bodies of text, are passed over.
///
/// ```
/// use engineio_proto::{Message, Packet, revision_3::Payload};
///
/// let mut payload = Payload::text("6:4hello10:b4AQIDBA==".into()).unwrap();
/// assert_eq!(payload.next(), Some(Ok(Packet::Message("hello".into()))));
/// assert_eq!(payload.next(), Some(Ok(Packet::Message(Message::Binary([1, 2, 3, 4].to_vec().into())))));
/// assert_eq!(payload.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Payload {
    records: Records,
}

impl Payload {
    /// A cursor at the start of a body of text.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Utf8`] if the body is not text, [`DecodeError::Empty`] if it is empty.
    pub fn text(body: Bytes) -> Result<Self, DecodeError> {
        Records::text(body).map(|records| Self { records })
    }

    /// A cursor at the start of a body of bytes (`application/octet-stream`).
    ///
    /// # Errors
    ///
    /// [`DecodeError::Empty`] if it is empty.
    pub fn binary(body: Bytes) -> Result<Self, DecodeError> {
        Records::binary(body).map(|records| Self { records })
    }
}

impl Iterator for Payload {
    type Item = Result<Packet, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let packet = self.records.next()?.and_then(decode_packet);
        if packet.is_err() {
            self.records.truncate(0);
        }
        Some(packet)
    }
}

/// A cursor over the encoded packets of a body, not yet read.
#[derive(Clone, Debug)]
pub(crate) enum Records {
    Text(ByteString),
    Binary(Bytes),
}

impl Records {
    pub(crate) fn text(body: Bytes) -> Result<Self, DecodeError> {
        let text = ByteString::try_from(body).map_err(|_| DecodeError::Utf8)?;
        Self::some(Self::Text(text))
    }

    pub(crate) fn binary(body: Bytes) -> Result<Self, DecodeError> {
        Self::some(Self::Binary(body))
    }

    /// How many bytes have not been read yet.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Ends the body at byte `end`, which is in front of a packet.
    pub(crate) fn truncate(&mut self, end: usize) {
        match self {
            Self::Text(text) => *text = text.slice_ref(&text[..end]),
            Self::Binary(bytes) => bytes.truncate(end),
        }
    }

    fn some(self) -> Result<Self, DecodeError> {
        if self.len() == 0 {
            Err(DecodeError::Empty)
        } else {
            Ok(self)
        }
    }
}

impl Iterator for Records {
    type Item = Result<Message, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self {
            Self::Text(body) => loop {
                if body.is_empty() {
                    return None;
                }
                match text::split(body) {
                    Err(error) => break Err(error),
                    Ok((packet, rest)) => {
                        let packet = body.slice_ref(packet);
                        *body = body.slice_ref(rest);
                        if !packet.is_empty() {
                            break Ok(Message::Text(packet));
                        }
                    }
                }
            },
            Self::Binary(body) if body.is_empty() => return None,
            Self::Binary(body) => binary::split_off(body),
        };
        if record.is_err() {
            self.truncate(0);
        }
        Some(record)
    }
}
