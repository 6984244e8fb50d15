//! What the tests here share with the fuzz target `frames`.

pub(crate) mod library;
mod outcome;
mod writing;

pub(crate) use library::compare;
pub(crate) use outcome::Outcome;
pub(crate) use writing::{put, write, write_some};
