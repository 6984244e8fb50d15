//! What servers of revision 3 expect, and answer, differently.
//!
//! They let a client into the main namespace as soon as its session begins, they have no place for credentials but the query behind a
//! namespace (`/admin?token=…`), and they tell no id: it is the session's.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

use engineio_proto::AnySid;
use form_urlencoded::Serializer;
use serde_json::Value;

use super::JoinError;
use crate::{Json, SocketId};

/// What is known of the main namespace, which a server lets its client into without being asked, once for each session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Root {
    /// It has not done so yet.
    #[default]
    Expected,
    /// It has.
    Joined,
    /// It was left again, or refused; it cannot be asked for.
    Over,
}

/// A namespace without the query behind it.
pub(super) fn name_of(namespace: &str) -> &str {
    namespace.split_once('?').map_or(namespace, |(name, _)| name)
}

/// The namespace with credentials behind it: each key of the object with its value, which is text or else the JSON of it, and a list
/// is its elements under the same key.
///
/// # Errors
///
/// They are no object, or nested deeper than anything that could be meant.
pub(super) fn with_query(namespace: &str, auth: &Json) -> Result<String, JoinError> {
    let object: BTreeMap<String, Value> = auth.parse().map_err(|_| JoinError::Auth)?;
    if object.is_empty() {
        return Ok(namespace.into());
    }
    let start = namespace.len() + 1;
    let mut query = Serializer::for_suffix(format!("{namespace}?"), start);
    for (key, value) in object {
        match value {
            Value::Array(values) => {
                query.extend_pairs(values.into_iter().map(|value| (&key, text_of(value))));
            }
            value => {
                query.append_pair(&key, &text_of(value));
            }
        }
    }
    Ok(query.finish())
}

/// The id of a socket: the session's, behind the namespace unless that is the main one.
pub(super) fn id_of(namespace: &str, sid: &AnySid) -> SocketId {
    match namespace {
        "/" => SocketId::new(sid.as_str()),
        other => SocketId::new(&format!("{other}#{}", sid.as_str())),
    }
}

fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
