//! Compressed messages of a WebSocket: what is inflated keeps to the limit, takes no more memory than that, and is what was compressed.
//!
//! The first two bytes of the input say how large a message may be, the third whether what is said once is remembered, and how many bytes
//! the first message has.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use socketio_fuzz::bounded;

// The adapters keep these to themselves, and nothing else of theirs is needed here.
#[path = "../../adapters/hyper/src/transport/deflate/compress.rs"]
mod compress;
#[path = "../../adapters/hyper/src/transport/deflate/inflate.rs"]
mod inflate;

use compress::Compressor;
use inflate::{InflateError, Inflater};

/// What every compressed message ends with, and what is therefore never sent.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// What inflating takes whatever the message: the last 32 KiB, tables, and a buffer to begin with.
const STREAM: usize = 96 << 10;

fuzz_target!(|data: &[u8]| {
    let [high, low, first, data @ ..] = data else {
        return;
    };
    let max = usize::from(u16::from_be_bytes([*high, *low]));
    let remember = first % 2 == 1;
    let (one, two) = data.split_at(data.len().min(usize::from(first / 2)));
    let mut inflater = Inflater::new(remember);
    for message in [one, two] {
        let inflated = bounded(STREAM + max + message.len(), 4, || inflater.inflate(message, max));
        match &inflated {
            Ok(inflated) => {
                assert!(inflated.len() <= max);
                assert!(!message.is_empty() || inflated.is_empty());
                let again = Inflater::new(false).inflate(message, max);
                // What was remembered, it was referred to, or a message went on that ends in the middle of one.
                assert!(remember || again.as_ref() == Ok(inflated));
                survives(&[inflated.clone(), Bytes::copy_from_slice(message)], remember);
            }
            Err(InflateError::TooLarge { size }) => assert_eq!(*size, max + 1),
            Err(InflateError::Invalid) => {}
        }
        if inflated.is_err() {
            return; // so ends the connection
        }
    }
});

/// What we compress is inflated again, to the last byte that is allowed.
fn survives(messages: &[Bytes], remember: bool) {
    let mut compressor = Compressor::new(6, remember);
    let mut inflater = Inflater::new(remember);
    for message in messages.iter().filter(|message| !message.is_empty()) {
        if let Some(compressed) = compressor.compress(message) {
            assert_eq!(inflater.inflate(&compressed, message.len()).as_ref(), Ok(message));
        }
    }
}
