//! Several packets in one body: how long-polling carries them.

use alloc::string::String;
use core::{iter, mem};

use bytes::Bytes;
use bytestring::ByteString;
use memchr::memchr;

use crate::message::{Message, tail};
use crate::{DecodeError, Frame, Packet, PacketRef};

/// What stands between two packets. It cannot occur inside one: JSON escapes it, and so must whoever sends other text.
const SEPARATOR: u8 = 0x1e;

/// A cursor over the packets of a polling body.
///
/// It reads one packet at a time, as slices of the body; after an error it is at its end.
///
/// ```
/// use engineio_proto::{Message, Packet, Payload};
///
/// let mut payload = Payload::new("4hello\u{1e}bAQID".into()).unwrap();
/// assert_eq!(payload.next(), Some(Ok(Packet::Message("hello".into()))));
/// assert_eq!(payload.next(), Some(Ok(Packet::Message(Message::Binary([1, 2, 3].to_vec().into())))));
/// assert_eq!(payload.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Payload {
    records: Records,
}

impl Payload {
    /// A cursor at the start of `body`.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Utf8`] if the body is not text.
    pub fn new(body: Bytes) -> Result<Self, DecodeError> {
        Ok(Self {
            records: Records::new(body)?,
        })
    }

    /// The packets that have not been read yet, borrowed from the body, each with what is wrong if it is none. This reads none of them.
    ///
    /// ```
    /// use engineio_proto::{PacketRef, Payload};
    ///
    /// let payload = Payload::new("4hello\u{1e}2".into()).unwrap();
    /// let packets: Vec<_> = payload.peek().collect();
    /// assert_eq!(packets, [Ok(PacketRef::Text("hello")), Ok(PacketRef::Ping(""))]);
    /// ```
    pub fn peek(&self) -> impl Iterator<Item = Result<PacketRef<'_>, DecodeError>> {
        self.records.peek().map(PacketRef::decode)
    }
}

impl Iterator for Payload {
    type Item = Result<Packet, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let message = |text| Ok(Packet::Message(Message::Text(text)));
        let packet = self.records.next_with(message, Packet::read)?;
        if packet.is_err() {
            self.records.end();
        }
        Some(packet)
    }
}

/// A cursor over the encoded packets of a body, not yet read.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    body: ByteString,
    /// Where the next record begins; behind the end, as if a separator were there, if there is none.
    at: usize,
}

impl Records {
    pub(crate) fn new(body: Bytes) -> Result<Self, DecodeError> {
        let body = ByteString::try_from(body).map_err(|_| DecodeError::Utf8)?;
        Ok(Self { body, at: 0 })
    }

    /// What has not been read yet.
    pub(crate) fn as_str(&self) -> &str {
        self.body.get(self.at..).unwrap_or_default()
    }

    /// The packets that have not been read yet, without reading them.
    #[inline]
    pub(crate) fn peek(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.body.get(self.at..);
        iter::from_fn(move || {
            let body = rest?;
            let record = first_record(body);
            rest = body.get(record.len() + 1..);
            Some(record)
        })
    }

    /// Ends the text at byte `end` of what has not been read yet, which is in front of a packet.
    pub(crate) fn truncate(&mut self, end: usize) {
        if let Some(rest) = self.body.get(self.at..) {
            self.body = self.body.slice_ref(&rest[..end]);
            self.at = 0;
        }
    }

    /// The next record: as what `text` makes of a message's, or `other` of what is none. The body that it is a slice of comes along, so that
    /// only what is kept is counted.
    #[inline]
    pub(crate) fn next_with<T>(
        &mut self,
        text: impl FnOnce(ByteString) -> T,
        other: impl FnOnce(&ByteString, &str) -> T,
    ) -> Option<T> {
        let start = self.at;
        let record = first_record(self.body.get(start..)?);
        self.at += record.len() + 1;
        Some(match record.as_bytes() {
            [b'4', ..] if self.at <= self.body.len() => text(self.body.slice_ref(&record[1..])),
            [b'4', ..] => text(tail(mem::take(&mut self.body), start + 1)), // nobody needs the body any more
            _ => other(&self.body, record),
        })
    }

