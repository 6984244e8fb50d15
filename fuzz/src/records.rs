//! Several messages in one input, readable: separated as in a polling body.

use bytes::Bytes;
use engineio_proto::{Frame, Message};

/// The separator of polling bodies.
const SEPARATOR: u8 = 0x1e;

/// The records of an input.
pub fn records(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == SEPARATOR)
}

/// The records as messages: bytes behind a `b`, which are not base64 here; else text, if it is any.
pub fn messages(data: &[u8]) -> impl Iterator<Item = Message> {
    records(data).map(|record| match record.strip_prefix(b"b") {
        Some(bytes) => Message::Binary(Bytes::copy_from_slice(bytes)),
        None => Message::Text(String::from_utf8_lossy(record).into_owned().into()),
    })
}

/// What a frame of text or bytes says to the parser that is on top.
pub fn message_of(frame: Frame) -> Message {
    match frame.into_message() {
        Message::Text(text) => Message::Text(text.slice_ref(text.strip_prefix('4').expect("a message"))),
        binary => binary,
    }
}
