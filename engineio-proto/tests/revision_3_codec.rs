//! Packets and payloads of revision 3 as values.

mod support;

use bytes::Bytes;
use engineio_proto::revision_3::{Payload, decode_packet, encode_binary_payload, encode_packet, encode_payload};
use engineio_proto::server::Event;
use engineio_proto::{DecodeError, Frame, Message, Packet};
use proptest::prelude::*;
use support::{FIRST, Session, binary, cases, text};

fn frames(messages: &[Message]) -> Vec<Frame> {
    messages.iter().cloned().map(Frame::from).collect()
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        ".*".prop_map(|text| Message::Text(text.into())),
        "[a€😀]{0,12}".prop_map(|text| Message::Text(text.into())),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Message::Binary(bytes.into())),
    ]
}

/// Bodies that are often in order, and often only almost.
fn almost_text() -> impl Strategy<Value = String> {
    let record = prop_oneof![
        6 => "[0-7b]?[a-z€😀]{0,6}".prop_map(|packet| format!("{}:{packet}", packet.encode_utf16().count())),
        2 => "b4[AQgw]{4}".prop_map(|packet| format!("{}:{packet}", packet.len())),
        1 => "[0-9]{0,3}:[4b][4A€😀]{0,6}",
        1 => "[0-9]{1,30}:?",
    ];
    prop::collection::vec(record, 0..6).prop_map(|records| records.concat())
}

fn almost_binary() -> impl Strategy<Value = Vec<u8>> {
    let record = prop_oneof![
        4 => (0..2u8, prop::collection::vec(prop_oneof![Just(4u8), Just(b'4'), any::<u8>()], 0..9))
            .prop_map(|(kind, packet)| [&[kind, packet.len() as u8, 0xff], &packet[..]].concat()),
        2 => "4[a-z€]{0,3}".prop_map(|packet| [&[0, packet.len() as u8, 0xff], packet.as_bytes()].concat()),
        1 => prop::collection::vec(any::<u8>(), 0..9),
    ];
    prop::collection::vec(record, 0..5).prop_map(|records| records.concat())
}

#[test]
fn a_length_counts_units_of_utf_16() {
    for (packet, encoded) in [("hello", "6:4hello"), ("€", "2:4€"), ("😀", "3:4😀"), ("", "1:4")] {
        assert_eq!(encode_payload(&[Frame::text(packet)]), encoded);
        let mut payload = Payload::text(encoded.into()).unwrap();
        assert_eq!(payload.next(), Some(Ok(Packet::Message(text(packet)))));
        assert_eq!(payload.next(), None);
    }
}

#[test]
fn no_packets_are_a_packet_of_no_length() {
    assert_eq!(encode_payload(&[]), "0:");
    assert_eq!(Payload::text("0:".into()).unwrap().next(), None);
    assert_eq!(Payload::text("0:2:4a0:".into()).unwrap().count(), 1);
    assert!(encode_binary_payload(&[]).is_empty());
}

#[test]
fn bytes_are_base64_in_text() {
    let frames = [Frame::binary([1, 2, 3, 4].to_vec().into())];
    assert_eq!(encode_payload(&frames), "10:b4AQIDBA==");
}

#[test]
fn bytes_are_bytes_behind_their_type_in_binary() {
    let frames = frames(&[text("a€"), binary(&[1, 2, 3])]);
    let body = encode_binary_payload(&frames);
    assert_eq!(body, &b"\x00\x05\xff4a\xe2\x82\xac\x01\x04\xff\x04\x01\x02\x03"[..]);
    let long = [Frame::binary(vec![7; 1233].into())];
    assert!(encode_binary_payload(&long).starts_with(&[1, 1, 2, 3, 4, 0xff, 4, 7]));
}

#[test]
fn what_is_no_text_payload_says_why() {
    for (bad, error) in [
        ("4hello", DecodeError::Length),
        (":4", DecodeError::Length),
        ("1", DecodeError::Length),
        ("-1:4", DecodeError::Length),
        ("3:4a", DecodeError::Length),
        ("2:4😀", DecodeError::Length),
        ("99999999999999999999999999:4", DecodeError::Length),
        ("18446744073709551615:4€€", DecodeError::Length),
        ("1:7", DecodeError::UnknownType('7')),
        ("5:bAQID", DecodeError::UnknownType('A')),
        ("1:b", DecodeError::Empty),
        ("3:b4=", DecodeError::Base64),
    ] {
        let first = Payload::text(bad.into()).unwrap().next();
        assert_eq!(first, Some(Err(error)), "{bad}");
    }
    assert_eq!(Payload::text(Bytes::new()).unwrap_err(), DecodeError::Empty);
    assert_eq!(
        Payload::text(Bytes::from_static(b"\xff")).unwrap_err(),
        DecodeError::Utf8
    );
}

