//! Each packet on the wire, decoded.

use std::sync::Mutex;

use serde_json::Value;
use socketio_tokio::connect::{Direction, Packet as EnginePacket};
use socketio_tokio::{Decoder, DecoderLimits, Json, Message, Packet, TransportKind};

use crate::show::{Show, arguments};

/// Knows what came before: a packet of Socket.IO may be several messages.
pub(crate) struct Tracer {
    show: Show,
    sent: Mutex<Decoder>,
    received: Mutex<Decoder>,
}

impl Tracer {
    pub(crate) fn new(show: Show) -> Self {
        Self {
            show,
            sent: Mutex::new(Decoder::new(DecoderLimits::default())),
            received: Mutex::new(Decoder::new(DecoderLimits::default())),
        }
    }

    pub(crate) fn packet(&self, direction: Direction, transport: TransportKind, packet: EnginePacket) {
        let (arrow, decoder) = match direction {
            Direction::Sent => ("->", &self.sent),
            Direction::Received => ("<-", &self.received),
        };
        let what = match packet {
            EnginePacket::Message(message) => {
                let length = message.len();
                let mut decoder = decoder.lock().expect("nobody panics with it");
                match decoder.decode(message.clone()) {
                    Ok(Some(packet)) => format!("message {}", describe(&packet)),
                    Ok(None) => match message {
                        Message::Text(_) => "message, whose attachments follow".to_owned(),
                        Message::Binary(_) => format!("attachment of {length} bytes"),
                    },
                    Err(_) => format!("message of {length} bytes"),
                }
            }
            // Without its id, which is a secret.
            EnginePacket::Open(handshake) => format!(
                "open: ping after {:?}, dead after {:?} more, no bodies above {} bytes",
                handshake.ping_interval, handshake.ping_timeout, handshake.max_payload
            ),
            EnginePacket::Close => "close".to_owned(),
            EnginePacket::Ping(data) => format!("ping {data}"),
            EnginePacket::Pong(data) => format!("pong {data}"),
            EnginePacket::Upgrade => "upgrade".to_owned(),
            EnginePacket::Noop => "noop".to_owned(),
        };
        self.show.aside(&format!("{arrow} {} {what}", transport.as_str()));
    }
}

fn describe(packet: &Packet) -> String {
    let number = |id: &Option<_>| id.as_ref().map_or_else(String::new, |id| format!(" #{id}"));
    match packet {
        Packet::Connect { namespace, data } => {
            format!(
                "CONNECT {namespace} {}",
                data.as_ref().map_or_else(String::new, without_secrets)
            )
        }
        Packet::Disconnect { namespace } => format!("DISCONNECT {namespace}"),
        Packet::Event {
            namespace,
            id,
            event,
            args,
        } => {
            format!("EVENT {namespace}{} {event}{}", number(id), arguments(args))
        }
        Packet::Ack { namespace, id, args } => format!("ACK {namespace} #{id}{}", arguments(args)),
        Packet::ConnectError { namespace, data } => format!("CONNECT_ERROR {namespace} {}", data.as_str()),
    }
}

/// Who knows the private id of a connection can take it over.
fn without_secrets(data: &Json) -> String {
    match data.parse::<Value>() {
        Ok(Value::Object(mut fields)) => {
            if let Some(pid) = fields.get_mut("pid") {
                *pid = "(secret)".into();
            }
            Value::Object(fields).to_string()
        }
        _ => data.as_str().to_owned(),
    }
}
