//! Reading one argument.

use bytes::Bytes;
use serde::de::DeserializeSeed;

use super::binary::WithAttachments;

/// Reads a JSON value that is known to be valid, with the attachments that its placeholders name. Without any, this is
/// `serde_json` and nothing else.
pub(super) fn read<'de, S: DeserializeSeed<'de>>(
    seed: S,
    json: &'de str,
    attachments: &'de [Bytes],
) -> Result<S::Value, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(json);
    if attachments.is_empty() {
        seed.deserialize(&mut json)
    } else {
        seed.deserialize(WithAttachments {
            inner: &mut json,
            attachments,
        })
    }
}

/// Reads what is not there, as `null`: an `Option` is `None`, most else an error.
pub(super) fn read_missing<'de, S: DeserializeSeed<'de>>(seed: S) -> Option<S::Value> {
    read(seed, "null", &[]).ok()
}
