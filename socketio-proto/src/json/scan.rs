//! Finding one's way in JSON that is known to be valid.

use super::string;

/// What is between the brackets of an array, without white space around it. Nothing if `json` is no array.
pub(crate) fn inside_array(json: &str) -> Option<&str> {
    let inside = trim(json).strip_prefix('[')?.strip_suffix(']')?;
    Some(trim(inside))
}

/// What is between the quotes of the string that some elements begin with, and those behind its comma. Nothing if they begin with
/// something else, or it has escapes.
pub(crate) fn first_plain_string(elements: &str) -> Option<(&str, &str)> {
    let text = elements.strip_prefix('"')?;
    let (text, rest) = text.split_at(string::near_special(text.as_bytes()));
    Some((text, behind_comma(rest.strip_prefix('"')?)))
}

/// The first of some elements, and those behind its comma. Nothing if there are none.
pub(crate) fn first_element(elements: &str) -> Option<(&str, &str)> {
    if elements.is_empty() {
        return None;
    }
    let (first, rest) = elements.split_at(value_end(elements.as_bytes(), 0));
    Some((first, behind_comma(rest)))
}

/// What is behind the comma that comes next, if one does.
#[inline]
fn behind_comma(rest: &str) -> &str {
    let rest = trim_start(rest);
    rest.strip_prefix(',').map_or(rest, trim_start)
}

/// The value of one key of an object; of the last one, if the key comes again, as in JavaScript. Keys that are written with escapes are
/// others.
pub(crate) fn member<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = trim(json).strip_prefix('{').map(trim_start)?;
    let mut found = None;
    while rest.starts_with('"') {
        let (name, behind) = rest.split_at(value_end(rest.as_bytes(), 0));
        let value = trim_start(trim_start(behind).strip_prefix(':')?);
        let (value, behind) = value.split_at(value_end(value.as_bytes(), 0));
        if name[1..name.len() - 1] == *key {
            found = Some(value);
        }
        rest = behind_comma(behind);
    }
    found
}

/// Where the value ends that begins at `at`.
fn value_end(bytes: &[u8], mut at: usize) -> usize {
    match bytes[at] {
        b'"' => string::skip(bytes, at + 1),
        b'[' | b'{' => {
            let mut depth = 0usize;
            loop {
                match bytes[at] {
                    b'"' => {
                        at = string::skip(bytes, at + 1);
                        continue;
                    }
                    b'[' | b'{' => depth += 1,
                    b']' | b'}' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return at;
                }
            }
        }
        _ => {
            let scalar = bytes[at..].iter();
            at + scalar
                .take_while(|byte| !matches!(byte, b',' | b' ' | b'\n' | b'\r' | b'\t' | b']' | b'}'))
                .count()
        }
    }
}

/// The text without the white space of JSON in front and behind.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    let text = trim_start(text);
    match text.as_bytes() {
        [.., b' ' | b'\n' | b'\r' | b'\t'] => text.trim_end_matches(SPACE),
        _ => text,
    }
}

#[inline]
fn trim_start(text: &str) -> &str {
    match text.as_bytes() {
        [b' ' | b'\n' | b'\r' | b'\t', ..] => text.trim_start_matches(SPACE),
        _ => text,
    }
}

const SPACE: [char; 4] = [' ', '\n', '\r', '\t'];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::iter;

    #[test]
    fn elements_are_found_whatever_is_inside_them() {
        let inside = inside_array(" [ \"a,]\\\"\" , [1, {\"]\": 2}] ,-1.5e3,{} , null ] ").unwrap();
        let mut behind = inside;
        let found: Vec<_> = iter::from_fn(|| {
            let (first, rest) = first_element(behind)?;
            behind = rest;
            Some(first)
        })
        .collect();
        assert_eq!(found, [r#""a,]\"""#, r#"[1, {"]": 2}]"#, "-1.5e3", "{}", "null"]);
    }

    #[test]
    fn a_plain_string_is_told_from_others() {
        assert_eq!(first_plain_string(r#""a b" , 1,2"#), Some(("a b", "1,2")));
        assert_eq!(first_plain_string(r#""""#), Some(("", "")));
        assert_eq!(first_plain_string(r#""a\n",1"#), None);
        assert_eq!(first_plain_string("1"), None);
        assert_eq!(first_plain_string(""), None);
    }

    #[test]
    fn members_are_found_by_their_key() {
        let json = r#" { "a" : [1,{"b":2}] ,"b":"}\"", "": null,"b" : {"a":1} }  "#;
        assert_eq!(member(json, "a"), Some(r#"[1,{"b":2}]"#));
        assert_eq!(member(json, "b"), Some(r#"{"a":1}"#));
        assert_eq!(member(json, ""), Some("null"));
        assert_eq!(member(json, "c"), None);
        for other in ["{}", "[]", "\"a\"", "1"] {
            assert_eq!(member(other, "a"), None);
        }
    }

    #[test]
    fn an_empty_array_has_no_elements() {
        assert_eq!(inside_array("[ ]").and_then(first_element), None);
        assert_eq!(inside_array("{}"), None);
        assert_eq!(inside_array("\"[]\""), None);
    }
}
