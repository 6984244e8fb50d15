//! What is written.

use tungstenite::protocol::frame::FrameSocket;
use tungstenite::protocol::frame::coding::OpCode;

use super::*;
use crate::transport::frames::mask;

fn other(role: Role) -> Role {
    match role {
        Role::Server => Role::Client,
        Role::Client => Role::Server,
    }
}

fn large(role: Role) -> Rules {
    Rules {
        role,
        max_message: 1 << 20,
        max_compressed: Some(1 << 20),
    }
}

fn some_payload() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![6 => 0..200usize, 1 => 65_500..65_600usize, 1 => 16_300..16_500usize];
    (length, any::<u8>()).prop_map(|(length, seed)| (0..length).map(|i| (i as u8).wrapping_mul(seed) & 0x7f).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read(
        role in role(),
        messages in prop::collection::vec((0..4u8, some_payload()), 0..10),
        step in prop_oneof![1..40usize, 1000..100_000usize],
        meanwhile in any::<bool>(),
    ) {
        let mut writer = Writer::new(role);
        let (mut sent, mut written) = (Vec::new(), Vec::new());
        for (what, payload) in messages {
            let bytes = Bytes::from(payload);
            let item = match what {
                0 => Item::Text(bytes.try_into().unwrap()),
                1 => Item::Binary(bytes),
                2 => Item::Compressed { text: true, bytes },
                _ => Item::Pong(bytes.slice(..bytes.len().min(125))),
            };
            put(&mut writer, &item);
            if meanwhile {
                written.extend(write_some(&mut writer, step));
            }
            sent.push(item);
        }
        written.extend(write(&mut writer, step));
        prop_assert_eq!(writer.held(), 0, "nothing is kept");
        let read = Outcome::of(large(other(role)), [written.clone()]);
        prop_assert_eq!(read, Outcome { items: sent.clone(), end: None });
        // And by someone else.
        let mut frames = FrameSocket::new(&written[..]);
        for item in sent {
            let frame = frames.read(None).unwrap().expect("another frame");
            let mut payload = frame.payload().to_vec();
            let key = frame.header().mask;
            prop_assert_eq!(key.is_some(), role == Role::Client);
            mask::apply(&mut payload, key.unwrap_or_default());
            let (kind, compressed, bytes) = match item {
                Item::Text(text) => (Kind::Text, false, text.into_bytes()),
                Item::Binary(bytes) => (Kind::Binary, false, bytes),
                Item::Compressed { bytes, .. } => (Kind::Text, true, bytes),
                Item::Pong(bytes) => (Kind::Pong, false, bytes),
                other => panic!("{other:?} was not sent"),
            };
            let header = frame.header();
            prop_assert_eq!((header.opcode, header.rsv1, header.is_final), (OpCode::from(kind as u8), compressed, true));
            prop_assert_eq!(payload, bytes);
        }
    }

    #[test]
    fn a_mask_is_applied_byte_by_byte(
        payload in prop::collection::vec(any::<u8>(), 0..100),
        key in any::<[u8; 4]>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let expected: Vec<u8> = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        let mut whole = payload.clone();
        mask::apply(&mut whole, key);
        prop_assert_eq!(&whole, &expected);
        let mut parts = payload;
        let cut = cut.index(parts.len() + 1);
        let (first, second) = parts.split_at_mut(cut);
        mask::apply(first, key);
        mask::apply(second, mask::behind(key, cut));
        prop_assert_eq!(&parts, &expected);
    }
}

#[test]
fn the_last_word_has_a_code_or_none() {
    for role in [Role::Server, Role::Client] {
        for close in [
            None,
            Some(Close {
                code: 1009,
                reason: "€".into(),
            }),
        ] {
            let mut writer = Writer::new(role);
            writer.close(close.as_ref());
            let read = Outcome::of(rules(other(role)), [write(&mut writer, usize::MAX)]);
            assert_eq!(read.items, [Item::Close(close)]);
        }
    }
}

#[test]
fn a_large_payload_is_written_from_where_it_is() {
    let mut writer = Writer::new(Role::Server);
    let payload = Bytes::from(vec![7; 100_000]);
    writer.message(Kind::Text, false, Bytes::from_static(b"before"));
    writer.message(Kind::Binary, false, payload.clone());
    let [frames, rest] = writer.unwritten();
    assert_eq!(frames.len(), 2 + 6 + 10);
    assert_eq!(rest.as_ptr(), payload.as_ptr());
    writer.message(Kind::Text, false, Bytes::from_static(b"behind"));
    let written = write(&mut writer, 3);
    let items = [text("before"), Item::Binary(payload), text("behind")];
    assert_eq!(Outcome::of(large(Role::Client), [written]).items, items);
}

#[test]
fn what_waits_for_long_takes_no_more_memory_than_it_has_bytes() {
    let mut writer = Writer::new(Role::Server);
    for _ in 0..100 {
        writer.message(Kind::Binary, false, Bytes::from_static(&[7; 100]));
    }
    writer.handle_written(10_100);
    writer.settle();
    assert_eq!((writer.held(), writer.len()), (100, 100));
}

#[test]
fn a_large_rest_is_not_copied_for_every_piece_that_is_taken() {
    const LENGTH: usize = 1 << 20;
    let mut writer = Writer::new(Role::Client);
    writer.message(Kind::Binary, false, Bytes::from(vec![7; LENGTH]));
    let mut copied = 0;
    while writer.len() > 1000 {
        let before = writer.unwritten()[0].as_ptr();
        write_some(&mut writer, 1000);
        let rest = &writer.unwritten()[0];
        if rest.as_ptr() != before.wrapping_add(1000) {
            copied += rest.len();
        }
        if writer.len() > 256 << 10 {
            put(&mut writer, &Item::Ping(Bytes::new())); // whoever takes so little may well ask for more
        }
        assert!(writer.held() <= (4 * writer.len()).max(128 << 10));
    }
    assert!(copied < 20 * LENGTH, "{copied} bytes");
}

#[test]
fn keys_do_not_repeat() {
    let keys: std::collections::HashSet<_> = std::iter::repeat_with(mask::key).take(2000).collect();
    assert!(keys.len() > 1990, "{} different keys of 2000", keys.len());
}
