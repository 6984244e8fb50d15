//! Is it JSON? Answered for 64 bytes at a time, most often.

use wide::{CmpGt, i8x16, u8x16};

/// Bytes in a block, one for each bit of a mask.
const BLOCK: usize = 64;

/// Whether the target has instructions that make this worth it.
pub(super) const IS_FAST: bool = cfg!(any(
    target_feature = "sse2",
    target_feature = "simd128",
    all(target_arch = "aarch64", target_feature = "neon")
));

/// Whether `text` is JSON, as far as can be told so: an array or an object without white space between its tokens, as machines write it,
/// that is not nested deeper than 62 levels. `false` means nothing.
///
/// Each block becomes masks, which have a bit for each byte that is of some class. The grammar is then mostly a question of what may be
/// behind what, which without white space is the bit below:
///
/// - quotes are paired by a sum without carries, which tells strings from all else;
/// - brackets are taken one by one, which tells where the innermost that is open is an object;
/// - there, a string behind `{` or `,` is a key, and nothing else may begin behind those. An addition carries the bit at its beginning
///   through to its end, behind which a colon must be; there may be none elsewhere;
/// - numbers of digits need no more than a look at their first; other scalars are taken one by one.
#[inline(never)] // it needs all registers
pub(super) fn is_json(text: &[u8]) -> bool {
    if !matches!(text, [b'[' | b'{', .., b']' | b'}']) {
        return false;
    }
    let mut below = Below::default();
    let mut open = Open::default();
    let mut scalars_end = 0;
    let mut padded = [0xff; BLOCK];
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (block, valid) = match rest.first_chunk::<BLOCK>() {
            Some(block) => (block, !0),
            None => {
                padded[..rest.len()].copy_from_slice(rest);
                (&padded, !behind_bits(rest.len()))
            }
        };
        let lanes = Lanes::of(block);
        let mut quote = lanes.is(b'"');
        if lanes.has_control_or_backslash() || below.backslash != 0 {
            if lanes.has_control() {
                return false;
            }
            let escaped = below.escaped(lanes.is(b'\\'));
            quote &= !escaped;
            if !bits(escaped & valid).all(|bit| is_escape(text, at + bit)) {
                return false;
            }
        }
        if quote == 0 && below.in_string != 0 && valid == !0 {
            at += BLOCK; // nothing but text, of which the next block knows all
            continue;
        }
        // From the opening quotes to before the closing ones.
        let string = prefix_xor(quote) ^ below.in_string;
        below.in_string = ((string as i64) >> 63) as u64;
        let outside = !string & valid;
        let (opening_quote, closing_quote) = (quote & string, quote & outside);
        let opening = lanes.is_opening() & outside;
        let closing = lanes.is_closing() & outside;
        let comma = lanes.is(b',') & outside;
        let colon = lanes.is(b':') & outside;
        let scalar = outside & !(opening | closing | comma | colon | closing_quote);
        let digit = lanes.is_digit() & scalar;

        let behind_end = behind(&mut below.end, closing_quote | closing);
        let behind_scalar = behind(&mut below.scalar, scalar);
        let behind_separator = behind(&mut below.separator, comma | colon);
        let behind_comma = behind(&mut below.comma, comma);
        let behind_opening = behind(&mut below.opening, opening);
        let start = scalar & !behind_scalar;
        let behind_zero = behind(&mut below.zero, start & lanes.is(b'0'));
        let Some(in_object) = open.walk(block, opening, closing, text.len() - at) else {
            return false;
        };
        let key_place = (behind_comma | behind_opening) & in_object;
        let key = below.through(opening_quote & key_place, string) & closing_quote;
        let behind_key = behind(&mut below.key, key);
        let wrong = (opening_quote | opening | scalar) & behind_end
            | (opening_quote | opening) & behind_scalar
            | (opening | start) & key_place
            | (comma | closing) & behind_separator
            | comma & behind_opening
            | colon ^ behind_key
            | digit & behind_zero;
        if wrong & valid != 0 {
            return false;
        }

        let mut others = scalar & !digit;
        if scalars_end > at {
            others &= behind_bits(scalars_end - at);
        }
        while others != 0 {
            let lowest = others & others.wrapping_neg();
            let place = at + others.trailing_zeros() as usize;
            let Some(end) = scalar_end(text, place, start & lowest != 0) else {
                return false;
            };
            scalars_end = end;
            others &= others.wrapping_add(lowest); // a carry takes the whole run away
        }
        at += BLOCK;
    }
    open.levels == Open::NONE && below.in_string == 0
}

