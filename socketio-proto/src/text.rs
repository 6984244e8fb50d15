//! Text of a length that is not known before it is written.

use alloc::string::String;
use core::fmt;

use arrayvec::ArrayString;
use bytestring::ByteString;

/// What the text of most packets fits into.
const SHORT: usize = 512;

/// How much more room than it needs long text may keep. Grown by doubling, it would take twice the memory that is counted for it wherever
/// it waits.
const SPARE: usize = 1024;

/// Text in the making: on the stack while it is short, so that in the end it takes one allocation of just its size.
#[derive(Debug, Default)]
pub(crate) struct Text {
    short: ArrayString<SHORT>,
    /// All of it, once it does not fit there.
    long: Option<String>,
}

impl Text {
    /// No text yet, and room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            short: ArrayString::new(),
            long: (capacity > SHORT).then(|| String::with_capacity(capacity)),
        }
    }

    #[inline]
    pub(crate) fn push_str(&mut self, text: &str) {
        match &mut self.long {
            Some(long) => long.push_str(text),
            None => {
                if self.short.try_push_str(text).is_err() {
                    self.spill(text);
                }
            }
        }
    }

    /// Writes `text` between quotes.
    #[inline]
    pub(crate) fn push_quoted(&mut self, text: &str) {
        let len = text.len() + 2;
        if let Some(long) = &mut self.long {
            long.reserve(len);
        }
        self.push_str("\"");
        self.push_str(text);
        self.push_str("\"");
    }

    /// Writes a natural number.
    pub(crate) fn push_number(&mut self, number: u64) {
        self.push_str(itoa::Buffer::new().format(number));
    }

    /// Puts quotes around what is behind byte `start`.
    pub(crate) fn quote_from(&mut self, start: usize) {
        let behind = String::from(&self.as_str()[start..]);
        self.truncate(start);
        for part in ["\"", &behind, "\""] {
            self.push_str(part);
        }
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        match &mut self.long {
            Some(long) => long.truncate(len),
            None => self.short.truncate(len),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.as_str().len()
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        match &self.long {
            Some(long) => long,
            None => &self.short,
        }
    }

    /// The text in memory that can be shared; nothing is left.
    pub(crate) fn take(&mut self) -> ByteString {
        let text = match self.long.take() {
            Some(mut long) => {
                if long.capacity() - long.len() > SPARE {
                    long.shrink_to_fit();
                }
                long.into()
            }
            None => ByteString::from(&*self.short),
        };
        self.short.clear();
        text
    }

    /// It becomes too long with `text`. What comes behind something long is most often a bracket.
    #[cold]
    fn spill(&mut self, text: &str) {
        const BEHIND: usize = 64;
        let mut long = String::with_capacity(self.short.len() + text.len() + BEHIND);
        long.push_str(&self.short);
        long.push_str(text);
        self.long = Some(long);
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use core::fmt::Write as _;

    #[test]
    fn text_of_any_length_is_what_was_written() {
        for len in [0, 1, SHORT - 3, SHORT - 2, SHORT - 1, SHORT, SHORT + 1, 3 * SHORT] {
            let mut text = Text::default();
            let long = "é".repeat(len / 2) + &"x".repeat(len % 2);
            text.push_str(&long);
            assert_eq!(text.as_str(), long);
            text.push_number(42);
            write!(text, "{}", -1).unwrap();
            assert_eq!(text.as_str(), format!("{long}42-1"));
            text.quote_from(len);
            assert_eq!(text.as_str(), format!("{long}\"42-1\""));
            text.truncate(len);
            assert_eq!((text.as_str(), text.len()), (&*long, len));
            assert_eq!(text.take(), long);
            assert_eq!(text.as_str(), "");
        }
    }
}
