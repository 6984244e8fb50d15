//! What clients of revision 3 do differently: they have version 2.x of npm's package.
//!
//! There, packets without a payload are objects of JSON, and an event with binary data still says that it is of a kind of its own,
//! though the data are inside. What the server sends may be the same for both.

use alloc::borrow::Cow;

use bytestring::ByteString;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::DecodeError;
use crate::kind::PacketKind;
use crate::packet::Packet;

/// A packet without a payload.
#[derive(Deserialize)]
struct Plain<'a> {
    r#type: u8,
    #[serde(borrow)]
    nsp: Cow<'a, str>,
    data: Option<IgnoredAny>,
}

/// The packet that a message of text says: a client joins a namespace or leaves it.
pub(super) fn packet(text: &ByteString) -> Result<Packet, DecodeError> {
    let plain: Plain<'_> =
        serde_json::from_str(text).map_err(|_| DecodeError::Malformed("a text message that is no packet"))?;
    let namespace = match plain.nsp {
        Cow::Borrowed(nsp) => text.slice_ref(nsp),
        Cow::Owned(nsp) => nsp.into(),
    };
    let (kind, packet) = match plain.r#type {
        0 => (PacketKind::Connect, Packet::Connect { namespace, data: None }),
        1 => (PacketKind::Disconnect, Packet::Disconnect { namespace }),
        _ => return Err(DecodeError::Malformed("a text message that should be MessagePack")),
    };
    if plain.data.is_some() {
        return Err(DecodeError::PayloadShape(kind));
    }
    Ok(packet)
}
