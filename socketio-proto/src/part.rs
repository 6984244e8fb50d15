//! A part of a text.

use core::ops::{Deref, Range};

use bytestring::ByteString;

/// A part of a text, which it keeps whole. Made of a text that nobody needs any more it counts no reference, as a slice would.
#[derive(Clone, Default)]
pub(crate) struct Part {
    text: ByteString,
    start: usize,
    end: usize,
}

impl Part {
    pub(crate) const EMPTY: Self = Self {
        text: ByteString::new(),
        start: 0,
        end: 0,
    };

    /// What is at `range` in `text`.
    pub(crate) const fn of(text: ByteString, range: Range<usize>) -> Self {
        Self {
            text,
            start: range.start,
            end: range.end,
        }
    }

    /// Makes it the last `len` bytes of itself.
    pub(crate) fn keep_last(&mut self, len: usize) {
        self.start = self.end - len;
    }

    /// A part of this part.
    pub(crate) fn slice_ref(&self, part: &str) -> ByteString {
        self.text.slice_ref(part)
    }
}

impl From<ByteString> for Part {
    fn from(text: ByteString) -> Self {
        let end = text.len();
        Self::of(text, 0..end)
    }
}

impl Deref for Part {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text[self.start..self.end]
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Part {}

/// Where in `text` its part `part` is.
///
/// # Panics
///
/// If it is none.
pub(crate) fn range_of(part: &str, text: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    assert!(
        start <= text.len() && part.len() <= text.len() - start,
        "a part of the text itself"
    );
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_where_it_was_taken_from() {
        let text = ByteString::from("one two one");
        for range in [0..11, 0..3, 8..11, 4..4, 11..11, 0..0] {
            assert_eq!(range_of(&text[range.clone()], &text), range);
            let part = Part::of(text.clone(), range.clone());
            assert_eq!(*part, text[range.clone()]);
            assert_eq!(part.slice_ref(&part), *part);
            for len in 0..=range.len() {
                let mut last = part.clone();
                last.keep_last(len);
                assert_eq!(*last, text[range.end - len..range.end]);
            }
        }
        assert!(Part::of(text.clone(), 0..3) == Part::of(text, 8..11));
        assert_eq!(*Part::EMPTY, *"");
    }

    #[test]
    #[should_panic = "a part of the text itself"]
    fn what_is_elsewhere_is_no_part() {
        range_of("one", "two");
    }
}
