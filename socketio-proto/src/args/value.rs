//! Reading one argument.

use bytes::Bytes;
use serde::de::{DeserializeSeed, IgnoredAny};

use super::binary::WithAttachments;

/// Reads the first of some elements, which are known to be valid, with the attachments that its placeholders name. Without any, this is
/// `serde_json` and nothing else. Also returns how many bytes it took.
pub(super) fn read<'de, S: DeserializeSeed<'de>>(
    seed: S,
    elements: &'de str,
    attachments: &'de [Bytes],
) -> Result<(S::Value, usize), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(elements);
    let value = if attachments.is_empty() {
        seed.deserialize(&mut json)?
    } else {
        seed.deserialize(WithAttachments {
            inner: &mut json,
            attachments,
        })?
    };
    Ok((value, json.into_iter::<IgnoredAny>().byte_offset()))
}

/// Reads what is not there, as `null`: an `Option` is `None`, most else an error.
pub(super) fn read_missing<'de, S: DeserializeSeed<'de>>(seed: S) -> Option<S::Value> {
    read(seed, "null", &[]).ok().map(|(value, _)| value)
}
