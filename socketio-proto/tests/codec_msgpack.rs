//! MessagePack as npm's packages write it, and what becomes of it.
//!
//! The bytes are those of `socket.io-msgpack-parser` 3.0.2 with `notepack.io` 2.2.0. After `npm install` of the former, in node:
//! `new (require("socket.io-msgpack-parser").Encoder)().encode({ type: 2, nsp: "/", data: ["ev", value] })[0].toString("hex")`

use bytes::Bytes;
use engineio_proto::{Frame, Message, Revision};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use socketio_proto::{
    AckId, Args, DecodeError, DecoderLimits, EncodeError, Encoded, Json, MessagePack, Packet, PacketDecoder,
    PacketParser, Parser, ToArgs,
};

/// What comes before the arguments of `{ type: 2, nsp: "/", data: ["ev", …] }`, up to the number of elements.
const EVENT: &str = "83a47479706502a36e7370a12fa464617461";

fn hex(text: &str) -> Bytes {
    let digit = |digit: &u8| char::from(*digit).to_digit(16).unwrap() as u8;
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn message(encoded: &Encoded) -> Bytes {
    let mut frames = encoded.frames();
    let Some(Message::Binary(bytes)) = frames.next().map(Frame::into_message) else {
        panic!("a packet is a binary message");
    };
    assert_eq!(
        (frames.count(), encoded.frame_count(), encoded.len()),
        (0, 1, bytes.len())
    );
    bytes
}

fn decoder(revision: Revision) -> Box<dyn PacketDecoder> {
    MessagePack.decoder(revision, DecoderLimits::default())
}

fn decode(message: impl Into<Bytes>) -> Result<Packet, DecodeError> {
    let packet = decoder(Revision::V4).decode(Message::Binary(message.into()))?;
    Ok(packet.expect("every message is a packet"))
}

fn args_of(packet: Packet) -> Args {
    match packet {
        Packet::Event { args, .. } | Packet::Ack { args, .. } => args,
        other => panic!("{other:?} has no arguments"),
    }
}

/// The arguments of an event with `elements` elements, its name among them, the others being `values`.
fn event(elements: u8, values: &str) -> Result<Args, DecodeError> {
    let array = 0x90 | elements;
    decode(hex(&format!("{EVENT}{array:02x}a26576{values}"))).map(args_of)
}

/// The JSON of an argument.
fn json_of(value: &str) -> String {
    let args = event(2, value).unwrap_or_else(|error| panic!("{value}: {error}"));
    args.as_json().to_owned()
}

fn fault(value: &str) -> DecodeError {
    event(2, value).expect_err(value)
}

fn encode(args: &(impl ToArgs + ?Sized)) -> Bytes {
    message(&Parser::msgpack().event("/", None, "ev", args).unwrap())
}

#[test]
fn packets_are_written_as_the_javascript_package_writes_them() {
    let parser = Parser::msgpack();
    let json = |value: Value| Json::encode(&value).unwrap();
    for (packet, expected) in [
        (parser.connect("/", None), "82a47479706500a36e7370a12f"),
        (
            parser.connect("/admin", Some(&json(json!({"token": "x"})))),
            "83a47479706500a36e7370a62f61646d696ea46461746181a5746f6b656ea178",
        ),
        (parser.disconnect("/a"), "82a47479706501a36e7370a22f61"),
        (
            parser.event("/", None, "ev", &()),
            "83a47479706502a36e7370a12fa46461746191a26576",
        ),
        (
            parser.event("/a", Some(AckId(300)), "ev", &(1, "a")),
            "84a47479706502a36e7370a22f61a26964cd012ca46461746193a2657601a161",
        ),
        (
            parser.ack("/", AckId(0), &()),
            "84a47479706503a36e7370a12fa2696400a46461746190",
        ),
        (
            parser.ack("/", AckId(70_000), &(json!([1, [2]]), json!({"a": {"b": null}}))),
            "84a47479706503a36e7370a12fa26964ce00011170a464617461929201910281a16181a162c0",
        ),
        (
            parser.connect_error("/", "no", Some(&json(json!({"code": 401})))),
            "83a47479706504a36e7370a12fa46461746182a76d657373616765a26e6fa46461746181a4636f6465cd0191",
        ),
        (
            parser.connect_error_with("/", &json(json!("no"))),
            "83a47479706504a36e7370a12fa464617461a26e6f",
        ),
    ] {
        let encoded = packet.unwrap();
        assert_eq!(to_hex(&message(&encoded)), expected);
        // What is read is written alike, whatever it is.
        let again = parser.encode(&decode(hex(expected)).unwrap()).unwrap();
        assert_eq!(again, encoded);
    }
}

#[test]
fn values_are_written_as_the_javascript_package_writes_them_and_read_again() {
    let numbers: Vec<i32> = (0..16).collect();
    let entries: String = (0..16).map(|i| format!(r#""{i:02}":{i},"#)).collect();
    for (json, expected) in [
        ("0", "00".to_owned()),
        ("127", "7f".into()),
        ("128", "cc80".into()),
        ("255", "ccff".into()),
        ("256", "cd0100".into()),
        ("65535", "cdffff".into()),
        ("65536", "ce00010000".into()),
        ("4294967295", "ceffffffff".into()),
        ("4294967296", "cf0000000100000000".into()),
        ("9007199254740991", "cf001fffffffffffff".into()),
        ("18446744073709551615", "cfffffffffffffffff".into()),
        ("-1", "ff".into()),
        ("-32", "e0".into()),
        ("-33", "d0df".into()),
        ("-128", "d080".into()),
        ("-129", "d1ff7f".into()),
        ("-32768", "d18000".into()),
        ("-32769", "d2ffff7fff".into()),
        ("-2147483648", "d280000000".into()),
        ("-2147483649", "d3ffffffff7fffffff".into()),
        ("-9007199254740991", "d3ffe0000000000001".into()),
        ("-9223372036854775808", "d38000000000000000".into()),
        ("1.5", "cb3ff8000000000000".into()),
        ("-0.1", "cbbfb999999999999a".into()),
        ("5e-324", "cb0000000000000001".into()),
        ("1e+300", "cb7e37e43c8800759c".into()), // where the JavaScript package writes a zero
        ("true", "c3".into()),
        ("false", "c2".into()),
        ("null", "c0".into()),
        (r#""""#, "a0".into()),
        (r#""é€😀""#, "a9c3a9e282acf09f9880".into()),
        (r#""\u0000\"\\\n""#, "a400225c0a".into()),
        (r#""xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx""#, format!("bf{}", "78".repeat(31))),
        (
            r#""xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx""#,
            format!("d920{}", "78".repeat(32)),
        ),
        ("[]", "90".into()),
        ("[1,[2,[3]]]", "920192029103".into()),
        ("{}", "80".into()),
        (r#"{"a":{"b":{"c":[]}}}"#, "81a16181a16281a16390".into()),
        (&format!("{numbers:?}").replace(' ', ""), {
            let elements: String = numbers.iter().map(|i| format!("{i:02x}")).collect();
            format!("dc0010{elements}")
        }),
        (&format!("{{{}}}", entries.trim_end_matches(',')), {
            let digits = |i: &i32| format!("a23{}3{}{i:02x}", i / 10, i % 10);
            format!("de0010{}", numbers.iter().map(digits).collect::<String>())
        }),
    ] {
        let args = Args::from_json(format!("[{json}]"), Vec::new()).unwrap();
        assert_eq!(to_hex(&encode(&args)), format!("{EVENT}92a26576{expected}"));
        assert_eq!(json_of(&expected), json);
    }
}

#[test]
fn long_values_have_long_heads() {
    let check = |args: &dyn Fn() -> Args, head: &str, rest: &[u8]| {
        let encoded = encode(&args());
        let expected = [&hex(&format!("{EVENT}92a26576{head}"))[..], rest].concat();
        assert!(encoded == expected, "{head}: {}", to_hex(&encoded[..40]));
        assert!(args_of(decode(encoded).unwrap()) == args(), "{head}");
    };
    let string = |len| move || Args::encode(&("x".repeat(len),)).unwrap();
    check(&string(255), "d9ff", &[b'x'; 255]);
    check(&string(256), "da0100", &[b'x'; 256]);
    check(&string(65_535), "daffff", &[b'x'; 65_535]);
    check(&string(65_536), "db00010000", &[b'x'; 65_536]);
    let bytes = |len| move || Args::encode(&(Bytes::from(vec![7; len]),)).unwrap();
    check(&bytes(255), "c4ff", &[7; 255]);
    check(&bytes(256), "c50100", &[7; 256]);
    check(&bytes(65_535), "c5ffff", &[7; 65_535]);
    check(&bytes(65_536), "c600010000", &[7; 65_536]);
    let array = |len| move || Args::encode(&(vec![0; len],)).unwrap();
    check(&array(15), "9f", &[0; 15]);
    check(&array(65_535), "dcffff", &[0; 65_535]);
    check(&array(65_536), "dd00010000", &[0; 65_536]);
    let map = |len: u32| {
        let entries: Vec<String> = (0..len).map(|i| format!(r#""{i:05}":0"#)).collect();
        let json = format!("[{{{}}}]", entries.join(","));
        let bytes: Vec<u8> = (0..len)
            .flat_map(|i| format!("\u{a5}{i:05}\0").into_bytes().split_off(1))
            .collect();
        (move || Args::from_json(json.clone(), Vec::new()).unwrap(), bytes)
    };
    for (len, head) in [(15, "8f"), (16, "de0010"), (65_535, "deffff"), (65_536, "df00010000")] {
        let (args, bytes) = map(len);
        check(&args, head, &bytes);
    }
}

#[test]
fn the_javascript_client_is_understood() {
    // Taken from socket.io-client 4.8: a CONNECT without credentials, an event with all that is special, a DISCONNECT.
    let connect = decode(hex("83a47479706500a464617461d40000a36e7370a12f")).unwrap();
    let namespace = || "/".into();
    assert_eq!(
        connect,
        Packet::Connect {
            namespace: namespace(),
            data: None
        }
    );
    let event = "84a47479706502a46461746195a2657601c403010203d4000082a175d40000a164d7000000000000000000\
                 a76f7074696f6e7381a8636f6d7072657373c3a36e7370a12f";
    let Packet::Event {
        namespace,
        id: None,
        event,
        args,
    } = decode(hex(event)).unwrap()
    else {
        panic!("it is an event");
    };
    assert_eq!((&*namespace, &*event), ("/", "ev"));
    assert_eq!(
        args.as_json(),
        r#"1,{"_placeholder":true,"num":0},null,{"d":"1970-01-01T00:00:00.000Z"}"#
    );
    assert_eq!(args.attachments(), [Bytes::from_static(&[1, 2, 3])]);
    let asking = "85a47479706502a46461746192a361636bc7010007a76f7074696f6e7381a8636f6d7072657373c3a2696400a36e7370a12f";
    let Packet::Event { id, args, .. } = decode(hex(asking)).unwrap() else {
        panic!("it is an event");
    };
    assert_eq!(
        (id, args.get(0).unwrap().as_bytes()),
        (Some(AckId(0)), Some(&Bytes::from_static(&[7])))
    );
    let disconnect = decode(hex("82a47479706501a36e7370a22f61")).unwrap();
    assert_eq!(disconnect, Packet::Disconnect { namespace: "/a".into() });
}

#[test]
fn the_python_client_is_understood() {
    // python-socketio writes `{"type": 1, "data": None, "nsp": "/"}` when it leaves.
    let disconnect = decode(hex("83a47479706501a464617461c0a36e7370a12f")).unwrap();
    assert_eq!(disconnect, Packet::Disconnect { namespace: "/".into() });
}

#[test]
fn what_json_cannot_say_becomes_what_javascript_makes_of_it() {
    assert_eq!(json_of("d40000"), "null"); // undefined
    assert_eq!(json_of("82a175d40000a17601"), r#"{"v":1}"#);
    assert_eq!(json_of("82a17601a175d40000"), r#"{"v":1}"#);
    assert_eq!(json_of("81a175d40000"), "{}");
    assert_eq!(json_of("91d40000"), "[null]");
    assert_eq!(json_of("cb7ff8000000000000"), "null"); // NaN
    assert_eq!(json_of("cb7ff0000000000000"), "null");
    assert_eq!(json_of("cbfff0000000000000"), "null");
    assert_eq!(json_of("ca7fc00000"), "null");
    assert_eq!(json_of("cb8000000000000000"), "0");
    assert_eq!(json_of("ca3fc00000"), "1.5");
    assert_eq!(json_of("d700000000e472797865"), r#""2001-02-03T04:05:06.789Z""#);
    assert_eq!(json_of("d700ffffffffffffffff"), r#""1969-12-31T23:59:59.999Z""#);
    assert_eq!(json_of("d7007fffffffffffffff"), "null"); // an invalid date
}

#[test]
fn floats_are_integers_where_they_have_no_fraction() {
    let float = |value: f64| json_of(&format!("cb{:016x}", value.to_bits()));
    assert_eq!(float(5.0), "5");
    assert_eq!(float(-5.0), "-5");
    assert_eq!(float(1e15), "1000000000000000");
    assert_eq!(float(2f64.powi(53)), "9007199254740992");
    assert_eq!(float(1e20), "100000000000000000000");
    assert_eq!(float(-1e20), "-100000000000000000000");
    assert_eq!(float(1e21), "1e+21");
    assert_eq!(float(0.1), "0.1");
    assert_eq!(float(1e-7), "1e-7");
    assert_eq!(float(f64::MAX), "1.7976931348623157e+308");
}

#[test]
fn keys_become_strings() {
    assert_eq!(json_of("8101c3"), r#"{"1":true}"#);
    assert_eq!(json_of("81ffc3"), r#"{"-1":true}"#);
    assert_eq!(json_of("81c0c3"), r#"{"null":true}"#);
    assert_eq!(json_of("81d40000c3"), r#"{"undefined":true}"#);
    assert_eq!(json_of("81c2c3"), r#"{"false":true}"#);
    assert_eq!(json_of("81cb3ff8000000000000c3"), r#"{"1.5":true}"#);
    assert_eq!(json_of("81a3220a5cc3"), r#"{"\"\n\\":true}"#);
    for key in [
        "90",
        "80",
        "c400",
        "d7000000000000000000",
        "d50100",
        "cb7ff8000000000000",
    ] {
        assert!(
            matches!(fault(&format!("81{key}c3")), DecodeError::MessagePack { .. }),
            "{key}"
        );
    }
}

#[test]
fn bytes_are_attachments_that_share_the_message() {
    let message = hex(&format!("{EVENT}94a26576c403010203c70200040581a162c400"));
    let args = args_of(decode(message.clone()).unwrap());
    assert_eq!(
        args.as_json(),
        r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},{"b":{"_placeholder":true,"num":2}}"#
    );
    assert_eq!(args.attachments(), [&[1, 2, 3][..], &[4, 5], &[]]);
    let place = message.as_ptr_range();
    assert!(
        args.attachments()[..2]
            .iter()
            .all(|attachment| place.contains(&attachment.as_ptr()))
    );
}

#[test]
fn other_extensions_are_their_type_and_their_bytes() {
    for (extension, kind, bytes) in [
        ("d4ff07", -1, &[7][..]),
        ("d50007 08", 0, &[7, 8]),
        ("d605 01020304", 5, &[1, 2, 3, 4]),
        ("d7ff 0102030405060708", -1, &[1, 2, 3, 4, 5, 6, 7, 8]),
        ("d87f 00000000000000000000000000000000", 127, &[0; 16]),
        ("c70380 010203", -128, &[1, 2, 3]),
        ("c8000101 09", 1, &[9]),
        ("c90000000102 09", 2, &[9]),
    ] {
        let args = event(2, &extension.replace(' ', "")).unwrap();
        assert_eq!(args.as_json(), format!(r#"[{kind},{{"_placeholder":true,"num":0}}]"#));
        assert_eq!(args.attachments(), [bytes]);
    }
}

#[test]
fn credentials_have_arrays_of_numbers_instead_of_attachments() {
    let connect = decode(hex("83a47479706500a36e7370a12fa46461746182a162c40201ffa165c400")).unwrap();
    let Packet::Connect { data: Some(data), .. } = connect else {
        panic!("it has data");
    };
    assert_eq!(data.as_str(), r#"{"b":[1,255],"e":[]}"#);
}

#[test]
fn a_look_of_a_placeholder_counts_only_beside_attachments() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Look {
        _placeholder: bool,
        num: u8,
    }
    let look = "82ac5f706c616365686f6c646572c3a36e756d00"; // { _placeholder: true, num: 0 }
    let args = event(2, look).unwrap();
    assert_eq!(args.as_json(), r#"{"_placeholder":true,"num":0}"#);
    let (found,): (Look,) = args.parse().unwrap();
    assert_eq!(
        found,
        Look {
            _placeholder: true,
            num: 0
        }
    );
    assert_eq!(to_hex(&encode(&args)), format!("{EVENT}92a26576{look}"));
    assert_eq!(event(3, &format!("{look}c40107")), Err(DecodeError::Placeholder));
    assert_eq!(event(3, &format!("c40107{look}")), Err(DecodeError::Placeholder));
}

#[test]
fn attachments_go_where_their_placeholders_are() {
    let bytes = |byte| Bytes::from(vec![byte]);
    let json = r#"[ { "num" : 1 , "_placeholder" : true }, {"a":[{"_placeholder":true,"num":0}], "num":0}, 5 ]"#;
    let args = Args::from_json(json, vec![bytes(7), bytes(8)]).unwrap();
    assert_eq!(
        to_hex(&encode(&args)),
        format!("{EVENT}94a26576c4010882a16191c40107a36e756d0005")
    );
    assert_eq!(
        Args::from_json(json, vec![bytes(7)]).unwrap_err(),
        DecodeError::Placeholder
    );
    assert!(matches!(Args::from_json("[1", Vec::new()), Err(DecodeError::Json(_))));
    assert!(matches!(
        Args::from_json("{}", Vec::new()),
        Err(DecodeError::Malformed(_))
    ));
}

#[test]
fn half_a_surrogate_pair_becomes_the_replacement_character() {
    let args = Args::from_json(r#"["\ud83d\ude00\ud800"]"#, Vec::new()).unwrap();
    assert_eq!(to_hex(&encode(&args)), format!("{EVENT}92a26576a7f09f9880efbfbd"));
}

#[test]
fn reserved_names_are_neither_sent_nor_taken() {
    let refused = Parser::msgpack().event("/", None, "disconnect", &());
    assert_eq!(refused.unwrap_err(), EncodeError::ReservedEvent("disconnect".into()));
    let packet = decode(hex(&format!("{EVENT}91aa646973636f6e6e656374")));
    assert_eq!(packet, Err(DecodeError::ReservedEvent));
}

#[test]
fn the_name_of_an_event_may_be_a_number() {
    let Ok(Packet::Event { event, .. }) = decode(hex(&format!("{EVENT}91cd012c"))) else {
        panic!("it is an event");
    };
    assert_eq!(event, "300");
}

#[test]
fn clients_of_revision_3_send_json_and_kinds_for_binary() {
    let decode = |message: Message| decoder(Revision::V3).decode(message).map(Option::unwrap);
    // Taken from socket.io-client 2.5 with socket.io-msgpack-parser 2.2.
    let connect = decode(r#"{"type":0,"query":"token=1","nsp":"/adm?token=1"}"#.into());
    let namespace = "/adm?token=1".into();
    assert_eq!(connect, Ok(Packet::Connect { namespace, data: None }));
    let disconnect = decode(r#"{"type":1,"nsp":"/"}"#.into());
    assert_eq!(disconnect, Ok(Packet::Disconnect { namespace: "/".into() }));
    let event = "84a47479706505a46461746193a2657601c403010203a76f7074696f6e7381a8636f6d7072657373c3a36e7370a12f";
    let args = args_of(decode(hex(event).into()).unwrap());
    assert_eq!(args.as_json(), r#"1,{"_placeholder":true,"num":0}"#);
    let ack = decode(hex("84a47479706506a36e7370a12fa2696400a46461746191c40107").into());
    assert!(matches!(ack, Ok(Packet::Ack { id: AckId(0), .. })));

    for text in [
        "",
        "0",
        "{}",
        r#"{"type":0}"#,
        r#"{"nsp":"/"}"#,
        r#"{"type":0,"nsp":1}"#,
        r#"{"type":-1,"nsp":"/"}"#,
        r#"{"type":2,"nsp":"/","data":["ev"]}"#,
        r#"{"type":0,"nsp":"/"}x"#,
    ] {
        assert!(matches!(decode(text.into()), Err(DecodeError::Malformed(_))), "{text}");
    }
    let data = decode(r#"{"type":1,"nsp":"/","data":1}"#.into());
    assert!(matches!(data, Err(DecodeError::PayloadShape(_))));
    for (revision, text) in [(Revision::V4, r#"{"type":1,"nsp":"/"}"#), (Revision::V4, "0")] {
        let refused = decoder(revision).decode(text.into());
        assert!(matches!(refused, Err(DecodeError::Malformed(_))));
    }
}

/// Any JSON, with numbers that are written alike in both.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("no integers, which lose their point", |f| f.fract() != 0.0)
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..20)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// JSON, and bytes in it.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
enum Mixed {
    Value(Value),
    Bytes(Bytes),
    List(Vec<Mixed>),
}

fn mixed() -> impl Strategy<Value = Mixed> {
    let leaf = prop_oneof![
        value().prop_map(Mixed::Value),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Mixed::Bytes(bytes.into())),
    ];
    leaf.prop_recursive(3, 8, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Mixed::List)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn arguments_come_back_as_they_went(values in prop::collection::vec(mixed(), 0..5), id in any::<Option<u64>>()) {
        let mut list = Vec::new();
        for value in &values {
            list.push(Args::encode(&(value,)).unwrap());
        }
        struct All(Vec<Args>);
        impl ToArgs for All {
            fn write_args(&self, writer: &mut socketio_proto::ArgsWriter<'_>) -> Result<(), EncodeError> {
                self.0.iter().try_for_each(|args| writer.push_args(args))
            }
        }
        let args = Args::encode(&All(list)).unwrap();
        let id = id.map(AckId);
        let limits = DecoderLimits { max_attachments: 1000, max_attachment_bytes: 100_000 };
        let encoded = message(&Parser::msgpack().event("/é", id, "an event", &args).unwrap());
        let mut decoder = MessagePack.decoder(Revision::V4, limits);
        let packet = decoder.decode(Message::Binary(encoded)).unwrap();
        let expected = Packet::Event { namespace: "/é".into(), id, event: "an event".into(), args };
        prop_assert_eq!(packet, Some(expected));
    }
}