/// What the blocks below say of the next one.
///
/// Most are its masks, whose highest bit is the lowest of what is [`behind`] it.
#[derive(Default)]
struct Below {
    /// All ones in a string.
    in_string: u64,
    /// A backslash is there, which is not itself escaped.
    backslash: u64,
    /// A string that may be a key goes on.
    in_key: bool,
    end: u64,
    scalar: u64,
    separator: u64,
    comma: u64,
    opening: u64,
    zero: u64,
    key: u64,
}

impl Below {
    /// The bytes that a backslash escapes.
    #[inline(always)]
    fn escaped(&mut self, backslash: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let backslash = backslash & !self.backslash;
        let behind_backslash = backslash << 1 | self.backslash;
        // Of each run, every other byte is escaped. Those that begin at an odd bit are found by where adding that bit carries to.
        let odd_starts = backslash & !EVEN & !behind_backslash;
        let (sum, carry) = odd_starts.overflowing_add(backslash);
        self.backslash = u64::from(carry);
        (EVEN ^ (sum << 1)) & behind_backslash
    }

    /// The bits of `starts`, each at the end of the run of ones in `runs` that it is the beginning of.
    #[inline(always)]
    fn through(&mut self, starts: u64, runs: u64) -> u64 {
        let (sum, carry) = runs.overflowing_add(starts);
        let (sum, carry_of_carry) = sum.overflowing_add(u64::from(self.in_key));
        self.in_key = carry | carry_of_carry;
        sum
    }
}

/// The arrays and objects that are open.
struct Open {
    /// A one and a zero, and behind them what is open, the innermost last: objects as one, arrays as zero.
    levels: u64,
    /// All ones if the innermost is an object.
    object: u64,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            levels: Self::NONE,
            object: 0,
        }
    }
}

impl Open {
    const NONE: u64 = 0b10;

    /// Takes the brackets of a block: where the innermost that is open is an object. None if they do not fit, or are too many, or if all are
    /// closed and something is left of the `rest` of the text.
    #[inline(always)]
    fn walk(&mut self, block: &[u8; BLOCK], opening: u64, closing: u64, rest: usize) -> Option<u64> {
        let mut in_object = self.object;
        let mut brackets = opening | closing;
        while brackets != 0 {
            let bit = brackets.trailing_zeros();
            brackets &= brackets - 1;
            let is_object = u64::from(block[bit as usize % BLOCK] >> 5 & 1); // braces are brackets, and this bit
            if opening >> bit & 1 == 1 {
                if self.levels >> 63 == 1 {
                    return None;
                }
                self.levels = self.levels << 1 | is_object;
            } else {
                if self.levels & 1 != is_object {
                    return None;
                }
                self.levels >>= 1;
                if self.levels <= Self::NONE && (self.levels < Self::NONE || bit as usize + 1 != rest) {
                    return None;
                }
            }
            let object = 0u64.wrapping_sub(self.levels & 1);
            in_object ^= (object ^ self.object) & (!1 << bit);
            self.object = object;
        }
        Some(in_object)
    }
}

/// A block, as the processor compares it.
struct Lanes([u8x16; 4]);

impl Lanes {
    #[inline(always)]
    fn of(block: &[u8; BLOCK]) -> Self {
        let lane = |start: usize| u8x16::new(*block[start..].first_chunk().expect("a block has four lanes"));
        Self([lane(0), lane(16), lane(32), lane(48)])
    }

    /// Where `byte` is.
    #[inline(always)]
    fn is(&self, byte: u8) -> u64 {
        let byte = u8x16::splat(byte);
        self.mask(|lane| lane.cmp_eq(byte))
    }

    /// Where an opening bracket or brace is.
    #[inline(always)]
    fn is_opening(&self) -> u64 {
        self.is_bracket_or(b'{')
    }

    /// Where a closing bracket or brace is.
    #[inline(always)]
    fn is_closing(&self) -> u64 {
        self.is_bracket_or(b'}')
    }

    /// Where `brace` is, or its bracket, which differs in one bit.
    #[inline(always)]
    fn is_bracket_or(&self, brace: u8) -> u64 {
        let (bit, brace) = (u8x16::splat(b'[' ^ b'{'), u8x16::splat(brace));
        self.mask(|lane| (lane | bit).cmp_eq(brace))
    }

