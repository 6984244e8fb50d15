//! One message of the MessagePack parser: what is let in is sent on as it was, by this parser and by the default one, and takes no more
//! memory than the message is worth.
//!
//! The first byte of the input says how many attachments there may be, the second how many bytes of them, the third which revision is
//! spoken.

#![no_main]

use bytes::Bytes;
use engineio_proto::{Message, Revision};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use socketio_fuzz::{bounded, message_of, resolved};
use socketio_proto::{
    Args, DecodeError, Decoder, DecoderLimits, Encoded, Json, MessagePack, Packet, PacketParser, Parser,
};

/// What a byte of a message can become: a name for each level that is open, a line for a number.
const JSON: usize = 48;

/// What is sent on can be more than may come in.
const ALL: DecoderLimits = DecoderLimits {
    max_attachments: usize::MAX,
    max_attachment_bytes: usize::MAX,
};

fuzz_target!(|data: &[u8]| {
    let [max_attachments, max_bytes, revision, data @ ..] = data else {
        return;
    };
    let limits = DecoderLimits {
        max_attachments: usize::from(*max_attachments % 32),
        max_attachment_bytes: usize::from(*max_bytes),
    };
    let revision = match revision % 2 {
        0 => Revision::V4,
        _ => Revision::V3,
    };
    if let Ok(text) = std::str::from_utf8(data) {
        let packet = decode(Message::Text(text.into()), revision, limits);
        assert!(packet.is_err() || revision == Revision::V3, "there is no text in it");
    }
    let message = Message::Binary(Bytes::copy_from_slice(data));
    let Ok(packet) = bounded(data.len(), JSON, || decode(message, revision, limits)) else {
        return;
    };
    check(&packet, data.len(), limits);
});

fn decode(message: Message, revision: Revision, limits: DecoderLimits) -> Result<Packet, DecodeError> {
    let packet = MessagePack.decoder(revision, limits).decode(message)?;
    Ok(packet.expect("every message is a packet"))
}

fn check(packet: &Packet, len: usize, limits: DecoderLimits) {
    let encoded = bounded(len, JSON, || Parser::msgpack().encode(packet));
    let encoded = encoded.expect("what was let in can go out");
    assert_eq!(encoded.frame_count(), 1);
    let frame = encoded.frames().next().expect("there is one");
    let again = decode(frame.into_message(), Revision::V4, ALL).expect("what goes out can be read");
    assert_eq!(again, *packet);
    match packet {
        Packet::Event { args, event, .. } => {
            check_args(args, limits);
            assert_eq!(
                by_default_parser(&Encoded::event("/", None, event, args).expect("the same")),
                *args
            );
        }
        Packet::Ack { id, args, .. } => {
            check_args(args, limits);
            assert_eq!(
                by_default_parser(&Encoded::ack("/", *id, args).expect("the same")),
                *args
            );
        }
        Packet::Connect { data, .. } => data.iter().for_each(check_json),
        Packet::ConnectError { data, .. } => check_json(data),
        Packet::Disconnect { .. } => {}
    }
}

/// The arguments as a peer reads them that has the default parser.
fn by_default_parser(encoded: &Encoded) -> Args {
    let mut decoder = Decoder::new(ALL);
    let mut packet = None;
    for frame in encoded.frames() {
        packet = decoder.decode(message_of(frame)).expect("what goes out can be read");
    }
    match packet {
        Some(Packet::Event { args, .. } | Packet::Ack { args, .. }) => args,
        other => panic!("{other:?}"),
    }
}

fn check_json(json: &Json) {
    assert!(Json::new(json.as_str().to_owned()).is_ok());
}

fn check_args(args: &Args, limits: DecoderLimits) {
    assert!(args.attachments().len() <= limits.max_attachments);
    let bytes: usize = args.attachments().iter().map(Bytes::len).sum();
    assert!(bytes <= limits.max_attachment_bytes);
    assert_eq!(args.iter().count(), args.len());
    if let (Some(all), Some(rest)) = (resolved(args), resolved(&args.rest(1))) {
        assert_eq!(all[1.min(all.len())..], rest);
    }
    for arg in args {
        if let (Some(bytes), Ok(_)) = (arg.as_bytes(), arg.parse::<Value>()) {
            assert_eq!(arg.parse::<Bytes>().as_ref(), Ok(bytes));
        }
    }
    let one_by_one: Result<Vec<_>, _> = args.iter().map(|arg| arg.parse::<Value>()).collect();
    assert_eq!(args.parse::<Vec<Value>>(), one_by_one);
}
