//! What clients of revision 3 expect differently.
//!
//! They are in the main namespace as soon as their session begins, they have no place for credentials but the query behind a
//! namespace (`/admin?token=…`), they know no id but the session's, and a refusal carries no object.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use bytestring::ByteString;
use engineio_proto::Sid;
use serde::Serialize;

use crate::{EncodeError, Encoded, Json, Parser, SocketId};

/// The value of one key of a query.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Once(Cow<'a, str>),
    Again(Vec<Cow<'a, str>>),
}

/// A namespace without the query behind it.
pub(super) fn name_of(namespace: &ByteString) -> ByteString {
    match namespace.split_once('?') {
        Some((name, _)) => namespace.slice_ref(name),
        None => namespace.clone(),
    }
}

/// The query behind a namespace as an object: a string for each key, or a list of them for one that comes more than once.
pub(super) fn auth_of(namespace: &str) -> Option<Json> {
    let (_, query) = namespace.split_once('?')?;
    let mut object: BTreeMap<_, Value<'_>> = BTreeMap::new();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match object.get_mut(&key) {
            None => {
                object.insert(key, Value::Once(value));
            }
            Some(Value::Again(values)) => values.push(value),
            Some(once) => {
                let first = core::mem::replace(once, Value::Again(Vec::new()));
                if let (Value::Once(first), Value::Again(values)) = (first, once) {
                    values.extend([first, value]);
                }
            }
        }
    }
    Some(Json::encode(&object).expect("strings are JSON"))
}

/// The id of a socket: the session's, behind the namespace unless that is the main one.
pub(super) fn id_of(namespace: &str, sid: Sid) -> SocketId {
    match namespace {
        "/" => SocketId::new(sid.as_str()),
        other => SocketId::new(&format!("{other}#{}", sid.as_str())),
    }
}

/// A refusal: the data of the application's error or, without any, its message. Of that time, only the default parser takes more than
/// a string: npm's `socket.io-msgpack-parser` 2.x throws where its client does not expect it.
pub(super) fn refusal(
    parser: &Parser,
    namespace: &str,
    message: &str,
    data: Option<&Json>,
) -> Result<Encoded, EncodeError> {
    match data.filter(|_| parser.is_default()) {
        Some(data) => parser.connect_error_with(namespace, data),
        None => parser.connect_error_with(namespace, &Json::encode(message).expect("a string is JSON")),
    }
}
