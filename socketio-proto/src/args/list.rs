//! The list of arguments.

use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

use bytes::Bytes;
use bytestring::ByteString;
use serde::Deserialize;

use crate::attachments::Attachments;
use crate::error::{ArgsError, DecodeError};
use crate::json::{self, Placeholder, Placeholders};
use crate::part::{Part, range_of};

use super::arg::{Arg, Iter};
use super::positional::Positional;

/// The arguments of an event, its name not among them, or of an acknowledgement: checked JSON and attachments, which nobody
/// has read yet.
///
/// They share the memory of the messages that they came in: a clone copies nothing, and what is relayed is never parsed. Read
/// them [all at once](Self::parse), [one after the other](Self::cursor), or [one of them](Self::get).
///
/// ```
/// # use socketio_proto::{Args, ArgsError};
/// let args = Args::encode(&("hello", [1, 2, 3]))?;
/// let (text, numbers): (&str, Vec<u8>) = args.parse()?;
/// assert_eq!((text, numbers), ("hello", vec![1, 2, 3]));
/// assert_eq!(args.parse::<(&str, u32)>().unwrap_err().index(), Some(1));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// Two lists are equal if they are written alike.
#[derive(Clone, Default)]
pub struct Args {
    /// The elements of a JSON array without its brackets. White space may be between them, but not around them.
    elements: Part,
    attachments: Attachments,
    /// How many placeholders there are, if it is known that they name each of the attachments.
    placeholders: Option<NonZeroU32>,
}

impl Args {
    /// No arguments.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            elements: Part::EMPTY,
            attachments: Attachments::NONE,
            placeholders: None,
        }
    }

    /// Takes the text of a JSON array, and the attachments that the placeholders in it name. Checks both and copies neither. It is for
    /// [parsers of one's own](crate::PacketParser); applications [encode](Self::encode) values.
    ///
    /// ```
    /// # use socketio_proto::Args;
    /// let args = Args::from_json(r#"[1,{"_placeholder":true,"num":0}]"#, vec!["bytes".into()])?;
    /// assert_eq!(args.get(1).and_then(|arg| arg.as_bytes()).unwrap(), "bytes");
    /// # Ok::<(), socketio_proto::DecodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The text is no JSON array or, with attachments, has a placeholder that names none of them.
    pub fn from_json(array: impl Into<ByteString>, attachments: Vec<Bytes>) -> Result<Self, DecodeError> {
        let array = array.into();
        json::validate(&array)?;
        let elements = json::inside_array(&array).ok_or(DecodeError::Malformed("arguments that are no array"))?;
        let named = |found: Result<Placeholder, _>| found.is_ok_and(|place| place.num < attachments.len());
        if !attachments.is_empty() && !Placeholders::of(elements).all(named) {
            return Err(DecodeError::Placeholder);
        }
        let range = range_of(elements, &array);
        Ok(Self::from_parts(Part::of(array, range), attachments.into()))
    }

    /// Takes elements that were checked, and whose placeholders each name one of `attachments`.
    pub(crate) fn from_parts(elements: impl Into<Part>, attachments: Attachments) -> Self {
        Self {
            elements: elements.into(),
            attachments,
            placeholders: None,
        }
    }

    /// The same elements with the attachments that came for them, and how many placeholders they have if these name all of those.
    pub(crate) fn set_attachments(&mut self, attachments: Attachments, placeholders: Option<NonZeroU32>) {
        self.attachments = attachments;
        self.placeholders = placeholders;
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// How many there are. This counts them: O(n) in their text.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The arguments one after the other, not read yet.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(&self.elements, &self.attachments)
    }

    /// The argument at `index`, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Arg<'_>> {
        self.iter().nth(index)
    }

    /// Reads the whole list: as a tuple or a struct, whose fields are then the arguments in their order, or as a `Vec`.
    ///
    /// As in JavaScript, arguments that are missing at the end are read as `null` would be (`None` for an `Option`), and
    /// those beyond what `T` wants are ignored. One argument is a tuple of one: `parse::<(String,)>()`.
    ///
    /// Where `T` wants bytes, however deep inside (as [`Bytes`] and the types of `serde_bytes` do), an attachment is copied
    /// to it, or lent as `&[u8]`; an array of numbers is taken as well. `Vec<u8>` wants an array of numbers. Where a type takes
    /// whatever comes, as `serde_json::Value` does, and what is behind `#[serde(flatten)]` or `#[serde(untagged)]`, it gets
    /// the placeholder, a map.
    ///
    /// # Errors
    ///
    /// Which argument is missing, or is of another type.
    pub fn parse<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ArgsError> {
        T::deserialize(Positional(self.iter()))
    }

    /// The arguments from the `n`th on. They share their memory with these, attachments included.
    #[must_use]
    pub fn rest(&self, n: usize) -> Self {
        let mut iter = self.iter();
        iter.by_ref().take(n).for_each(drop);
        self.tail(&iter)
    }

    /// The arguments without the last one, and the JSON of that. They share their memory with these, attachments included.
    pub(crate) fn split_last(&self) -> Option<(Self, ByteString)> {
        let last = self.iter().last()?.as_json();
        let others = &self.elements[..self.elements.len() - last.len()];
        let others = others.trim_end_matches([' ', '\n', '\r', '\t', ',']);
        let others = Self::from_parts(self.elements.slice_ref(others), self.attachments.clone());
        Some((others, self.elements.slice_ref(last)))
    }

    /// The same arguments in memory of their own, attachments excepted, for whoever keeps them for long: slices keep the whole message
    /// or polling body that they came in.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            elements: ByteString::from(&*self.elements).into(),
            attachments: self.attachments.clone(),
            placeholders: self.placeholders,
        }
    }

    /// Their JSON, as it arrived: an array without its brackets. Where an attachment belongs, it has a placeholder.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.elements
    }

    /// The attachments of their packet, in its order.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// The attachments, shared.
    pub(super) const fn shared_attachments(&self) -> &Attachments {
        &self.attachments
    }

    /// How many placeholders there are, if it is known that they name each of the attachments.
    pub(super) const fn placeholders(&self) -> Option<NonZeroU32> {
        self.placeholders
    }

    /// Forgets the first arguments, all but the last `len` bytes of their elements.
    pub(super) fn keep_last(&mut self, len: usize) {
        self.elements.keep_last(len);
        self.placeholders = None; // it is not known how many of them are there
    }

    /// Those that `iter`, which goes over these arguments, has before it.
    pub(super) fn tail(&self, iter: &Iter<'_>) -> Self {
        Self::from_parts(self.elements.slice_ref(iter.elements()), self.attachments.clone())
    }
}

impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        self.elements == other.elements && self.attachments == other.attachments
    }
}

impl Eq for Args {}

impl<'a> IntoIterator for &'a Args {
    type Item = Arg<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Args([{}]", &*self.elements)?;
        match self.attachments.len() {
            0 => f.write_str(")"),
            n => write!(f, ", {n} attachments)"),
        }
    }
}
