//! The hot paths, one at a time, for whoever counts instructions: `instructions` lists them, `instructions NAME COUNT` does one of them
//! so often. What is to be counted is inside the function [`measured`], everything else outside. See `run` beside this file.

use std::env;
use std::hint::black_box;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{Message, Payload, encode_payload};
use serde_json::Value;
use socketio_benches::samples::{self, LARGE, SMALL_EVENT};
use socketio_benches::{Lobby, Pair, Polling, WebSocket};
use socketio_proto::server::hub::Target;
use socketio_proto::{AckId, Args, Decoder, Encoded, Json, Packet};

/// A small event that is to be acknowledged.
const QUESTION: &str = r#"427["echo","hello"]"#;

/// A path's name, and what makes it ready and does it so often.
type Path = (&'static str, fn(usize));

const PATHS: [Path; 21] = [
    ("decode-event-17", |count| decode(count, SMALL_EVENT)),
    ("decode-event-16k-objects", |count| {
        decode(count, &samples::event(&samples::dense_json(LARGE)));
    }),
    ("decode-event-16k-text", |count| {
        decode(count, &samples::event(&samples::text_json(LARGE)));
    }),
    ("decode-10-attachments", decode_attachments),
    ("validate-16k-objects", |count| {
        validate(count, &samples::dense_json(LARGE));
    }),
    ("validate-16k-text", |count| validate(count, &samples::text_json(LARGE))),
    ("encode-event", |count| {
        let encode = || {
            Encoded::event(
                black_box("/"),
                None,
                black_box("chat"),
                &(black_box("hello"), black_box(42)),
            )
        };
        repeat(count, encode);
    }),
    ("value-1k-read", |count| {
        let args = Args::encode(&(value(),)).expect("it is JSON");
        repeat(count, || args.parse::<(Value,)>());
    }),
    ("value-1k-write", |count| {
        let value = value();
        repeat(count, || Encoded::ack(black_box("/"), AckId(7), &(black_box(&value),)));
    }),
    ("echo-one-attachment", |count| {
        let mut client = WebSocket::open();
        let packet = samples::shared(r#"451-7["echo",{"_placeholder":true,"num":0}]"#);
        let attachment = Bytes::from(vec![7; 1 << 10]);
        drop(attachment.clone());
        repeat(count, || client.echo_binary(packet.clone(), attachment.clone()));
    }),
    ("payload-decode-100-text", |count| {
        decode_payload(count, &samples::body(&samples::text_frames()));
    }),
    ("payload-peek-100-text", |count| {
        let body = samples::body(&samples::text_frames());
        repeat(count, || {
            let payload = Payload::new(body.clone()).expect("it is text");
            payload.peek().filter(|packet| black_box(packet).is_ok()).count()
        });
    }),
    ("payload-encode-100-text", |count| {
        let frames = samples::text_frames();
        repeat(count, || encode_payload(black_box(&frames)));
    }),
    ("payload-decode-100-binary", |count| {
        decode_payload(count, &samples::body(&samples::binary_frames()));
    }),
    ("payload-encode-100-binary", |count| {
        let frames = samples::binary_frames();
        repeat(count, || encode_payload(black_box(&frames)));
    }),
    ("echo-server-websocket", |count| {
        let mut client = WebSocket::open();
        let packet = samples::shared(QUESTION);
        repeat(count, || client.echo(packet.clone()));
    }),
    ("echo-server-polling", |count| {
        let mut client = Polling::open();
        let body = Bytes::from(QUESTION);
        repeat(count, || client.echo(body.clone()));
    }),
    ("echo-client-and-server", |count| {
        let mut pair = Pair::open();
        repeat(count, || pair.echo(black_box(7), black_box("hello")));
    }),
    ("session-websocket", |count| repeat(count, || WebSocket::open().close())),
    ("deliver", |count| {
        let mut client = WebSocket::open();
        let packet = news();
        repeat(count, || client.deliver(&packet));
    }),
    ("broadcast-to-100", |count| {
        let lobby = Lobby::of(100);
        let mut clients: Vec<_> = (0..100).map(|_| WebSocket::open()).collect();
        let target = Target::everyone().to("lobby");
        repeat(count, || {
            let packet = news();
            for member in lobby.namespace.members(&target) {
                black_box(clients[*member.value].deliver(&packet));
            }
        });
    }),
];

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [name, count] = &arguments[..] else {
        PATHS.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let (_, run) = PATHS.iter().find(|(path, _)| path == name).expect("a path of the list");
    run(count.parse().expect("how often"));
}

/// Does `work` a few times until it is warm, and then so often as it is counted.
fn repeat<R>(count: usize, mut work: impl FnMut() -> R) {
    for _ in 0..8 {
        black_box(work());
    }
    for _ in 0..count {
        black_box(measured(&mut work));
    }
}

#[inline(never)]
fn measured<R>(work: &mut impl FnMut() -> R) -> R {
    work()
}

fn decode(count: usize, packet: &str) {
    let packet = samples::shared(packet);
    let mut decoder = Decoder::default();
    repeat(count, || match decoder.decode(Message::Text(packet.clone())) {
        Ok(Some(Packet::Event { event, args, .. })) => (event, args),
        other => panic!("{other:?} is no event"),
    });
}

fn decode_attachments(count: usize) {
    let messages = samples::ten_attachments();
    let mut decoder = Decoder::default();
    repeat(count, || {
        let mut packets = messages.iter().map(|message| decoder.decode(message.clone()));
        packets
            .find_map(|packet| packet.expect("it is in order"))
            .expect("it is complete")
    });
}

/// 1 KiB of small objects.
fn value() -> Value {
    serde_json::from_str(&samples::dense_json(1 << 10)).expect("it is JSON")
}

fn validate(count: usize, json: &str) {
    let json = ByteString::from(json);
    repeat(count, || Json::new(black_box(&json).clone()).is_ok());
}

fn decode_payload(count: usize, body: &Bytes) {
    repeat(count, || {
        let packets = Payload::new(body.clone()).expect("it is text");
        packets.filter(|packet| black_box(packet).is_ok()).count()
    });
}

fn news() -> Encoded {
    let packet = Encoded::event("/", None, "news", &("the kettle boils",)).expect("it is JSON");
    drop(packet.clone());
    packet
}
