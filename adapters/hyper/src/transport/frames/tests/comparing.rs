//! What is read, beside what the library reads.

use super::support::library::theirs;
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_library_makes_the_same_of_it((role, bytes) in any_stream()) {
        compare(rules(role), &bytes);
    }

    #[test]
    fn the_library_makes_the_same_of_any_bytes(role in role(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        compare(rules(role), &bytes);
    }
}

#[test]
fn the_library_makes_the_same_of_any_header() {
    for role in [Role::Server, Role::Client] {
        for first in 0..=255 {
            for second in 0..=255 {
                compare(rules(role), &[first, second]);
                compare(rules(role), &[&[first, second][..], &[0; 7], &[9; 200]].concat());
                compare(rules(role), &[&[first, second][..], &[0xff; 20]].concat());
            }
        }
    }
}

#[test]
fn the_library_gives_the_same_answer_to_any_code() {
    for code in 0..=u16::MAX {
        let payload = [&code.to_be_bytes(), &b"bye"[..]].concat();
        let close = masked(0x88, &payload);
        let answered = |outcome: Outcome| match outcome.items.into_iter().next() {
            Some(Item::Close(Some(close))) => close.code,
            other => panic!("{other:?} is no answer"),
        };
        assert_eq!(
            answered(Outcome::of(rules(Role::Server), [close.clone()])),
            answered(theirs(rules(Role::Server), &close))
        );
    }
}
