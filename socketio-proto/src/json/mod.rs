//! JSON as it travels: text that is checked once, and read only when someone asks for a type.

mod blocks;
mod pieces;
mod placeholder;
mod scan;
mod string;
mod validate;

use core::fmt;

use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) use pieces::{Piece, Pieces};
pub(crate) use placeholder::{Placeholder, Placeholders};
pub(crate) use scan::{first_element, first_plain_string, inside_array, trim};
pub(crate) use string::{escape, is_plain, unescape};
pub(crate) use validate::validate;

/// One JSON value: text that was checked, and shared, so that a clone copies nothing.
///
/// What [`JSON.parse`] takes is JSON, whatever its depth and however large its numbers; only nothing and half of
/// something are not.
///
/// [`JSON.parse`]: https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects/JSON/parse
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(ByteString);

impl Json {
    /// Takes one JSON value, which may have white space around it; checks it in one pass, copies nothing.
    ///
    /// # Errors
    ///
    /// Where the text stops being JSON.
    pub fn new(text: impl Into<ByteString>) -> Result<Self, JsonError> {
        let text = text.into();
        validate(&text)?;
        Ok(Self(text))
    }

    /// Writes `value`. Bytes become an array of numbers: only the arguments of events and acks have attachments.
    ///
    /// # Errors
    ///
    /// What JSON cannot say: a map whose keys are no strings, or what the value's own `Serialize` refuses.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(|text| Self(text.into()))
    }

    /// Takes text that was checked already.
    pub(crate) const fn checked(text: ByteString) -> Self {
        Self(text)
    }

    /// The same in memory of its own: a slice keeps the whole message or polling body that it came in.
    pub(crate) fn detached(&self) -> Self {
        Self(ByteString::from(&*self.0))
    }

    /// The value of one key, if this is an object that has it.
    pub(crate) fn member(&self, key: &str) -> Option<Self> {
        scan::member(&self.0, key).map(|value| Self(self.0.slice_ref(value)))
    }

    /// The text, as it arrived.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the value as a `T`, which may borrow from it.
    ///
    /// # Errors
    ///
    /// The value is no `T`.
    pub fn parse<'de, T: Deserialize<'de>>(&'de self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({})", self.0)
    }
}

/// Text that is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("text that is not JSON from byte {at} on")]
pub struct JsonError {
    /// How many bytes come before the fault.
    pub at: usize,
}
