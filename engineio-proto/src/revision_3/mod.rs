//! Revision 3 of the protocol: the packets of revision 4 in other clothes.
//!
//! What differs from what the crate's root has, which is revision 4:
//!
//! - bytes carry their packet type, too: a byte `4` in front of a WebSocket's binary message, `b4` in front of base64;
//! - a polling body tells the length of each packet instead of separating them, and comes in two forms: as text, and as bytes
//!   for whoever can read those.
//!
//! The JavaScript client 1.x differs from all that came after it, and does not say so: over long-polling as text it writes UTF-8 twice.
//! Here it is treated as its successors are, so over that transport, and only there, it can be spoken with in ASCII alone.
//!
//! Nothing here keeps a state; [`server::Connection`](crate::server::Connection) uses it for clients that say `EIO=3`, and
//! [`client::Connection`](crate::client::Connection) if it is told to say so.

mod binary;
mod packet;
mod payload;
mod text;

use crate::Frame;

pub use binary::encode_binary_payload;
pub use packet::{decode_packet, encode_packet};
pub use payload::Payload;
pub use text::encode_payload;

pub(crate) use packet::{check_message, encode_frame, message};
pub(crate) use payload::Records;
pub(crate) use text::encode_text;

/// Bytes that a frame takes in a body, at most: in one of text if all bytes are base64, otherwise in one of either form.
pub(crate) fn encoded_len(frame: &Frame, base64: bool) -> usize {
    if base64 {
        text::encoded_len(frame)
    } else {
        binary::encoded_len(frame)
    }
}
