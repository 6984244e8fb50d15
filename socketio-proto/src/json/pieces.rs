//! JSON piece by piece, for those who write it in another way.

use super::placeholder::Placeholders;
use super::string;

/// A part of some JSON.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece<'a> {
    /// An array begins.
    Array,
    /// An object begins. Its keys are strings like others: every other piece on its level.
    Object,
    /// The innermost array or object ends.
    Close,
    /// Another element or entry follows on this level.
    Comma,
    /// What is between the quotes of a string.
    String(&'a str),
    /// A number, `true`, `false` or `null`.
    Scalar(&'a str),
    /// The place of an attachment.
    Attachment(usize),
}

/// The pieces of JSON that is known to be valid, be it one value, the elements of an array, or nothing: one after the other, without a
/// stack.
#[derive(Clone)]
pub(crate) struct Pieces<'a> {
    json: &'a str,
    at: usize,
    /// Whether there are attachments: without any, what looks like a placeholder is an object.
    attachments: bool,
}

impl<'a> Pieces<'a> {
    pub(crate) const fn of(json: &'a str, attachments: bool) -> Self {
        Self {
            json,
            at: 0,
            attachments,
        }
    }

    /// The number of the placeholder that begins here, if one does, which is then passed.
    fn placeholder(&mut self, start: usize) -> Option<usize> {
        if !self.attachments {
            return None;
        }
        let (placeholder, behind) = Placeholders::leading(&self.json[start..])?;
        self.at = self.json.len() - behind.len();
        Some(placeholder.num)
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let bytes = self.json.as_bytes();
        while let b' ' | b'\n' | b'\r' | b'\t' | b':' = bytes.get(self.at)? {
            self.at += 1;
        }
        let start = self.at;
        self.at += 1;
        Some(match bytes[start] {
            b'[' => Piece::Array,
            b'{' => match self.placeholder(start) {
                Some(num) => Piece::Attachment(num),
                None => Piece::Object,
            },
            b']' | b'}' => Piece::Close,
            b',' => Piece::Comma,
            b'"' => {
                self.at = string::skip(bytes, start + 1);
                Piece::String(&self.json[start + 1..self.at - 1])
            }
            _ => {
                let rest = bytes[start..].iter();
                self.at = start
                    + rest
                        .take_while(|byte| !matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t'))
                        .count();
                Piece::Scalar(&self.json[start..self.at])
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn all_of_it_is_given_once() {
        let json = r#" "a\"[" , [ -1.5e3,{"k" : null}] ,{"num":0,"_placeholder":true}"#;
        let pieces: Vec<_> = Pieces::of(json, true).collect();
        let expected = [
            Piece::String(r#"a\"["#),
            Piece::Comma,
            Piece::Array,
            Piece::Scalar("-1.5e3"),
            Piece::Comma,
            Piece::Object,
            Piece::String("k"),
            Piece::Scalar("null"),
            Piece::Close,
            Piece::Close,
            Piece::Comma,
            Piece::Attachment(0),
        ];
        assert_eq!(pieces, expected);
        assert_eq!(
            Pieces::of(json, false).filter(|piece| *piece == Piece::Object).count(),
            2
        );
        assert_eq!(Pieces::of(" ", true).next(), None);
    }
}
