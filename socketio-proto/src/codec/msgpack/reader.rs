//! MessagePack, one token after the other.

use crate::error::DecodeError;

/// One value, or the beginning of one that has others in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Nil,
    /// What JavaScript's encoder makes of `undefined`.
    Undefined,
    Bool(bool),
    Unsigned(u64),
    /// Below zero.
    Negative(i64),
    Float(f64),
    /// Text; nobody has looked yet whether it is UTF-8.
    Str(&'a [u8]),
    Bin(&'a [u8]),
    /// Milliseconds since 1970.
    Date(i64),
    /// The type and the data of an extension that has no name here.
    Ext(i8, &'a [u8]),
    /// As many values follow.
    Array(u32),
    /// As many keys follow, each with its value.
    Map(u32),
}

impl Token<'_> {
    /// How many values it has in it.
    fn children(self) -> u64 {
        match self {
            Self::Array(len) => len.into(),
            Self::Map(len) => 2 * u64::from(len),
            _ => 0,
        }
    }
}

/// A place in a message.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(input: &'a [u8]) -> Self {
        Self::starting_at(input, 0)
    }

    /// From some byte on, which is one of the message's or its end.
    pub(super) const fn starting_at(input: &'a [u8], at: usize) -> Self {
        Self { input, at }
    }

    /// The next token. A length that it announces was checked against what is left.
    pub(super) fn token(&mut self) -> Result<Token<'a>, DecodeError> {
        let start = self.at;
        let lead = self.take(1)?[0];
        Ok(match lead {
            0x00..=0x7f => Token::Unsigned(lead.into()),
            0x80..=0x8f => self.map((lead & 0x0f).into())?,
            0x90..=0x9f => self.array((lead & 0x0f).into())?,
            0xa0..=0xbf => Token::Str(self.take((lead & 0x1f).into())?),
            0xc0 => Token::Nil,
            0xc1 => return Err(DecodeError::MessagePack { at: start }), // the one byte without a meaning
            0xc2 | 0xc3 => Token::Bool(lead == 0xc3),
            0xc4..=0xc6 => {
                let len = self.len(1 << (lead - 0xc4))?;
                Token::Bin(self.take(len)?)
            }
            0xc7..=0xc9 => {
                let len = self.len(1 << (lead - 0xc7))?;
                match (self.kind()?, self.take(len)?) {
                    (0, data) => Token::Bin(data),
                    (kind, data) => Token::Ext(kind, data),
                }
            }
            0xca => Token::Float(f32::from_bits(self.unsigned(4)? as u32).into()),
            0xcb => Token::Float(f64::from_bits(self.unsigned(8)?)),
            0xcc..=0xcf => Token::Unsigned(self.unsigned(1 << (lead - 0xcc))?),
            0xd0..=0xd3 => signed(self.signed(1 << (lead - 0xd0))?),
            0xd4..=0xd8 => {
                let kind = self.kind()?;
                match (kind, lead) {
                    (0, 0xd4) => {
                        self.take(1)?;
                        Token::Undefined
                    }
                    (0, 0xd7) => Token::Date(self.signed(8)?),
                    _ => Token::Ext(kind, self.take(1 << (lead - 0xd4))?),
                }
            }
            0xd9..=0xdb => {
                let len = self.len(1 << (lead - 0xd9))?;
                Token::Str(self.take(len)?)
            }
            0xdc | 0xdd => {
                let len = self.unsigned(2 << (lead - 0xdc))?;
                self.array(len)?
            }
            0xde | 0xdf => {
                let len = self.unsigned(2 << (lead - 0xde))?;
                self.map(len)?
            }
            0xe0..=0xff => Token::Negative((lead as i8).into()),
        })
    }

    /// The token that the next value begins with; all that is in the value is passed.
    pub(super) fn value(&mut self) -> Result<Token<'a>, DecodeError> {
        let first = self.token()?;
        let mut left = first.children();
        while left > 0 {
            left = left - 1 + self.token()?.children();
        }
        Ok(first)
    }

    /// Whether `undefined` comes next, which is then passed.
    pub(super) fn skip_undefined(&mut self) -> Result<bool, DecodeError> {
        let start = self.at;
        let undefined = self.input[start..].starts_with(&[0xd4, 0]) && self.token()? == Token::Undefined;
        Ok(undefined)
    }

    /// How many bytes come before this place.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The place itself is at fault.
    pub(super) const fn fault(&self) -> DecodeError {
        DecodeError::MessagePack { at: self.at }
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.at == self.input.len()
    }

    fn array(&self, len: u64) -> Result<Token<'a>, DecodeError> {
        Ok(Token::Array(self.count(len, 1)?))
    }

    fn map(&self, len: u64) -> Result<Token<'a>, DecodeError> {
        Ok(Token::Map(self.count(len, 2)?))
    }

    /// A number of things that take so many bytes each, or more: they cannot be more than are there.
    fn count(&self, len: u64, bytes: u64) -> Result<u32, DecodeError> {
        let left = (self.input.len() - self.at) as u64;
        match u32::try_from(len) {
            Ok(count) if len * bytes <= left => Ok(count),
            _ => Err(self.fault()),
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let taken = self.input[self.at..].get(..len).ok_or(self.fault())?;
        self.at += len;
        Ok(taken)
    }

    fn kind(&mut self) -> Result<i8, DecodeError> {
        Ok(self.take(1)?[0] as i8)
    }

    fn len(&mut self, bytes: usize) -> Result<usize, DecodeError> {
        usize::try_from(self.unsigned(bytes)?).map_err(|_| self.fault())
    }

    /// A big-endian number of so many bytes, eight at most.
    fn unsigned(&mut self, bytes: usize) -> Result<u64, DecodeError> {
        let bytes = self.take(bytes)?.iter();
        Ok(bytes.fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn signed(&mut self, bytes: usize) -> Result<i64, DecodeError> {
        let unused = 64 - 8 * bytes as u32;
        Ok((self.unsigned(bytes)? << unused) as i64 >> unused)
    }
}

fn signed(number: i64) -> Token<'static> {
    u64::try_from(number).map_or(Token::Negative(number), Token::Unsigned)
}
