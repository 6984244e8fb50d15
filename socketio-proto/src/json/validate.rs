//! Is it JSON? One pass, no recursion, no tree.

use alloc::vec::Vec;

use super::{JsonError, blocks, string};

/// Checks that `text` is one JSON value as RFC 8259 has it, with white space around it or none.
///
/// It accepts what `JSON.parse` accepts: any depth, numbers of any size, and escapes of half a surrogate pair.
///
/// Most of what is long is JSON that a machine has written, which is told by the block. The rest, and where it is none, is found byte by
/// byte. That looks at everything anew, so that nobody can make it cost more than twice.
pub(crate) fn validate(text: &str) -> Result<(), JsonError> {
    /// What is shorter is through before the first block is.
    const LONG: usize = 256;
    if blocks::IS_FAST && text.len() >= LONG && blocks::is_json(text.as_bytes()) {
        return Ok(());
    }
    validate_step_by_step(text)
}

/// The same, whatever it is.
///
/// ```text
///            ┌──────────── , ─────────────┐   in an object, a comma is followed by a key
///            ▼                            │
///   start ─► value ── scalar, [] or {} ─► behind it ── nothing open ─► end
///            ▲ │                          ▲ │
///            └─┘ [ and {                  └─┘ ] and }
/// ```
///
/// What makes it fast: each byte is loaded once, and where to go on is decided by branches rather than computed from what was
/// found, so that a processor that predicts them runs ahead.
pub(super) fn validate_step_by_step(text: &str) -> Result<(), JsonError> {
    let text = Text(text.as_bytes());
    let mut open = Open::default();
    let mut here = text.token(text.place(0));
    loop {
        here = match here.byte {
            b'"' => text.string(here)?,
            b'0'..=b'9' => text.number(here)?,
            b'-' => text.number(text.next(here))?,
            b'{' => {
                let inside = text.token(text.next(here));
                if inside.byte != b'}' {
                    open.push(b'}');
                    here = text.key(inside)?;
                    continue;
                }
                text.next(inside)
            }
            b'[' => {
                let inside = text.token(text.next(here));
                if inside.byte != b']' {
                    open.push(b']');
                    here = inside;
                    continue;
                }
                text.next(inside)
            }
            b't' => text.literal(here, b"true")?,
            b'f' => text.literal(here, b"false")?,
            b'n' => text.literal(here, b"null")?,
            _ => return Err(here.fault()),
        };
        loop {
            here = text.token(here);
            if here.byte == b',' {
                here = text.token(text.next(here));
                match open.closing {
                    b']' => {}
                    b'}' => here = text.key(here)?,
                    _ => return Err(here.fault()),
                }
                break;
            }
            if here.byte != open.closing {
                return Err(here.fault());
            }
            if here.byte == END {
                return if here.at == text.0.len() {
                    Ok(())
                } else {
                    Err(here.fault())
                };
            }
            open.pop();
            here = text.next(here);
        }
    }
}

/// What is behind the last byte. As a byte of the text, it is legal nowhere.
const END: u8 = 0;

/// A place in the text.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    /// What is there, or [`END`].
    byte: u8,
}

impl Place {
    #[inline(always)]
    fn fault(self) -> JsonError {
        JsonError { at: self.at }
    }
}

