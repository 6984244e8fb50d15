//! Connections with other parsers than the default one: MessagePack, and one of a test's own.

mod support;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{Frame, Message, Revision};
use serde_json::json;
use socketio_proto::server::{Config, Event};
use socketio_proto::{
    AckId, Args, DecodeError, Decoder, DecoderLimits, EncodeError, Encoded, Json, Packet, PacketDecoder, PacketParser,
    Parser,
};
use support::{Client, EngineConfig, TRANSPORTS, config, ms};

/// The default parser turned over: where that has text this has bytes, and attachments are text, of hexadecimal digits.
#[derive(Debug)]
struct TurnedOver;

impl PacketParser for TurnedOver {
    fn encode(&self, packet: &Packet) -> Result<Encoded, EncodeError> {
        let mut frames = Parser::default()
            .encode(packet)?
            .frames()
            .map(turn_over)
            .collect::<Vec<_>>()
            .into_iter();
        let first = frames.next().expect("a packet is one frame at least");
        Ok(Encoded::from_frames(first, frames))
    }

    fn decoder(&self, revision: Revision, limits: DecoderLimits) -> Box<dyn PacketDecoder> {
        assert_eq!(revision, Revision::V4);
        Box::new(TurningBack(Decoder::new(limits)))
    }
}

fn turn_over(frame: Frame) -> Frame {
    match frame.into_message() {
        Message::Text(text) => Frame::binary(text.into_bytes().slice(1..)), // without Engine.IO's packet type
        Message::Binary(bytes) => Frame::text(&hex(&bytes)),
    }
}

#[derive(Debug)]
struct TurningBack(Decoder);

impl PacketDecoder for TurningBack {
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        self.0.decode(match message {
            Message::Binary(bytes) => {
                Message::Text(ByteString::try_from(bytes).map_err(|_| DecodeError::Malformed("no text"))?)
            }
            Message::Text(digits) => {
                let byte = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
                let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
                Message::Binary(bytes.ok_or(DecodeError::Malformed("no digits"))?.into())
            }
        })
    }
}

