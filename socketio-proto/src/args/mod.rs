//! The arguments of an event or of its answer.

mod arg;
mod binary;
mod cursor;
mod list;
mod positional;
mod remaining;
mod ser;
mod sink;
mod value;
mod writer;

pub use arg::{Arg, Iter};
pub use cursor::Cursor;
pub use list::Args;
pub use remaining::Remaining;
pub(crate) use sink::Sink;
pub use writer::{ArgsWriter, ToArgs};
