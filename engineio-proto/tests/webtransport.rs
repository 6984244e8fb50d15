//! WebTransport's frames: what the JavaScript implementation writes, whole and in pieces, and what is no frame.

#[path = "support/counting.rs"]
mod counting;
mod support;

use bytes::Bytes;
use bytestring::ByteString;
use counting::peak;
use engineio_proto::webtransport::{Decoder, Header};
use engineio_proto::{DecodeError, Message, Packet};
use proptest::prelude::*;
use support::{binary, cases, text};

const LIMIT: usize = 1_000_000;

fn frame(message: &Message) -> Vec<u8> {
    let header = Header::new(message).expect("it is not empty");
    let payload = match message {
        Message::Text(text) => text.as_bytes(),
        Message::Binary(bytes) => bytes,
    };
    [header.as_bytes(), payload].concat()
}

/// What one chunk after the other says, until an error.
fn decode(max_payload: usize, chunks: impl IntoIterator<Item = Bytes>) -> Result<Vec<Message>, DecodeError> {
    let mut decoder = Decoder::new(max_payload);
    let mut messages = Vec::new();
    for mut chunk in chunks {
        while let Some(message) = decoder.decode(&mut chunk)? {
            messages.push(message);
        }
        assert!(chunk.is_empty(), "whoever wants more has taken what there is");
    }
    Ok(messages)
}

fn whole(bytes: impl Into<Bytes>) -> Result<Vec<Message>, DecodeError> {
    decode(LIMIT, [bytes.into()])
}

fn byte_by_byte(bytes: &[u8]) -> Result<Vec<Message>, DecodeError> {
    decode(LIMIT, bytes.iter().map(|byte| Bytes::copy_from_slice(&[*byte])))
}