#[test]
fn what_is_no_binary_payload_says_why() {
    let endless = [&[0][..], &[1; 400], &[0xff]].concat();
    let zeros = [&[0][..], &[0; 309], &[1, 0xff, b'6']].concat();
    for (bad, error) in [
        (&[0][..], DecodeError::Length),
        (&[0, 0xff, b'4'], DecodeError::Length),
        (&[0, 1], DecodeError::Length),
        (&[0, 1, 0xff], DecodeError::Length),
        (&[0, 10, 0xff, b'4'], DecodeError::Length),
        (&[1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0xff, 4], DecodeError::Length),
        (&endless, DecodeError::Length),
        (&[2, 1, 0xff, b'4'], DecodeError::UnknownType('\u{2}')),
        (&[0, 1, 0xff, 0xfe], DecodeError::Utf8),
        (&[0, 0, 0xff], DecodeError::Empty),
        (&[1, 0, 0xff], DecodeError::Empty),
        (&[1, 1, 0xff, b'4'], DecodeError::UnknownType('4')),
    ] {
        let first = Payload::binary(Bytes::copy_from_slice(bad)).unwrap().next();
        assert_eq!(first, Some(Err(error)), "{bad:?}");
    }
    assert_eq!(Payload::binary(zeros.into()).unwrap().next(), Some(Ok(Packet::Noop)));
    assert_eq!(Payload::binary(Bytes::new()).unwrap_err(), DecodeError::Empty);
}

#[test]
fn a_payload_ends_at_its_first_error() {
    let mut payload = Payload::text("2:4a1:x2:4b".into()).unwrap();
    assert_eq!(payload.next(), Some(Ok(Packet::Message(text("a")))));
    assert_eq!(payload.next(), Some(Err(DecodeError::UnknownType('x'))));
    assert_eq!(payload.next(), None);
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_payload_survives_its_encoding(messages in prop::collection::vec(message(), 1..8)) {
        let frames = frames(&messages);
        let expected: Vec<Packet> = messages.into_iter().map(Packet::Message).collect();
        let text: Result<Vec<Packet>, _> = Payload::text(encode_payload(&frames)).unwrap().collect();
        prop_assert_eq!(text.as_ref(), Ok(&expected));
        let binary: Result<Vec<Packet>, _> = Payload::binary(encode_binary_payload(&frames)).unwrap().collect();
        prop_assert_eq!(binary, Ok(expected));
    }

    #[test]
    fn a_packet_survives_its_encoding(message in message(), base64 in any::<bool>()) {
        let packet = Packet::Message(message);
        prop_assert_eq!(decode_packet(encode_packet(&packet, base64)), Ok(packet));
    }

    #[test]
    fn a_length_is_that_of_a_javascript_string(packet in ".*") {
        let body = encode_payload(&[Frame::text(&packet)]);
        prop_assert_eq!(body, format!("{}:4{packet}", 1 + packet.encode_utf16().count()));
    }

    #[test]
    fn no_input_is_too_much_for_the_decoders(bytes in prop::collection::vec(any::<u8>(), 0..60), text in almost_text()) {
        for body in [Bytes::from(bytes), text.into()] {
            for payload in [Payload::text(body.clone()), Payload::binary(body.clone())].into_iter().flatten() {
                prop_assert!(payload.count() <= body.len());
            }
        }
    }

    /// A connection checks a body without decoding it; the two must agree, or the rest would fail when it is fetched.
    #[test]
    fn a_body_is_accepted_if_it_decodes(body in almost_text()) {
        let Some((messages, accepted)) = decode(Payload::text(body.clone().into())) else {
            return Ok(());
        };
        let mut session = Session::polling_3(Session::eio3(), "");
        let post = session.post(body);
        prop_assert_eq!(session.status(post), if accepted { 200 } else { 400 });
        prop_assert_eq!(received(&mut session), messages);
    }

    #[test]
    fn a_binary_body_is_accepted_if_it_decodes(body in almost_binary()) {
        let Some((messages, accepted)) = decode(Payload::binary(body.clone().into())) else {
            return Ok(());
        };
        let mut session = Session::polling_3(Session::eio3(), "");
        let post = session.post_bytes(&body);
        prop_assert_eq!(session.status(post), if accepted { 200 } else { 400 });
        prop_assert_eq!(received(&mut session), messages);
    }

    /// And a WebSocket agrees with the packet's decoder.
    #[test]
    fn a_websocket_takes_what_decodes(message in prop_oneof![
        "[0-7b]?[4a]?[AQ=]{0,6}".prop_map(|text| Message::Text(text.into())),
        prop::collection::vec(0..6u8, 0..4).prop_map(|bytes| Message::Binary(bytes.into())),
    ]) {
        let accepted = !matches!(decode_packet(message.clone()), Err(error) if error != DecodeError::Handshake);
        let mut session = Session::websocket_3(Session::eio3(), "");
        session.message(FIRST, message);
        let error = |event: &Event| matches!(event, Event::Closed(reason) if reason.as_str() == "parse error");
        prop_assert_eq!(session.events().iter().any(error), !accepted);
    }
}

/// The messages in a body up to what ends it, and whether that is anything but an error. None if it has an open packet of a wrong
/// form: nobody may send one to a server, which does not look at it.
fn decode(payload: Result<Payload, DecodeError>) -> Option<(Vec<Message>, bool)> {
    let mut messages = Vec::new();
    let Ok(payload) = payload else {
        return Some((messages, false));
    };
    for packet in payload {
        match packet {
            Ok(Packet::Message(message)) => messages.push(message),
            Ok(Packet::Close | Packet::Pong(_)) => break,
            Ok(_) => {}
            Err(DecodeError::Handshake) => return None,
            Err(_) => return Some((messages, false)),
        }
    }
    Some((messages, true))
}

fn received(session: &mut Session) -> Vec<Message> {
    let message = |event| match event {
        Event::Message(message) => Some(message),
        Event::Upgraded | Event::Drained | Event::Closed(_) => None,
    };
    session.events().into_iter().filter_map(message).collect()
}
