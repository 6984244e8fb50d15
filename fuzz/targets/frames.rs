//! What is read from a WebSocket: however it is cut, the same comes of it, and tungstenite makes the same of it; what is announced takes no
//! memory. What came of it is written by both sides, and read again.
//!
//! The first byte of the input says which side reads, whether messages may be compressed, whether some is written before all is there to be
//! written, and whether a large message is in the middle of it; the next two how large a message may be, and two more how large the pieces
//! are, in turns.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socketio_fuzz::bounded;

// The adapters keep these to themselves. Buffers to read into, and what a connection does, are not needed here.
#[allow(dead_code)]
#[path = "../../adapters/hyper/src/transport/frames/mod.rs"]
mod frames;
#[path = "../../adapters/hyper/src/transport/frames/tests/support/mod.rs"]
mod support;

use frames::{Close, Item, Kind, Reader, Role, Rules, Writer};
use support::{Outcome, compare, put, write, write_some};

/// Bytes in a message that is not copied to be written.
const LARGE: usize = 20_000;

fuzz_target!(|data: &[u8]| {
    let [flags, high, low, odd, even, data @ ..] = data else {
        return;
    };
    let flag = |bit: u8| flags >> bit & 1 == 1;
    let max_message = usize::from(u16::from_be_bytes([*high, *low]));
    let rules = Rules {
        role: if flag(0) { Role::Client } else { Role::Server },
        max_message,
        max_compressed: flag(1).then_some(max_message + 64),
    };
    let pieces = [1 + usize::from(*odd), 1 + usize::from(*even)];

    let whole = Outcome::of(rules, [data.to_vec()]);
    assert_eq!(whole, Outcome::of(rules, cut(data, pieces)));
    if data.len() < 100 {
        assert_eq!(whole, Outcome::of(rules, cut(data, [1, 1])));
    }
    keeps_little(rules, data, pieces);
    if rules.max_compressed.is_none() {
        compare(rules, data);
    }

    let mut items = whole.items;
    let (mut step, mut enough) = (pieces[0] * pieces[1], rules);
    if flag(3) {
        items.insert(items.len() / 2, Item::Binary(vec![7; LARGE].into()));
        enough.max_message = max_message.max(LARGE);
        step += LARGE / 100; // what a piece leaves is copied
    }
    for role in [Role::Server, Role::Client] {
        survive(&items, role, enough, step, flag(2));
    }
});

fn cut(mut data: &[u8], pieces: [usize; 2]) -> impl Iterator<Item = Vec<u8>> {
    pieces.into_iter().cycle().map_while(move |piece| {
        let (here, rest) = data.split_at(data.len().min(piece));
        data = rest;
        (!here.is_empty()).then(|| here.to_vec())
    })
}

/// Reads, and forgets what was read: what is held meanwhile is counted.
fn keeps_little(rules: Rules, data: &[u8], pieces: [usize; 2]) {
    let largest = rules.max_compressed.unwrap_or(rules.max_message);
    let here = pieces[0].max(pieces[1]);
    bounded(data.len().min(largest + 2 * here), 3, || {
        let mut reader = Reader::new(rules);
        for mut piece in cut(data, pieces) {
            reader.handle(&mut piece);
            while let Ok(Some(_)) = reader.poll() {}
        }
    });
}

/// What one side writes, the other reads, and so does the library.
fn survive(items: &[Item], role: Role, rules: Rules, step: usize, meanwhile: bool) {
    let mut writer = Writer::new(role);
    let mut written = Vec::new();
    for item in items {
        put(&mut writer, item);
        if meanwhile {
            written.extend(write_some(&mut writer, step));
        }
    }
    written.extend(write(&mut writer, step));

    let role = match role {
        Role::Server => Role::Client,
        Role::Client => Role::Server,
    };
    let rules = Rules { role, ..rules };
    let again = Outcome::of(rules, [written.clone()]);
    assert!(items.iter().map(answered).eq(again.items));
    if rules.max_compressed.is_none() {
        compare(rules, &written);
    }
}

/// What is read of an item that was written.
fn answered(item: &Item) -> Item {
    match item {
        Item::Ping(payload) => Item::Pong(payload.clone()),
        other => other.clone(),
    }
}
