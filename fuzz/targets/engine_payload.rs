//! A polling body: read packet by packet it says the same as a session that it is posted to, and what it says survives encoding.

#![no_main]

use bytes::Bytes;
use engineio_proto::{DecodeError, Frame, Message, Packet, Payload, encode_payload};
use libfuzzer_sys::fuzz_target;
use socketio_fuzz::{Posted, bounded, post, records};

const QUERY: &str = "EIO=4&transport=polling";

fuzz_target!(|data: &[u8]| {
    let body = Bytes::copy_from_slice(data);
    let packets = packets(data);
    let read: Vec<_> = Payload::new(body.clone()).map_or_else(|error| vec![Err(error)], Iterator::collect);
    let first_error = packets.iter().position(Result::is_err);
    assert_eq!(read, packets[..first_error.map_or(packets.len(), |index| index + 1)]);

    // A body waits as it is; this is for the messages, once they are fetched.
    let posted = bounded(data.len(), 128, || post(QUERY, false, body));
    assert_eq!(posted, Posted::expected(&packets));

    let frames: Vec<Frame> = posted.messages.iter().cloned().map(Frame::from).collect();
    if !frames.is_empty() {
        let again = post(QUERY, false, encode_payload(&frames));
        assert_eq!((again.messages, again.closed), (posted.messages, None));
    }
});

/// What each record is by itself.
fn packets(data: &[u8]) -> Vec<Result<Packet, DecodeError>> {
    if std::str::from_utf8(data).is_err() {
        return vec![Err(DecodeError::Utf8)];
    }
    let text = |record| std::str::from_utf8(record).expect("a separator is no part of a character");
    records(data)
        .map(|record| Packet::decode(Message::Text(text(record).into())))
        .collect()
}
