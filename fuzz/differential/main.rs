//! What the crates make of messages, for `compare.mjs` to compare with what npm's parsers do: a line of JSON in, a line of JSON out.

use std::io::{self, BufRead, BufWriter, Write};

use bytes::Bytes;
use engineio_proto::{Message, Packet as EnginePacket, Payload, revision_3};
use serde::Deserialize;
use serde_json::{Value, json};
use socketio_proto::{Args, Decoder, Encoded, Packet};

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
    let encoded: Vec<_> = encoded
        .frames()
        .map(|frame| message_value(frame.as_message()))
        .collect();
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
        let (name, data) = match packet {
            Ok(EnginePacket::Message(message)) => ("message", message_value(&message)),
            Ok(EnginePacket::Ping(data)) => ("ping", json!({ "text": &*data })),
            Ok(EnginePacket::Pong(data)) => ("pong", json!({ "text": &*data })),
            Ok(EnginePacket::Open(_)) => ("open", Value::Null),
            Ok(EnginePacket::Close) => ("close", Value::Null),
            Ok(EnginePacket::Upgrade) => ("upgrade", Value::Null),
            Ok(EnginePacket::Noop) => ("noop", Value::Null),
            Err(error) => return json!({ "packets": packets, "error": format!("{error:?}") }),
        };
        packets.push(json!({ "type": name, "data": data }));
    }
    json!({ "packets": packets })
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
