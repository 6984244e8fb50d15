//! Giving arguments away, one after the other.

use core::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::arg::Iter;
use super::list::Args;
use super::value;
use crate::error::ArgsError;

/// Arguments for whoever has no need of them afterwards: as with a [`Cursor`](super::Cursor) they are taken one at a time, each with a type
/// of its own, and what is left of them can be given away without counting a reference.
///
/// ```
/// # use socketio_proto::{Args, Remaining};
/// let mut args = Remaining::from(Args::encode(&("room", 7, "more"))?);
/// assert_eq!(args.next::<String>()?, "room");
/// assert_eq!(args.take().as_json(), r#"7,"more""#);
/// assert!(args.take().is_empty());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Remaining {
    args: Args,
    taken: usize,
}

impl From<Args> for Remaining {
    fn from(args: Args) -> Self {
        Self { args, taken: 0 }
    }
}

impl Remaining {
    /// Takes the next argument as a `T`. Past the end there is `null`, as in JavaScript.
    ///
    /// # Errors
    ///
    /// The argument is no `T`, or there is none and `null` is no `T`. Either way it counts as taken.
    #[expect(
        clippy::should_implement_trait,
        reason = "no iterator: each argument has a type of its own"
    )]
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<T, ArgsError> {
        let index = self.taken;
        self.taken += 1;
        let mut iter = Iter::from(index, self.args.as_json(), self.args.attachments());
        let Some(result) = iter.read_next(PhantomData) else {
            return value::read_missing(PhantomData).ok_or(ArgsError::Missing { index });
        };
        let left = iter.elements().len();
        self.args.keep_last(left);
        result
    }

    /// Takes all that are left. They share the memory of the message that they came in.
    pub fn take(&mut self) -> Args {
        core::mem::take(&mut self.args)
    }
}