    /// Where a digit is: moved up so that nine is the largest number that is not negative.
    #[inline(always)]
    fn is_digit(&self) -> u64 {
        const UP: u8 = 0x7f - b'9';
        let (up, below_zero) = (u8x16::splat(UP), i8x16::splat((b'0' + UP) as i8 - 1));
        self.mask(|lane| {
            let moved = i8x16::new((lane + up).to_array().map(|byte| byte as i8));
            moved.cmp_gt(below_zero)
        })
    }

    #[inline(always)]
    fn has_control(&self) -> bool {
        self.controls().move_mask() != 0
    }

    #[inline(always)]
    fn has_control_or_backslash(&self) -> bool {
        let [a, b, c, d] = self.0.map(|lane| lane.cmp_eq(u8x16::splat(b'\\')));
        (a | b | (c | d) | self.controls()).move_mask() != 0
    }

    /// Something where a control character is in any lane: the least of them is.
    #[inline(always)]
    fn controls(&self) -> u8x16 {
        let [a, b, c, d] = self.0;
        let least = a.min(b).min(c.min(d));
        least.min(u8x16::splat(0x1f)).cmp_eq(least)
    }

    #[inline(always)]
    fn mask<T: Mask>(&self, class: impl Fn(u8x16) -> T) -> u64 {
        let [a, b, c, d] = self.0.map(|lane| class(lane).bits());
        u64::from(a | b << 16) | u64::from(c | d << 16) << 32
    }
}

/// What a lane was compared to.
trait Mask {
    /// A bit for each byte.
    fn bits(self) -> u32;
}

impl Mask for u8x16 {
    #[inline(always)]
    fn bits(self) -> u32 {
        self.move_mask() as u32
    }
}

impl Mask for i8x16 {
    #[inline(always)]
    fn bits(self) -> u32 {
        self.move_mask() as u32
    }
}

/// What is one byte behind the bits of `mask`; `below` is the same mask of the block below.
#[inline(always)]
fn behind(below: &mut u64, mask: u64) -> u64 {
    let behind = mask << 1 | *below >> 63;
    *below = mask;
    behind
}

/// All bits from the `n`th on.
#[inline(always)]
fn behind_bits(n: usize) -> u64 {
    if n < BLOCK { !0 << n } else { 0 }
}

/// Each bit, the sum without carries of those up to it.
#[inline(always)]
fn prefix_xor(mut mask: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        mask ^= mask << shift;
    }
    mask
}

/// The bits that are set, from the lowest on.
fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let bit = mask.trailing_zeros() as usize;
        mask &= mask.wrapping_sub(1);
        (bit < BLOCK).then_some(bit)
    })
}

/// Whether an escape is here, whose backslash was passed.
#[inline(never)]
fn is_escape(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => true,
        Some(b'u') => {
            let digits = text.get(at + 1..at + 5);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        }
        _ => false,
    }
}

/// Up to where a scalar is in order, given the first byte of it that is no digit and was not looked at; `is_start` if that is its first.
#[inline(always)]
fn scalar_end(text: &[u8], at: usize, is_start: bool) -> Option<usize> {
    let word = word(text, at);
    let byte = |index: usize| (word >> (8 * index)) as u8;
    if is_start {
        let four = word as u32;
        let len = if four == u32::from_le_bytes(*b"true") || four == u32::from_le_bytes(*b"null") {
            4
        } else if four == u32::from_le_bytes(*b"fals") && byte(4) == b'e' {
            5
        } else {
            let fits = byte(0) == b'-' && byte(1).is_ascii_digit() && !(byte(1) == b'0' && byte(2).is_ascii_digit());
            return fits.then_some(at + 1); // the digits have been looked at
        };
        return is_behind_value(byte(len)).then_some(at + len);
    }
    if !text[at - 1].is_ascii_digit() {
        return None;
    }
    if byte(0) == b'.' && byte(1).is_ascii_digit() && is_behind_value(byte(2)) {
        return Some(at + 2);
    }
    fraction_end(text, at)
}

/// The end of the number whose digits were passed: `(\.[0-9]+)?([eE][+-]?[0-9]+)?`
#[inline(never)]
fn fraction_end(text: &[u8], mut at: usize) -> Option<usize> {
    let digits = |at: usize| {
        let count = text.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count > 0).then_some(at + count)
    };
    let start = at;
    if text[at] == b'.' {
        at = digits(at + 1)?;
    }
    if let b'e' | b'E' = text.get(at)? {
        let sign = matches!(text.get(at + 1)?, b'+' | b'-');
        at = digits(at + 1 + usize::from(sign))?;
    }
    (at > start && is_behind_value(*text.get(at)?)).then_some(at)
}

