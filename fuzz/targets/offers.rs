//! The extensions that a client offers for its WebSocket: a list says what its halves say, and what was understood can be said again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socketio_fuzz::bounded;

// The adapters keep this to themselves, and nothing else of theirs is needed here.
#[path = "../../adapters/hyper/src/transport/deflate/offers.rs"]
mod parser;

use parser::{Offer, offers};

/// What an offer of two bytes becomes, in a list that doubles.
const KEPT: usize = 64;

/// What is longer is not read.
const LONGEST: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let Ok(header) = std::str::from_utf8(data) else {
        return;
    };
    let found = bounded(header.len(), KEPT, || offers(header));
    if header.len() > LONGEST {
        assert_eq!(found, None);
        return;
    }
    // No value has a comma in it, quoted or not.
    for (comma, _) in header.match_indices(',').take(16) {
        let halves = [&header[..comma], &header[comma + 1..]].map(offers);
        let together = match halves {
            [Some(one), Some(two)] => Some(one.into_iter().chain(two).collect::<Vec<_>>()),
            _ => None,
        };
        assert_eq!(found, together, "at {comma}");
    }
    let Some(found) = found else { return };
    let again = found.iter().map(said).collect::<Vec<_>>().join(",");
    assert_eq!(offers(&again), Some(found));
});

/// An offer as it is said without quotes, which no token needs.
fn said(offer: &Offer<'_>) -> String {
    let mut said = offer.name.to_owned();
    for (name, value) in &offer.parameters {
        said.push(';');
        said.push_str(name);
        if let Some(value) = value {
            said.push('=');
            said.push_str(value);
        }
    }
    said
}
