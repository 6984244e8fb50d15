//! What the server needs to know of an HTTP request.

use alloc::borrow::Cow;

use memchr::{memchr2, memrchr};

/// The parts of an HTTP request that decide where it goes. Its path has been matched by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The query, as it came, without the question mark.
    pub query: &'a str,
    /// Whether it asks to become a WebSocket **and** its headers are right for it (RFC 6455, 4.2.1).
    pub websocket: bool,
    /// Whether its body declares itself as `application/octet-stream`.
    pub binary: bool,
}

impl<'a> Request<'a> {
    /// The last value of `key` in the query, decoded; an empty one counts as none.
    pub(super) fn query_value(&self, key: &str) -> Option<Cow<'a, str>> {
        let [value] = self.query_values([key]);
        value
    }

    /// [`query_value`](Self::query_value) for several keys, in one pass over the query.
    pub(super) fn query_values<const N: usize>(&self, keys: [&str; N]) -> [Option<Cow<'a, str>>; N] {
        let encoded = memchr2(b'%', b'+', self.query.as_bytes()).is_some();
        let mut values = [const { None }; N];
        for pair in pairs_from_behind(self.query) {
            if encoded && memchr2(b'%', b'+', pair.as_bytes()).is_some() {
                if let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() {
                    if let Some(index) = keys.iter().position(|&key| key == name) {
                        values[index].get_or_insert(value);
                    }
                }
                continue;
            }
            let value_of = |key: &str| {
                let behind = pair.strip_prefix(key)?;
                if behind.is_empty() {
                    Some(behind)
                } else {
                    behind.strip_prefix('=')
                }
            };
            for (key, value) in keys.iter().zip(&mut values) {
                if let Some(found) = value_of(key) {
                    value.get_or_insert(Cow::Borrowed(found));
                    break;
                }
            }
        }
        values.map(|value| value.filter(|value| !value.is_empty()))
    }
}

/// What stands between the ampersands, the last first.
fn pairs_from_behind(query: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(query);
    core::iter::from_fn(move || {
        let left = rest?;
        let (before, pair) = match memrchr(b'&', left.as_bytes()) {
            Some(at) => (Some(&left[..at]), &left[at + 1..]),
            None => (None, left),
        };
        rest = before;
        Some(pair)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(query: &str) -> Request<'_> {
        Request {
            method: "GET",
            query,
            websocket: false,
            binary: false,
        }
    }

    #[test]
    fn the_last_value_counts_and_an_empty_one_is_none() {
        assert_eq!(request("a=1&b=2&a=3").query_value("a").as_deref(), Some("3"));
        assert_eq!(request("a=1&b=2&a=").query_value("a"), None);
        assert_eq!(request("a=1&a").query_value("a"), None);
        assert_eq!(request("%61=b%20c+d&&").query_value("a").as_deref(), Some("b c d"));
        assert_eq!(request("aa=1").query_value("a"), None);
    }

    proptest! {
        /// Whatever needs no decoding is looked up as if it did.
        #[test]
        fn it_is_a_form_like_any_other(query in "[ab=&%+62]{0,20}", key in "[ab2]{1,2}") {
            let value = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| *name == key).last();
            let value = value.map(|(_, value)| value).filter(|value| !value.is_empty());
            prop_assert_eq!(request(&query).query_value(&key), value.clone(), "{}", query);
            prop_assert_eq!(&request(&query).query_values(["c", &key])[1], &value, "{}", query);
        }
    }
}
