//! One Engine.IO packet, of either revision: what is decoded is encoded as something that decodes to the same.

#![no_main]

use bytes::Bytes;
use engineio_proto::{Message, Packet, revision_3};
use libfuzzer_sys::fuzz_target;
use socketio_fuzz::bounded;

fuzz_target!(|data: &[u8]| {
    check(Message::Binary(Bytes::copy_from_slice(data)));
    if let Ok(text) = std::str::from_utf8(data) {
        check(Message::Text(text.into()));
    }
});

fn check(message: Message) {
    let len = message.len();
    // Reading the upgrades of an open packet, which are three bytes at least, makes a list of slices.
    bounded(len, 20, || {
        if let Ok(packet) = Packet::decode(message.clone()) {
            assert_eq!(Packet::decode(packet.encode()), Ok(packet));
        }
    });
    let decoded = bounded(len, 20, || revision_3::decode_packet(message.clone()));
    if let Ok(packet) = &decoded {
        for base64 in [false, true] {
            let again = revision_3::encode_packet(packet, base64);
            assert_eq!(revision_3::decode_packet(again).as_ref(), Ok(packet));
        }
    }
    // Text that is not base64 is the same in both.
    if matches!(&message, Message::Text(text) if !text.starts_with('b')) {
        assert_eq!(decoded, Packet::decode(message));
    }
}
