//! Polling bodies that are bytes, for packets that are.
//!
//! ```text
//!   00  02 05  ff  34 …          text: 25 bytes of UTF-8, here beginning with a "4"
//!   01  04     ff  04 01 02 03   bytes: 4 of them, the first is the packet type
//!   │   │      └ end of the length
//!   │   └ length in bytes: decimal digits, but as numbers
//!   └ kind
//! ```

use alloc::vec::Vec;

use bytes::Bytes;
use bytestring::ByteString;

use super::packet::BINARY_PREFIX;
use crate::{DecodeError, Frame, Message};

const TEXT: u8 = 0;
const BINARY: u8 = 1;
const END_OF_LENGTH: u8 = 0xff;

/// What the JavaScript server reads: the digits of its largest number.
const MAX_DIGITS: usize = 310;

/// Joins packets into one body of bytes, in their order.
///
/// ```
/// use engineio_proto::{Frame, revision_3};
///
/// let frames = [Frame::text("€"), Frame::binary([1, 2].to_vec().into())];
/// assert_eq!(revision_3::encode_binary_payload(&frames), &b"\x00\x04\xff4\xe2\x82\xac\x01\x03\xff\x04\x01\x02"[..]);
/// ```
#[must_use]
pub fn encode_binary_payload<'a, I>(frames: I) -> Bytes
where
    I: IntoIterator<Item = &'a Frame>,
    I::IntoIter: Clone,
{
    let frames = frames.into_iter();
    let mut body = Vec::with_capacity(frames.clone().map(encoded_len).sum());
    for frame in frames {
        match frame.as_message() {
            Message::Text(text) => {
                push_head(&mut body, TEXT, text.len());
                body.extend_from_slice(text.as_bytes());
            }
            Message::Binary(bytes) => {
                push_head(&mut body, BINARY, 1 + bytes.len());
                body.push(BINARY_PREFIX);
                body.extend_from_slice(bytes);
            }
        }
    }
    body.into()
}

/// Bytes that a frame takes in a body, at most. Text takes no more in a body of text, either.
pub(super) fn encoded_len(frame: &Frame) -> usize {
    let packet = frame.len() + 1;
    2 + digit_count(packet) + packet
}

/// Takes the first packet off a body that is not empty.
pub(super) fn split_off(body: &mut Bytes) -> Result<Message, DecodeError> {
    let (binary, rest) = match &body[..] {
        [TEXT, rest @ ..] => (false, rest),
        [BINARY, rest @ ..] => (true, rest),
        [other, ..] => return Err(DecodeError::UnknownType(char::from(*other))),
        [] => return Err(DecodeError::Empty),
    };
    let digits = rest.iter().take(MAX_DIGITS).take_while(|&&digit| digit <= 9).count();
    let (length, rest) = rest.split_at(digits);
    let (Some(length), [END_OF_LENGTH, rest @ ..]) = (number(length), rest) else {
        return Err(DecodeError::Length);
    };
    let packet = rest.get(..length).ok_or(DecodeError::Length)?;
    let packet = body.slice_ref(packet);
    let message = if binary {
        Message::Binary(packet)
    } else {
        Message::Text(ByteString::try_from(packet).map_err(|_| DecodeError::Utf8)?)
    };
    *body = body.slice(1 + digits + 1 + length..);
    Ok(message)
}

fn number(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0usize, |number, &digit| {
        number.checked_mul(10)?.checked_add(usize::from(digit))
    })
}

fn push_head(body: &mut Vec<u8>, kind: u8, length: usize) {
    body.push(kind);
    let digits = digit_count(length) as u32;
    body.extend((0..digits).rev().map(|digit| (length / 10usize.pow(digit) % 10) as u8));
    body.push(END_OF_LENGTH);
}

fn digit_count(length: usize) -> usize {
    length.checked_ilog10().unwrap_or(0) as usize + 1
}
