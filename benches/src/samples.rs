//! Packets and bodies.

use std::fmt::Write as _;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{Frame, Message, encode_payload};

/// The size of a large packet.
pub const LARGE: usize = 16 << 10;

/// A small event, 17 bytes as a Socket.IO packet.
pub const SMALL_EVENT: &str = r#"2["chat","hello"]"#;

/// An array of small objects, of about `len` bytes: brackets, commas, keys and numbers everywhere, as in most of what applications send.
#[must_use]
pub fn dense_json(len: usize) -> String {
    let mut json = String::from("[");
    for n in 0.. {
        let (x, y) = (n * 7 % 1_000, n * 13 % 997);
        let more = n % 3 == 0;
        write!(
            json,
            r#"{{"id":{n},"x":{x},"y":{y}.5,"ok":{more},"tags":["a","b{n}"],"to":null}}"#
        )
        .expect("a string takes whatever is written to it");
        if json.len() >= len {
            break;
        }
        json.push(',');
    }
    json.push(']');
    json
}

/// An array of texts of 500 characters, one in a hundred of which has to be escaped, of about `len` bytes.
#[must_use]
pub fn text_json(len: usize) -> String {
    let sentence =
        r#"the quick brown fox jumps over the lazy dog, and says so: \"I did\", and then goes on as if nothing was "#;
    let mut json = String::from("[");
    loop {
        json.push('"');
        (0..5).for_each(|_| json.push_str(sentence));
        json.push('"');
        if json.len() >= len {
            break;
        }
        json.push(',');
    }
    json.push(']');
    json
}

/// The packet of an event with one argument.
#[must_use]
pub fn event(argument: &str) -> ByteString {
    format!(r#"2["update",{argument}]"#).into()
}

/// The messages of an event with ten attachments of 4 KiB.
#[must_use]
pub fn ten_attachments() -> Vec<Message> {
    let placeholders: Vec<_> = (0..10)
        .map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#))
        .collect();
    let text = format!(r#"510-["files",{}]"#, placeholders.join(","));
    let attachment = Bytes::from(vec![7; 4 << 10]);
    let attachments = (0..10).map(|_| Message::Binary(attachment.clone()));
    [Message::Text(text.into())].into_iter().chain(attachments).collect()
}

/// 100 frames of short text.
#[must_use]
pub fn text_frames() -> Vec<Frame> {
    (0..100)
        .map(|n| Frame::text(&format!(r#"2["chat","hello {n}"]"#)))
        .collect()
}

/// 100 frames of 1 KiB.
#[must_use]
pub fn binary_frames() -> Vec<Frame> {
    (0..100).map(|n| Frame::binary(vec![n; 1 << 10].into())).collect()
}

/// The polling body of some frames, in memory that is shared already as that of a received body is.
#[must_use]
pub fn body(frames: &[Frame]) -> Bytes {
    let body = encode_payload(frames);
    drop(body.clone());
    body
}

/// Text in memory that is shared already, as that of a received message is.
#[must_use]
pub fn shared(text: &str) -> ByteString {
    let text = ByteString::from(text);
    drop(text.clone());
    text
}
