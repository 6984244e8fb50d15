//! Writing values whose bytes go elsewhere.

use bytes::Bytes;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

use super::sink::Sink;
use crate::error::EncodeError;
use crate::json;

type Result<T = (), E = EncodeError> = core::result::Result<T, E>;

/// Writes JSON as `serde_json` does, only that bytes become attachments.
pub(super) struct ValueSerializer<'s> {
    sink: &'s mut Sink,
    /// What is written is no value yet but the whole list: a tuple is its elements, and a unit is none.
    is_list: bool,
}

impl<'s> ValueSerializer<'s> {
    /// For one value.
    pub(super) const fn value(sink: &'s mut Sink) -> Self {
        Self { sink, is_list: false }
    }

    /// For a list of values.
    pub(super) const fn list(sink: &'s mut Sink) -> Self {
        Self { sink, is_list: true }
    }

    fn open(self, open: &str, close: &'static str) -> Compound<'s> {
        self.sink.open(open);
        Compound {
            sink: self.sink,
            is_empty: true,
            close,
            raw: false,
        }
    }

    /// `{"variant":` and what `open` says.
    fn open_variant(self, variant: &str, open: &str, close: &'static str) -> Compound<'s> {
        self.sink.open("{");
        self.sink.string(variant);
        self.sink.raw(":");
        self.open(open, close)
    }

    /// A number. What is not finite is `null`, as in JavaScript.
    fn float(self, finite: bool, value: impl zmij::Float) -> Result {
        if !finite {
            return self.serialize_none();
        }
        self.sink.float(value);
        Ok(())
    }
}

/// The methods for whole numbers.
macro_rules! integer {
    ($($method:ident($type:ty))*) => {
        $(fn $method(self, value: $type) -> Result {
            self.sink.integer(value);
            Ok(())
        })*
    };
}

impl<'s> Serializer for ValueSerializer<'s> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Compound<'s>;
    type SerializeTuple = Compound<'s>;
    type SerializeTupleStruct = Compound<'s>;
    type SerializeTupleVariant = Compound<'s>;
    type SerializeMap = Compound<'s>;
    type SerializeStruct = Compound<'s>;
    type SerializeStructVariant = Compound<'s>;

    fn serialize_bool(self, value: bool) -> Result {
        self.sink.raw(if value { "true" } else { "false" });
        Ok(())
    }

    integer! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
    }

    fn serialize_f32(self, value: f32) -> Result {
        self.float(value.is_finite(), value)
    }

    fn serialize_f64(self, value: f64) -> Result {
        self.float(value.is_finite(), value)
    }

    fn serialize_char(self, value: char) -> Result {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result {
        self.sink.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result {
        self.sink.attach(Bytes::copy_from_slice(value));
        Ok(())
    }

    fn serialize_none(self) -> Result {
        self.sink.raw("null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result {
        value.serialize(Self::value(self.sink))
    }

    fn serialize_unit(self) -> Result {
        if self.is_list { Ok(()) } else { self.serialize_none() }
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result {
        value.serialize(Self::value(self.sink))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result {
        let mut object = self.open_variant(variant, "", "}");
        object.element(value)?;
        object.close()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Compound<'s>> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Compound<'s>> {
        Ok(if self.is_list {
            self.open("", "")
        } else {
            self.open("[", "]")
        })
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Compound<'s>> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'s>> {
        Ok(self.open_variant(variant, "[", "]}"))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Compound<'s>> {
        Ok(self.open("{", "}"))
    }

    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Compound<'s>> {
        // With its features `raw_value` and `arbitrary_precision`, serde_json says JSON so: a struct of one string, the text.
        if name.starts_with("$serde_json::private::") {
            self.sink.may_mislead();
            return Ok(Compound {
                raw: true,
                ..self.open("", "")
            });
        }
        Ok(self.open("{", "}"))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'s>> {
        Ok(self.open_variant(variant, "{", "}}"))
    }
}

/// An array or an object that is being written.
pub(super) struct Compound<'s> {
    sink: &'s mut Sink,
    is_empty: bool,
    close: &'static str,
    /// Its one field is a string that says JSON.
    raw: bool,
}

impl Compound<'_> {
    fn separate(&mut self) {
        if !self.is_empty {
            self.sink.raw(",");
        }
        self.is_empty = false;
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.separate();
        value.serialize(ValueSerializer::value(self.sink))
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result {
        if self.raw {
            return self.json(value);
        }
        self.separate();
        self.sink.string(key);
        self.sink.raw(":");
        value.serialize(ValueSerializer::value(self.sink))
    }

    /// Writes the JSON that the string `value` says.
    fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        let quoted = serde_json::to_string(value).map_err(EncodeError::value)?;
        let text = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        self.sink
            .raw(&json::unescape(text.ok_or(EncodeError::value("no text of JSON"))?));
        Ok(())
    }

    fn close(self) -> Result {
        self.sink.raw(self.close);
        Ok(())
    }
}

/// The traits whose elements have no keys.
macro_rules! elements {
    ($($trait:ident $method:ident)*) => {
        $(impl $trait for Compound<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
                self.element(value)
            }

            fn end(self) -> Result {
                self.close()
            }
        })*
    };
}

/// The traits whose keys are names.
macro_rules! fields {
    ($($trait:ident)*) => {
        $(impl $trait for Compound<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result {
                self.field(key, value)
            }

            fn end(self) -> Result {
                self.close()
            }
        })*
    };
}

elements! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

fields! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result {
        // Whatever is written without brackets can be a key; what has no quotes gets them.
        self.separate();
        let start = self.sink.json.len();
        key.serialize(ValueSerializer::value(self.sink))?;
        match self.sink.json.as_str().as_bytes()[start..] {
            [b'"', ..] => {}
            [b'-' | b'0'..=b'9' | b't' | b'f', ..] => self.sink.json.quote_from(start),
            _ => return Err(EncodeError::value("a key that is no string")),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.sink.raw(":");
        value.serialize(ValueSerializer::value(self.sink))
    }

    fn end(self) -> Result {
        self.close()
    }
}
