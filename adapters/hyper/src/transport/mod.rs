//! What servers and clients have in common on the wire.

pub(crate) mod alarm;
#[cfg(feature = "tls")]
pub(crate) mod blocking;
pub(crate) mod deflate;
mod frames;
pub(crate) mod websocket;
