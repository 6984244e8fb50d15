//! What holds for every stream of frames, and what the library makes of the same bytes.

mod comparing;
mod memory;
mod reading;
mod support;
mod writing;

use bytes::Bytes;
use engineio_proto::Gone;
use proptest::prelude::*;

use super::{Close, Item, Kind, Reader, Role, Rules, Writer};
use support::{Outcome, compare, put, write, write_some};

/// A small limit, so that it is met.
const MAX: usize = 600;

fn rules(role: Role) -> Rules {
    Rules {
        role,
        max_message: MAX,
        max_compressed: None,
    }
}

/// The bytes in reads that end at these places.
fn chunked(rules: Rules, bytes: &[u8], ends: &[usize]) -> Outcome {
    let mut ends: Vec<_> = ends.iter().map(|end| end % (bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let begins = std::iter::once(0).chain(ends.clone());
    Outcome::of(
        rules,
        begins.zip(ends.clone()).map(|(begin, end)| bytes[begin..end].to_vec()),
    )
}

/// A frame whose every bit is chosen.
fn frame(first: u8, key: Option<[u8; 4]>, length: LengthAs, payload: &[u8]) -> Vec<u8> {
    let masked = if key.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match length {
        LengthAs::Short if payload.len() < 126 => frame.push(masked | payload.len() as u8),
        LengthAs::Short | LengthAs::TwoBytes if payload.len() < 1 << 16 => {
            frame.push(masked | 126);
            frame.extend((payload.len() as u16).to_be_bytes());
        }
        _ => {
            frame.push(masked | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(key.iter().flatten());
    let key = key.unwrap_or_default();
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// How many bytes the length takes, if it can be so few.
#[derive(Clone, Copy, Debug)]
enum LengthAs {
    Short,
    TwoBytes,
    EightBytes,
}

/// A frame as a client sends it.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, Some([0x37, 0xfa, 0x21, 0x3d]), LengthAs::Short, payload)
}

/// Payloads of all kinds, most of them text, now and then too large.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-z€ß😀]{0,40}".prop_map(String::into_bytes),
        2 => prop::collection::vec(any::<u8>(), 0..140),
        2 => Just(Vec::new()),
        1 => (0..MAX + 20).prop_map(|length| vec![b'x'; length]),
        1 => (0u16..6000, "[a-zü]{0,130}").prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat()),
    ]
}

/// Frames, most of which are as they should be.
fn stream(role: Role) -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![
        6 => Just(1u8), 4 => Just(2), 8 => Just(0), 2 => Just(9), 1 => Just(10), 1 => Just(8), 1 => 0..16u8,
    ];
    let flags = prop_oneof![12 => Just(0x80u8), 8 => Just(0), 1 => (0..16u8).prop_map(|flags| flags << 4)];
    let length =
        prop_oneof![8 => Just(LengthAs::Short), 1 => Just(LengthAs::TwoBytes), 1 => Just(LengthAs::EightBytes)];
    let proper = role == Role::Server;
    let mask = prop_oneof![30 => Just(proper), 1 => Just(!proper)];
    let frame = (kind, flags, any::<[u8; 4]>(), mask, length, payload()).prop_map(
        |(kind, flags, key, mask, length, payload)| frame(kind | flags, mask.then_some(key), length, &payload),
    );
    prop::collection::vec(frame, 0..12).prop_map(|frames| frames.concat())
}

/// The same with a few bytes changed, or cut off.
fn spoilt(role: Role) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (
        stream(role),
        changes,
        any::<prop::sample::Index>(),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(mut bytes, changes, end, cut)| {
            if !bytes.is_empty() {
                changes
                    .iter()
                    .for_each(|(index, byte)| *index.get_mut(&mut bytes) = *byte);
                bytes.truncate(if cut { end.index(bytes.len()) } else { bytes.len() });
            }
            bytes
        })
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![2 => Just(Role::Server), 1 => Just(Role::Client)]
}

fn any_stream() -> impl Strategy<Value = (Role, Vec<u8>)> {
    role().prop_flat_map(|role| (Just(role), prop_oneof![stream(role), spoilt(role)]))
}

fn text(text: &str) -> Item {
    Item::Text(text.into())
}

fn binary(bytes: &[u8]) -> Item {
    Item::Binary(Bytes::copy_from_slice(bytes))
}
