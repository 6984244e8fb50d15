//! JSON strings: where they end, and what they say.

use alloc::borrow::Cow;
use alloc::string::String;

use wide::u8x16;

use super::blocks::IS_FAST;
use crate::text::Text;

/// Every byte of a word, `byte`.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Whether `byte` is no plain text of a string: a quote, a backslash or a control character.
#[inline(always)]
pub(super) const fn is_special(byte: u8) -> bool {
    SPECIAL[byte as usize]
}

static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        special[control] = true;
        control += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special
};

/// The index of the first [special](is_special) byte from `at`. Without one, the length of `bytes`.
#[inline]
pub(super) fn special(bytes: &[u8], mut at: usize) -> usize {
    // Long text goes by the block, whose bytes the compiler compares all at once.
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<32>) {
        if block.iter().fold(false, |found, &byte| {
            found | (byte < 0x20) | (byte == b'"') | (byte == b'\\')
        }) {
            break;
        }
        at += 32;
    }
    if IS_FAST {
        while let Some(lane) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
            let found = special_in_lane(lane, 0);
            at += found;
            if found < LANE {
                return at;
            }
        }
        if let Some(lane) = bytes.last_chunk() {
            return at + special_in_lane(lane, at + LANE - bytes.len());
        }
    }
    // Eight bytes at a time.
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let found = special_in(u64::from_le_bytes(*word));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at + leading_plain(bytes.get(at..).unwrap_or_default())
}

/// [`special`] from the beginning, where it is expected to be near.
#[inline]
pub(super) fn near_special(bytes: &[u8]) -> usize {
    match bytes.first_chunk() {
        Some(lane) if IS_FAST => {
            let found = special_in_lane(lane, 0);
            if found < LANE { found } else { special(bytes, LANE) }
        }
        Some(_) => special(bytes, 0),
        None => last_special(bytes, 0),
    }
}

/// Bytes in a lane.
pub(super) const LANE: usize = 16;

/// How many bytes of a lane, behind the `passed` first, are in front of the first [special](is_special) one.
#[inline(always)]
pub(super) fn special_in_lane(lane: &[u8; LANE], passed: usize) -> usize {
    let lane = u8x16::new(*lane);
    let control = lane.min(u8x16::splat(0x1f)).cmp_eq(lane);
    let found = control | lane.cmp_eq(u8x16::splat(b'"')) | lane.cmp_eq(u8x16::splat(b'\\'));
    let found = found.move_mask() as u32 | 1 << LANE; // its end counts as one
    (found >> passed).trailing_zeros() as usize
}

/// [`special`], close to the end: fewer than 16 bytes are left.
#[inline]
pub(super) fn last_special(bytes: &[u8], mut at: usize) -> usize {
    let mut rest = bytes.get(at..).unwrap_or_default();
    if let Some((word, behind)) = rest.split_first_chunk() {
        let found = special_in(u64::from_le_bytes(*word));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        (rest, at) = (behind, at + 8);
    }
    at + leading_plain(rest)
}

/// How many of fewer than eight bytes are in front of the first special one.
#[inline(always)]
fn leading_plain(bytes: &[u8]) -> usize {
    // What is behind the end are zeros, which are control characters.
    (special_in(short_word(bytes)).trailing_zeros() / 8) as usize
}

/// Fewer than eight bytes, the first of which is the lowest, and zeros.
#[inline(always)]
fn short_word(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << (8 * (bytes.len() - 4)); // where they overlap they are the same
    }
    match *bytes {
        [a, b, c] => u64::from(a) | u64::from(b) << 8 | u64::from(c) << 16,
        [a, b] => u64::from(a) | u64::from(b) << 8,
        [a] => u64::from(a),
        _ => 0,
    }
}

/// Where [special](is_special) bytes are in a word: of the bits that are set, the lowest is exact.
///
/// Flipping bit 1 swaps 0x20 and the quote (0x22) and leaves the control characters below 0x20, so that one subtraction finds them all:
/// what was less than 0x21 borrows from its sign bit. A borrow may run on into higher bytes, never into lower ones.
#[inline(always)]
const fn special_in(word: u64) -> u64 {
    let quotes_and_controls = (word ^ each(0x02)).wrapping_sub(each(0x21));
    let backslashes = (word ^ each(b'\\')).wrapping_sub(each(0x01));
    (quotes_and_controls | backslashes) & !word & each(0x80)
}

/// Where the string ends whose text begins at `at`, behind its opening quote: the index behind the closing one. The JSON is
/// known to be valid.
pub(super) fn skip(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = special(bytes, at);
        if bytes.get(at) != Some(&b'\\') {
            return at + 1;
        }
        at += 2; // a quote can only follow its backslash directly, also in `\u0022`
    }
}

/// Whether `text` stands between the quotes of a JSON string as it is.
#[inline]
pub(crate) fn is_plain(text: &str) -> bool {
    if text.len() < 8 {
        return leading_plain(text.as_bytes()) == text.len();
    }
    special(text.as_bytes(), 0) == text.len()
}

