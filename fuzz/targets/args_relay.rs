//! Arguments of one client on their way to another: whatever the numbers of their attachments become, they mean the same, alone, behind
//! others and in part.

#![no_main]

use engineio_proto::Message;
use libfuzzer_sys::fuzz_target;
use socketio_fuzz::{bounded, messages, resolved};
use socketio_proto::{Args, ArgsWriter, Decoder, DecoderLimits, EncodeError, Encoded, EventBody, Packet, ToArgs};

/// What is sent on can have the attachments of many packets.
const ALL: DecoderLimits = DecoderLimits {
    max_attachments: usize::MAX,
    max_attachment_bytes: usize::MAX,
};

/// Arguments of several packets as those of one.
struct Joined<'a>(&'a [Args]);

impl ToArgs for Joined<'_> {
    fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError> {
        self.0.iter().try_for_each(|args| writer.push_args(args))
    }
}

fuzz_target!(|data: &[u8]| {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for message in messages(data) {
        if let Ok(Some(Packet::Event { args, .. } | Packet::Ack { args, .. })) = decoder.decode(message) {
            // Beside attachments, what looks like a placeholder is not let out.
            let suspicious = args.as_json().contains("_placeholder") || args.as_json().contains("\\u");
            if args.attachments().is_empty() && suspicious {
                continue;
            }
            check(&args);
            all.push(args);
        }
    }
    joined(&all);
});

fn check(args: &Args) {
    let once = relay(args);
    let twice = relay(&once);
    assert_eq!(once, twice, "the second time there is nothing to number anew");
    assert_eq!(resolved(&once), resolved(args));
    for n in 0..3 {
        let rest = args.rest(n);
        let relayed = relay(&rest);
        assert!(relayed.attachments().len() <= rest.attachments().len());
        assert_eq!(resolved(&relayed), resolved(&rest));
        if let (Some(all), Some(rest)) = (resolved(args), resolved(&rest)) {
            assert_eq!(all[n.min(all.len())..], rest);
        }
    }
}

fn joined(all: &[Args]) {
    let size: usize = all
        .iter()
        .map(|args| args.as_json().len() + 64 * args.attachments().len())
        .sum();
    let packet = bounded(size, 8, || Encoded::event("/", None, "e", &Joined(all)));
    let relayed = decode(&packet.expect("what was let in can go out"));
    let expected: Option<Vec<_>> = all.iter().map(resolved).collect();
    if let Some(expected) = expected {
        assert_eq!(resolved(&relayed), Some(expected.concat()));
    }
}

fn relay(args: &Args) -> Args {
    let encoded = Encoded::event("/", None, "e", args).expect("what was let in can go out");
    let body = EventBody::new("e", args).expect("what was let in can go out");
    assert_eq!(body.encode("/", None), encoded);
    decode(&encoded)
}

fn decode(encoded: &Encoded) -> Args {
    let mut decoder = Decoder::new(ALL);
    let mut packet = None;
    for frame in encoded.frames() {
        let message = match frame.into_message() {
            Message::Text(text) => Message::Text(text[1..].into()),
            binary => binary,
        };
        packet = decoder.decode(message).expect("what goes out can be read");
    }
    match packet {
        Some(Packet::Event { args, .. }) => args,
        other => panic!("{other:?}"),
    }
}
