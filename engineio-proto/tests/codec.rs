//! Packets and payloads as values.

mod support;

use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::server::Event;
use engineio_proto::{DecodeError, Frame, Handshake, Message, Packet, PacketRef, Payload, Sid, encode_payload};
use proptest::prelude::*;
use support::{FIRST, Session, binary, cases, sid, text};

fn any_text() -> impl Strategy<Value = ByteString> {
    prop_oneof![".*", "[a-z\"{}\\[\\]0-9]{0,40}"].prop_map(ByteString::from)
}

/// Text that a payload can carry: the separator cannot occur inside a packet.
fn payload_text() -> impl Strategy<Value = String> {
    any_text().prop_map(|text| text.replace('\u{1e}', ""))
}

fn any_bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

fn handshake() -> impl Strategy<Value = Handshake> {
    (
        any::<[u8; 15]>(),
        any::<bool>(),
        any::<u64>(),
        any::<u64>(),
        any::<usize>(),
    )
        .prop_map(|(entropy, upgrade, interval, timeout, max_payload)| Handshake {
            sid: Sid::from_entropy(entropy).into(),
            upgrade_to_websocket: upgrade,
            ping_interval: Duration::from_millis(interval),
            ping_timeout: Duration::from_millis(timeout),
            max_payload,
        })
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        handshake().prop_map(Packet::Open),
        Just(Packet::Close),
        any_text().prop_map(Packet::Ping),
        any_text().prop_map(Packet::Pong),
        any_text().prop_map(|text| Packet::Message(Message::Text(text))),
        any_bytes().prop_map(|bytes| Packet::Message(Message::Binary(bytes))),
        Just(Packet::Upgrade),
        Just(Packet::Noop),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        payload_text().prop_map(|text| Message::Text(text.into())),
        any_bytes().prop_map(Message::Binary),
    ]
}

/// Text that often looks like a packet, and often only almost.
fn almost_packet() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-7b]?[a-zA-Z0-9+/=]{0,9}",
        2 => "b[A-Za-z0-9+/]{4}[A-Za-z0-9+/=_ -]{0,8}",
        2 => "4.{0,5}",
        1 => handshake().prop_map(|handshake| {
            let mut text = String::from("0");
            handshake.encode(&mut text);
            text
        }),
        1 => ".{0,5}",
    ]
}

#[test]
fn every_packet_has_its_text() {
    for (packet, encoded) in [
        (Packet::Close, text("1")),
        (Packet::Ping("".into()), text("2")),
        (Packet::Ping("probe".into()), text("2probe")),
        (Packet::Pong("".into()), text("3")),
        (Packet::Message(text("hello €")), text("4hello €")),
        (Packet::Message(text("")), text("4")),
        (Packet::Message(binary(&[1, 2, 3])), binary(&[1, 2, 3])),
        (Packet::Upgrade, text("5")),
        (Packet::Noop, text("6")),
    ] {
        assert_eq!(packet.encode(), encoded);
        assert_eq!(Packet::decode(encoded), Ok(packet));
    }
}

