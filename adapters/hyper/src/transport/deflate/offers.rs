//! The header `Sec-WebSocket-Extensions`, RFC 6455, section 9.1.

use std::borrow::Cow;

/// Bytes in a header that are read. The offers of browsers have less than a hundred.
const MAX_HEADER: usize = 4096;

/// One extension that a client offers, with its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offer<'a> {
    pub(super) name: &'a str,
    pub(super) parameters: Vec<(&'a str, Option<Cow<'a, str>>)>,
}

/// The offers in a header, the client's favourite first. None if it is not made as it should be.
pub(super) fn offers(header: &str) -> Option<Vec<Offer<'_>>> {
    if header.len() > MAX_HEADER {
        return None;
    }
    let mut scanner = Scanner { rest: header };
    let mut offers = Vec::new();
    loop {
        scanner.skip_space();
        if scanner.rest.is_empty() {
            return Some(offers);
        }
        if scanner.eat(',') {
            continue; // a list may have empty elements
        }
        offers.push(scanner.offer()?);
        if !scanner.rest.is_empty() && !scanner.eat(',') {
            return None;
        }
    }
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn offer(&mut self) -> Option<Offer<'a>> {
        let name = self.token()?;
        let mut parameters = Vec::new();
        loop {
            self.skip_space();
            if !self.eat(';') {
                return Some(Offer { name, parameters });
            }
            self.skip_space();
            let parameter = self.token()?;
            let value = if self.eat('=') { Some(self.value()?) } else { None };
            parameters.push((parameter, value));
        }
    }

    fn value(&mut self) -> Option<Cow<'a, str>> {
        if !self.eat('"') {
            return self.token().map(Cow::Borrowed);
        }
        let mut value = String::new();
        loop {
            let mut chars = self.rest.chars();
            match chars.next()? {
                '"' => {
                    self.rest = chars.as_str();
                    return (!value.is_empty()).then_some(Cow::Owned(value));
                }
                '\\' => value.push(chars.next().filter(|&c| is_token(c))?),
                c if is_token(c) => value.push(c),
                _ => return None, // also within quotes a value is a token
            }
            self.rest = chars.as_str();
        }
    }

    fn token(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c| !is_token(c)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    fn eat(&mut self, expected: char) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_extensions_with_parameters() {
        let header = " a ,,b; x ;y=1;z=\"1\\5\"\t, a;x,";
        let offer = |name, parameters: &[(&'static str, Option<&'static str>)]| Offer {
            name,
            parameters: parameters
                .iter()
                .map(|&(name, value)| (name, value.map(Cow::Borrowed)))
                .collect(),
        };
        let expected = vec![
            offer("a", &[]),
            offer("b", &[("x", None), ("y", Some("1")), ("z", Some("15"))]),
            offer("a", &[("x", None)]),
        ];
        assert_eq!(offers(header), Some(expected));
        assert_eq!(offers(""), Some(vec![]));
    }

    #[test]
    fn what_is_no_list_of_extensions() {
        for header in [
            ";",
            "a;",
            "a;;b",
            "a b",
            "a=1",
            "a;=1",
            "a;b=",
            "a;b =1",
            "a;b= 1",
            "a;b=\"",
            "a;b=\"1",
            "a;b=\"\"",
            "a;b=\"1 2\"",
            "a;b=\"\\\"",
            "a;b=\"1\"2",
            "a;b=1=2",
            "ä",
            "a;b=\"ä\"",
            "a\u{0}",
            "a/b",
            "(a)",
        ] {
            assert_eq!(offers(header), None, "{header:?}");
        }
        assert_eq!(offers(&"a,".repeat(3000)), None);
    }
}
