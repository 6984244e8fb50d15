//! Polling bodies that are text: `<length>:<packet>`, again and again.
//!
//! The length is that of a JavaScript string: code units of UTF-16. On the wire the text is UTF-8, so the units are counted there:
//! every byte that begins a character is one, and one more if the character takes four bytes.

use alloc::string::String;
use core::fmt::Write as _;

use bytes::Bytes;

use super::packet::{base64_len, push_base64};
use crate::{DecodeError, Frame, Message};

/// The body of no packets at all.
const NOTHING: &str = "0:";

/// Joins packets into one body of text, in their order; bytes become base64.
///
/// ```
/// use engineio_proto::{Frame, revision_3};
///
/// let frames = [Frame::text("€😀"), Frame::binary([1, 2, 3].to_vec().into())];
/// assert_eq!(revision_3::encode_payload(&frames), "4:4€😀6:b4AQID");
/// ```
#[must_use]
pub fn encode_payload<'a, I>(frames: I) -> Bytes
where
    I: IntoIterator<Item = &'a Frame>,
    I::IntoIter: Clone,
{
    encode_text(frames).into()
}

/// The same, still as text.
pub(crate) fn encode_text<'a, I>(frames: I) -> String
where
    I: IntoIterator<Item = &'a Frame>,
    I::IntoIter: Clone,
{
    let frames = frames.into_iter();
    let mut body = String::with_capacity(frames.clone().map(encoded_len).sum());
    for frame in frames {
        match frame.as_message() {
            Message::Text(text) => {
                push_length(&mut body, units(text.as_bytes()));
                body.push_str(text);
            }
            Message::Binary(bytes) => {
                push_length(&mut body, base64_len(bytes.len()));
                push_base64(&mut body, bytes);
            }
        }
    }
    if body.is_empty() {
        body.push_str(NOTHING);
    }
    body
}

/// The first packet of a body, and what comes behind it.
pub(super) fn split(body: &str) -> Result<(&str, &str), DecodeError> {
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let (length, rest) = body.split_at(digits);
    let packets = rest.strip_prefix(':').ok_or(DecodeError::Length)?;
    let end = length
        .parse()
        .ok()
        .and_then(|units| end_of(packets, units))
        .ok_or(DecodeError::Length)?;
    Ok(packets.split_at(end))
}

/// Where the first `length` units of `text` end. None if there are not so many, or if that is inside a character.
///
/// A unit takes a byte at least, so as many bytes as units are missing can be counted at once. Every byte is looked at once.
fn end_of(text: &str, length: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut end, mut missing) = (0, length);
    while missing > 0 {
        let next = bytes.get(end..)?.get(..missing)?;
        end += next.len();
        missing = missing.checked_sub(units(next))?;
    }
    let tail = bytes[end..].iter().take_while(|&&byte| is_continuation(byte)).count();
    Some(end + tail)
}

/// How many units of UTF-16 begin in these bytes of UTF-8.
fn units(bytes: &[u8]) -> usize {
    let units = |&byte: &u8| usize::from(!is_continuation(byte)) + usize::from(byte >= 0xf0);
    bytes.iter().map(units).sum()
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

fn push_length(body: &mut String, length: usize) {
    write!(body, "{length}:").expect("a String takes whatever is written to it");
}

/// Bytes that a frame takes in a body of text, at most.
pub(super) fn encoded_len(frame: &Frame) -> usize {
    let packet = match frame.as_message() {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => base64_len(bytes.len()),
    };
    let digits = packet.checked_ilog10().unwrap_or(0) as usize + 1;
    digits + 1 + packet
}