#[test]
fn what_is_no_packet_says_why() {
    for (bad, error) in [
        ("", DecodeError::Empty),
        ("7", DecodeError::UnknownType('7')),
        ("é4", DecodeError::UnknownType('é')),
        ("b=", DecodeError::Base64),
        ("bAQI", DecodeError::Base64),
        ("bAQI_", DecodeError::Base64),
        ("0", DecodeError::Handshake),
        ("0[]", DecodeError::Handshake),
        (r#"0["id",["websocket"],25000,20000,1]"#, DecodeError::Handshake),
        (
            r#"0{"sid":"","upgrades":[],"pingInterval":1,"pingTimeout":1}"#,
            DecodeError::Handshake,
        ),
        (
            r#"0{"sid":"two words","upgrades":[],"pingInterval":1,"pingTimeout":1}"#,
            DecodeError::Handshake,
        ),
    ] {
        assert_eq!(Packet::decode(text(bad)), Err(error), "{bad}");
    }
}

#[test]
fn a_handshake_may_leave_out_its_limit() {
    for limit in ["", r#","maxPayload":null"#] {
        let json = format!(
            r#"{{"sid":"{}","upgrades":["webtransport","websocket"],"pingInterval":25000,"pingTimeout":20000{limit},"more":[]}}"#,
            sid().as_str()
        );
        let handshake = Handshake::decode(&json).unwrap();
        assert_eq!(handshake.sid, sid());
        assert!(handshake.upgrade_to_websocket);
        assert_eq!(handshake.ping_interval, Duration::from_secs(25));
        assert_eq!(handshake.max_payload, usize::MAX);
    }
}

#[test]
fn a_handshake_may_have_an_id_of_another_length_and_offer_what_nobody_knows() {
    let json = r#"{"sid":"short\u002dish","upgrades":["carrier\u0020pigeon"],"pingInterval":1,"pingTimeout":1}"#;
    let handshake = Handshake::decode(json).unwrap();
    assert_eq!(handshake.sid.as_str(), "short-ish");
    assert!(!handshake.upgrade_to_websocket);
}

#[test]
fn a_handshake_is_no_longer_than_servers_have_reason_to_make_it() {
    for (len, fits) in [(Handshake::MAX_LEN, true), (Handshake::MAX_LEN + 1, false)] {
        let object = r#" {"sid":"id","upgrades":[],"pingInterval":1,"pingTimeout":1}"#;
        let json = format!("{object:>len$}");
        assert_eq!(Handshake::decode(&json).is_ok(), fits, "{len}");
    }
}

#[test]
fn a_body_of_one_text_packet_is_that_packet() {
    let frame = Frame::text("hello");
    let body = encode_payload([&frame]);
    let Message::Text(text) = frame.as_message() else {
        panic!("it is text");
    };
    assert_eq!(body.as_ptr(), text.as_bytes().as_ptr(), "shared, not copied");
}

#[test]
fn a_payload_ends_at_its_first_error() {
    let mut payload = Payload::new("4one\u{1e}x\u{1e}4two".into()).unwrap();
    assert_eq!(payload.next(), Some(Ok(Packet::Message(text("one")))));
    assert_eq!(payload.next(), Some(Err(DecodeError::UnknownType('x'))));
    assert_eq!(payload.next(), None);
    assert_eq!(
        Payload::new(Bytes::from_static(b"\xff")).unwrap_err(),
        DecodeError::Utf8
    );
    assert_eq!(
        Payload::new(Bytes::new()).unwrap().next(),
        Some(Err(DecodeError::Empty))
    );
}

#[test]
#[should_panic(expected = "begins with its packet type")]
fn an_encoded_frame_must_be_a_message() {
    let _ = Frame::encoded("1".into());
}

#[test]
fn frames_are_what_they_were_made_of() {
    assert_eq!(Frame::text("hello"), Frame::encoded("4hello".into()));
    assert_eq!(Frame::from(text("hello")).into_message(), text("4hello"));
    assert_eq!(Frame::from(binary(&[1])).into_message(), binary(&[1]));
    assert_eq!((Frame::text("€").len(), Frame::text("").is_empty()), (4, false));
    assert!(Frame::binary(Bytes::new()).is_empty());
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_packet_survives_its_encoding(packet in packet()) {
        prop_assert_eq!(Packet::decode(packet.encode()), Ok(packet));
    }

    #[test]
    fn a_handshake_survives_its_encoding(handshake in handshake()) {
        let mut json = String::new();
        handshake.encode(&mut json);
        prop_assert_eq!(Handshake::decode(&json), Ok(handshake));
    }

    #[test]
    fn a_payload_survives_its_encoding(messages in prop::collection::vec(message(), 1..8)) {
        let frames: Vec<Frame> = messages.iter().cloned().map(Frame::from).collect();
        let payload = Payload::new(encode_payload(&frames)).unwrap();
        let decoded: Result<Vec<Packet>, _> = payload.collect();
        let expected: Vec<Packet> = messages.into_iter().map(Packet::Message).collect();
        prop_assert_eq!(decoded, Ok(expected));
    }

    /// Without reading them it is told what packets a body has, and after some were read, the others.
    #[test]
    fn packets_that_are_peeked_are_those_that_are_read(records in prop::collection::vec(almost_packet(), 1..6), read in 0..6usize) {
        let body = ByteString::from(records.join("\u{1e}"));
        let payload = Payload::new(body.clone().into_bytes()).unwrap();
        let records: Vec<&str> = body.split('\u{1e}').collect();
        let peeked: Vec<_> = payload.peek().collect();
        prop_assert_eq!(&peeked, &records.iter().map(|record| PacketRef::decode(record)).collect::<Vec<_>>());
        for (record, peeked) in records.iter().zip(&peeked) {
            let packet = Packet::decode(Message::Text((*record).into()));
            match peeked {
                Ok(PacketRef::Close) => prop_assert_eq!(packet, Ok(Packet::Close)),
                Ok(PacketRef::Ping(data)) => prop_assert_eq!(packet, Ok(Packet::Ping((*data).into()))),
                Ok(PacketRef::Pong(data)) => prop_assert_eq!(packet, Ok(Packet::Pong((*data).into()))),
                Ok(PacketRef::Text(data)) => prop_assert_eq!(packet, Ok(Packet::Message(text(data)))),
                Ok(PacketRef::Upgrade) => prop_assert_eq!(packet, Ok(Packet::Upgrade)),
                Ok(PacketRef::Noop) => prop_assert_eq!(packet, Ok(Packet::Noop)),
                Ok(PacketRef::Open(json)) => prop_assert_eq!(packet, Handshake::decode(json).map(Packet::Open)),
                Ok(PacketRef::Base64(base64)) => {
                    let fits = base64.len() % 4 == 0 || packet.is_err();
                    prop_assert!(fits && matches!(packet, Ok(Packet::Message(Message::Binary(_))) | Err(DecodeError::Base64)));
                }
                Err(error) => prop_assert_eq!(packet, Err(*error)),
            }
        }
        let mut rest = payload.clone();
        let read = rest.by_ref().take(read).take_while(Result::is_ok).count();
        if rest.peek().next().is_some() {
            prop_assert_eq!(rest.peek().collect::<Vec<_>>(), &peeked[read..]);
        }
    }

    #[test]
    fn a_sid_survives_its_text(entropy in any::<[u8; 15]>()) {
        let sid = Sid::from_entropy(entropy);
        prop_assert_eq!(Sid::parse(sid.as_str()), Some(sid));
    }

    #[test]
    fn no_input_is_too_much_for_the_decoders(text in any_text(), bytes in any_bytes()) {
        let _ = Packet::decode(Message::Text(text.clone()));
        let _ = Packet::decode(Message::Binary(bytes.clone()));
        let _ = Handshake::decode(&text);
        let _ = Sid::parse(&text);
        for body in [text.into_bytes(), bytes] {
            if let Ok(payload) = Payload::new(body.clone()) {
                prop_assert!(payload.count() <= 1 + body.len());
            }
        }
    }

    /// A connection checks a body without decoding it; the two must agree, or the rest would fail when it is fetched.
    #[test]
    fn a_body_is_accepted_if_it_decodes(records in prop::collection::vec(almost_packet(), 1..6)) {
        let body = records.join("\u{1e}");
        let (messages, accepted) = decode(body.split('\u{1e}'));
        let mut session = Session::polling();
        let post = session.post(body);
        prop_assert_eq!(session.status(post), if accepted { 200 } else { 400 });
        let received = received(&mut session);
        prop_assert_eq!(received, messages);
    }

    /// And a WebSocket agrees with both, packet by packet.
    #[test]
    fn a_websocket_takes_what_a_body_takes(record in almost_packet()) {
        let (messages, accepted) = decode([&*record].into_iter());
        let mut session = Session::websocket();
        session.say(FIRST, &record);
        let events = session.events();
        let error = |event: &Event| matches!(event, Event::Closed(reason) if reason.as_str() == "parse error");
        prop_assert_eq!(events.iter().any(error), !accepted);
        let received: Vec<Message> = events.into_iter().filter_map(message_of).collect();
        prop_assert_eq!(received, messages);
    }

    /// The same for base64 alone, which has the most ways to be almost right.
    #[test]
    fn checking_base64_agrees_with_decoding_it(text in "[AQgw/+=_ \u{e9}-]{0,10}") {
        let packet = format!("b{text}");
        let decodes = Packet::decode(Message::Text((&*packet).into())).is_ok();
        let mut session = Session::polling();
        let post = session.post(packet);
        prop_assert_eq!(session.status(post) == 200, decodes);
    }
}

/// The messages in a body up to what ends it, and whether that is anything but an error. The contents of an open packet are
/// not looked at: nobody may send one to a server, and nobody cares.
fn decode<'a>(records: impl Iterator<Item = &'a str>) -> (Vec<Message>, bool) {
    let mut messages = Vec::new();
    for record in records {
        match Packet::decode(text(record)) {
            Ok(Packet::Message(message)) => messages.push(message),
            Ok(Packet::Close | Packet::Ping(_)) => break,
            Ok(_) | Err(DecodeError::Handshake) => {}
            Err(_) => return (messages, false),
        }
    }
    (messages, true)
}

fn received(session: &mut Session) -> Vec<Message> {
    session.events().into_iter().filter_map(message_of).collect()
}

fn message_of(event: Event) -> Option<Message> {
    match event {
        Event::Message(message) => Some(message),
        Event::Upgraded | Event::Drained | Event::Closed(_) => None,
    }
}
