//! What is kept of what was read.

use super::*;

#[test]
fn empty_frames_of_a_message_take_no_memory() {
    let mut reader = Reader::new(rules(Role::Server));
    reader.handle(&mut masked(0x02, b""));
    assert_eq!(reader.poll(), Ok(Some(Item::Fragment)));
    for _ in 0..10_000 {
        reader.handle(&mut masked(0x00, b""));
        assert_eq!(reader.poll(), Ok(Some(Item::Fragment)));
    }
    assert_eq!(reader.held(), 0);
    reader.handle(&mut masked(0x80, b"x"));
    assert_eq!(reader.poll(), Ok(Some(binary(b"x"))));
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
