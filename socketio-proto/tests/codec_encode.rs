//! Packets as they go to the wire, and back.

use bytes::Bytes;
use engineio_proto::{Frame, Message};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use socketio_proto::{AckId, Args, Decoder, EncodeError, Encoded, EventBody, Head, Json, Packet};

fn text(frame: &Frame) -> &str {
    match frame.as_message() {
        Message::Text(text) => text,
        Message::Binary(_) => panic!("a packet begins with text"),
    }
}

fn texts(encoded: &Encoded) -> String {
    let frames: Vec<Frame> = encoded.frames().collect();
    assert_eq!(frames.len(), encoded.frame_count());
    assert_eq!(frames.iter().map(Frame::len).sum::<usize>(), encoded.len());
    text(&frames[0]).to_owned()
}

/// What the peer makes of it.
fn decode(encoded: &Encoded) -> Packet {
    let mut decoder = Decoder::default();
    let mut packet = None;
    for frame in encoded.frames() {
        assert_eq!(packet, None);
        let message = match frame.into_message() {
            Message::Text(text) => Message::Text(text.slice_ref(&text[1..])),
            binary @ Message::Binary(_) => binary,
        };
        packet = decoder.decode(message).unwrap();
    }
    packet.unwrap()
}

#[test]
fn a_packet_says_for_all_its_frames_whether_they_may_be_compressed() {
    let packet = Encoded::event("/", None, "picture", &(Bytes::from_static(b"png"),)).unwrap();
    assert!(packet.frames().all(|frame| frame.is_compressible()));
    let packet = packet.with_compression(false);
    assert_eq!(packet.frames().count(), 2);
    assert!(packet.frames().all(|frame| !frame.is_compressible()));
    assert!(
        packet
            .with_compression(true)
            .frames()
            .all(|frame| frame.is_compressible())
    );

    let frames = [Frame::text("a"), Frame::text("b"), Frame::text("c")];
    let [first, rest @ ..] = frames.clone();
    let other = Encoded::from_frames(first, rest).with_compression(false);
    assert!(other.frames().all(|frame| !frame.is_compressible()));
    assert!(other.with_compression(true).frames().eq(frames));
}

