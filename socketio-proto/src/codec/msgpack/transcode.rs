//! From MessagePack to JSON, and attachments beside it.

use alloc::vec::Vec;
use core::str;

use bytes::Bytes;
use bytestring::ByteString;

use super::date::Date;
use super::reader::{Reader, Token};
use crate::args::Sink;
use crate::attachments::Attachments;
use crate::codec::json::DecoderLimits;
use crate::error::DecodeError;
use crate::kind::PacketKind;

/// What becomes of binary data.
#[derive(Clone, Copy, Debug)]
pub(super) enum Binary {
    /// They are attached, within limits.
    Attach(DecoderLimits),
    /// They are arrays of numbers, where there cannot be attachments.
    Numbers,
}

impl Binary {
    /// In a packet of this kind.
    pub(super) fn of(kind: PacketKind, limits: DecoderLimits) -> Self {
        match kind.with_attachments() {
            Some(_) => Self::Attach(limits),
            None => Self::Numbers,
        }
    }
}

/// Writes the value that begins `at` some byte of a message as JSON. It is known to be whole.
///
/// ```text
///            ┌──────── the next element, or key and value ────────┐
///            ▼                                                    │
///   start ─► value ── scalar ─► behind it ── something is left ───┘
///                 └── [ or { ──►   ▲    ├─── nothing open ─► end
///                                  └────┘ ] or }: the innermost is done
/// ```
pub(super) fn transcode(message: &Bytes, at: usize, binary: Binary) -> Result<(ByteString, Attachments), DecodeError> {
    let mut transcoder = Transcoder {
        message,
        reader: Reader::starting_at(message, at),
        sink: Sink::with_capacity(message.len() - at),
        binary,
        attached: 0,
        attached_bytes: 0,
        open: Vec::new(),
    };
    transcoder.run()?;
    let attachments = transcoder.sink.finish().map_err(|_| DecodeError::Placeholder)?;
    Ok((transcoder.sink.json.take(), attachments))
}

struct Transcoder<'a> {
    message: &'a Bytes,
    reader: Reader<'a>,
    sink: Sink,
    binary: Binary,
    attached: usize,
    attached_bytes: usize,
    /// The arrays and objects that are open, the innermost last.
    open: Vec<Open>,
}

/// An array or an object that is open.
struct Open {
    /// How many elements or entries are still to come.
    left: u32,
    /// Whether none was written yet.
    is_empty: bool,
    is_object: bool,
}

impl Transcoder<'_> {
    fn run(&mut self) -> Result<(), DecodeError> {
        loop {
            self.value()?;
            while !self.next()? {
                let Some(open) = self.open.pop() else { return Ok(()) };
                self.sink.raw(if open.is_object { "}" } else { "]" });
            }
        }
    }

    /// Goes to the next value of the innermost array or object, and writes what must come before it. False if there is none.
    fn next(&mut self) -> Result<bool, DecodeError> {
        while let Some(open) = self.open.last_mut().filter(|open| open.left > 0) {
            open.left -= 1;
            let mark = self.sink.mark();
            if !open.is_empty {
                self.sink.raw(",");
            }
            if open.is_object {
                self.key()?;
                if self.reader.skip_undefined()? {
                    self.sink.back_to(mark);
                    continue;
                }
            }
            if let Some(open) = self.open.last_mut() {
                open.is_empty = false;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Writes a scalar, or opens an array or an object.
    fn value(&mut self) -> Result<(), DecodeError> {
        let token = self.reader.token()?;
        match token {
            Token::Nil | Token::Undefined => self.sink.raw("null"),
            Token::Bool(value) => self.sink.display(value),
            Token::Unsigned(value) => self.sink.display(value),
            Token::Negative(value) => self.sink.display(value),
            Token::Float(value) => self.float(value),
            Token::Str(text) => self.string(text)?,
            Token::Bin(bytes) => self.binary(bytes)?,
            Token::Date(ms) => match Date::from_ms(ms) {
                Some(date) => self.sink.display(format_args!("\"{date}\"")),
                None => self.sink.raw("null"),
            },
            Token::Ext(kind, bytes) => {
                self.sink.display(format_args!("[{kind},"));
                self.binary(bytes)?;
                self.sink.raw("]");
            }
            Token::Array(left) => self.open(left, false),
            Token::Map(left) => self.open(left, true),
        }
        Ok(())
    }

    /// Writes a key, as the string that JavaScript would make of it, and its colon.
    fn key(&mut self) -> Result<(), DecodeError> {
        match self.reader.token()? {
            Token::Str(text) => self.string(text)?,
            Token::Nil => self.sink.raw("\"null\""),
            Token::Undefined => self.sink.raw("\"undefined\""),
            Token::Bool(value) => self.sink.display(format_args!("\"{value}\"")),
            Token::Unsigned(value) => self.sink.display(format_args!("\"{value}\"")),
            Token::Negative(value) => self.sink.display(format_args!("\"{value}\"")),
            Token::Float(value) if value.is_finite() => {
                self.sink.raw("\"");
                self.float(value);
                self.sink.raw("\"");
            }
            _ => return Err(self.reader.fault()),
        }
        self.sink.raw(":");
        Ok(())
    }

    /// Writes a number as JavaScript would, up to the spelling of exponents: what has no fraction has no point either.
    fn float(&mut self, value: f64) {
        const EXPONENT_FROM: f64 = 1e21;
        const NO_FRACTION_FROM: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;
        let magnitude = if value < 0.0 { -value } else { value };
        let is_integer = magnitude >= NO_FRACTION_FROM || (value as i64) as f64 == value;
        if !value.is_finite() {
            self.sink.raw("null");
        } else if value == 0.0 {
            self.sink.raw("0"); // without the sign that it may have
        } else if is_integer && magnitude < EXPONENT_FROM {
            self.sink.display(value);
        } else {
            self.sink.float(value);
        }
    }

    fn string(&mut self, text: &[u8]) -> Result<(), DecodeError> {
        let text = str::from_utf8(text).map_err(|error| DecodeError::MessagePack {
            at: self.reader.at() - text.len() + error.valid_up_to(),
        })?;
        self.sink.string(text);
        Ok(())
    }

    fn binary(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        match self.binary {
            Binary::Attach(limits) => {
                self.attached += 1;
                self.attached_bytes += bytes.len();
                if self.attached > limits.max_attachments {
                    let limit = limits.max_attachments;
                    return Err(DecodeError::TooManyAttachments { limit });
                }
                if self.attached_bytes > limits.max_attachment_bytes {
                    let limit = limits.max_attachment_bytes;
                    return Err(DecodeError::AttachmentsTooLarge { limit });
                }
                self.sink.attach(self.message.slice_ref(bytes));
            }
            Binary::Numbers => {
                for (index, byte) in bytes.iter().enumerate() {
                    self.sink.raw(if index == 0 { "[" } else { "," });
                    self.sink.display(byte);
                }
                self.sink.raw(if bytes.is_empty() { "[]" } else { "]" });
            }
        }
        Ok(())
    }

    fn open(&mut self, left: u32, is_object: bool) {
        self.sink.open(if is_object { "{" } else { "[" });
        self.open.push(Open {
            left,
            is_empty: true,
            is_object,
        });
    }
}
