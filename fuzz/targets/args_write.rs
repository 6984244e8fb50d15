//! Values of the application: what is written is what serde_json writes, with the bytes beside it, and reads back as it was.

#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use bytes::Bytes;
use engineio_proto::{Message, Revision};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use socketio_fuzz::resolved;
use socketio_proto::{
    AckId, Args, Decoder, DecoderLimits, EncodeError, Encoded, MessagePack, Packet, PacketParser, Parser,
};

/// What an application may send.
#[derive(Arbitrary, Debug)]
enum Tree {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Tree>),
    Map(BTreeMap<Key, Tree>),
    Some(Box<Tree>),
    Variant(Box<Tree>),
}

/// The keys that matter, and others.
#[derive(Arbitrary, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Placeholder,
    Num,
    Int(i8),
    Bool(bool),
    Text(String),
}

fuzz_target!(|input: (Vec<Tree>, Option<u64>)| {
    let (trees, id) = input;
    let mut expected = Vec::new();
    let mut bytes = 0;
    for tree in &trees {
        expected.push(tree.value(&mut bytes));
    }
    // A tuple is a list of arguments, but its length is in its type. One by one they are the same.
    struct List<'a>(&'a [Tree]);
    impl socketio_proto::ToArgs for List<'_> {
        fn write_args(&self, writer: &mut socketio_proto::ArgsWriter<'_>) -> Result<(), EncodeError> {
            self.0.iter().try_for_each(|tree| writer.push(tree))
        }
    }
    let args = match Args::encode(&List(&trees)) {
        Ok(args) => args,
        Err(EncodeError::Lookalike) => {
            assert!(bytes > 0 && trees.iter().any(Tree::has_lookalike));
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(args.len(), trees.len());
    assert_eq!(args.attachments().len(), bytes);
    let depth = trees.iter().map(Tree::depth).max().unwrap_or(0);
    if depth < 100 {
        assert_eq!(resolved(&args), Some(expected));
    }
    if depth < 100 {
        assert_eq!(
            resolved(&by_msgpack(&args)).map(same_numbers),
            resolved(&args).map(same_numbers)
        );
    }
    let packet = Encoded::event("/e", id.map(AckId), "e", &args).expect("it was written before");
    assert_eq!(packet.frame_count(), 1 + bytes);
    let mut decoder = Decoder::new(DecoderLimits {
        max_attachments: usize::MAX,
        max_attachment_bytes: usize::MAX,
    });
    let mut decoded = None;
    for frame in packet.frames() {
        let message = match frame.into_message() {
            Message::Text(text) => Message::Text(text[1..].into()),
            binary => binary,
        };
        decoded = decoder.decode(message).expect("it is a packet");
    }
    let Some(Packet::Event { args: again, .. }) = decoded else {
        panic!("it is an event")
    };
    assert_eq!(again, args);
});

/// What a peer reads that has the MessagePack parser.
fn by_msgpack(args: &Args) -> Args {
    let packet = Parser::msgpack()
        .event("/", None, "e", args)
        .expect("it was written before");
    let limits = DecoderLimits {
        max_attachments: usize::MAX,
        max_attachment_bytes: usize::MAX,
    };
    let frame = packet.frames().next().expect("it is one message");
    match MessagePack.decoder(Revision::V4, limits).decode(frame.into_message()) {
        Ok(Some(Packet::Event { args, .. })) => args,
        other => panic!("{other:?}"),
    }
}

/// Numbers as JavaScript has them: those without a fraction are integers, beyond 2^53 not all of them, and there is one zero.
fn same_numbers(values: Vec<Value>) -> Vec<Value> {
    values.into_iter().map(same_number).collect()
}

fn same_number(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().expect("every number has one that is near");
            match float.fract() == 0.0 && float.abs() < 2f64.powi(53) {
                true => Value::from(float as i64),
                false => Value::from(float),
            }
        }
        Value::Array(values) => Value::Array(same_numbers(values)),
        Value::Object(members) => {
            let members = members.into_iter();
            Value::Object(members.map(|(key, value)| (key, same_number(value))).collect())
        }
        other => other,
    }
}

impl Tree {
    /// What the peer reads, as [`resolved`] says it, and how many attachments there are.
    fn value(&self, bytes: &mut usize) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::from(*value),
            Self::Int(value) => Value::from(*value),
            Self::Float(value) => Value::from(*value),
            Self::Char(value) => Value::from(value.to_string()),
            Self::Text(text) => Value::from(text.as_str()),
            Self::Bytes(value) => {
                *bytes += 1;
                Value::from(format!("{:?}", Bytes::copy_from_slice(value)))
            }
            Self::List(list) => list.iter().map(|tree| tree.value(bytes)).collect(),
            Self::Map(map) => {
                let mut object = Map::new();
                for (key, tree) in map {
                    object.insert(key.text(), tree.value(bytes));
                }
                Value::Object(object)
            }
            Self::Some(tree) => tree.value(bytes),
            Self::Variant(tree) => Value::Object([("variant".to_owned(), tree.value(bytes))].into_iter().collect()),
        }
    }

    /// Whether there is an object that the peer could take for a placeholder.
    fn has_lookalike(&self) -> bool {
        match self {
            Self::List(list) => list.iter().any(Self::has_lookalike),
            Self::Map(map) => map
                .iter()
                .any(|(key, tree)| key.text() == "_placeholder" || tree.has_lookalike()),
            Self::Some(tree) | Self::Variant(tree) => tree.has_lookalike(),
            _ => false,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::List(list) => 1 + list.iter().map(Self::depth).max().unwrap_or(0),
            Self::Map(map) => 1 + map.values().map(Self::depth).max().unwrap_or(0),
            Self::Some(tree) | Self::Variant(tree) => 1 + tree.depth(),
            _ => 0,
        }
    }
}

impl Key {
    fn text(&self) -> String {
        match self {
            Self::Placeholder => "_placeholder".into(),
            Self::Num => "num".into(),
            Self::Int(value) => value.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Char(value) => serializer.serialize_char(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(list) => list.serialize(serializer),
            Self::Map(map) => map.serialize(serializer),
            Self::Some(tree) => serializer.serialize_some(tree),
            Self::Variant(tree) => serializer.serialize_newtype_variant("Tree", 0, "variant", tree),
        }
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Int(value) => serializer.serialize_i8(*value),
            Self::Bool(value) => serializer.serialize_bool(*value),
            other => serializer.serialize_str(&other.text()),
        }
    }
}
