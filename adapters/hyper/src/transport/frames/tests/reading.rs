//! What is read, and what is refused.

use super::*;

fn whole(bytes: &[u8]) -> Outcome {
    Outcome::of(rules(Role::Server), [bytes.to_vec()])
}

fn items(items: impl Into<Vec<Item>>) -> Outcome {
    let items = items.into();
    Outcome { items, end: None }
}

#[track_caller]
fn expect_end(frames: &[Vec<u8>], gone: Gone) {
    assert_eq!(whole(&frames.concat()).end, Some(gone));
}

const FAILED: Gone = Gone::Failed { code: 1002 };
const NOT_TEXT: Gone = Gone::Failed { code: 1007 };

/// RFC 6455, section 5.7.
#[test]
fn the_examples_of_the_standard() {
    let large = Rules {
        max_message: 1 << 20,
        ..rules(Role::Client)
    };
    let from_server = |bytes: &[u8]| Outcome::of(large, [bytes.to_vec()]);
    let hello = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(from_server(&hello), items([text("Hello")]));
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(whole(&masked), items([text("Hello")]));
    let fragments = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
    assert_eq!(from_server(&fragments), items([text("Hello")]));
    let ping = [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(from_server(&ping), items([Item::Ping("Hello".into())]));
    let pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(whole(&pong), items([Item::Pong("Hello".into())]));
    let message = [&[0x82, 0x7e, 0x01, 0x00][..], &[7; 256]].concat();
    assert_eq!(from_server(&message), items([binary(&[7; 256])]));
    let message = [&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0][..], &[7; 65_536]].concat();
    assert_eq!(from_server(&message), items([binary(&[7; 65_536])]));
}

#[test]
fn a_message_may_be_as_large_as_the_limit_in_one_frame_or_many() {
    let limit = vec![b'x'; MAX];
    let end = |outcome: Outcome| outcome.end;
    for frames in [
        vec![masked(0x82, &limit)],
        vec![masked(0x02, &limit), masked(0x80, b"")],
        vec![masked(0x02, &limit[1..]), masked(0x80, b"x")],
    ] {
        assert_eq!(whole(&frames.concat()), items([binary(&limit)]));
    }
    let size = MAX + 1;
    expect_end(&[masked(0x82, &[&limit[..], b"x"].concat())], Gone::TooLarge { size });
    expect_end(&[masked(0x02, &limit), masked(0x80, b"x")], Gone::TooLarge { size });
    let begun = [masked(0x02, &limit), masked(0x80, b"x")[..6].to_vec()].concat();
    assert_eq!(
        end(whole(&begun)),
        Some(Gone::TooLarge { size }),
        "it need not come to be refused"
    );
}

#[test]
fn a_length_is_not_believed_to_be_negative() {
    expect_end(&[vec![0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]], FAILED);
    let size = usize::try_from(i64::MAX).unwrap();
    expect_end(
        &[vec![0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
        Gone::TooLarge { size },
    );
}

#[test]
fn text_is_looked_at_over_its_frames() {
    let euro = "€".as_bytes();
    let frames = [
        masked(0x01, &euro[..1]),
        masked(0x00, &euro[1..2]),
        masked(0x80, &euro[2..]),
    ];
    assert_eq!(whole(&frames.concat()), items([text("€")]));
    expect_end(
        &frames[..2]
            .iter()
            .cloned()
            .chain([masked(0x80, b"")])
            .collect::<Vec<_>>(),
        NOT_TEXT,
    );
    expect_end(&[masked(0x81, b"\xff")], NOT_TEXT);
}

#[test]
fn what_the_standard_forbids_is_refused() {
    let unmasked = |first, payload: &[u8]| frame(first, None, LengthAs::Short, payload);
    for frames in [
        vec![unmasked(0x81, b"x")],
        vec![masked(0xa1, b"x")], // reserved bits
        vec![masked(0x91, b"x")],
        vec![masked(0x83, b"x")], // reserved kinds
        vec![masked(0x8b, b"x")],
        vec![masked(0x09, b"x"), masked(0x80, b"")], // controls in fragments, and too long
        vec![masked(0x08, b"")],
        vec![masked(0x89, &[0; 126])],
        vec![masked(0x80, b"x")], // a message that goes on without a beginning, and one that begins in another
        vec![masked(0x01, b"x"), masked(0x81, b"x")],
        vec![masked(0x88, b"\x03")], // half a code
    ] {
        expect_end(&frames, FAILED);
    }
    expect_end(&[masked(0x88, b"\x03\xe8\xff")], NOT_TEXT);
    assert_eq!(Outcome::of(rules(Role::Client), [masked(0x81, b"x")]).end, Some(FAILED));
    assert_eq!(Outcome::of(rules(Role::Client), [unmasked(0x81, b"x")]).end, None);
}

#[test]
fn a_close_is_answered_with_its_code_unless_nobody_may_send_that() {
    let answered = |code: u16| {
        let close = masked(0x88, &[&code.to_be_bytes(), &b"bye"[..]].concat());
        let outcome = whole(&[close, masked(0x81, b"behind")].concat());
        assert_eq!(outcome.end, Some(Gone::Closed));
        outcome.items
    };
    let close = |code, reason: &str| {
        [Item::Close(Some(Close {
            code,
            reason: reason.into(),
        }))]
    };
    for code in [1000, 1001, 1003, 1007, 1011, 3000, 4999] {
        assert_eq!(answered(code), close(code, "bye"));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        assert_eq!(answered(code), close(1002, ""));
    }
    assert_eq!(whole(&masked(0x88, b"")).items, [Item::Close(None)]);
}

#[test]
fn only_the_beginning_of_a_message_may_be_marked_and_only_where_that_was_agreed_on() {
    let marked = [masked(0x41, b"a"), masked(0x89, b""), masked(0x80, b"b")].concat();
    assert_eq!(whole(&marked).end, Some(FAILED));
    let agreed = Rules {
        max_compressed: Some(MAX + 10),
        ..rules(Role::Server)
    };
    let with = |frames: &[Vec<u8>]| Outcome::of(agreed, [frames.concat()]);
    let compressed = |text, bytes: &'static [u8]| Item::Compressed {
        text,
        bytes: bytes.into(),
    };
    assert_eq!(
        with(&[marked]),
        items([Item::Ping(Bytes::new()), compressed(true, b"ab")])
    );
    assert_eq!(with(&[masked(0xc2, b"\xff")]), items([compressed(false, b"\xff")]));
    for wrong in [
        vec![masked(0xc0, b"")],
        vec![masked(0x01, b""), masked(0xc0, b"")],
        vec![masked(0xc9, b"")],
        vec![masked(0xa1, b"")],
        vec![masked(0x91, b"")],
    ] {
        assert_eq!(with(&wrong).end, Some(FAILED));
    }
    let larger = [b'x'; MAX + 1];
    assert_eq!(with(&[masked(0xc2, &larger)]).end, None);
    let size = larger.len();
    assert_eq!(with(&[masked(0x82, &larger)]).end, Some(Gone::TooLarge { size }));
    assert_eq!(
        with(&[masked(0x02, b""), masked(0x80, &larger)]).end,
        Some(Gone::TooLarge { size })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn reads_may_end_anywhere((role, bytes) in any_stream(), ends in prop::collection::vec(any::<usize>(), 0..20)) {
        let whole = Outcome::of(rules(role), [bytes.clone()]);
        prop_assert_eq!(&chunked(rules(role), &bytes, &ends), &whole);
        prop_assert_eq!(&Outcome::of(rules(role), bytes.iter().map(|&byte| vec![byte])), &whole);
    }
}
