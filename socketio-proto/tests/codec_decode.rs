//! What is a packet, and what is not.

use std::borrow::Cow;

use bytes::Bytes;
use engineio_proto::Message;
use socketio_proto::{AckId, DecodeError, Decoder, DecoderLimits, Head, Packet, PacketKind};

fn decode(text: &'static str) -> Result<Packet, DecodeError> {
    let packet = Decoder::default().decode(Message::from(text))?;
    Ok(packet.expect("no attachments"))
}

fn fault(text: &str) -> DecodeError {
    Head::parse(text, 10).expect_err(text)
}

/// The name of an event and the JSON of its arguments.
fn event(text: &'static str) -> (String, String) {
    match decode(text) {
        Ok(Packet::Event { event, args, .. }) => (event.to_string(), args.as_json().to_owned()),
        other => panic!("{text}: {other:?}"),
    }
}

fn binary(text: &'static str, attachments: &[&'static [u8]]) -> Result<Packet, DecodeError> {
    let mut decoder = Decoder::default();
    let mut packet = decoder.decode(text.into())?;
    for attachment in attachments {
        assert!(packet.is_none());
        assert!(decoder.is_waiting());
        packet = decoder.decode(Bytes::from_static(attachment).into())?;
    }
    assert!(!decoder.is_waiting());
    Ok(packet.expect("the last attachment completes it"))
}

