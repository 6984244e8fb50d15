//! Names of rooms in alphabetical order, those that are written down and those that are not.

use core::cmp::Ordering;
use core::iter;

/// Two ascending sequences as one; a name in both comes once.
pub(super) fn merged<'a>(
    left: impl Iterator<Item = &'a str>,
    right: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = &'a str> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(a), Some(b)) => match a.cmp(b) {
            Ordering::Less => left.next(),
            Ordering::Greater => right.next(),
            Ordering::Equal => {
                right.next();
                left.next()
            }
        },
        (Some(_), None) => left.next(),
        (None, _) => right.next(),
    })
}
