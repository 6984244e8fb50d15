//! The header of a frame, RFC 6455, section 5.2.

use engineio_proto::Gone;

use super::rules::{FAILED, Role, Rules};

/// Bytes in the longest header.
pub(super) const MAX_HEADER: usize = 14;

/// Bytes in the payload of a ping, a pong or a close frame.
pub(super) const MAX_CONTROL: usize = 125;

// In the first byte.
const LAST: u8 = 0x80;
const MARK: u8 = 0x40;
const RESERVED: u8 = 0x30;
const KIND: u8 = 0x0f;

// In the second.
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;

/// The first byte of a message that is one frame, and not compressed.
const TEXT: u8 = LAST | Kind::Text as u8;
const BINARY: u8 = LAST | Kind::Binary as u8;

/// The least length that takes two bytes of its own.
const TWO_BYTES: u8 = 126;

/// The one that takes eight.
const EIGHT_BYTES: u8 = 127;

/// What a frame is: its opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// More of the message that has begun.
    Continue = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl Kind {
    const fn of(first: u8) -> Option<Self> {
        Some(match first & KIND {
            0 => Self::Continue,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// What there is in front of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// The message ends with this frame.
    pub(super) last: bool,
    /// This frame begins a message that is compressed.
    pub(super) compressed: bool,
    /// What the payload is masked with.
    pub(super) key: Option<[u8; 4]>,
    /// Bytes in the payload.
    pub(super) length: usize,
}

impl Header {
    /// The header at the beginning of these bytes and how many of them it takes; none if they end within it. What is wrong about a frame
    /// by itself is known then, before its payload has come.
    #[inline]
    pub(super) fn parse(bytes: &[u8], rules: &Rules) -> Result<Option<(Self, usize)>, Gone> {
        // Most frames are short messages of a client's.
        if let &[first @ (TEXT | BINARY), second, a, b, c, d, ..] = bytes {
            let length = usize::from(second & LENGTH);
            if (MASKED..MASKED | TWO_BYTES).contains(&second)
                && rules.role == Role::Server
                && length <= rules.max_message
            {
                let header = Self {
                    kind: if first == TEXT { Kind::Text } else { Kind::Binary },
                    last: true,
                    compressed: false,
                    key: Some([a, b, c, d]),
                    length,
                };
                return Ok(Some((header, 6)));
            }
        }
        Self::parse_any(bytes, rules)
    }

    fn parse_any(bytes: &[u8], rules: &Rules) -> Result<Option<(Self, usize)>, Gone> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        let kind = Kind::of(first).ok_or(FAILED)?;
        let (length, rest) = match second & LENGTH {
            TWO_BYTES => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            EIGHT_BYTES => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            length => (u64::from(length), rest),
        };
        if length > i64::MAX as u64 {
            return Err(FAILED);
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > rules.max_frame() {
            return Err(Gone::TooLarge { size: length });
        }
        let compressed = first & MARK != 0;
        let may_be_compressed = rules.max_compressed.is_some() && matches!(kind, Kind::Text | Kind::Binary);
        let last = first & LAST != 0;
        let masked = second & MASKED != 0;
        if first & RESERVED != 0
            || compressed && !may_be_compressed
            || masked != (rules.role == Role::Server)
            || kind.is_control() && !(last && length <= MAX_CONTROL)
        {
            return Err(FAILED);
        }
        let (key, rest) = match rest.split_first_chunk() {
            _ if !masked => (None, rest),
            Some((key, rest)) => (Some(*key), rest),
            None => return Ok(None),
        };
        let header = Self {
            kind,
            last,
            compressed,
            key,
            length,
        };
        Ok(Some((header, bytes.len() - rest.len())))
    }

    /// Puts the header, with the length as short as it gets, behind what is there.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let first = self.kind as u8 | if self.last { LAST } else { 0 } | if self.compressed { MARK } else { 0 };
        let masked = if self.key.is_some() { MASKED } else { 0 };
        if self.length < usize::from(TWO_BYTES) {
            out.extend_from_slice(&[first, masked | self.length as u8]);
        } else if let Ok(length) = u16::try_from(self.length) {
            let [high, low] = length.to_be_bytes();
            out.extend_from_slice(&[first, masked | TWO_BYTES, high, low]);
        } else {
            out.extend_from_slice(&[first, masked | EIGHT_BYTES]);
            out.extend_from_slice(&(self.length as u64).to_be_bytes());
        }
        if let Some(key) = self.key {
            out.extend_from_slice(&key);
        }
    }
}
