//! The frames in which a WebTransport stream carries packets.
//!
//! A stream is bytes without borders. So each message has a header in front of it, of 1, 3 or 9 bytes:
//!
//! ```text
//!     bit 7       bits 6 to 0                           then
//!   ┌───────────┬─────────────────────────────────────┬─────────────────────┐
//!   │ 0: text   │ 1 to 125: the length of the message │                     │
//!   │ 1: binary │ 126: the length is in what follows  │ 2 bytes, big-endian │
//!   │           │ 127: the length is in what follows  │ 8 bytes, big-endian │
//!   └───────────┴─────────────────────────────────────┴─────────────────────┘
//! ```
//!
//! The message is as on a WebSocket, where [`Packet::decode`](crate::Packet::decode) reads it. There is no frame of no bytes: nobody reads
//! one.
//!
//! Nothing here opens a stream, and no session runs over one yet: this is for whoever wants the frames.
//!
//! ```
//! use bytes::Bytes;
//! use engineio_proto::webtransport::{Decoder, Header};
//! use engineio_proto::{Message, Packet};
//!
//! let message = Packet::Message("hello".into()).encode();
//! let header = Header::new(&message).expect("it is not empty");
//! assert_eq!(header.as_bytes(), [6]);
//!
//! let mut decoder = Decoder::new(1_000_000);
//! let mut input = Bytes::from_static(b"\x064hel");
//! assert_eq!(decoder.decode(&mut input), Ok(None)); // more, please
//! let mut input = Bytes::from_static(b"lo\x013");
//! assert_eq!(decoder.decode(&mut input), Ok(Some(message)));
//! assert_eq!(decoder.decode(&mut input), Ok(Some(Message::from("3"))));
//! assert_eq!(decoder.decode(&mut input), Ok(None));
//! ```

use alloc::vec::Vec;

use bytes::{Buf, Bytes};
use bytestring::ByteString;

use crate::{DecodeError, Message};

/// Says that the message is bytes.
const BINARY: u8 = 0x80;

/// Says that the length is in the two bytes behind it.
const TWO_BYTES: u8 = 126;

/// Says that the length is in the eight bytes behind it.
const EIGHT_BYTES: u8 = 127;

/// The longest header, in bytes.
const LONGEST: usize = 9;

/// What stands in front of a message: whether it is text or bytes, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Header {
    /// The header of an encoded packet, as short as it can be. None if the message is empty: that cannot be said in a frame.
    #[must_use]
    pub fn new(message: &Message) -> Option<Self> {
        let kind = match message {
            Message::Text(_) => 0,
            Message::Binary(_) => BINARY,
        };
        let size = message.len() as u64;
        let (first, more) = match size {
            0 => return None,
            1..126 => (size as u8, 0),
            126..0x1_0000 => (TWO_BYTES, 2),
            _ => (EIGHT_BYTES, 8),
        };
        let mut bytes = [0; LONGEST];
        bytes[0] = kind | first;
        bytes[1..=more].copy_from_slice(&size.to_be_bytes()[8 - more..]);
        Some(Self { bytes, len: 1 + more })
    }

    /// The header as it is written, right in front of the message.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Finds the messages in the bytes of one stream, however they were cut.
///
/// ```text
///            ┌───────────────────── all of it is there ───────────────────┐
///            ▼                                                            │
///   new ─► header ── empty, or too large ─► failed ◄── not UTF-8 ── message
///            └── all of it is there ──────────────────────────────────────▲
/// ```
///
/// It keeps the message that is not all there yet, in memory that grows as that arrives: never more than the limit, and a header.
#[derive(Clone, Debug)]
pub struct Decoder {
    max_payload: usize,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// Waits for the rest of a header, of which there are so many bytes.
    Header { bytes: [u8; LONGEST], len: usize },
    /// Waits for the rest of a message of `size` bytes, of which there are these.
    Message { binary: bool, size: usize, bytes: Vec<u8> },
    /// Nobody knows any more where a message begins.
    Failed(DecodeError),
}

