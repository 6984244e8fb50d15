//! Which messages are compressed.

use std::collections::VecDeque;
use std::io::{self, Cursor, Read, Write};

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

/// The first reserved bit of a frame. On the first one of a message it says that the message is compressed.
const RSV1: u8 = 0x40;

/// Where the code of a frame is, in the same byte.
const OPCODE: u8 = 0x0f;

/// The longest header of a frame.
const MAX_HEADER: usize = 14;

/// Finds the marks of compressed messages in what a client sends.
///
/// tungstenite refuses marked frames, and text that is not UTF-8. So the mark is taken away from the first byte of a frame where it
/// has a meaning, and compressed text becomes binary; the rest goes through as it is, marks without a meaning included.
#[derive(Default)]
pub(super) struct Marks {
    /// What has come of a header.
    header: [u8; MAX_HEADER],
    filled: usize,
    /// What is missing of the frame's payload.
    payload: u64,
    /// The binary messages that tungstenite has not told of: what they are if they were compressed. tungstenite reads on when it
    /// has told of all that it has, so that these are few.
    binaries: VecDeque<Option<Data>>,
    /// There was something that is no frame. tungstenite stops there.
    broken: bool,
}

impl Marks {
    /// What was compressed, if anything was, in the next binary message of tungstenite's.
    pub(super) fn next_binary(&mut self) -> Option<Data> {
        self.binaries.pop_front().flatten()
    }

    /// A stream without the marks.
    pub(super) const fn unmark<'a, S>(&'a mut self, stream: &'a mut S) -> Unmarked<'a, S> {
        Unmarked { stream, marks: self }
    }

    fn take_away(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() && !self.broken {
            let skipped = if self.payload > 0 {
                let here = usize::try_from(self.payload).map_or(bytes.len(), |payload| payload.min(bytes.len()));
                self.payload -= here as u64;
                here
            } else {
                if self.filled == 0 {
                    self.begin(&mut bytes[0]);
                }
                self.header(bytes)
            };
            bytes = &mut bytes[skipped..];
        }
    }

    /// Looks at the first byte of a frame.
    fn begin(&mut self, first: &mut u8) {
        let binary = u8::from(OpCode::Data(Data::Binary));
        let OpCode::Data(kind @ (Data::Text | Data::Binary)) = OpCode::from(*first & OPCODE) else {
            return;
        };
        if *first & RSV1 != 0 {
            *first = *first & !(RSV1 | OPCODE) | binary;
            self.binaries.push_back(Some(kind));
        } else if kind == Data::Binary {
            self.binaries.push_back(None);
        }
    }

    /// Reads a header, or what there is of it. Returns how long that is.
    fn header(&mut self, bytes: &[u8]) -> usize {
        let before = self.filled;
        let here = bytes.len().min(MAX_HEADER - before);
        self.header[before..before + here].copy_from_slice(&bytes[..here]);
        let mut cursor = Cursor::new(&self.header[..before + here]);
        match FrameHeader::parse(&mut cursor) {
            Ok(Some((_, length))) => {
                let end = usize::try_from(cursor.position()).expect("a position in an array");
                self.filled = 0;
                self.payload = length;
                end - before
            }
            Ok(None) => {
                self.filled += here;
                here
            }
            Err(_) => {
                self.broken = true;
                here
            }
        }
    }
}

/// A stream whose marks are taken away while it is read.
pub(crate) struct Unmarked<'a, S> {
    stream: &'a mut S,
    marks: &'a mut Marks,
}

impl<S: Read> Read for Unmarked<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        self.marks.take_away(&mut buffer[..length]);
        Ok(length)
    }
}

impl<S: Write> Write for Unmarked<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, length: usize, masked: bool) -> Vec<u8> {
        let header = FrameHeader {
            mask: masked.then_some([0x41, 0xc1, 0x01, 0x02]),
            ..FrameHeader::default()
        };
        let mut frame = Vec::new();
        header.format(length as u64, &mut frame).unwrap();
        frame[0] = first;
        frame.resize(frame.len() + length, 0xc1); // would be a marked first byte
        frame
    }

    /// Frames, what tungstenite is to see as their first bytes, and the binary messages among them.
    fn conversation() -> (Vec<(u8, u8)>, Vec<Option<Data>>) {
        let frames = vec![
            (0xc1, 0x82), // compressed text
            (0xc2, 0x82), // compressed binary
            (0x81, 0x81), // text
            (0x82, 0x82), // binary
            (0x41, 0x02), // the beginning of compressed text,
            (0x89, 0x89), // a ping within,
            (0x00, 0x00), // more of it,
            (0xc0, 0xc0), // and a mark on its end, which has no meaning there
            (0xc9, 0xc9), // nor here
            (0xa1, 0xa1), // another reserved bit
            (0xf1, 0xb2), // all of them
        ];
        let [text, binary] = [Some(Data::Text), Some(Data::Binary)];
        (frames, vec![text, binary, None, text, text])
    }

    #[test]
    fn marks_are_taken_away_wherever_reads_end() {
        let (frames, binaries) = conversation();
        for masked in [false, true] {
            for length in [0, 1, 125, 126, 300, 65_535, 65_536] {
                let sent: Vec<u8> = frames
                    .iter()
                    .flat_map(|&(first, _)| frame(first, length, masked))
                    .collect();
                let seen: Vec<u8> = frames
                    .iter()
                    .flat_map(|&(_, first)| frame(first, length, masked))
                    .collect();
                for step in [1, 2, 3, 7, 13, 4096, usize::MAX] {
                    let (mut marks, mut bytes) = (Marks::default(), sent.clone());
                    bytes
                        .chunks_mut(step.min(sent.len()))
                        .for_each(|read| marks.take_away(read));
                    assert!(bytes == seen, "{length} bytes in reads of {step}");
                    assert_eq!(marks.binaries, binaries);
                }
            }
        }
    }

    #[test]
    fn what_is_no_frame_goes_through() {
        let mut bytes = [frame(0xc3, 2, true), frame(0xc1, 2, true)].concat();
        let sent = bytes.clone();
        let mut marks = Marks::default();
        bytes.chunks_mut(3).for_each(|read| marks.take_away(read));
        assert_eq!(bytes, sent);
        assert!(marks.binaries.is_empty());
    }
}
