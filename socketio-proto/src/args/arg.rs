//! One argument.

use alloc::string::ToString;
use core::iter::FusedIterator;
use core::marker::PhantomData;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeSeed;

use super::value;
use crate::error::ArgsError;
use crate::json;

/// One argument, not read yet.
#[derive(Clone, Copy, Debug)]
pub struct Arg<'a> {
    index: usize,
    json: &'a str,
    attachments: &'a [Bytes],
}

impl<'a> Arg<'a> {
    /// Its JSON, as it arrived. Where an attachment belongs, it has a placeholder.
    #[must_use]
    pub const fn as_json(&self) -> &'a str {
        self.json
    }

    /// Which argument it is, from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The attachment, if the whole argument is one. This shares its memory; [`parse`](Self::parse) has to copy it.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&'a Bytes> {
        if self.attachments.is_empty() || !self.json.starts_with('{') {
            return None;
        }
        let mut placeholders = json::Placeholders::of(self.json);
        let found = placeholders.next()?.ok()?;
        // Only the outermost object ends with the text, and it is this one: a placeholder holds no other.
        if placeholders.is_at_end() {
            self.attachments.get(found.num)
        } else {
            None
        }
    }

    /// Reads it as a `T`, which may borrow from it.
    ///
    /// Where `T` wants bytes, as [`Bytes`] does, an attachment is copied to it. See [`Args::parse`](crate::Args::parse).
    ///
    /// # Errors
    ///
    /// The argument is no `T`: [`ArgsError::Type`].
    pub fn parse<T: Deserialize<'a>>(&self) -> Result<T, ArgsError> {
        let value = value::read(PhantomData, self.json, self.attachments);
        value
            .map(|(value, _)| value)
            .map_err(|error| type_error(self.index, &error))
    }
}

/// The arguments one after the other, not read yet: see [`Args::iter`](crate::Args::iter).
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    index: usize,
    elements: &'a str,
    attachments: &'a [Bytes],
}

impl<'a> Iter<'a> {
    pub(super) const fn new(elements: &'a str, attachments: &'a [Bytes]) -> Self {
        Self::from(0, elements, attachments)
    }

    /// Those from `index` on.
    pub(super) const fn from(index: usize, elements: &'a str, attachments: &'a [Bytes]) -> Self {
        Self {
            index,
            elements,
            attachments,
        }
    }

    /// Takes the next one and reads it with a seed. Either way it counts as taken.
    ///
    /// The last one, most often the only one, is gone through only once. Where others end is not for a type to say, which may look at no
    /// more than the beginning, or get over an error in the middle.
    pub(super) fn read_next<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Option<Result<S::Value, ArgsError>> {
        if self.elements.is_empty() {
            return None;
        }
        let index = self.index;
        match value::read(seed, self.elements, self.attachments) {
            Ok((value, end)) => {
                if end == self.elements.len() {
                    self.index += 1;
                    self.elements = "";
                } else {
                    self.next();
                }
                Some(Ok(value))
            }
            Err(error) => {
                self.next();
                Some(Err(type_error(index, &error)))
            }
        }
    }

    /// The JSON of those that are still to come, with the commas between them.
    pub(super) const fn elements(&self) -> &'a str {
        self.elements
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Arg<'a>;

    fn next(&mut self) -> Option<Arg<'a>> {
        let (json, behind) = json::first_element(self.elements)?;
        let index = self.index;
        self.index += 1;
        self.elements = behind;
        Some(Arg {
            index,
            json,
            attachments: self.attachments,
        })
    }
}

impl FusedIterator for Iter<'_> {}

fn type_error(index: usize, error: &serde_json::Error) -> ArgsError {
    ArgsError::Type {
        index,
        message: error.to_string(),
    }
}
