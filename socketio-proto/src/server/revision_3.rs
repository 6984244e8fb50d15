//! What clients of revision 3 expect differently.
//!
//! They are in the main namespace as soon as their session begins, they have no place for credentials but the query behind a
//! namespace (`/admin?token=…`), they know no id but the session's, and a refusal carries no object.

use alloc::collections::BTreeMap;
use alloc::format;

use bytestring::ByteString;
use engineio_proto::Sid;

use crate::{EncodeError, Encoded, Json, Parser, SocketId};

/// A namespace without the query behind it.
pub(super) fn name_of(namespace: &ByteString) -> ByteString {
    match namespace.split_once('?') {
        Some((name, _)) => namespace.slice_ref(name),
        None => namespace.clone(),
    }
}

/// The query behind a namespace as an object of strings: of a key that comes more than once the last value, as in the JavaScript server.
pub(super) fn auth_of(namespace: &str) -> Option<Json> {
    let (_, query) = namespace.split_once('?')?;
    let object: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
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
