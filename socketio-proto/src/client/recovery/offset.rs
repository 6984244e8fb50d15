//! The forms of the offsets that servers append to events.

use core::time::Duration;

/// The alphabet of `yeast`, by value.
const YEAST: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/// How old an event may be when it comes, if it is one that was missed.
const REPLAY: Duration = Duration::from_secs(3_600);

/// An offset of a form that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Offset {
    /// What Node.js keeps in memory: milliseconds since 1970 in seven digits to the base of 64, and a number behind a dot if that is not
    /// the first event of its millisecond: `Q7wat1o`, `Q7wat1o.0`.
    Clock { millis: u64, serial: u64 },
    /// An entry of a stream of Redis: milliseconds since 1970, and a number: `1712345678901-0`.
    Stream { millis: u64, serial: u64 },
    /// Ours: eight characters that are the same for all events of a namespace, and a number to the base of 16: `x7Gk_2Qa.1f`.
    Tagged { tag: [u8; 8], serial: u64 },
}

impl Offset {
    /// The offset that `text` may be.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some((millis, serial)) = text.split_once('-').filter(|(millis, _)| millis.len() == 13) {
            return Some(Self::Stream {
                millis: decimal(millis).filter(|&millis| is_this_century(millis))?,
                serial: decimal(serial)?,
            });
        }
        let (head, serial) = text
            .split_once('.')
            .map_or((text, None), |(head, serial)| (head, Some(serial)));
        if head.len() == 7 {
            return Some(Self::Clock {
                millis: yeast(head).filter(|&millis| is_this_century(millis))?,
                serial: serial.map_or(Some(0), |serial| yeast(serial)?.checked_add(1))?,
            });
        }
        let tag = head.as_bytes().try_into().ok()?;
        yeast(head)?; // the alphabet is the same
        let serial = hexadecimal(serial?)?;
        Some(Self::Tagged { tag, serial })
    }

    /// Whether it can be the offset of a later event than that of `before`, which came `elapsed` ago.
    pub(super) fn follows(self, before: Self, elapsed: Duration) -> bool {
        match (self, before) {
            (
                Self::Clock { millis, .. },
                Self::Clock {
                    millis: before_millis, ..
                },
            )
            | (
                Self::Stream { millis, .. },
                Self::Stream {
                    millis: before_millis, ..
                },
            ) => {
                let latest = u128::from(before_millis) + (elapsed + REPLAY).as_millis();
                self > before && u128::from(millis) <= latest
            }
            (Self::Tagged { tag, .. }, Self::Tagged { tag: before_tag, .. }) => self > before && tag == before_tag,
            _ => false,
        }
    }

    /// Whether `text`, which has the form of an offset, looks like something that a person or a program would call a thing: `Patrick`,
    /// `Player1`, `Version.2`, `database.db`. One of a hundred offsets does as well.
    pub(super) fn may_be_word(text: &str) -> bool {
        let head = text.split_once('.').map_or(text, |(head, _)| head);
        let (_, rest) = head.split_at(1); // all forms are ASCII
        let letters = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_number = head.bytes().all(|c| c.is_ascii_digit() || c == b'-');
        !is_number
            && (letters.bytes().all(|c| c.is_ascii_lowercase()) || letters.bytes().all(|c| c.is_ascii_uppercase()))
    }
}

/// From 2020 to 2049: no server had offsets before.
const fn is_this_century(millis: u64) -> bool {
    1_577_836_800_000 <= millis && millis < 2_524_608_000_000
}

fn yeast(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 10 {
        return None;
    }
    text.bytes().try_fold(0, |value: u64, c| {
        let digit = YEAST.iter().position(|&other| other == c)?;
        Some(value << 6 | digit as u64)
    })
}

fn decimal(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|c| c.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

fn hexadecimal(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let is_short = text == "0" || !text.starts_with('0');
    u64::from_str_radix(text, 16).ok().filter(|_| is_number && is_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn parse(text: &str) -> Offset {
        Offset::parse(text).unwrap_or_else(|| panic!("{text} has the form of an offset"))
    }

    #[test]
    fn the_forms_of_servers_are_known() {
        let Offset::Clock { millis, serial: 1 } = parse("Q7wat1o.0") else {
            panic!()
        };
        assert!((1_785_000_000_000..1_855_000_000_000).contains(&millis), "{millis}");
        assert!(matches!(parse("Q7wat1o"), Offset::Clock { serial: 0, .. }));
        assert!(matches!(
            parse("1712345678901-3"),
            Offset::Stream {
                millis: 1_712_345_678_901,
                serial: 3
            }
        ));
        assert!(matches!(parse("x7Gk_2Qa.1f"), Offset::Tagged { serial: 0x1f, .. }));
    }

    #[test]
    fn other_strings_are_none() {
        for text in [
            "",
            "a",
            "hello",
            "message",
            "007wat1o",
            "x7Gk_2Qa",
            "x7Gk_2Qa.",
            "x7Gk_2Qa.01",
            "x7Gk_2Qa.1F",
            "x7Gk_2Qa.+1",
            "x7Gk 2Qa.1",
            "x7Gk_2Qa.1.2",
            "é7Gk_2Q.1",
            "1712345678901-",
            "1712345678901-+1",
            "0000000000000-1",
            "507f1f77bcf86cd799439011",
            "Q7wat1o.",
            "Q7wat1o.é",
        ] {
            assert_eq!(Offset::parse(text), None, "{text}");
        }
    }

    #[test]
    fn offsets_go_on_and_others_do_not() {
        for (before, after) in [
            ("Q7wat1o", "Q7wat1o.0"),
            ("Q7wat1o.9", "Q7wat1o.A"),
            ("Q7wat1o.0", "Q7wat1p"),
            ("1712345678901-3", "1712345678901-4"),
            ("1712345678901-3", "1712345679901-0"),
            ("x7Gk_2Qa.f", "x7Gk_2Qa.10"),
        ] {
            let (before, after) = (parse(before), parse(after));
            assert!(after.follows(before, SECOND), "{before:?} {after:?}");
            assert!(!before.follows(after, SECOND), "{after:?} {before:?}");
            assert!(!after.follows(after, SECOND), "{after:?} twice");
        }
        for (before, after) in [
            ("Patrick", "Richard"),
            ("Q7wat1o", "Quality"),
            ("Q7wat1o", "1812345678901-3"),
            ("1712345678901-3", "1812345678901-3"),
            ("x7Gk_2Qa.f", "y7Gk_2Qa.10"),
        ] {
            let (before, after) = (parse(before), parse(after));
            assert!(!after.follows(before, SECOND), "{before:?} {after:?}");
        }
    }

    #[test]
    fn words_are_told_from_offsets() {
        for word in ["Patrick", "Player1", "RELEASE", "Version.2", "database.db"] {
            parse(word);
            assert!(Offset::may_be_word(word), "{word}");
        }
        for offset in ["Q7wat1o.0", "Q7wat1o", "x7Gk_2Qa.1f", "1712345678901-3"] {
            assert!(!Offset::may_be_word(offset), "{offset}");
        }
    }
}