fn is_behind_value(byte: u8) -> bool {
    byte == b',' || byte | (b']' ^ b'}') == b'}'
}

/// The next eight bytes, the first of which is the lowest; zeros behind the end.
#[inline(always)]
fn word(text: &[u8], at: usize) -> u64 {
    match text[at..].first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => last_word(&text[at..]),
    }
}

#[cold]
fn last_word(rest: &[u8]) -> u64 {
    rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::super::validate::validate_step_by_step;
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    /// JSON of many shapes, at every place in a block.
    fn samples() -> Vec<String> {
        let cores = [
            r#"{"id":123,"x":-0.5,"ok":true,"tags":["a","b12",{}],"to":null,"s":"\"\\\\\"é\u00e9","e":[1e5,2E+7,0,-0,10.25e-1]}"#,
            r#"{"a long key with \"escapes\" in it, longer than one block of sixty-four bytes":{"b":[[],[[]],false]}}"#,
            r#"[[1,2],[3,{"a":{"b":{"c":"d"}}}],"",{"":""},"\\",["x",{"k":["y","z"]}],1234567890123456789012345678901234567890]"#,
        ];
        let mut samples = Vec::new();
        for core in cores {
            for pad in 0..66 {
                samples.push(format!(
                    r#"["{}",{core},"{core_len}"]"#,
                    "-".repeat(pad),
                    core_len = core.len()
                ));
            }
        }
        samples
    }

    fn agree(text: &[u8]) {
        let Ok(text) = core::str::from_utf8(text) else { return };
        if is_json(text.as_bytes()) {
            assert!(validate_step_by_step(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_machines_write_is_recognised() {
        for sample in samples() {
            assert!(is_json(sample.as_bytes()), "{sample}");
            assert!(validate_step_by_step(&sample).is_ok(), "{sample}");
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for depth in 1..=62 {
            assert!(is_json(nested(depth).as_bytes()), "{depth}");
        }
        assert!(!is_json(nested(63).as_bytes()) && !is_json(nested(1_000).as_bytes()));
        let unclosed = format!("{{\"a\":{}{}", "[".repeat(63), "]".repeat(62));
        assert!(
            !is_json(unclosed.as_bytes()),
            "levels that are lost are not taken for closed"
        );
        assert!(is_json(b"[]") && is_json(b"{}") && is_json(b"[0]"));
    }

    #[test]
    fn whatever_is_changed_in_it_nothing_is_taken_for_json_that_is_not() {
        const BYTES: &[u8] = b"{}[],:\"\\ \n\x01\x7f019-+.eEtrufalsnx";
        for sample in samples().into_iter().step_by(5) {
            let sample = sample.into_bytes();
            for at in 0..sample.len() {
                let mut changed = sample.clone();
                changed.remove(at);
                agree(&changed);
                agree(&sample[..at]);
                agree(&sample[at..]);
                for &byte in BYTES {
                    let mut changed = sample.clone();
                    changed[at] = byte;
                    agree(&changed);
                    changed[at] = sample[at];
                    changed.insert(at, byte);
                    agree(&changed);
                }
            }
        }
    }

    #[test]
    fn of_all_short_texts_those_are_taken_that_are_json_without_white_space() {
        // Every text of up to four of these, alone and in the middle of an array or an object.
        const PIECES: [&str; 12] = ["{", "}", "[", "]", ",", ":", "\"a\"", "1", "0", "-", ".5", "true"];
        for length in 0..=4 {
            for number in 0..PIECES.len().pow(length) {
                let mut text = String::new();
                let mut digits = number;
                for _ in 0..length {
                    text.push_str(PIECES[digits % PIECES.len()]);
                    digits /= PIECES.len();
                }
                let is_container = text.starts_with(['[', '{']);
                let expected = validate_step_by_step(&text).is_ok() && is_container;
                assert_eq!(is_json(text.as_bytes()), expected, "{text}");
                for (front, end) in [("[", "]"), ("{\"a\":", "}"), ("{\"a\":1,", "}"), ("[1,", "]")] {
                    let text = format!("{front}{text}{end}");
                    assert_eq!(is_json(text.as_bytes()), validate_step_by_step(&text).is_ok(), "{text}");
                }
            }
        }
    }
}