#[test]
fn a_head_is_taken_apart() {
    let text = r#"51-/admin,12["ev",{"_placeholder":true,"num":0}]"#;
    let head = Head::parse(text, 10).unwrap();
    let expected = Head {
        kind: PacketKind::BinaryEvent,
        attachments: 1,
        namespace: "/admin",
        id: Some(AckId(12)),
        data: Some(r#"["ev",{"_placeholder":true,"num":0}]"#),
    };
    assert_eq!(head, expected);
    assert_eq!(
        head.event(),
        Some((Cow::Borrowed("ev"), r#"{"_placeholder":true,"num":0}"#))
    );
}

#[test]
fn the_namespace_runs_to_the_comma_or_to_the_end() {
    let namespace = |text| Head::parse(text, 10).unwrap().namespace;
    assert_eq!(namespace("0"), "/");
    assert_eq!(namespace("0{}"), "/");
    assert_eq!(namespace("0/,"), "/");
    assert_eq!(namespace("0/a"), "/a");
    assert_eq!(namespace("0/a,"), "/a");
    assert_eq!(namespace("0/a?x=1,{}"), "/a?x=1");
    assert_eq!(namespace(r#"2/é/ü,["a"]"#), "/é/ü");
}

#[test]
fn an_id_is_digits_only() {
    let id = |text| Head::parse(text, 10).unwrap().id;
    assert_eq!(id(r#"2["a"]"#), None);
    assert_eq!(id(r#"20["a"]"#), Some(AckId(0)));
    assert_eq!(id(r#"2007["a"]"#), Some(AckId(7)));
    assert_eq!(id("318446744073709551615[]"), Some(AckId(u64::MAX)));
    assert_eq!(fault("318446744073709551616[]"), DecodeError::AckId);
    assert!(matches!(fault("3-1[]"), DecodeError::Json(_)));
    assert!(matches!(fault("3abc[]"), DecodeError::Json(_)));
    assert!(matches!(fault("31.5[]"), DecodeError::Json(_)));
}

#[test]
fn an_answer_says_what_it_answers() {
    assert_eq!(fault("3[1]"), DecodeError::MissingAckId);
}

#[test]
fn an_empty_or_unknown_packet_is_none() {
    assert_eq!(fault(""), DecodeError::Empty);
    assert_eq!(fault("7"), DecodeError::UnknownKind('7'));
    assert_eq!(fault("é"), DecodeError::UnknownKind('é'));
}

#[test]
fn an_event_without_payload_is_a_parse_error() {
    assert_eq!(fault("2"), DecodeError::MissingPayload(PacketKind::Event));
    assert_eq!(fault("2/a,12"), DecodeError::MissingPayload(PacketKind::Event));
    assert_eq!(fault("31"), DecodeError::MissingPayload(PacketKind::Ack));
    assert_eq!(fault("4"), DecodeError::MissingPayload(PacketKind::ConnectError));
    assert_eq!(fault("51-"), DecodeError::MissingPayload(PacketKind::BinaryEvent));
}

#[test]
fn each_kind_has_payloads_of_its_own_shape() {
    for text in [
        "0",
        "0{}",
        r#"0/a,{"token":1}"#,
        "1",
        "1/a,",
        "31[]",
        "31[1,2]",
        r#"4{"message":"no"}"#,
        r#"4"no""#,
        r#"2["a"]"#,
    ] {
        assert!(Head::parse(text, 10).is_ok(), "{text}");
    }
    for text in [
        "0[]",
        "0\"x\"",
        "0null",
        "1{}",
        "1[]",
        "31{}",
        "31\"a\"",
        "31null",
        "4[]",
        "4null",
        "41",
        "2{}",
        "2[]",
        "2null",
        "2\"a\"",
        "2[null]",
        "2[true,1]",
        "2[{}]",
        r#"2[["a"]]"#,
        r#"51-{"_placeholder":true,"num":0}"#,
    ] {
        let fault = fault(text);
        assert!(
            matches!(fault, DecodeError::PayloadShape(_) | DecodeError::MissingPayload(_)),
            "{text}: {fault:?}"
        );
    }
    for text in [
        r#"2["a""#,
        r#"2["a"]x"#,
        r#"2["a",]"#,
        "0{",
        "0{}x",
        "4no",
        r#"2["a\u00"]"#,
    ] {
        assert!(matches!(fault(text), DecodeError::Json(_)), "{text}");
    }
}

#[test]
fn reserved_names_are_refused_even_escaped() {
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        assert_eq!(fault(&format!(r#"2["{name}",1]"#)), DecodeError::ReservedEvent);
        let escaped: String = name
            .chars()
            .map(|character| format!("\\u{:04x}", character as u32))
            .collect();
        assert_eq!(fault(&format!(r#"2["{escaped}"]"#)), DecodeError::ReservedEvent);
        assert_eq!(fault(&format!(r#"51-["{name}"]"#)), DecodeError::ReservedEvent);
    }
    for name in ["error", "connection", "message", "Connect", "connect "] {
        assert!(Head::parse(&format!(r#"2["{name}"]"#), 10).is_ok(), "{name}");
    }
}

#[test]
fn escaped_event_names_are_understood() {
    assert_eq!(event(r#"2["caf\u00e9 \"x\"",1]"#), ("café \"x\"".into(), "1".into()));
    assert_eq!(event(r#"2["\ud83d\ude00"]"#), ("😀".into(), String::new()));
}

#[test]
fn a_number_is_an_event_name_as_in_javascript() {
    assert_eq!(event(r#"2[12,"a"]"#), ("12".into(), "\"a\"".into()));
    assert_eq!(event("2[-1.5]"), ("-1.5".into(), String::new()));
}

#[test]
fn white_space_is_no_part_of_the_arguments() {
    assert_eq!(event("2 [ \"a\" , 1 , [ 2 ] ] "), ("a".into(), "1 , [ 2 ]".into()));
    assert_eq!(event("2[\n\"a\"\n]"), ("a".into(), String::new()));
}

#[test]
fn every_packet_is_slices_of_its_message() {
    let text = r#"2/chat,3["the name of this event",{"a":1}]"#;
    let Ok(Packet::Event {
        namespace,
        event,
        args,
        id,
    }) = decode(text)
    else {
        panic!()
    };
    assert_eq!(id, Some(AckId(3)));
    let within = |slice: &str| text.as_bytes().as_ptr_range().contains(&slice.as_ptr());
    assert!(within(&namespace) && within(&event) && within(args.as_json()));
}

#[test]
fn connect_and_its_answers_are_read() {
    let Ok(Packet::Connect {
        namespace,
        data: Some(data),
    }) = decode(r#"0/a,{"sid":"x"}"#)
    else {
        panic!()
    };
    assert_eq!((&*namespace, data.as_str()), ("/a", r#"{"sid":"x"}"#));
    assert!(matches!(decode("0"), Ok(Packet::Connect { data: None, .. })));
    let Ok(Packet::ConnectError { data, .. }) = decode(r#"4/a,{"message":"no","data":[1]}"#) else {
        panic!()
    };
    assert_eq!(data.as_str(), r#"{"message":"no","data":[1]}"#);
    let Ok(Packet::Disconnect { namespace }) = decode("1/a,") else {
        panic!()
    };
    assert_eq!(&*namespace, "/a");
    let Ok(Packet::Ack { id, args, .. }) = decode("35[1,\"b\"]") else {
        panic!()
    };
    assert_eq!((id, args.as_json()), (AckId(5), "1,\"b\""));
}

#[test]
fn attachments_are_placed_by_num() {
    let text = r#"52-["ev",{"_placeholder":true,"num":1},[{"num":0,"_placeholder":true}]]"#;
    let Ok(Packet::Event { args, .. }) = binary(text, &[b"zero", b"one"]) else {
        panic!()
    };
    let (one, [zero]): (Bytes, [Bytes; 1]) = args.parse().unwrap();
    assert_eq!((&*one, &*zero), (&b"one"[..], &b"zero"[..]));
}

#[test]
fn an_attachment_may_be_named_twice_or_never() {
    let text = r#"62-7[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#;
    let Ok(Packet::Ack { id, args, .. }) = binary(text, &[b"zero", b"one"]) else {
        panic!()
    };
    assert_eq!(id, AckId(7));
    assert_eq!(args.parse::<Vec<Bytes>>().unwrap(), ["zero", "zero"]);
}

#[test]
fn a_placeholder_must_name_an_attachment() {
    for placeholder in [
        r#"{"_placeholder":true,"num":1}"#,
        r#"{"_placeholder":true,"num":-1}"#,
        r#"{"_placeholder":true,"num":0.5}"#,
        r#"{"_placeholder":true,"num":"0"}"#,
        r#"{"_placeholder":true}"#,
        r#"[[{"a":{"num":7,"_placeholder":true}}]]"#,
        r#"{"\u005fplaceholder":true,"n\u0075m":1}"#,
    ] {
        assert_eq!(fault(&format!(r#"51-["ev",{placeholder}]"#)), DecodeError::Placeholder);
    }
    // The number of what is no placeholder is nobody's business.
    assert!(Head::parse(r#"51-["ev",{"_placeholder":false,"num":9},{"num":-3}]"#, 10).is_ok());
}

#[test]
fn without_attachments_a_placeholder_is_data() {
    let (_, args) = event(r#"2["ev",{"_placeholder":true,"num":99}]"#);
    assert_eq!(args, r#"{"_placeholder":true,"num":99}"#);
}

#[test]
fn a_binary_packet_announces_its_attachments() {
    for text in [
        r#"5["a"]"#,
        r#"50-["a"]"#,
        r#"500-["a"]"#,
        r#"5-["a"]"#,
        r#"51["a"]"#,
        r#"51e0-["a"]"#,
        r#"5+1-["a"]"#,
        "61[]",
    ] {
        assert_eq!(fault(text), DecodeError::AttachmentCount, "{text}");
    }
    assert_eq!(fault(r#"511-["a"]"#), DecodeError::TooManyAttachments { limit: 10 });
    assert_eq!(
        fault(r#"599999999999999999999999-["a"]"#),
        DecodeError::TooManyAttachments { limit: 10 }
    );
    assert!(Head::parse(r#"510-["a"]"#, 10).is_ok());
    assert!(Head::parse(r#"5010-["a"]"#, 10).is_ok());
    // In other packets that is an id, and no JSON.
    assert!(matches!(fault(r#"21-["a"]"#), DecodeError::Json(_)));
}

#[test]
fn text_does_not_come_between_attachments() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.decode(r#"51-["a"]"#.into()), Ok(None));
    assert_eq!(decoder.decode(r#"2["b"]"#.into()), Err(DecodeError::AttachmentExpected));
    assert!(!decoder.is_waiting());
}

#[test]
fn bytes_do_not_come_out_of_nowhere() {
    let bytes = Message::from(Bytes::from_static(b"x"));
    assert_eq!(
        Decoder::default().decode(bytes.clone()),
        Err(DecodeError::UnexpectedAttachment)
    );
    let mut decoder = Decoder::default();
    assert_eq!(decoder.decode(r#"51-["a"]"#.into()), Ok(None));
    assert!(decoder.decode(bytes.clone()).is_ok());
    assert_eq!(decoder.decode(bytes), Err(DecodeError::UnexpectedAttachment));
}

#[test]
fn the_bytes_that_wait_are_bounded() {
    let mut decoder = Decoder::new(DecoderLimits {
        max_attachments: 3,
        max_attachment_bytes: 10,
    });
    let bytes = |n| Message::from(Bytes::from(vec![0; n]));
    assert_eq!(decoder.decode(r#"53-["a"]"#.into()), Ok(None));
    assert_eq!(decoder.decode(bytes(6)), Ok(None));
    assert_eq!(decoder.decode(bytes(4)), Ok(None));
    assert_eq!(
        decoder.decode(bytes(1)),
        Err(DecodeError::AttachmentsTooLarge { limit: 10 })
    );
    assert!(!decoder.is_waiting());
    assert_eq!(
        decoder.decode(r#"54-["a"]"#.into()),
        Err(DecodeError::TooManyAttachments { limit: 3 })
    );
}

#[test]
fn a_decoder_is_small() {
    assert!(size_of::<Decoder>() <= 24);
}
