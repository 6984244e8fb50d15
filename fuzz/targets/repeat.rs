//! A few bytes again and again, up to half a million: what takes the square of its input does not end in time, what calls itself for each
//! level of it has no stack left, and what keeps more than its share is found by counting.
//!
//! The input is lines: what is in front, what is repeated, what is in the middle, what is repeated as often behind that, and what is last.

#![no_main]

use bytes::Bytes;
use engineio_proto::server::{Request, Route, Server};
use engineio_proto::webtransport::Decoder as FrameDecoder;
use engineio_proto::{Config, Message, Packet, Revision};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use socketio_fuzz::{bounded, post};
use socketio_proto::{Decoder, DecoderLimits, Encoded, Json, MessagePack, PacketParser};

const SIZE: usize = 512 << 10;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let [front, open, middle, close, back] = [line(), line(), line(), line(), line()];
    let count = SIZE.checked_div(open.len() + close.len()).unwrap_or(0);
    let input = [front, &open.repeat(count), middle, &close.repeat(count), back].concat();
    let len = input.len();
    let body = Bytes::from(input);

    for query in [
        "EIO=4&transport=polling",
        "EIO=3&transport=polling",
        "EIO=3&transport=polling&j=0",
    ] {
        bounded(len, 4 + FETCHED, || post(query, false, body.clone()));
    }
    bounded(len, 4 + FETCHED, || post("EIO=3&transport=polling", true, body.clone()));

    bounded(len, MSGPACK, || msgpack(body.clone()));
    frames(&body);

    let Ok(text) = bytestring::ByteString::try_from(body) else {
        return;
    };
    bounded(len, 2, || Packet::decode(Message::Text(text.clone())).is_ok());
    bounded(len, 2, || Json::new(text.clone()).is_ok());
    bounded(len, 4, || packet(&text, 10));
    route(&text);
});

/// Messages that were fetched and are kept.
const FETCHED: usize = 64;

/// What a byte of MessagePack can become: a level that is open, a line for a number.
const MSGPACK: usize = 48;

/// A packet of the MessagePack parser, which is sent on.
fn msgpack(body: Bytes) {
    let mut decoder = MessagePack.decoder(Revision::V4, DecoderLimits::default());
    if let Ok(Some(packet)) = decoder.decode(Message::Binary(body)) {
        MessagePack.encode(&packet).expect("what was let in can go out");
    }
}

/// Frames of WebTransport, in pieces.
fn frames(body: &[u8]) {
    let mut decoder = FrameDecoder::new(SIZE);
    for piece in body.chunks(1_000) {
        let mut input = Bytes::copy_from_slice(piece);
        while let Ok(Some(_)) = decoder.decode(&mut input) {}
        assert!(decoder.kept_bytes() <= SIZE);
    }
}

/// A packet of Socket.IO, its attachments as short as can be, and what is done with its arguments unread.
fn packet(text: &bytestring::ByteString, max_attachments: usize) {
    let mut decoder = Decoder::new(DecoderLimits {
        max_attachments,
        ..DecoderLimits::default()
    });
    let mut decoded = decoder.decode(Message::Text(text.clone()));
    while decoded == Ok(None) {
        decoded = decoder.decode(Message::Binary(Bytes::from_static(b"x")));
    }
    let Ok(Some(socketio_proto::Packet::Event { args, .. } | socketio_proto::Packet::Ack { args, .. })) = decoded
    else {
        return;
    };
    for arg in &args {
        let _ = arg.as_bytes();
    }
    let _ = args.get(0).map(|arg| arg.parse::<IgnoredAny>().is_ok());
    let _ = args.parse::<(Bytes, Bytes)>().is_ok();
    let _ = args.rest(1);
    let _ = Encoded::event("/", None, "e", &args);
}

fn route(query: &str) {
    let server = Server::<()>::new(std::sync::Arc::new(Config::default()));
    let request = Request {
        method: "GET",
        query,
        websocket: false,
        binary: false,
    };
    // What is escaped in it is decoded, into memory that grows as it fills; then what is no UTF-8 becomes three bytes each.
    let refused = bounded(query.len(), 8, || matches!(server.route(&request), Route::Refuse(_)));
    assert!(refused || query.contains("transport=polling") || query.contains(['%', '+']));
}
