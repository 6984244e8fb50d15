//! The parser that every client has: JSON, with attachments beside it.

mod decoder;
mod encode;
mod event_body;
mod head;
mod read_back;

pub(super) use decoder::Outline;
pub use decoder::{Decoder, DecoderLimits};
pub(super) use encode::{check_name, refusal};
pub use event_body::EventBody;
pub use head::Head;