#[test]
fn packets_are_written_as_the_javascript_library_writes_them() {
    let event = |namespace, id, args: &Args| texts(&Encoded::event(namespace, id, "ev", args).unwrap());
    let args = Args::encode(&(1, "a")).unwrap();
    assert_eq!(event("/", None, &args), r#"42["ev",1,"a"]"#);
    assert_eq!(event("/admin", Some(AckId(12)), &args), r#"42/admin,12["ev",1,"a"]"#);
    assert_eq!(event("/", Some(AckId(0)), &Args::new()), r#"420["ev"]"#);
    assert_eq!(
        texts(&Encoded::event("/", None, "a \"b\"\n", &()).unwrap()),
        r#"42["a \"b\"\n"]"#
    );
    assert_eq!(texts(&Encoded::ack("/", AckId(3), &()).unwrap()), "433[]");
    assert_eq!(
        texts(&Encoded::ack("/a", AckId(3), &(1, json!([]))).unwrap()),
        "43/a,3[1,[]]"
    );
    assert_eq!(texts(&Encoded::connect("/", None)), "40");
    let data = Json::encode(&json!({"sid": "x"})).unwrap();
    assert_eq!(texts(&Encoded::connect("/", Some(&data))), r#"40{"sid":"x"}"#);
    assert_eq!(texts(&Encoded::connect("/a", Some(&data))), r#"40/a,{"sid":"x"}"#);
    assert_eq!(texts(&Encoded::disconnect("/")), "41");
    assert_eq!(texts(&Encoded::disconnect("/a")), "41/a,");
    assert_eq!(
        texts(&Encoded::connect_error("/a", "no \"way\"", None)),
        r#"44/a,{"message":"no \"way\""}"#
    );
    assert_eq!(
        texts(&Encoded::connect_error("/", "no", Some(&data))),
        r#"44{"message":"no","data":{"sid":"x"}}"#
    );
    let string = Json::encode("no").unwrap();
    assert_eq!(texts(&Encoded::connect_error_with("/a", &string)), r#"44/a,"no""#);
}

#[test]
fn attachments_follow_their_packet() {
    let (a, b) = (Bytes::from_static(b"a"), Bytes::from_static(b"b"));
    let encoded = Encoded::event("/x", Some(AckId(5)), "ev", &(&a, json!({"n": 1}), [&b])).unwrap();
    let frames: Vec<Frame> = encoded.frames().collect();
    let expected = r#"452-/x,5["ev",{"_placeholder":true,"num":0},{"n":1},[{"_placeholder":true,"num":1}]]"#;
    assert_eq!(text(&frames[0]), expected);
    assert_eq!(frames[1..], [Frame::binary(a.clone()), Frame::binary(b)]);
    assert_eq!(encoded.len(), expected.len() + 2);
    let encoded = Encoded::ack("/", AckId(1), &a).unwrap();
    assert_eq!(texts(&encoded), r#"461-1[{"_placeholder":true,"num":0}]"#);
}

#[test]
fn an_event_is_read_back_from_its_packet() {
    let blob = Bytes::from_static(b"blob");
    let escaped = "\"1\" \n 2";
    for (namespace, id) in [("/", None), ("/a", Some(AckId(12)))] {
        let encoded = Encoded::event(namespace, id, escaped, &(1, json!({"a": [null]}))).unwrap();
        let (event, args) = encoded.to_event().unwrap();
        assert_eq!((&*event, args.as_json()), (escaped, r#"1,{"a":[null]}"#));
        let encoded = Encoded::event(namespace, id, "7", &("x", &blob)).unwrap();
        let (event, args) = encoded.to_event().unwrap();
        assert_eq!(event, "7");
        assert_eq!(args.parse::<(&str, Bytes)>().unwrap(), ("x", blob.clone()));
        assert_eq!(args.attachments(), std::slice::from_ref(&blob));
        let (_, none) = Encoded::event(namespace, id, "empty", &()).unwrap().to_event().unwrap();
        assert!(none.is_empty());
    }
    assert_eq!(Encoded::ack("/", AckId(1), &(1, blob)).unwrap().to_event(), None);
    assert_eq!(Encoded::disconnect("/").to_event(), None);
}

#[test]
fn reserved_names_are_not_sent() {
    let refused = Err(EncodeError::ReservedEvent("disconnect".into()));
    assert_eq!(Encoded::event("/", None, "disconnect", &()), refused);
    assert!(EventBody::new("connect", &()).is_err());
}

#[test]
fn a_body_is_encoded_once_for_many_ids() {
    let body = EventBody::new("ev", &("a", Bytes::from_static(b"x"))).unwrap();
    for (namespace, id) in [("/", None), ("/a", Some(AckId(1))), ("/a", Some(AckId(2)))] {
        let encoded = body.encode(namespace, id);
        assert_eq!(
            encoded,
            Encoded::event(namespace, id, "ev", &("a", Bytes::from_static(b"x"))).unwrap()
        );
    }
    let body = EventBody::new("ev", &()).unwrap();
    assert_eq!(texts(&body.encode("/", Some(AckId(7)))), r#"427["ev"]"#);
}

#[test]
fn a_clone_shares_every_byte() {
    let encoded = Encoded::event("/", None, "ev", &Bytes::from(vec![1; 100])).unwrap();
    let pointers = |encoded: &Encoded| -> Vec<*const u8> {
        let pointer = |frame: Frame| match frame.into_message() {
            Message::Text(text) => text.as_ptr(),
            Message::Binary(bytes) => bytes.as_ptr(),
        };
        encoded.frames().map(pointer).collect()
    };
    assert_eq!(pointers(&encoded.clone()), pointers(&encoded));
}

#[test]
fn a_relayed_event_is_the_same_event() {
    let sent = Encoded::event("/", Some(AckId(1)), "ev", &(1, Bytes::from_static(b"x"), "é")).unwrap();
    let Packet::Event {
        namespace,
        id,
        event,
        args,
    } = decode(&sent)
    else {
        panic!()
    };
    assert_eq!(Encoded::event(&namespace, id, &event, &args).unwrap(), sent);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Tree {
    Nothing,
    Whole(i64),
    Real(f64),
    Text(String),
    Binary(Bytes),
    List(Vec<Tree>),
    Pair(Box<Tree>, Option<Bytes>),
    Map(std::collections::BTreeMap<String, Tree>),
    Named { left: Box<Tree>, right: Option<Box<Tree>> },
}

fn tree() -> impl Strategy<Value = Tree> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..20).prop_map(Bytes::from);
    let leaf = prop_oneof![
        Just(Tree::Nothing),
        any::<i64>().prop_map(Tree::Whole),
        any::<i32>().prop_map(|n| Tree::Real(f64::from(n) / 8.0)), // serde_json reads others to the last digit but one,
        any::<String>().prop_map(Tree::Text),
        bytes().prop_map(Tree::Binary),
    ];
    leaf.prop_recursive(4, 32, 4, move |tree| {
        prop_oneof![
            prop::collection::vec(tree.clone(), 0..4).prop_map(Tree::List),
            (tree.clone(), prop::option::of(bytes())).prop_map(|(tree, bytes)| Tree::Pair(tree.into(), bytes)),
            prop::collection::btree_map(any::<String>(), tree.clone(), 0..4).prop_map(Tree::Map),
            (tree.clone(), prop::option::of(tree)).prop_map(|(left, right)| Tree::Named {
                left: left.into(),
                right: right.map(Into::into)
            }),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    any::<String>().prop_filter("reserved", |name| !socketio_proto::is_reserved_event(name))
}

/// Decodes without regard for the number of attachments.
fn decode_any(encoded: &Encoded) -> Packet {
    let limits = socketio_proto::DecoderLimits {
        max_attachments: usize::MAX,
        ..Default::default()
    };
    let mut decoder = Decoder::new(limits);
    let mut packet = None;
    for frame in encoded.frames() {
        packet = match frame.into_message() {
            Message::Text(text) => decoder.decode(Message::Text(text.slice_ref(&text[1..]))),
            binary @ Message::Binary(_) => decoder.decode(binary),
        }
        .unwrap();
    }
    packet.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_sent_arrives(
        namespace in prop::sample::select(vec!["/", "/a", "/é b"]),
        id in any::<Option<u64>>(),
        name in name(),
        first in tree(),
        second in tree(),
    ) {
        let id = id.map(AckId);
        let encoded = Encoded::event(namespace, id, &name, &(&first, &second)).unwrap();
        let Packet::Event { namespace: n, id: i, event, args } = decode_any(&encoded) else { panic!() };
        prop_assert_eq!((&*n, i, &*event), (namespace, id, &*name));
        prop_assert_eq!(args.len(), 2);
        prop_assert_eq!(args.parse::<(Tree, Tree)>().unwrap(), (first.clone(), second.clone()));

        // Relayed in full, and in part.
        prop_assert_eq!(&Encoded::event(namespace, id, &name, &args).unwrap(), &encoded);
        let part = Encoded::ack(namespace, AckId(0), &args.rest(1)).unwrap();
        prop_assert_eq!(&part, &Encoded::ack(namespace, AckId(0), &(&second,)).unwrap());
        let Packet::Ack { args, .. } = decode_any(&part) else { panic!() };
        prop_assert_eq!(args.parse::<(Tree,)>().unwrap(), (second,));
    }

    #[test]
    fn any_text_is_a_packet_or_an_error(text in prop_oneof![any::<String>(), "[0-7]{1,2}-?(/[a-z]{0,3},?)?[0-9]{0,3}[\\[\\]{}\",:a-z0-9\\\\ ]{0,30}"]) {
        if let Ok(head) = Head::parse(&text, 10) {
            let _ = head.event();
        }
        if let Ok(Some(Packet::Event { args, .. } | Packet::Ack { args, .. })) = Decoder::default().decode(Message::Text(text.into())) {
            prop_assert_eq!(args.iter().count(), args.len());
            prop_assert!(args.iter().all(|arg| Json::new(arg.as_json()).is_ok()));
            let _ = args.parse::<(String, Bytes, serde_json::Value)>();
        }
    }

    #[test]
    fn a_mutated_packet_is_a_packet_or_an_error(
        tree in tree(),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), prop::sample::select(r#"[]{},:"\0123456789-_"#.chars().collect::<Vec<_>>()), 0..4), 1..5),
    ) {
        let encoded = Encoded::event("/a", Some(AckId(1)), "event", &(&tree, Bytes::from_static(b"x"))).unwrap();
        let mut frames = encoded.frames();
        let mut packet: Vec<char> = text(&frames.next().unwrap())[1..].chars().collect();
        for (place, any, likely, kind) in mutations {
            let place = place.index(packet.len());
            match kind {
                0 => packet[place] = any,
                1 => packet[place] = likely,
                2 => packet.insert(place, likely),
                _ => { packet.remove(place); }
            }
        }
        let mut decoder = Decoder::default();
        let mut result = decoder.decode(Message::Text(packet.into_iter().collect::<String>().into()));
        for frame in frames {
            let Ok(None) = result else { break };
            result = decoder.decode(frame.into_message());
        }
        if let Ok(Some(Packet::Event { args, event, .. })) = result {
            let _ = args.parse::<(Tree, Bytes)>();
            if let Ok(encoded) = Encoded::event("/", None, &event, &args) {
                let relayed = matches!(decode_any(&encoded), Packet::Event { .. });
                prop_assert!(relayed);
            }
        }
    }
}