/// The text. What it hands out of line takes and gives bare indices, so that a [`Place`] stays in registers.
#[derive(Clone, Copy)]
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    #[inline(always)]
    fn place(self, at: usize) -> Place {
        Place {
            at,
            byte: self.0.get(at).copied().unwrap_or(END),
        }
    }

    #[inline(always)]
    fn next(self, here: Place) -> Place {
        self.place(here.at + 1)
    }

    /// Here, or behind the white space that is here.
    #[inline(always)]
    fn token(self, here: Place) -> Place {
        if here.byte > b' ' {
            here
        } else {
            self.place(self.behind_space(here.at))
        }
    }

    #[inline(never)]
    fn behind_space(self, mut at: usize) -> usize {
        while let b' ' | b'\n' | b'\r' | b'\t' = self.place(at).byte {
            at += 1;
        }
        at
    }

    /// Behind the key that is here and its colon, where a value begins.
    #[inline(always)]
    fn key(self, here: Place) -> Result<Place, JsonError> {
        if here.byte != b'"' {
            return Err(here.fault());
        }
        let colon = self.token(self.string(here)?);
        if colon.byte != b':' {
            return Err(colon.fault());
        }
        Ok(self.token(self.next(colon)))
    }

    /// Behind the string whose opening quote is here.
    #[inline(always)]
    fn string(self, here: Place) -> Result<Place, JsonError> {
        let mut end = self.text(here.at + 1);
        if blocks::IS_FAST && !string::is_special(end.byte) {
            end = self.text(end.at); // once more, before this is taken for a long one
        }
        if end.byte == b'"' {
            return Ok(self.next(end));
        }
        Ok(self.place(self.rest_of_string(end.at)?))
    }

    /// Behind the string of which this is some place.
    #[inline(never)]
    fn rest_of_string(self, mut at: usize) -> Result<usize, JsonError> {
        loop {
            at = string::special(self.0, at);
            while self.place(at).byte == b'\\' {
                at = self.text(self.escape(at + 1)?).at; // where there is one escape, the next is near
            }
            let here = self.place(at);
            if string::is_special(here.byte) {
                return if here.byte == b'"' {
                    Ok(at + 1)
                } else {
                    Err(here.fault())
                };
            }
        }
    }

    /// Behind the text that is here in a string, if that is short, such as a key; somewhere in it if not.
    #[inline(always)]
    fn text(self, at: usize) -> Place {
        let Some(short) = self.0.get(at..).and_then(<[u8]>::first_chunk) else {
            return self.place(self.last_text(at));
        };
        if blocks::IS_FAST {
            return self.place(at + string::special_in_lane(short, 0));
        }
        for (len, &byte) in short.iter().enumerate() {
            if string::is_special(byte) {
                return Place { at: at + len, byte };
            }
        }
        self.place(at + string::LANE)
    }

    /// Behind the text that is here in a string, close to the end.
    #[inline(never)]
    fn last_text(self, at: usize) -> usize {
        string::last_special(self.0, at)
    }

    /// Behind the escape whose backslash was passed.
    fn escape(self, at: usize) -> Result<usize, JsonError> {
        match self.place(at).byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 1),
            b'u' => match (1..5).find(|digit| !self.place(at + digit).byte.is_ascii_hexdigit()) {
                None => Ok(at + 5),
                Some(digit) => Err(JsonError { at: at + digit }),
            },
            _ => Err(JsonError { at }),
        }
    }

    /// Behind the number here, whose sign was passed: `(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
    #[inline(always)]
    fn number(self, here: Place) -> Result<Place, JsonError> {
        let end = if here.byte == b'0' {
            self.next(here)
        } else {
            self.digits(here)?
        };
        if let b'.' | b'e' | b'E' = end.byte {
            return Ok(self.place(self.rest_of_number(end.at)?));
        }
        Ok(end)
    }

    #[inline(never)]
    fn rest_of_number(self, at: usize) -> Result<usize, JsonError> {
        let mut end = self.place(at);
        if end.byte == b'.' {
            end = self.digits(self.next(end))?;
        }
        if let b'e' | b'E' = end.byte {
            end = self.next(end);
            if let b'+' | b'-' = end.byte {
                end = self.next(end);
            }
            end = self.digits(end)?;
        }
        Ok(end.at)
    }

    /// Behind the digits here, of which there is one at least.
    #[inline(always)]
    fn digits(self, mut here: Place) -> Result<Place, JsonError> {
        if !here.byte.is_ascii_digit() {
            return Err(here.fault());
        }
        loop {
            here = self.next(here);
            if !here.byte.is_ascii_digit() {
                return Ok(here);
            }
        }
    }

    #[inline(always)]
    fn literal<const N: usize>(self, here: Place, literal: &[u8; N]) -> Result<Place, JsonError> {
        if self.0[here.at..].first_chunk() == Some(literal) {
            Ok(self.place(here.at + N))
        } else {
            Err(here.fault())
        }
    }
}

/// The arrays and objects that are open, one bit each, so that depth is no weapon. Only the 64th level allocates.
struct Open {
    /// What closes the innermost: a bracket, a brace, or the end of the text.
    closing: u8,
    /// A one, and behind it the innermost of the open ones, objects as one and arrays as zero.
    bits: u64,
    /// Those further out, 63 in each.
    outer: Vec<u64>,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            closing: END,
            bits: 1,
            outer: Vec::new(),
        }
    }
}

impl Open {
    #[inline(always)]
    fn push(&mut self, closing: u8) {
        if self.bits >> 63 == 1 {
            spill(&mut self.outer, self.bits);
            self.bits = 1;
        }
        self.bits = self.bits << 1 | u64::from(closing == b'}');
        self.closing = closing;
    }

    #[inline(always)]
    fn pop(&mut self) {
        self.bits >>= 1;
        if self.bits == 1 {
            let Some(bits) = refill(&mut self.outer) else {
                self.closing = END;
                return;
            };
            self.bits = bits;
        }
        self.closing = if self.bits & 1 == 1 { b'}' } else { b']' };
    }
}

// Out of line and by value, so that `Open::bits` stays in a register.

#[cold]
#[inline(never)]
fn spill(outer: &mut Vec<u64>, bits: u64) {
    outer.push(bits);
}

#[cold]
#[inline(never)]
fn refill(outer: &mut Vec<u64>) -> Option<u64> {
    outer.pop()
}
