//! The messages of one connection, some of them attachments: what comes out of the decoder, what it keeps, and what it does not.
//!
//! The first byte of the input says how many attachments there may be, the second how many bytes of them.

#![no_main]

use engineio_proto::Message;
use libfuzzer_sys::fuzz_target;
use socketio_fuzz::{bounded, messages};
use socketio_proto::{Args, DecodeError, Decoder, DecoderLimits, Encoded, Head, Packet, is_reserved_event};

fuzz_target!(|data: &[u8]| {
    let [max_attachments, max_bytes, data @ ..] = data else {
        return;
    };
    let limits = DecoderLimits {
        max_attachments: usize::from(*max_attachments % 16),
        max_attachment_bytes: usize::from(*max_bytes),
    };
    let mut decoder = Decoder::new(limits);
    let mut kept = 0;
    for message in messages(data) {
        let head = match &message {
            Message::Text(text) => Some(text.clone()),
            Message::Binary(_) => None,
        };
        let was_waiting = decoder.is_waiting();
        kept += message.len();
        let len = kept;
        match bounded(len, 3, || decoder.decode(message)) {
            Ok(None) => assert!(decoder.is_waiting()),
            Ok(Some(packet)) => {
                assert!(!decoder.is_waiting());
                check(&packet, limits);
                if let Some(text) = head {
                    assert!(!was_waiting);
                    same_head(&packet, &Head::parse(&text, limits.max_attachments));
                }
                kept = 0;
            }
            Err(error) => {
                assert!(!decoder.is_waiting());
                assert_eq!(was_waiting && head.is_some(), error == DecodeError::AttachmentExpected);
                kept = 0;
            }
        }
    }
});

/// What holds of every packet: it keeps to the limits, and is what it was when it is sent on.
fn check(packet: &Packet, limits: DecoderLimits) {
    let encoded = match packet {
        Packet::Event {
            namespace,
            id,
            event,
            args,
        } => {
            check_args(args, limits);
            assert!(!is_reserved_event(event));
            Encoded::event(namespace, *id, event, args)
        }
        Packet::Ack { namespace, id, args } => {
            check_args(args, limits);
            Encoded::ack(namespace, *id, args)
        }
        Packet::Connect { namespace, data } => Ok(Encoded::connect(namespace, data.as_ref())),
        Packet::ConnectError { namespace, data } => Ok(Encoded::connect_error_with(namespace, data)),
        Packet::Disconnect { namespace } => Ok(Encoded::disconnect(namespace)),
    };
    let encoded = encoded.expect("what was decoded can be encoded");
    let mut decoder = Decoder::new(limits);
    let mut again = None;
    for frame in encoded.frames() {
        assert_eq!(again, None, "it is whole with its last message");
        let message = match frame.into_message() {
            Message::Text(text) => Message::Text(text.slice_ref(text.strip_prefix('4').expect("a message"))),
            binary => binary,
        };
        again = decoder.decode(message).expect("what was encoded can be decoded");
    }
    let again = again.expect("with its last message it is whole");
    // Attachments that nothing names are not sent on; without any, what looks like a placeholder is none.
    if args_of(packet)
        .is_none_or(|args| args.attachments().len() == args_of(&again).map_or(0, |args| args.attachments().len()))
    {
        assert_eq!(again, *packet);
    }
}

fn check_args(args: &Args, limits: DecoderLimits) {
    assert!(args.attachments().len() <= limits.max_attachments);
    let bytes: usize = args.attachments().iter().map(bytes::Bytes::len).sum();
    assert!(bytes <= limits.max_attachment_bytes);
    assert_eq!(args.iter().count(), args.len());
}

fn args_of(packet: &Packet) -> Option<&Args> {
    match packet {
        Packet::Event { args, .. } | Packet::Ack { args, .. } => Some(args),
        Packet::Connect { .. } | Packet::ConnectError { .. } | Packet::Disconnect { .. } => None,
    }
}

/// The packet is what its text says.
fn same_head(packet: &Packet, head: &Result<Head<'_>, DecodeError>) {
    let head = head.as_ref().expect("its text is a packet's");
    assert_eq!((&**packet.namespace(), head.attachments), (head.namespace, 0));
    match packet {
        Packet::Event { id, event, args, .. } => {
            let (name, elements) = head.event().expect("it is an event");
            assert_eq!((&**event, args.as_json(), *id), (&*name, elements, head.id));
        }
        Packet::Ack { id, .. } => assert_eq!(Some(*id), head.id),
        Packet::Connect { data, .. } => assert_eq!(data.as_ref().map(socketio_proto::Json::as_str), head.data),
        Packet::ConnectError { data, .. } => assert_eq!(Some(data.as_str()), head.data),
        Packet::Disconnect { .. } => assert_eq!(head.data, None),
    }
}
