//! Values with bytes in them, of any shape.

use bytes::Bytes;
use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use socketio_hyper::{Args, ArgsError};

/// A value as JSON shows it, with placeholders where its bytes are: written again, it is what it was.
pub(crate) struct Tree<'a> {
    value: &'a Value,
    attachments: &'a [Bytes],
}

impl<'a> Tree<'a> {
    pub(crate) const fn new(value: &'a Value, attachments: &'a [Bytes]) -> Self {
        Self { value, attachments }
    }

    /// How many pieces of bytes are anywhere in it.
    pub(crate) fn count_binary(&self) -> usize {
        match self.value {
            _ if self.bytes().is_some() => 1,
            Value::Array(values) => values.iter().map(|value| self.child(value).count_binary()).sum(),
            Value::Object(fields) => fields.values().map(|value| self.child(value).count_binary()).sum(),
            _ => 0,
        }
    }

    fn child<'b>(&'b self, value: &'b Value) -> Tree<'b> {
        Tree {
            value,
            attachments: self.attachments,
        }
    }

    fn bytes(&self) -> Option<&Bytes> {
        if self.attachments.is_empty() || self.value.get("_placeholder") != Some(&Value::Bool(true)) {
            return None;
        }
        let index = self.value.get("num")?.as_u64()?;
        self.attachments.get(usize::try_from(index).ok()?)
    }
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            _ if self.bytes().is_some() => self.bytes().serialize(serializer),
            Value::Array(values) => serializer.collect_seq(values.iter().map(|value| self.child(value))),
            Value::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(name, value)| (name, self.child(value))))
            }
            other => other.serialize(serializer),
        }
    }
}

/// A value that is kept, with its bytes.
#[derive(Clone)]
pub(crate) struct Kept {
    value: Value,
    attachments: Vec<Bytes>,
}

impl Kept {
    /// The first of these arguments.
    pub(crate) fn first(args: &Args) -> Result<Self, ArgsError> {
        let (value,) = args.parse()?;
        Ok(Self {
            value,
            attachments: args.attachments().to_vec(),
        })
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Tree::new(&self.value, &self.attachments).serialize(serializer)
    }
}

/// The answer to `binary`.
#[derive(serde::Serialize)]
pub(crate) struct Back<'a> {
    pub(crate) args: Vec<Tree<'a>>,
    pub(crate) n: usize,
}

/// The answer to `timeout-ack`.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AckResult<'a> {
    pub(crate) timed_out: bool,
    pub(crate) args: Vec<Tree<'a>>,
}

/// The answer to `broadcast-ack`.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BroadcastResult<'a> {
    pub(crate) timed_out: bool,
    pub(crate) responses: Vec<Tree<'a>>,
}

/// The answer to `send-binary`.
#[derive(serde::Serialize)]
pub(crate) struct Blobs {
    blobs: Vec<Bytes>,
    nested: Nested,
}

#[derive(serde::Serialize)]
struct Nested {
    deep: [Deep; 1],
}

#[derive(serde::Serialize)]
struct Deep {
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Bytes>,
}

impl Blobs {
    pub(crate) fn new(blobs: Vec<Bytes>) -> Self {
        let last = blobs.last().cloned();
        Self {
            blobs,
            nested: Nested { deep: [Deep { last }] },
        }
    }
}