fn parsers() -> [Parser; 3] {
    [Parser::default(), Parser::msgpack(), Parser::new(TurnedOver)]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The messages of a packet, as [`Client::send_all`] takes them.
fn messages(packet: Result<Encoded, EncodeError>) -> Vec<Message> {
    let message = |frame: Frame| match frame.into_message() {
        Message::Text(text) => Message::Text(text.slice_ref(&text[1..])),
        binary @ Message::Binary(_) => binary,
    };
    packet.unwrap().frames().map(message).collect()
}

/// The messages of packets, as [`Client::hear`] shows them.
fn shown<const N: usize>(packets: [Result<Encoded, EncodeError>; N]) -> Vec<String> {
    let show = |message| match message {
        Message::Text(text) => text.to_string(),
        Message::Binary(bytes) => format!("<{}>", hex(&bytes)),
    };
    packets.into_iter().flat_map(messages).map(show).collect()
}

fn with(parser: &Parser) -> Config {
    config(|config| config.parser = parser.clone())
}

fn json(value: &serde_json::Value) -> Json {
    Json::encode(value).unwrap()
}

#[test]
fn a_session_is_the_same_with_every_parser() {
    for (transport, parser) in TRANSPORTS.into_iter().flat_map(|t| parsers().map(|parser| (t, parser))) {
        let mut client = Client::with(transport, with(&parser), EngineConfig::default());
        client.send_all(&messages(parser.connect("/", None)));
        client.send_all(&messages(
            parser.connect("/chat", Some(&json(&json!({"token": [1, "é"]})))),
        ));
        assert_eq!(client.log(), ["connect 0 /", r#"connect 1 /chat {"token":[1,"é"]}"#]);

        let (main, chat) = (client.key(0), client.key(1));
        client.accept(main).unwrap();
        client.refuse(chat, "no", Some(&json(&json!({"code": 7})))).unwrap();
        let welcome = parser.connect("/", Some(&json(&json!({"sid": "id-0"}))));
        let refusal = parser.connect_error("/chat", "no", Some(&json(&json!({"code": 7}))));
        assert_eq!(client.hear(), shown([welcome, refusal]));

        let bytes = Bytes::from_static(&[1, 0, 255]);
        let args = Args::encode(&("text", &bytes, json!({"deep": [null, 1.5]}), [&bytes])).unwrap();
        client.send_all(&messages(parser.event(
            "/",
            Some(socketio_proto::AckId(7)),
            "ask",
            &args,
        )));
        let Event::Event {
            name,
            args: received,
            reply: Some(reply),
            ..
        } = client.event()
        else {
            panic!("it is an event");
        };
        assert_eq!((&*name, reply.id().0), ("ask", 7));
        assert_eq!(received.as_json(), args.as_json());
        assert_eq!(received.attachments(), args.attachments());
        client.ack(reply, &received).unwrap();
        client.emit(main, "news", &received).unwrap();
        client.ask(main, 300, "question", "?", Some(ms(100))).unwrap();
        let expected = [
            parser.ack("/", socketio_proto::AckId(7), &args),
            parser.event("/", None, "news", &args),
            parser.event("/", Some(socketio_proto::AckId(300)), "question", "?"),
        ];
        assert_eq!(client.hear(), shown(expected));

        client.send_all(&messages(parser.ack("/", socketio_proto::AckId(300), &("!", &bytes))));
        assert_eq!(client.log(), [r#"ack 0 300 "!",{"_placeholder":true,"num":0}"#]);
        client.disconnect(main, false);
        assert_eq!(client.hear(), shown([parser.disconnect("/")]));
        client.send_all(&messages(parser.connect("/", None)));
        client.accept(client.key(2)).unwrap();
        client.send_all(&messages(parser.disconnect("/")));
        assert_eq!(
            client.log(),
            [
                "disconnect 0 server namespace disconnect",
                "connect 2 /",
                "disconnect 2 client namespace disconnect"
            ]
        );
    }
}

#[test]
fn order_holds_across_an_upgrade() {
    for parser in parsers() {
        let mut client = Client::with(TRANSPORTS[0], with(&parser), EngineConfig::default());
        client.send_all(&messages(parser.connect("/", None)));
        client.accept(client.key(0)).unwrap();
        client.log();
        client.hear();
        for i in 0..20 {
            if i == 10 {
                client.upgrade();
            }
            client.send_all(&messages(parser.event("/", None, "in", &(i, Bytes::from(vec![i])))));
            client.emit(client.key(0), "out", (i, Bytes::from(vec![i]))).unwrap();
        }
        let mut log = client.log();
        log.retain(|line| line != "upgraded");
        assert_eq!(log.len(), 20);
        for (i, line) in log.iter().enumerate() {
            assert!(line.starts_with(&format!("event 0 in {i},")), "{line}");
        }
        let heard: Vec<String> = (0..20)
            .flat_map(|i: u8| shown([parser.event("/", None, "out", &(i, Bytes::from(vec![i])))]))
            .collect();
        assert_eq!(client.hear(), heard);
    }
}

#[test]
fn what_is_no_packet_ends_the_connection() {
    for transport in TRANSPORTS {
        for (message, why) in [
            (Message::from("2[\"ev\"]"), "a text message instead of MessagePack"),
            (
                Bytes::from_static(b"").into(),
                "no MessagePack, or none that JSON can say, from byte 0 on",
            ),
            (Bytes::from_static(b"\x01").into(), "a packet that is no map"),
            (
                Bytes::from_static(b"\x82\xa4type\x05\xa3nsp\xa1/").into(),
                "a packet of no known type",
            ),
            (
                Bytes::from_static(b"\x82\xa4type\x01\xa3nsp\xa1a").into(),
                "a namespace that does not begin with a slash",
            ),
            (
                Bytes::from_static(b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x91\xaadisconnect").into(),
                "an event with a reserved name",
            ),
            (
                Bytes::from_static(b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x93\xa1a\xc4\0\xc4\0").into(),
                "a packet of more than 1 attachments",
            ),
        ] {
            let parser = Parser::msgpack();
            let config = config(|config| {
                config.parser = parser.clone();
                config.max_attachments = 1;
            });
            let mut client = Client::with(transport, config, EngineConfig::default());
            client.send_all(&messages(parser.connect("/", None)));
            client.accept(client.key(0)).unwrap();
            client.log();
            let mut said = vec![message];
            said.extend(messages(parser.event("/", None, "too late", &())));
            client.send_all(&said);
            assert_eq!(
                client.log(),
                [format!("disconnect 0 parse error: {why}"), "closed forced close".into()]
            );
        }
    }
}

#[test]
fn rules_are_the_same_with_every_parser() {
    for parser in parsers() {
        let refusal = parser.connect_error("/", "no", None);
        for (packet, why) in [
            (parser.connect("/", None), "a namespace joined twice"),
            (
                parser.event("/other", None, "a", &()),
                "a packet for a namespace that was not joined",
            ),
            (
                parser.disconnect("/other"),
                "a packet for a namespace that was not joined",
            ),
            (refusal, "a packet that only a server sends"),
        ] {
            let mut client = Client::with(TRANSPORTS[1], with(&parser), EngineConfig::default());
            client.send_all(&messages(parser.connect("/", None)));
            client.accept(client.key(0)).unwrap();
            client.log();
            client.send_all(&messages(packet));
            assert_eq!(
                client.log(),
                [
                    format!("disconnect 0 forced close: {why}"),
                    "closed forced close".into()
                ]
            );
        }
    }
}

/// A parser that reads whatever packet it was given, and can write nothing but `can`.
#[derive(Debug)]
struct Stubborn {
    reads: Packet,
    can: fn(&Packet) -> bool,
}

impl PacketParser for Stubborn {
    fn encode(&self, packet: &Packet) -> Result<Encoded, EncodeError> {
        if (self.can)(packet) {
            return Ok(Encoded::from_frames(Frame::text("said"), []));
        }
        Err(EncodeError::Value("not my kind of packet".into()))
    }

    fn decoder(&self, _: Revision, _: DecoderLimits) -> Box<dyn PacketDecoder> {
        #[derive(Debug)]
        struct Reads(Packet);
        impl PacketDecoder for Reads {
            fn decode(&mut self, _: Message) -> Result<Option<Packet>, DecodeError> {
                Ok(Some(self.0.clone()))
            }
        }
        Box::new(Reads(self.reads.clone()))
    }
}

fn stubborn(reads: Packet, can: fn(&Packet) -> bool) -> Client {
    let parser = Parser::new(Stubborn { reads, can });
    Client::with(TRANSPORTS[1], with(&parser), EngineConfig::default())
}

fn connect(namespace: &str) -> Packet {
    Packet::Connect {
        namespace: namespace.into(),
        data: None,
    }
}

#[test]
fn a_parser_that_cannot_say_what_is_owed_ends_the_connection() {
    let mut client = stubborn(connect("/"), |_| false);
    client.say("a connect");
    client.accept(client.key(0)).unwrap();
    assert_eq!(
        client.log(),
        [
            "connect 0 /",
            "disconnect 0 forced close: a value that cannot be written: not my kind of packet",
            "closed forced close"
        ]
    );

    let mut client = stubborn(connect("/"), |_| false);
    client.say("a connect");
    client.refuse(client.key(0), "no", None).unwrap();
    assert_eq!(client.log(), ["connect 0 /", "closed forced close"]);

    let mut client = stubborn(connect("/"), |packet| matches!(packet, Packet::Connect { .. }));
    client.say("a connect");
    client.accept(client.key(0)).unwrap();
    client.disconnect(client.key(0), false);
    assert_eq!(
        client.log(),
        [
            "connect 0 /",
            "disconnect 0 server namespace disconnect",
            "closed forced close"
        ]
    );
}

#[test]
fn an_event_that_the_parser_cannot_say_is_the_callers_error() {
    let mut client = stubborn(connect("/"), |packet| !matches!(packet, Packet::Event { .. }));
    client.say("a connect");
    client.accept(client.key(0)).unwrap();
    let refused = client.emit(client.key(0), "event", 1).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a value that cannot be written: not my kind of packet"
    );
    assert_eq!(client.hear(), ["said"]);
    assert_eq!(client.log(), ["connect 0 /"]);
}

#[test]
fn what_a_parser_reads_must_hold_for_others() {
    let event = Packet::Event {
        namespace: "/".into(),
        id: None,
        event: "connect".into(),
        args: Args::new(),
    };
    for packet in [connect(""), connect("chat"), event] {
        let mut client = stubborn(packet, |_| true);
        client.say("whatever");
        assert_eq!(client.log(), ["closed forced close"]);
    }
}

#[test]
fn parsers_are_equal_to_their_clones() {
    let [default, msgpack, own] = parsers();
    assert_eq!(default, Parser::default());
    assert_eq!((&msgpack, &own), (&msgpack.clone(), &own.clone()));
    assert_ne!(msgpack, own);
    assert_ne!(default, msgpack);
}

#[test]
fn a_packet_of_frames_is_what_they_are() {
    let binary = || Frame::binary(Bytes::from_static(b"123"));
    let packet = Encoded::from_frames(Frame::text("ab"), [binary(), Frame::text("c")]);
    assert_eq!(
        packet.frames().collect::<Vec<_>>(),
        [Frame::text("ab"), binary(), Frame::text("c")]
    );
    assert_eq!((packet.frame_count(), packet.len()), (3, 3 + 3 + 2));
    assert_eq!(packet, packet.clone());
    let one = Encoded::from_frames(Frame::text("2[\"a\"]"), []);
    assert_eq!(one, Encoded::event("/", None, "a", &()).unwrap());
}

#[test]
fn an_event_can_be_read_back_whichever_parser_wrote_it() {
    for parser in parsers() {
        let id = Some(AckId(7));
        let packet = parser
            .event("/chat", id, "say", &("hello", Bytes::from_static(b"123")))
            .unwrap();
        let (name, args) = parser.to_event(&packet).unwrap_or_else(|| panic!("{parser:?}"));
        assert_eq!((&*name, args.len()), ("say", 2), "{parser:?}");
        assert_eq!(args.get(1).unwrap().as_bytes().unwrap(), "123");
        assert_eq!(parser.to_event(&parser.disconnect("/chat").unwrap()), None);
    }
}
