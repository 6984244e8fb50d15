//! `{"_placeholder":true,"num":0}`: where the payload of a binary packet says that an attachment belongs.

use core::ops::Range;

use super::string;

/// The placeholders in JSON that is known to be valid, one after the other, in one pass without a stack.
///
/// An object whose `_placeholder` is `true` is a placeholder. It must then have a `num`, written as a plain natural number, and
/// hold neither of the two twice, of which readers would take one or the other, and no array and no object: every encoder writes them
/// so, and an array or object beside the mark is what would need a stack. Keys that are written with escapes count too: the peer that
/// they are relayed to will read them.
pub(crate) struct Placeholders<'a> {
    json: &'a str,
    at: usize,
    object: Object,
}

/// The `num` of one placeholder.
#[derive(Debug, PartialEq)]
pub(crate) struct Placeholder {
    /// The index of an attachment.
    pub(crate) num: usize,
    /// Where its digits are in the JSON.
    pub(crate) digits: Range<usize>,
}

/// A placeholder that names no attachment, or holds more than a placeholder does.
#[derive(Debug, PartialEq)]
pub(crate) struct Malformed;

/// What is known of the object that the cursor is in.
#[derive(Default)]
struct Object {
    /// Nothing was opened in it yet. Not so in an array, or behind an inner object: what is around it is forgotten.
    flat: bool,
    /// `"_placeholder"` was there, whatever its value.
    named: bool,
    /// `"_placeholder":true` was there.
    marked: bool,
    /// Its `num`s.
    num: Num,
}

#[derive(Default)]
enum Num {
    #[default]
    Missing,
    Is(Placeholder),
    /// No index, or there twice.
    Unusable,
}

impl<'a> Placeholders<'a> {
    pub(crate) fn of(json: &'a str) -> Self {
        Self {
            json,
            at: 0,
            object: Object::default(),
        }
    }

    /// Whether the placeholder that was found last ends the JSON.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.at == self.json.len()
    }

    /// If `json`, which begins with an object, begins with a placeholder: that, and what is behind it. It is passed once for each object
    /// at most, whatever is inside.
    pub(crate) fn leading(json: &'a str) -> Option<(Placeholder, &'a str)> {
        let bytes = json.as_bytes();
        let mut at = 1;
        loop {
            match bytes[at] {
                b'"' => at = string::skip(bytes, at + 1),
                b'{' | b'[' => return None,
                b'}' => break,
                _ => at += 1,
            }
        }
        let (object, behind) = json.split_at(at + 1);
        let placeholder = Placeholders::of(object).next()?.ok()?;
        Some((placeholder, behind))
    }

    /// Passes the string whose opening quote was passed; if it is a key of a placeholder, takes note of its value.
    fn pass_string(&mut self) -> Result<(), Malformed> {
        const LONGEST: usize = "_placeholder".len() * r"\u0000".len();
        let start = self.at;
        self.at = string::skip(self.json.as_bytes(), start);
        let text = &self.json[start..self.at - 1];
        if text.len() > LONGEST {
            return Ok(());
        }
        let Some(value) = self.json[self.at..].trim_start_matches(SPACE).strip_prefix(':') else {
            return Ok(()); // no key
        };
        let value = value.trim_start_matches(SPACE);
        match &*string::unescape(text) {
            "_placeholder" => {
                let twice = core::mem::replace(&mut self.object.named, true);
                self.object.marked |= value.starts_with("true");
                let ambiguous = twice || !self.object.flat;
                if self.object.marked && ambiguous {
                    Err(Malformed)
                } else {
                    Ok(())
                }
            }
            "num" => {
                self.object.num = match (&self.object.num, self.index(value)) {
                    (Num::Missing, Some(placeholder)) => Num::Is(placeholder),
                    _ => Num::Unusable,
                };
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The placeholder whose brace was passed, if it is written as every encoder writes one of the first ten; it is passed then.
    fn usual(&mut self) -> Option<Placeholder> {
        let start = self.at + USUAL.len();
        let rest = self.json.as_bytes()[self.at..].strip_prefix(USUAL.as_bytes())?;
        let [digit @ b'0'..=b'9', b'}', ..] = rest else {
            return None;
        };
        self.at = start + 2;
        self.object = Object::default();
        Some(Placeholder {
            num: usize::from(digit - b'0'),
            digits: start..start + 1,
        })
    }

    /// The natural number that `value`, a tail of the JSON, begins with. Nothing else of the tail is looked at: there can be another `num`
    /// inside this one, and one in that.
    fn index(&self, value: &str) -> Option<Placeholder> {
        let start = self.json.len() - value.len();
        let (number, behind) = value.split_at(value.bytes().take_while(u8::is_ascii_digit).count());
        if behind.starts_with(['.', 'e', 'E']) {
            return None;
        }
        Some(Placeholder {
            num: number.parse().ok()?,
            digits: start..start + number.len(),
        })
    }
}

impl Iterator for Placeholders<'_> {
    type Item = Result<Placeholder, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(&byte) = self.json.as_bytes().get(self.at) {
            self.at += 1;
            match byte {
                b'"' => {
                    if let Err(malformed) = self.pass_string() {
                        return Some(Err(malformed));
                    }
                }
                b'{' | b'[' if self.object.marked => return Some(Err(Malformed)),
                b'{' => {
                    if let Some(placeholder) = self.usual() {
                        return Some(Ok(placeholder));
                    }
                    self.object = Object {
                        flat: true,
                        ..Object::default()
                    }
                }
                b'}' => {
                    let object = core::mem::take(&mut self.object);
                    match (object.marked, object.num) {
                        (false, _) => {}
                        (true, Num::Is(placeholder)) => return Some(Ok(placeholder)),
                        (true, Num::Missing | Num::Unusable) => return Some(Err(Malformed)),
                    }
                }
                b'[' | b']' => self.object = Object::default(),
                _ => {}
            }
        }
        None
    }
}

