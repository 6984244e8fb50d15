//! The frames of WebSockets, RFC 6455, section 5: bytes in, messages out, and back. No I/O, no clock.
//!
//! Only the frames are ours; the handshake is tungstenite's, and so is the other side of the tests. What a library keeps for each
//! connection, and does for each message, is most of what a small message costs; here nothing is kept between messages, and nothing is
//! cleared before it is read into.
//!
//! ```text
//!   what was read ──► Reader: whole frames, unmasked ──► Assembly: messages of one frame or many ──► Item
//!   a message ──► Writer: a header, the payload, masked by clients ──► what is to be written
//! ```

mod assembly;
mod header;
mod item;
mod mask;
mod reader;
mod recycled;
mod rules;
pub(crate) mod scratch;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use header::Kind;
pub(crate) use item::{Close, Item};
pub(crate) use reader::Reader;
pub(crate) use rules::{Role, Rules};
pub(crate) use writer::Writer;
