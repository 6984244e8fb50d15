//! Taking arguments one at a time.

use core::marker::PhantomData;

use serde::Deserialize;

use super::arg::{Arg, Iter};
use super::list::Args;
use super::value;
use crate::error::ArgsError;

impl Args {
    /// Goes through the arguments with a type for each.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor {
            args: self,
            before: self.iter(),
            taken: 0,
        }
    }
}

/// A place between two arguments: for whoever takes them one at a time, each with a type of its own.
///
/// ```
/// # use socketio_proto::Args;
/// let args = Args::encode(&("room", 7, "more"))?;
/// let mut cursor = args.cursor();
/// assert_eq!(cursor.next::<&str>()?, "room");
/// assert_eq!(cursor.next::<u8>()?, 7);
/// assert_eq!(cursor.rest().as_json(), r#""more""#);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    args: &'a Args,
    before: Iter<'a>,
    taken: usize,
}

impl<'a> Cursor<'a> {
    /// Takes the next argument as a `T`, which may borrow from it. Past the end there is `null`, as in JavaScript.
    ///
    /// # Errors
    ///
    /// The argument is no `T`, or there is none and `null` is no `T`. Either way it counts as taken.
    #[expect(
        clippy::should_implement_trait,
        reason = "no iterator: each argument has a type of its own"
    )]
    pub fn next<T: Deserialize<'a>>(&mut self) -> Result<T, ArgsError> {
        let index = self.taken;
        self.taken += 1;
        if self.before.elements().is_empty() {
            return value::read_missing(PhantomData).ok_or(ArgsError::Missing { index });
        }
        self.before.read_next(PhantomData).expect("there are elements")
    }

    /// Takes the next argument unread.
    pub fn next_arg(&mut self) -> Option<Arg<'a>> {
        self.taken += 1;
        self.before.next()
    }

    /// The arguments that were not taken, shared.
    #[must_use]
    pub fn rest(&self) -> Args {
        self.args.tail(&self.before)
    }
}
