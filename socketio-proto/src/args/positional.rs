//! Reading all arguments at once.

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::arg::Iter;
use super::value;
use crate::error::ArgsError;

/// The argument list as a value: a sequence whose end may be missing, and whose rest may be ignored, as in JavaScript.
pub(super) struct Positional<'de>(pub(super) Iter<'de>);

impl<'de> Positional<'de> {
    /// Something with a fixed number of elements: those that are missing are read as `null`.
    fn fixed<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_seq(Elements {
            args: self.0,
            wanted: len,
        })
    }
}

impl<'de> Deserializer<'de> for Positional<'de> {
    type Error = ArgsError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        self.fixed(0, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ArgsError> {
        self.fixed(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        self.fixed(len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        self.fixed(fields.len(), visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq map enum identifier
    }
}

struct Elements<'de> {
    args: Iter<'de>,
    /// How many elements the visitor wants.
    wanted: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = ArgsError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ArgsError> {
        let wanted = self.wanted > 0;
        self.wanted = self.wanted.saturating_sub(1);
        if self.args.elements().is_empty() && wanted {
            // If it may not be null, the visitor knows whether there is a default, and else says which element it misses.
            return Ok(value::read_missing(seed));
        }
        self.args.read_next(seed).transpose()
    }
}
