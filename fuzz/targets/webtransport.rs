//! A stream of WebTransport's frames: however it is cut, the same messages are in it, and what is announced takes no memory.
//!
//! The first two bytes of the input say how large a message may be, the third how large the pieces are.

#![no_main]

use bytes::Bytes;
use engineio_proto::webtransport::{Decoder, Header};
use engineio_proto::{DecodeError, Message};
use libfuzzer_sys::fuzz_target;
use socketio_fuzz::bounded;

fuzz_target!(|data: &[u8]| {
    let [high, low, piece, data @ ..] = data else {
        return;
    };
    let max_payload = usize::from(u16::from_be_bytes([*high, *low]));
    let whole = decode(max_payload, [data]);
    let pieces = decode(max_payload, data.chunks(1 + usize::from(*piece)));
    assert_eq!(whole, pieces);
    if data.len() < 100 {
        assert_eq!(whole, decode(max_payload, data.chunks(1)));
    }

    let (messages, error) = whole;
    let again: Vec<u8> = messages.iter().flat_map(frame).collect();
    assert!(again.len() <= data.len(), "no header is longer than it must be");
    assert_eq!(decode(max_payload, [&again[..]]), (messages, None));
    if let Some(DecodeError::TooLarge { size, limit }) = error {
        assert!(size > limit as u64 && limit == max_payload);
    }
});

/// The messages, and the error behind them. What is kept of them until they are whole is counted, not what became of them.
fn decode<'a>(max_payload: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Message>, Option<DecodeError>) {
    let mut decoder = Decoder::new(max_payload);
    let mut messages = Vec::new();
    let mut error = None;
    for piece in pieces {
        let mut input = Bytes::copy_from_slice(piece);
        while error.is_none() {
            let kept = decoder.kept_bytes() + input.len();
            match bounded(kept, 3, || decoder.decode(&mut input)) {
                Ok(Some(message)) => {
                    assert!(!message.is_empty() && message.len() <= max_payload);
                    messages.push(message);
                }
                Ok(None) => break,
                Err(fault) => error = Some(fault),
            }
        }
        assert!(
            error.is_some() || input.is_empty(),
            "more is wanted while there is some"
        );
        assert!(decoder.kept_bytes() <= max_payload.max(9));
        assert_eq!(decoder.decode(&mut Bytes::new()), error.map_or(Ok(None), Err));
    }
    (messages, error)
}

fn frame(message: &Message) -> Vec<u8> {
    let header = Header::new(message).expect("no message is empty");
    match message {
        Message::Text(text) => [header.as_bytes(), text.as_bytes()].concat(),
        Message::Binary(bytes) => [header.as_bytes(), bytes].concat(),
    }
}
