//! Messages to the client.

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

use super::TAIL;

/// Compresses one message after another.
pub(super) struct Compressor {
    /// What is kept from one message to the next.
    stream: Option<Compress>,
    level: Compression,
    context_takeover: bool,
}

impl Compressor {
    pub(super) const fn new(level: u32, context_takeover: bool) -> Self {
        Self {
            stream: None,
            level: Compression::new(level),
            context_takeover,
        }
    }

    /// Compresses a message that is not empty. None if that saves nothing, unless the next message may refer to this one.
    ///
    /// Out of line, since a stream is made on the stack, 64 KiB of it: whoever might do it would touch every page of that for each
    /// message, compressed or not.
    #[inline(never)]
    pub(super) fn compress(&mut self, message: &[u8]) -> Option<Bytes> {
        let mut stream = self.stream.take().unwrap_or_else(|| Compress::new(self.level, false));
        let mut input = message;
        let mut output = Vec::with_capacity(message.len() / 2 + 64);
        loop {
            let before = stream.total_in();
            stream
                .compress_vec(input, &mut output, FlushCompress::Sync)
                .expect("a compressor takes any bytes");
            let read = stream.total_in() - before;
            input = &input[usize::try_from(read).expect("not more than there is")..];
            if input.is_empty() && output.len() < output.capacity() {
                break;
            }
            output.reserve(output.len());
        }
        debug_assert!(output.ends_with(&TAIL), "a flush ends like this");
        output.truncate(output.len() - TAIL.len());
        if self.context_takeover {
            self.stream = Some(stream);
        } else if output.len() >= message.len() {
            return None;
        }
        output.shrink_to_fit();
        Some(output.into())
    }
}