    /// Forgets what has not been read yet.
    fn end(&mut self) {
        self.at = self.body.len() + 1;
    }
}

impl Iterator for Records {
    type Item = ByteString;

    fn next(&mut self) -> Option<ByteString> {
        let record = first_record(self.body.get(self.at..)?);
        self.at += record.len() + 1;
        Some(self.body.slice_ref(record))
    }
}

/// The record that `rest` begins with.
#[inline(always)]
fn first_record(rest: &str) -> &str {
    &rest[..record_len(rest.as_bytes())]
}

/// How many bytes come before the next separator, if there is one.
#[inline(always)]
fn record_len(rest: &[u8]) -> usize {
    /// Most packets of text are through before `memchr` has found out what the processor can do.
    const SHORT: usize = 32;
    const LOW: u64 = u64::from_ne_bytes([1; 8]);
    let mut at = 0;
    if let Some(short) = rest.first_chunk::<SHORT>() {
        for word in short.chunks_exact(8) {
            let word = u64::from_le_bytes(word.try_into().expect("it is exact")) ^ (LOW * SEPARATOR as u64);
            let found = word.wrapping_sub(LOW) & !word & (LOW << 7); // of the bits that are set, the lowest is exact
            if found != 0 {
                return at + (found.trailing_zeros() / 8) as usize;
            }
            at += 8;
        }
    }
    at + memchr(SEPARATOR, &rest[at..]).unwrap_or(rest.len() - at)
}

/// Checks an encoded binary packet (without its `b`) as far as decoding would, without writing the bytes.
pub(crate) fn check_base64(text: &str) -> Result<(), DecodeError> {
    base64_simd::STANDARD
        .check(text.as_bytes())
        .map_err(|_| DecodeError::Base64)
}

/// Joins packets into one body, in their order. A body of a single text packet is that packet, shared.
///
/// ```
/// use engineio_proto::{Frame, encode_payload};
///
/// let frames = [Frame::text("hello"), Frame::binary([1, 2, 3].to_vec().into())];
/// assert_eq!(encode_payload(&frames), "4hello\u{1e}bAQID".as_bytes());
/// ```
#[must_use]
pub fn encode_payload<'a, I>(frames: I) -> Bytes
where
    I: IntoIterator<Item = &'a Frame>,
    I::IntoIter: Clone + ExactSizeIterator,
{
    let frames = frames.into_iter();
    if frames.len() == 1 {
        if let Some(Message::Text(text)) = frames.clone().next().map(Frame::as_message) {
            return text.clone().into_bytes();
        }
    }
    let size = frames.clone().map(|frame| encoded_len(frame) + 1).sum();
    let mut body = String::with_capacity(size);
    for frame in frames {
        if !body.is_empty() {
            body.push(char::from(SEPARATOR));
        }
        match frame.as_message() {
            Message::Text(text) => body.push_str(text),
            Message::Binary(bytes) => {
                body.push('b');
                base64_simd::STANDARD.encode_append(bytes, &mut body);
            }
        }
    }
    body.into()
}

/// Bytes that a frame takes in a body.
pub(crate) fn encoded_len(frame: &Frame) -> usize {
    match frame.as_message() {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => 1 + bytes.len().div_ceil(3) * 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_record_ends_at_the_first_separator_wherever_it_is() {
        for len in 0..80 {
            for place in 0..len {
                // What is behind must not matter, nor what differs in one bit.
                for other in [0x1d, 0x1f, 0x9e, 0, 0xff] {
                    let mut body = vec![other; len];
                    assert_eq!(record_len(&body), len);
                    body[place..].fill(other ^ 0x80);
                    body[place] = SEPARATOR;
                    assert_eq!(record_len(&body), place, "{other:#x}");
                }
            }
        }
    }
}
