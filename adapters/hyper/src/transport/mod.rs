//! What servers and clients have in common on the wire.

pub(crate) mod alarm;
pub(crate) mod blocking;
pub(crate) mod deflate;
pub(crate) mod websocket;
