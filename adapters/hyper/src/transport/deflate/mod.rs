//! Compressed messages: the permessage-deflate extension of WebSockets, RFC 7692.
//!
//! A message that comes compressed is inflated when it is complete; one that goes out is compressed before it becomes a frame. A WebSocket
//! that has not agreed on the extension has none of this.

mod compress;
mod inflate;
mod negotiate;
mod offers;
mod settings;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{Gone, Message};

pub(crate) use negotiate::Agreement;
pub use settings::PerMessageDeflate;

use compress::Compressor;
use inflate::{InflateError, Inflater};

/// What every compressed message ends with, and what is therefore never sent.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The compression of one WebSocket.
pub(crate) struct Deflate {
    inflater: Inflater,
    compressor: Compressor,
    threshold: usize,
    max_message: usize,
}

impl Deflate {
    pub(crate) fn new(agreement: &Agreement, max_message: usize) -> Self {
        Self {
            inflater: Inflater::new(!agreement.client_no_context_takeover),
            compressor: Compressor::new(agreement.level, !agreement.server_no_context_takeover),
            threshold: agreement.threshold,
            max_message,
        }
    }

    /// The largest message on the wire: what cannot be compressed grows by some bytes in every few thousand.
    pub(crate) const fn max_compressed(&self) -> usize {
        self.max_message.saturating_add((self.max_message >> 10) + 64)
    }

    /// The message that came compressed.
    pub(crate) fn receive(&mut self, text: bool, compressed: &[u8]) -> Result<Message, Gone> {
        let bytes = self
            .inflater
            .inflate(compressed, self.max_message)
            .map_err(|error| match error {
                InflateError::TooLarge { size } => Gone::TooLarge { size },
                InflateError::Invalid => Gone::Failed { code: 1007 },
            })?;
        if text {
            let text = ByteString::try_from(bytes).map_err(|_| Gone::Failed { code: 1007 })?;
            Ok(Message::Text(text))
        } else {
            Ok(Message::Binary(bytes))
        }
    }

    /// A message as it goes out, and whether that is compressed.
    pub(crate) fn send(&mut self, bytes: Bytes) -> (Bytes, bool) {
        // An empty message cannot be told from the end of the one before, so it goes as it is.
        if bytes.is_empty() || bytes.len() < self.threshold {
            return (bytes, false);
        }
        match self.compressor.compress(&bytes) {
            Some(compressed) => (compressed, true),
            None => (bytes, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deflate(context_takeover: bool) -> Deflate {
        let agreement = Agreement {
            threshold: 0,
            level: 6,
            server_no_context_takeover: !context_takeover,
            client_no_context_takeover: !context_takeover,
            server_max_window_bits: false,
        };
        Deflate::new(&agreement, 1_000_000)
    }

    /// What a client would make of it.
    fn inflated(inflater: &mut Inflater, (bytes, compressed): (Bytes, bool)) -> Bytes {
        if compressed {
            inflater.inflate(&bytes, usize::MAX).unwrap()
        } else {
            bytes
        }
    }

    /// What no compressor makes anything of.
    fn noise(length: usize) -> Bytes {
        let mut seed = 1u64;
        let bytes = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 56) as u8
        });
        bytes.take(length).collect()
    }

    #[test]
    fn messages_come_back_with_and_without_memory() {
        let noise = noise(70_000);
        for takeover in [false, true] {
            let (mut deflate, mut inflater) = (deflate(takeover), Inflater::new(takeover));
            for _ in 0..3 {
                for message in [&b""[..], b"x", b"hello hello hello", &[7; 300_000], &noise] {
                    let message = Bytes::copy_from_slice(message);
                    assert_eq!(inflated(&mut inflater, deflate.send(message.clone())), message);
                }
            }
        }
    }

    #[test]
    fn memory_makes_the_second_of_two_equal_messages_small() {
        let text = noise(2000);
        for (takeover, smaller) in [(false, false), (true, true)] {
            let mut deflate = deflate(takeover);
            let (first, second) = (deflate.send(text.clone()).0, deflate.send(text.clone()).0);
            assert_eq!(
                second.len() < first.len() / 4,
                smaller,
                "{} and {}",
                first.len(),
                second.len()
            );
        }
    }

    #[test]
    fn a_message_that_would_not_shrink_goes_as_it_is() {
        let random = Bytes::from_static(b"q7Zr");
        assert_eq!(deflate(false).send(random.clone()), (random.clone(), false));
        assert!(
            deflate(true).send(random).1,
            "the client's memory must hold what ours does"
        );
    }

    #[test]
    fn the_largest_message_fits_the_wire_when_it_does_not_shrink() {
        let mut deflate = deflate(true);
        assert!(deflate.send(noise(1_000_000)).0.len() <= deflate.max_compressed());
    }
}
