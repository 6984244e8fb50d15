//! Arguments of a client as the types that applications have: all at once and one by one they are the same, and nothing of it takes more
//! memory than the packet is worth.

#![no_main]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use socketio_fuzz::{bounded, messages};
use socketio_proto::{Args, ArgsError, Decoder, Packet};

/// A tree of values takes this much more than its text: a map of one key is a node with room for eleven.
const TREE: usize = 512;

#[derive(Debug, Deserialize, PartialEq)]
struct File<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    data: Option<Bytes>,
    #[serde(default)]
    parts: Vec<Bytes>,
    #[serde(default)]
    more: BTreeMap<String, Bytes>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Shape {
    Unit,
    One(Bytes),
    Pair(u8, f64),
    Named { a: i32, b: Option<Box<Shape>> },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "type")]
enum Tagged {
    A { data: Bytes },
    B { value: Value },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    List(Vec<Untagged>),
    Any(Value),
}

#[derive(Debug, Deserialize, PartialEq)]
struct Flat {
    id: u32,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Unit;

#[derive(Debug, Deserialize, PartialEq)]
struct Wrapped<T>(T);

fuzz_target!(|data: &[u8]| {
    let mut decoder = Decoder::default();
    for message in messages(data) {
        if let Ok(Some(Packet::Event { args, .. } | Packet::Ack { args, .. })) = decoder.decode(message) {
            check(&args);
        }
    }
});

fn check(args: &Args) {
    let attachments: usize = args.attachments().iter().map(Bytes::len).sum();
    let size = args.as_json().len() + 10 * attachments;
    bounded(size, TREE, || {
        same::<Value, Value>(args);
        same::<Bytes, Bytes>(args);
        same::<Shape, Option<Shape>>(args);
        same::<Tagged, Untagged>(args);
        same::<Flat, Wrapped<Bytes>>(args);
        same::<String, char>(args);
        same::<i64, u8>(args);
        same::<f64, f32>(args);
        same::<u128, bool>(args);
        same::<(Bytes, u8), Vec<Vec<Bytes>>>(args);
        same::<BTreeMap<String, Value>, BTreeMap<u8, IgnoredValue>>(args);
        same::<Unit, ()>(args);
        same_borrowed(args);
    });
    let _ = args.parse::<Wrapped<(Value,)>>();
    let _ = args.parse::<Option<(Value,)>>();
    let _ = args.parse::<()>();
    let _ = args.parse::<IgnoredAny>();
    let _ = args.parse::<Untagged>();
    assert_eq!(
        args.parse::<Vec<Value>>(),
        args.iter()
            .map(|arg| arg.parse::<Value>())
            .collect::<Result<Vec<_>, _>>()
    );
    for arg in args {
        // Beside half a surrogate pair, which serde_json does not read, nothing is read.
        if let (Some(bytes), Ok(_)) = (arg.as_bytes(), arg.parse::<Value>()) {
            assert_eq!(arg.parse::<Bytes>().as_ref(), Ok(bytes));
            assert_eq!(arg.parse::<&[u8]>().as_deref(), Ok(&bytes[..]));
            assert_eq!(
                arg.parse::<Wrapped<Option<Box<Bytes>>>>(),
                Ok(Wrapped(Some(Box::new(bytes.clone()))))
            );
        }
    }
}

/// Something that is read and looked at by nobody.
#[derive(Debug, PartialEq)]
struct IgnoredValue;

impl<'de> Deserialize<'de> for IgnoredValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// Two arguments together are what they are one after the other, and each by itself.
fn same<A: DeserializeOwned + PartialEq + Debug, B: DeserializeOwned + PartialEq + Debug>(args: &Args) {
    let mut cursor = args.cursor();
    if let Some(arg) = args.get(0) {
        assert_eq!(cursor.next::<A>(), arg.parse::<A>());
        assert_eq!(cursor.rest(), args.rest(1));
        cursor = args.cursor();
    }
    let one_by_one = cursor.next::<A>().and_then(|a| Ok((a, cursor.next::<B>()?)));
    equal(&args.parse::<(A, B)>(), &one_by_one);
}

fn same_borrowed(args: &Args) {
    let mut cursor = args.cursor();
    let one_by_one = cursor.next::<File<'_>>().and_then(|a| Ok((a, cursor.next::<&str>()?)));
    equal(&args.parse::<(File<'_>, &str)>(), &one_by_one);
}

fn equal<T: PartialEq + Debug>(together: &Result<T, ArgsError>, one_by_one: &Result<T, ArgsError>) {
    match (together, one_by_one) {
        (Ok(together), Ok(one_by_one)) => assert_eq!(together, one_by_one),
        (Err(together), Err(one_by_one)) => assert_eq!(together.index(), one_by_one.index(), "{together} {one_by_one}"),
        (together, one_by_one) => panic!("{together:?}, but {one_by_one:?}"),
    }
}