/// Writes `text` as it stands between the quotes of a JSON string.
pub(crate) fn escape(json: &mut Text, mut text: &str) {
    loop {
        let (plain, rest) = text.split_at(special(text.as_bytes(), 0));
        json.push_str(plain);
        let mut rest = rest.chars();
        let Some(character) = rest.next() else { return };
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            control => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let control = control as usize; // below 0x20
                json.push_str("\\u00");
                json.push_str(char::from(DIGITS[control >> 4]).encode_utf8(&mut [0]));
                json.push_str(char::from(DIGITS[control & 15]).encode_utf8(&mut [0]));
            }
        }
        text = rest.as_str();
    }
}

/// What a JSON string says. `text` is what is between the quotes of a valid one; it is copied only if it has escapes. Half a
/// surrogate pair, which JavaScript can send and UTF-8 cannot say, becomes U+FFFD.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    let plain = special(text.as_bytes(), 0); // in a valid string that is a backslash
    if plain == text.len() {
        return Cow::Borrowed(text);
    }
    let (plain, mut escaped) = (&text[..plain], &text[plain + 1..]);
    let mut said = String::with_capacity(text.len());
    said.push_str(plain);
    loop {
        let (character, behind) = unescape_one(escaped);
        said.push(character);
        let Some((plain, rest)) = behind.split_once('\\') else {
            said.push_str(behind);
            return Cow::Owned(said);
        };
        said.push_str(plain);
        escaped = rest;
    }
}

/// The character of one escape, which begins behind its backslash, and the text behind it.
fn unescape_one(escaped: &str) -> (char, &str) {
    let (letter, behind) = escaped.split_at(1);
    let character = match letter {
        "b" => '\u{8}',
        "f" => '\u{c}',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => return unescape_unicode(behind),
        _ => return (escaped.as_bytes()[0].into(), behind), // a quote, a backslash or a slash
    };
    (character, behind)
}

/// The character of a `\u` escape, which begins behind the `u`, and the text behind it.
fn unescape_unicode(escaped: &str) -> (char, &str) {
    let (unit, behind) = code_unit(escaped);
    if let Some(character) = char::from_u32(unit) {
        return (character, behind);
    }
    if let (0xd800..=0xdbff, Some(low)) = (unit, behind.strip_prefix("\\u")) {
        let (low, behind) = code_unit(low);
        if let 0xdc00..=0xdfff = low {
            let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), behind);
        }
    }
    (char::REPLACEMENT_CHARACTER, behind)
}

/// The UTF-16 code unit that four hexadecimal digits spell, and the text behind them.
fn code_unit(digits: &str) -> (u32, &str) {
    let (digits, behind) = digits.split_at(4);
    let unit = u32::from_str_radix(digits, 16).expect("the escapes of a valid string have four hexadecimal digits");
    (unit, behind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};

    #[test]
    fn the_first_special_byte_is_found_wherever_it_is() {
        for len in 0..40 {
            for place in 0..len {
                for byte in 0..=255 {
                    // What is behind must not matter, whatever a borrow does there.
                    let mut bytes = vec![b'a'; len];
                    bytes[place] = byte;
                    bytes[place + 1..].fill(b'#');
                    let special_byte = byte < 0x20 || byte == b'"' || byte == b'\\';
                    assert_eq!(
                        special(&bytes, 0),
                        if special_byte { place } else { len },
                        "{byte:#x} at {place}"
                    );
                    if let Ok(text) = core::str::from_utf8(&bytes) {
                        assert_eq!(is_plain(text), !special_byte, "{byte:#x} at {place}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_in_front_of_where_the_search_begins_does_not_count() {
        for len in 0..70 {
            for start in 0..=len {
                let mut bytes = vec![b'"'; len];
                bytes[start..].fill(b'a');
                assert_eq!(special(&bytes, start), len, "from {start}");
                for place in start..len {
                    bytes[place] = b'"';
                    assert_eq!(special(&bytes, start), place, "from {start} of {len}");
                    if start == 0 {
                        assert_eq!(near_special(&bytes), place, "of {len}");
                    }
                    bytes[place] = b'a';
                }
            }
        }
    }

    #[test]
    fn what_is_escaped_is_what_serde_json_escapes() {
        for character in (0..0x300).filter_map(char::from_u32) {
            let text = format!("plain {character} plain {character}{character}");
            let mut escaped = Text::default();
            escape(&mut escaped, &text);
            let escaped = format!("\"{}\"", escaped.as_str());
            assert_eq!(escaped, serde_json::to_string(&text).unwrap());
            assert_eq!(unescape(&escaped[1..escaped.len() - 1]), text);
        }
    }

    #[test]
    fn escapes_say_what_they_say() {
        assert!(matches!(unescape("plain é"), Cow::Borrowed("plain é")));
        assert_eq!(unescape(r#"\"\\\/\b\f\n\r\t"#), "\"\\/\u{8}\u{c}\n\r\t");
        assert_eq!(unescape(r"a\u0062c\u00e9\uD83D\ude00!"), "abcé😀!");
    }

    #[test]
    fn half_a_pair_becomes_the_replacement_character() {
        assert_eq!(unescape(r"\ud800"), "\u{fffd}");
        assert_eq!(unescape(r"\ud800x"), "\u{fffd}x");
        assert_eq!(unescape(r"\udc00\ud800A"), "\u{fffd}\u{fffd}A");
        assert_eq!(unescape(r"\ud800\ud83d\ude00"), "\u{fffd}😀");
    }
}
