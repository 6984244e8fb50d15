//! A polling body of revision 3, as text, as bytes and as a form: read packet by packet it says the same as a session that it is
//! posted to, and what it says survives encoding.
//!
//! The first byte of the input says which.

#![no_main]

use bytes::Bytes;
use engineio_proto::revision_3::{Payload, encode_binary_payload, encode_payload};
use engineio_proto::{DecodeError, Frame, Packet};
use libfuzzer_sys::fuzz_target;
use socketio_fuzz::{Posted, bounded, post};

const QUERY: &str = "EIO=3&transport=polling";
const QUERY_OF_SCRIPTS: &str = "EIO=3&transport=polling&j=0";

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    let body = Bytes::copy_from_slice(data);
    match kind % 3 {
        0 => whole(body, false),
        1 => whole(body, true),
        _ => form(data),
    }
});

fn whole(body: Bytes, binary: bool) {
    let payload = match binary {
        false => Payload::text(body.clone()),
        true => Payload::binary(body.clone()),
    };
    let packets: Vec<_> = payload.map_or_else(|error| vec![Err(error)], Iterator::collect);
    let posted = bounded(body.len(), 128, || post(QUERY, binary, body));
    // Unlike the cursor, a session does not stop at an open packet, whatever is in it.
    if !packets.contains(&Err(DecodeError::Handshake)) {
        assert_eq!(posted, Posted::expected_3(&packets));
    }
    let messages: Vec<_> = packets
        .into_iter()
        .filter_map(|packet| match packet {
            Ok(Packet::Message(message)) => Some(message),
            _ => None,
        })
        .collect();
    let frames: Vec<Frame> = messages.iter().cloned().map(Frame::from).collect();
    if !frames.is_empty() {
        assert_eq!(post(QUERY, false, encode_payload(&frames)).messages, messages);
        assert_eq!(post(QUERY, true, encode_binary_payload(&frames)).messages, messages);
    }
}

/// A form says what the JavaScript server reads in it.
fn form(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let plain = text
            .split("\\\\n")
            .map(|part| part.replace("\\n", "\n"))
            .collect::<Vec<_>>()
            .join("\\n");
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let posted = post(QUERY_OF_SCRIPTS, false, format!("x=1&d={encoded}&d=2").into());
        assert_eq!(posted, post(QUERY, false, plain.into()));
    }
    bounded(data.len(), 128, || {
        post(QUERY_OF_SCRIPTS, false, Bytes::copy_from_slice(data))
    });
}