/// The headers are those that engine.io-parser 5.2.3 writes.
#[test]
fn frames_are_those_of_the_javascript_implementation() {
    for (message, header) in [
        (text(r#"0{"sid":"x"}"#), &[0x0c][..]),
        (text("2probe"), &[0x06]),
        (text("4é€😀"), &[0x0a]),
        (text("5"), &[0x01]),
        (binary(&[1, 2, 3]), &[0x83]),
        (text(&"x".repeat(125)), &[0x7d]),
        (text(&"x".repeat(126)), &[0x7e, 0x00, 0x7e]),
        (binary(&[0; 126]), &[0xfe, 0x00, 0x7e]),
        (binary(&[0; 65_535]), &[0xfe, 0xff, 0xff]),
        (binary(&[0; 65_536]), &[0xff, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        assert_eq!(Header::new(&message).unwrap().as_bytes(), header);
        let frame = frame(&message);
        assert_eq!(byte_by_byte(&frame), Ok(vec![message.clone()]));
        assert_eq!(whole(frame), Ok(vec![message]));
    }
}

#[test]
fn a_frame_brings_a_packet() {
    let messages = whole(&b"\x062probe\x83\x01\x02\x03"[..]).unwrap();
    let packets: Vec<_> = messages
        .into_iter()
        .map(|message| Packet::decode(message).unwrap())
        .collect();
    assert_eq!(
        packets,
        [Packet::Ping("probe".into()), Packet::Message(binary(&[1, 2, 3]))]
    );
}

#[test]
fn an_empty_message_has_no_frame() {
    assert_eq!(Header::new(&text("")), None);
    assert_eq!(Header::new(&binary(&[])), None);
    for frame in [&[0x00][..], &[0x80], &[0x7e, 0, 0], &[0xff, 0, 0, 0, 0, 0, 0, 0, 0]] {
        assert_eq!(whole(frame), Err(DecodeError::Empty));
        assert_eq!(byte_by_byte(frame), Err(DecodeError::Empty));
    }
}

#[test]
fn a_length_may_be_written_longer_than_it_must_be() {
    for header in [&b"\x7e\x00\x01"[..], b"\x7f\0\0\0\0\0\0\0\x01"] {
        assert_eq!(whole([header, b"3"].concat()), Ok(vec![text("3")]));
    }
}

#[test]
fn a_message_may_be_as_large_as_the_limit() {
    for (limit, size) in [(1, 1), (125, 125), (126, 126), (70_000, 70_000)] {
        let message = binary(&vec![7; size]);
        let frame = Bytes::from(frame(&message));
        assert_eq!(decode(limit, [frame.clone()]), Ok(vec![message]));
        let (size, limit) = (size as u64, limit - 1);
        assert_eq!(decode(limit, [frame]), Err(DecodeError::TooLarge { size, limit }));
    }
}

#[test]
fn a_length_that_lies_is_refused_before_anything_is_kept() {
    for (header, size) in [
        (&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], u64::MAX),
        (&[0xff, 0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00], 1 << 53),
        (&[0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0f, 0x42, 0x41], 1_000_001),
    ] {
        let mut result = Ok(Vec::new());
        let taken = peak(|| result = byte_by_byte(header));
        assert_eq!(result, Err(DecodeError::TooLarge { size, limit: LIMIT }));
        assert!(taken < 1_000, "{taken} bytes");
    }
}

#[test]
fn a_message_that_is_announced_takes_the_memory_of_what_arrives() {
    let header = [0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40];
    let mut decoder = Decoder::new(LIMIT);
    let mut keep = |bytes: &[u8]| {
        let mut input = Bytes::copy_from_slice(bytes);
        let taken = peak(|| assert_eq!(decoder.decode(&mut input), Ok(None)));
        (taken, decoder.kept_bytes())
    };
    assert_eq!(keep(&header), (0, 0));
    assert_eq!(keep(&[1]), (1, 1));
    let (taken, kept) = keep(&[2; 1_000]);
    assert_eq!(kept, 1_001);
    assert!(taken <= 2 * kept, "{taken} bytes");
}

#[test]
fn text_must_be_utf_8() {
    assert_eq!(whole(&b"\x024\xff"[..]), Err(DecodeError::Utf8));
    assert_eq!(whole(&b"\x824\xff"[..]), Ok(vec![binary(b"4\xff")]));
}

#[test]
fn an_error_is_the_end() {
    let mut decoder = Decoder::new(LIMIT);
    let mut input = Bytes::from_static(b"\x00\x013");
    for _ in 0..3 {
        assert_eq!(decoder.decode(&mut input), Err(DecodeError::Empty));
    }
    assert_eq!(decoder.kept_bytes(), 0);
}

#[test]
fn a_message_that_is_there_is_not_copied() {
    let input = Bytes::from(frame(&binary(&[7; 100_000])));
    let taken = peak(|| drop(whole(input.clone()).unwrap()));
    assert!(taken < 1_000, "{taken} bytes");
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        "[a-z€😀]{1,60}".prop_map(|text| Message::Text(ByteString::from(text))),
        prop::collection::vec(any::<u8>(), 1..300).prop_map(|bytes| Message::Binary(bytes.into())),
        (60_000..70_000usize).prop_map(|size| Message::Binary(vec![1; size].into())),
    ]
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn messages_survive_however_they_are_cut(
        messages in prop::collection::vec(message(), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let stream: Vec<u8> = messages.iter().flat_map(frame).collect();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).chain([0, stream.len()]).collect();
        cuts.sort_unstable();
        let chunks = cuts.windows(2).map(|cut| Bytes::copy_from_slice(&stream[cut[0]..cut[1]]));
        prop_assert_eq!(decode(LIMIT, chunks), Ok(messages));
    }

    #[test]
    fn whatever_comes_means_the_same_whole_and_in_pieces(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let whole = decode(150, [Bytes::copy_from_slice(&bytes)]);
        let pieces = decode(150, bytes.iter().map(|byte| Bytes::copy_from_slice(&[*byte])));
        prop_assert_eq!(whole, pieces);
    }
}
