//! What the crates make of messages, for `compare.mjs` to compare with what npm's parsers do: a line of JSON in, a line of JSON out.

use std::io::{self, BufRead, BufWriter, Write};

use bytes::Bytes;
use engineio_proto::{Message, Packet as EnginePacket, Payload, Revision, revision_3, webtransport};
use serde::Deserialize;
use serde_json::{Value, json};
use socketio_proto::{Args, Decoder, DecoderLimits, Encoded, MessagePack, Packet, PacketParser};

/// How large a message of WebTransport may be; `compare.mjs` has the same number.
const MAX_PAYLOAD: usize = 1_000;

/// What is to be decoded.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Case {
    /// The messages of a Socket.IO connection: text, or bytes in hexadecimal digits.
    Socket(Vec<Piece>),
    /// A polling body of revision 4.
    Payload(String),
    /// A polling body of revision 3 that is text.
    #[serde(rename = "payload-3")]
    Payload3(String),
    /// One that is bytes, in hexadecimal digits.
    #[serde(rename = "binary-payload-3")]
    BinaryPayload3(String),
    /// A message of the MessagePack parser, in hexadecimal digits.
    Msgpack(String),
    /// A stream of WebTransport, in pieces of hexadecimal digits.
    Frames(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Piece {
    Text(String),
    Bytes(String),
}

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.is_empty() {
            out.flush()?; // whoever asks now waits for all the answers
            continue;
        }
        let case = serde_json::from_str(&line).map_err(io::Error::other)?;
        writeln!(out, "{}", answer(case))?;
    }
    out.flush()
}

fn answer(case: Case) -> Value {
    match case {
        Case::Socket(pieces) => socket(pieces),
        Case::Payload(body) => payload(Payload::new(body.into())),
        Case::Payload3(body) => payload(revision_3::Payload::text(body.into())),
        Case::BinaryPayload3(body) => payload(revision_3::Payload::binary(bytes(&body))),
        Case::Msgpack(body) => msgpack(bytes(&body)),
        Case::Frames(pieces) => frames(pieces),
    }
}

/// The packets until the first error, and that.
fn socket(pieces: Vec<Piece>) -> Value {
    let mut decoder = Decoder::default();
    let mut packets = Vec::new();
    for (index, piece) in pieces.into_iter().enumerate() {
        let message = match piece {
            Piece::Text(text) => Message::Text(text.into()),
            Piece::Bytes(digits) => Message::Binary(bytes(&digits)),
        };
        match decoder.decode(message) {
            Ok(None) => {}
            Ok(Some(packet)) => packets.push(packet_value(&packet)),
            Err(error) => return json!({ "packets": packets, "error": format!("{error:?}"), "at": index }),
        }
    }
    json!({ "packets": packets })
}

/// The packet, and what it is as MessagePack and as text; or what is wrong.
fn msgpack(body: Bytes) -> Value {
    let mut decoder = MessagePack.decoder(Revision::V4, DecoderLimits::default());
    match decoder.decode(Message::Binary(body)) {
        Ok(packet) => {
            let packet = packet.expect("every message is a packet");
            let encoded = MessagePack.encode(&packet).expect("what was let in can go out");
            json!({ "packet": packet_value(&packet), "encoded": frame_values(&encoded) })
        }
        Err(error) => json!({ "error": format!("{error:?}") }),
    }
}

/// The packets until the first error, and that.
fn frames(pieces: Vec<String>) -> Value {
    let mut decoder = webtransport::Decoder::new(MAX_PAYLOAD);
    let mut packets = Vec::new();
    for piece in pieces {
        let mut input = bytes(&piece);
        loop {
            let packet = match decoder.decode(&mut input) {
                Ok(None) => break,
                Ok(Some(message)) => EnginePacket::decode(message),
                Err(error) => Err(error),
            };
            match packet {
                Ok(packet) => packets.push(engine_packet_value(packet)),
                Err(error) => return json!({ "packets": packets, "error": format!("{error:?}") }),
            }
        }
    }
    json!({ "packets": packets })
}

fn packet_value(packet: &Packet) -> Value {
    let nsp = &**packet.namespace();
    let encoded = match packet {
        Packet::Connect { namespace, data } => Encoded::connect(namespace, data.as_ref()),
        Packet::Disconnect { namespace } => Encoded::disconnect(namespace),
        Packet::ConnectError { namespace, data } => Encoded::connect_error_with(namespace, data),
        Packet::Event {
            namespace,
            id,
            event,
            args,
        } => Encoded::event(namespace, *id, event, args).expect("what was let in can go out"),
        Packet::Ack { namespace, id, args } => Encoded::ack(namespace, *id, args).expect("what was let in can go out"),
    };
    let encoded = frame_values(&encoded);
    match packet {
        Packet::Connect { data, .. } => {
            json!({ "type": 0, "nsp": nsp, "data": data.as_ref().map(|data| data.as_str()), "encoded": encoded })
        }
        Packet::Disconnect { .. } => json!({ "type": 1, "nsp": nsp, "encoded": encoded }),
        Packet::Event { id, event, args, .. } => json!({
            "type": 2, "nsp": nsp, "id": id.map(|id| id.0.to_string()), "event": &**event,
            "data": args.as_json(), "attachments": attachments(args), "encoded": encoded,
        }),
        Packet::Ack { id, args, .. } => json!({
            "type": 3, "nsp": nsp, "id": id.0.to_string(),
            "data": args.as_json(), "attachments": attachments(args), "encoded": encoded,
        }),
        Packet::ConnectError { data, .. } => {
            json!({ "type": 4, "nsp": nsp, "data": data.as_str(), "encoded": encoded })
        }
    }
}

/// The packets until the first error, and that.
fn payload<P, E>(payload: Result<P, E>) -> Value
where
    P: Iterator<Item = Result<EnginePacket, E>>,
    E: std::fmt::Debug,
{
    let payload = match payload {
        Ok(payload) => payload,
        Err(error) => return json!({ "packets": [], "error": format!("{error:?}") }),
    };
    let mut packets = Vec::new();
    for packet in payload {
        match packet {
            Ok(packet) => packets.push(engine_packet_value(packet)),
            Err(error) => return json!({ "packets": packets, "error": format!("{error:?}") }),
        }
    }
    json!({ "packets": packets })
}

fn engine_packet_value(packet: EnginePacket) -> Value {
    let (name, data) = match packet {
        EnginePacket::Message(message) => ("message", message_value(&message)),
        EnginePacket::Ping(data) => ("ping", json!({ "text": &*data })),
        EnginePacket::Pong(data) => ("pong", json!({ "text": &*data })),
        EnginePacket::Open(_) => ("open", Value::Null),
        EnginePacket::Close => ("close", Value::Null),
        EnginePacket::Upgrade => ("upgrade", Value::Null),
        EnginePacket::Noop => ("noop", Value::Null),
    };
    json!({ "type": name, "data": data })
}

fn frame_values(encoded: &Encoded) -> Vec<Value> {
    encoded
        .frames()
        .map(|frame| message_value(frame.as_message()))
        .collect()
}

fn message_value(message: &Message) -> Value {
    match message {
        Message::Text(text) => json!({ "text": &**text }),
        Message::Binary(bytes) => json!({ "bytes": hex(bytes) }),
    }
}

fn attachments(args: &Args) -> Vec<String> {
    args.attachments().iter().map(|bytes| hex(bytes)).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(digits: &str) -> Bytes {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(|pair| byte(pair).expect("hexadecimal digits")).collect()
}