impl Decoder {
    /// A decoder at the start of a stream whose messages may have `max_payload` bytes.
    #[must_use]
    pub const fn new(max_payload: usize) -> Self {
        Self {
            max_payload,
            state: State::HEADER,
        }
    }

    /// The next message, as a WebSocket would have brought it. None if it is not all there: then nothing is left of the input, and more
    /// is to come. A message that is all in the input is a slice of it.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Empty`] if a message has no bytes, [`DecodeError::TooLarge`] if it says that it has more than it may, and
    /// [`DecodeError::Utf8`] if it says that it is text and is none. The stream is of no use then: every later call fails alike.
    pub fn decode(&mut self, input: &mut Bytes) -> Result<Option<Message>, DecodeError> {
        let result = self.message(input);
        if let Err(error) = result {
            self.state = State::Failed(error);
        }
        result
    }

    /// Bytes that are kept of a message or a header that is not all there.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        match &self.state {
            State::Header { len, .. } => *len,
            State::Message { bytes, .. } => bytes.len(),
            State::Failed(_) => 0,
        }
    }

    fn message(&mut self, input: &mut Bytes) -> Result<Option<Message>, DecodeError> {
        if let State::Header { bytes, len } = &mut self.state {
            let Some((binary, size)) = header(bytes, len, input) else {
                return Ok(None);
            };
            self.state = State::Message {
                binary,
                size: self.checked(size)?,
                bytes: Vec::new(),
            };
        }
        let (binary, payload) = match &mut self.state {
            State::Message { binary, size, bytes } => match payload(*size, bytes, input) {
                Some(payload) => (*binary, payload),
                None => return Ok(None),
            },
            State::Failed(error) => return Err(*error),
            State::Header { .. } => unreachable!("it was whole"),
        };
        self.state = State::HEADER;
        Ok(Some(if binary {
            Message::Binary(payload)
        } else {
            Message::Text(ByteString::try_from(payload).map_err(|_| DecodeError::Utf8)?)
        }))
    }

    fn checked(&self, size: u64) -> Result<usize, DecodeError> {
        let limit = self.max_payload;
        match usize::try_from(size) {
            Ok(0) => Err(DecodeError::Empty),
            Ok(size) if size <= limit => Ok(size),
            _ => Err(DecodeError::TooLarge { size, limit }),
        }
    }
}

impl State {
    const HEADER: Self = Self::Header {
        bytes: [0; LONGEST],
        len: 0,
    };
}

/// Takes what is missing of a header. What it says, if it is whole: whether bytes follow, and how many.
fn header(bytes: &mut [u8; LONGEST], len: &mut usize, input: &mut Bytes) -> Option<(bool, u64)> {
    loop {
        let more = match bytes[0] & !BINARY {
            _ if *len == 0 => 0,
            TWO_BYTES => 2,
            EIGHT_BYTES => 8,
            size => return Some((bytes[0] & BINARY != 0, size.into())),
        };
        let taken = input.len().min(1 + more - *len);
        if taken == 0 && *len == 1 + more {
            let size = bytes[1..*len].iter().fold(0, |size, byte| size << 8 | u64::from(*byte));
            return Some((bytes[0] & BINARY != 0, size));
        }
        if taken == 0 {
            return None;
        }
        input.copy_to_slice(&mut bytes[*len..*len + taken]);
        *len += taken;
    }
}

/// Takes what is missing of a message of `size` bytes, and gives that if it is whole.
fn payload(size: usize, kept: &mut Vec<u8>, input: &mut Bytes) -> Option<Bytes> {
    let missing = size - kept.len();
    if kept.is_empty() && input.len() >= size {
        return Some(input.split_to(size));
    }
    let arrived = input.len().min(missing);
    if kept.capacity() < kept.len() + arrived {
        // Twice as much each time, but not more than there will be.
        kept.reserve_exact(arrived.max(kept.len()).min(missing));
    }
    kept.extend_from_slice(&input[..arrived]);
    input.advance(arrived);
    (kept.len() == size).then(|| core::mem::take(kept).into())
}
