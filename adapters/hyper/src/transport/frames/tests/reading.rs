//! What is read.

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
fn empty_frames_of_a_message_take_no_memory() {
    let mut reader = Reader::new(rules(Role::Server));
    reader.handle(&mut masked(0x02, b""));
    assert_eq!(reader.poll(), Ok(None));
    for _ in 0..10_000 {
        reader.handle(&mut masked(0x00, b""));
        assert_eq!(reader.poll(), Ok(None));
    }
    assert_eq!(reader.held(), 0);
    reader.handle(&mut masked(0x80, b"x"));
    assert_eq!(reader.poll(), Ok(Some(binary(b"x"))));
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

#[test]
fn nothing_is_kept_when_nothing_is_under_way() {
    let rules = Rules {
        max_message: 1 << 20,
        ..rules(Role::Server)
    };
    let large = masked(0x82, &[1; 100_000]);
    let fragments = [masked(0x01, &[b'a'; 60_000]), masked(0x80, &[b'a'; 60_000])].concat();
    let many = masked(0x81, &[b'a'; 50]).repeat(1000);
    let mut reader = Reader::new(rules);
    for stream in [large, fragments, many] {
        for read in [1, 1000, 65_536] {
            let mut count = 0;
            for chunk in stream.clone().chunks_mut(read) {
                reader.handle(chunk);
                while reader.poll().unwrap().is_some() {
                    count += 1;
                }
            }
            assert!(count > 0);
            assert_eq!(reader.held(), 0);
        }
    }
}

#[test]
fn a_promise_is_not_paid_for() {
    let mut reader = Reader::new(Rules {
        max_message: usize::MAX,
        ..rules(Role::Server)
    });
    reader.handle(&mut [0x82, 0xff, 0, 0, 0x10, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(reader.poll(), Ok(None));
    assert!(reader.held() < 100);
    reader.handle(&mut [0; 10_000]);
    assert_eq!(reader.poll(), Ok(None));
    assert!(reader.held() < 30_000);
}

#[test]
fn a_message_that_comes_alone_shares_memory_with_nobody() {
    let mut reader = Reader::new(rules(Role::Server));
    reader.handle(&mut masked(0x82, b"alone"));
    let Ok(Some(Item::Binary(bytes))) = reader.poll() else {
        panic!("it is there");
    };
    assert!(bytes.is_unique());
}

#[test]
fn what_is_kept_of_many_messages_does_not_keep_all_of_them() {
    let mut reader = Reader::new(rules(Role::Server));
    reader.handle(&mut masked(0x82, &[7; 100]).repeat(600));
    let mut messages = Vec::new();
    while let Ok(Some(Item::Binary(bytes))) = reader.poll() {
        messages.push(bytes);
    }
    assert_eq!(messages.len(), 600);
    messages.drain(1..100); // those that it may share memory with
    assert!(messages[0].is_unique());
}

#[test]
fn what_is_kept_of_a_small_message_does_not_keep_a_large_one() {
    let mut reader = Reader::new(Rules {
        max_message: 1 << 20,
        ..rules(Role::Server)
    });
    let (small, large) = (masked(0x82, &[7; 100]), masked(0x82, &[7; 60_000]));
    for frames in [
        [&small, &large, &small],
        [&large, &small, &small],
        [&small, &small, &large],
    ] {
        reader.handle(&mut frames.map(Vec::as_slice).concat());
        let mut messages = Vec::new();
        while let Ok(Some(Item::Binary(bytes))) = reader.poll() {
            messages.push(bytes);
        }
        assert_eq!(messages.len(), 3);
        let large = messages.iter().find(|message| message.len() > 100).unwrap();
        assert!(large.is_unique());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn reads_may_end_anywhere((role, bytes) in any_stream(), ends in prop::collection::vec(any::<usize>(), 0..20)) {
        let whole = Outcome::of(rules(role), [bytes.clone()]);
        prop_assert_eq!(&chunked(rules(role), &bytes, &ends), &whole);
        prop_assert_eq!(&Outcome::of(rules(role), bytes.iter().map(|&byte| vec![byte])), &whole);
    }

    #[test]
    fn no_more_is_kept_than_came((role, bytes) in any_stream(), step in 1..200usize, large in any::<bool>()) {
        let rules = Rules { max_message: if large { usize::MAX } else { MAX }, max_compressed: Some(MAX), ..rules(role) };
        let mut reader = Reader::new(rules);
        let mut came = 0;
        for chunk in bytes.clone().chunks_mut(step) {
            came += chunk.len();
            reader.handle(chunk);
            loop {
                prop_assert!(reader.held() <= 2 * came + 200, "{} bytes for {came}", reader.held());
                prop_assert!(large || reader.held() <= 2 * MAX + step + 200);
                let Ok(Some(_)) = reader.poll() else { break };
            }
        }
    }
}
