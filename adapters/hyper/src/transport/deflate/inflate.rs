//! Messages from the client.

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};

use super::TAIL;

/// An empty block that says that it is the last one.
const END: [u8; 2] = [0x03, 0x00];

/// The least room for what comes out.
const MIN_ROOM: usize = 256;

/// Inflates one message after another.
pub(super) struct Inflater {
    /// What is kept from one message to the next.
    stream: Option<Decompress>,
    context_takeover: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InflateError {
    /// It would come to more bytes than allowed; these many there are at least.
    TooLarge { size: usize },
    /// It is not what a compressor makes.
    Invalid,
}

impl Inflater {
    pub(super) const fn new(context_takeover: bool) -> Self {
        Self {
            stream: None,
            context_takeover,
        }
    }

    /// Inflates a message that may have `max` bytes. No more than one byte beyond that is inflated.
    pub(super) fn inflate(&mut self, compressed: &[u8], max: usize) -> Result<Bytes, InflateError> {
        let mut message = Message {
            stream: self.stream.take().unwrap_or_else(|| Decompress::new(false)),
            output: Vec::new(),
            max,
            ended: false,
        };
        if !compressed.is_empty() {
            message.push(compressed)?;
            message.push(&TAIL)?;
            if !self.context_takeover {
                message.check_end()?;
            } else if !message.ended {
                self.stream = Some(message.stream);
            }
        }
        let mut output = message.output;
        output.shrink_to_fit(); // what counts as so many bytes should keep no more
        Ok(output.into())
    }
}

/// A message that is being inflated.
struct Message {
    stream: Decompress,
    output: Vec<u8>,
    max: usize,
    /// A block said that it is the last one, after which there is nothing to refer to.
    ended: bool,
}

impl Message {
    fn push(&mut self, mut input: &[u8]) -> Result<(), InflateError> {
        loop {
            self.make_room(input.len());
            let (before_in, before_out) = (self.stream.total_in(), self.output.len());
            let status = self
                .stream
                .decompress_vec(input, &mut self.output, FlushDecompress::None)
                .map_err(|_| InflateError::Invalid)?;
            let read = self.stream.total_in() - before_in;
            input = &input[usize::try_from(read).expect("not more than there is")..];
            if self.output.len() > self.max {
                let size = self.output.len();
                return Err(InflateError::TooLarge { size });
            }
            if status == Status::StreamEnd {
                // The message may go on, as if with another one.
                self.ended = true;
                self.stream.reset(false);
            } else if read == 0 && self.output.len() == before_out {
                // It can read on only with more input.
                return if input.is_empty() {
                    Ok(())
                } else {
                    Err(InflateError::Invalid)
                };
            }
            if input.is_empty() && self.output.len() < self.output.capacity() {
                return Ok(());
            }
        }
    }

    /// Nothing but an end may follow the message: it was not cut off.
    fn check_end(&mut self) -> Result<(), InflateError> {
        if self.ended {
            return Ok(());
        }
        let length = self.output.len();
        self.push(&END)?;
        if self.ended && self.output.len() == length {
            Ok(())
        } else {
            Err(InflateError::Invalid)
        }
    }

    /// Lets the output grow as it fills, to one byte more than it may have.
    fn make_room(&mut self, input: usize) {
        if self.output.len() == self.output.capacity() {
            let more = self.output.len().max(input.saturating_mul(2)).max(MIN_ROOM);
            let most = self.max.saturating_add(1) - self.output.len();
            self.output.reserve_exact(more.min(most));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::deflate::compress::Compressor;

    const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

    fn inflate(compressed: &[u8]) -> Result<Bytes, InflateError> {
        Inflater::new(false).inflate(compressed, 1000)
    }

    /// The examples of RFC 7692, section 7.2.3.
    #[test]
    fn the_examples_of_the_standard() {
        assert_eq!(inflate(&HELLO).unwrap(), "Hello");
        let mut keeping = Inflater::new(true);
        assert_eq!(keeping.inflate(&HELLO, 1000).unwrap(), "Hello");
        assert_eq!(keeping.inflate(&[0xf2, 0x00, 0x11, 0x00, 0x00], 1000).unwrap(), "Hello");
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        assert_eq!(inflate(&stored).unwrap(), "Hello");
        let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(inflate(&last).unwrap(), "Hello");
        let two = [
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ];
        assert_eq!(inflate(&two).unwrap(), "Hello");
        assert_eq!(inflate(&[0x00]).unwrap(), "");
    }

    #[test]
    fn a_message_may_end_with_a_last_block() {
        let mut keeping = Inflater::new(true);
        for _ in 0..3 {
            assert_eq!(
                keeping
                    .inflate(&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], 1000)
                    .unwrap(),
                "Hello"
            );
            assert_eq!(keeping.inflate(&HELLO, 1000).unwrap(), "Hello");
        }
    }

    #[test]
    fn nothing_is_an_empty_message() {
        let mut keeping = Inflater::new(true);
        assert_eq!(keeping.inflate(&[], 1000).unwrap(), "");
        assert_eq!(keeping.inflate(&HELLO, 1000).unwrap(), "Hello");
    }

    #[test]
    fn what_no_compressor_makes_is_invalid() {
        for bytes in [
            &[0xff; 5][..],
            &[0x06],
            b"{\"plain\":1}",
            &[0x00, 0x05, 0x00, 0x00, 0x00, 0x48],
        ] {
            assert_eq!(inflate(bytes), Err(InflateError::Invalid), "{bytes:?}");
        }
        for end in 1..HELLO.len() - 1 {
            assert_eq!(inflate(&HELLO[..end]), Err(InflateError::Invalid), "{end} bytes of it");
        }
    }

    #[test]
    fn a_message_may_be_as_large_as_the_limit() {
        for size in [100, 255, 256, 257, 300_000] {
            let message = Compressor::new(9, false).compress(&vec![b'a'; size]).unwrap();
            for max in [size, size + 1, usize::MAX] {
                let inflated = Inflater::new(false).inflate(&message, max).unwrap();
                assert_eq!(inflated, vec![b'a'; size]);
            }
            let refused = Inflater::new(false).inflate(&message, size - 1);
            assert_eq!(refused, Err(InflateError::TooLarge { size }));
        }
    }

    #[test]
    fn a_bomb_is_not_inflated_beyond_the_limit() {
        let bomb = Compressor::new(9, false).compress(&vec![0; 10_000_000]).unwrap();
        assert!(bomb.len() < 20_000);
        for max in [0, 1, 1000, 1_000_000] {
            let refused = Inflater::new(false).inflate(&bomb, max);
            assert_eq!(refused, Err(InflateError::TooLarge { size: max + 1 }));
        }
    }
}