const SPACE: [char; 4] = [' ', '\n', '\r', '\t'];

/// What is in a placeholder in front of its number, most often.
const USUAL: &str = r#""_placeholder":true,"num":"#;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn nums(json: &str) -> Result<Vec<usize>, Malformed> {
        Placeholders::of(json)
            .map(|found| {
                let Placeholder { num, digits } = found?;
                assert_eq!(json[digits].parse(), Ok(num));
                Ok(num)
            })
            .collect()
    }

    #[test]
    fn placeholders_are_found_at_any_depth_and_in_either_order() {
        let json = r#"["_placeholder",{"_placeholder":true,"num":1},[{"a":{"num":0,"_placeholder":true},"b":2}]]"#;
        assert_eq!(nums(json), Ok([1, 0].into()));
        assert_eq!(nums(r#"{ "_placeholder" : true , "num" : 12 }"#), Ok([12].into()));
        assert_eq!(nums(r#"[{"_placehold\u0065r":true,"n\u0075m":3}]"#), Ok([3].into()));
        assert_eq!(
            nums(r#"[{"_placeholder":true,"num":3,"more":"is ignored"}]"#),
            Ok([3].into())
        );
    }

    #[test]
    fn only_true_makes_a_placeholder() {
        for json in [
            r#"{"_placeholder":false,"num":0}"#,
            r#"{"_placeholder":"true","num":0}"#,
            r#"{"_placeholder":1,"num":0}"#,
            r#"{"placeholder":true,"num":-1}"#,
            r#"{"num":-1}"#,
            r#"["_placeholder",true,"num",-1]"#,
            r#"{"_placeholder":1,"_placeholder":2,"num":-1}"#,
            r#"{"a":"_placeholder","b":true}"#,
        ] {
            assert_eq!(nums(json), Ok(Vec::new()), "{json}");
        }
    }

    #[test]
    fn a_leading_placeholder_is_told_from_other_objects() {
        let leading = |json| Placeholders::leading(json).map(|(placeholder, behind)| (placeholder.num, behind));
        assert_eq!(leading(r#"{"_placeholder":true,"num":7},{}"#), Some((7, ",{}")));
        assert_eq!(leading(r#"{"}":"{[","num":7,"_placeholder":true}"#), Some((7, "")));
        for json in [
            "{}",
            r#"{"num":7}"#,
            r#"{"a":{"_placeholder":true,"num":7}}"#,
            r#"{"a":[{"_placeholder":true,"num":7}]}"#,
            r#"{"_placeholder":true,"num":-7}"#,
        ] {
            assert_eq!(leading(json), None, "{json}");
        }
    }

    #[test]
    fn a_placeholder_without_an_index_is_malformed() {
        for json in [
            r#"{"_placeholder":true}"#,
            r#"{"_placeholder":true,"num":"0"}"#,
            r#"{"_placeholder":true,"num":0.5}"#,
            r#"{"_placeholder":true,"num":1e0}"#,
            r#"{"_placeholder":true,"num":-1}"#,
            r#"{"_placeholder":true,"num":null}"#,
            r#"{"_placeholder":true,"num":99999999999999999999999}"#,
            r#"{"num":0,"_placeholder":true,"num":1}"#,
            r#"{"_placeholder":true,"num":0,"_placeholder":false}"#,
            r#"{"_placeholder":false,"num":0,"_placeholder":true}"#,
            r#"{"_placeholder":true,"num":0,"_placeholder":true}"#,
            r#"{"_placeholder":true,"num":0,"more":{}}"#,
            r#"{"more":[],"_placeholder":true,"num":0}"#,
        ] {
            assert_eq!(nums(json), Err(Malformed), "{json}");
        }
    }
}
