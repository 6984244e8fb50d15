//! From the frames of an event back to what it says.

use alloc::borrow::Cow;

use engineio_proto::{Frame, Message};

use super::head::Head;
use crate::args::Args;
use crate::codec::encoded::Encoded;
use crate::event_name::EventName;

impl Encoded {
    /// Reads back the name and the arguments of an event that the default parser has written, for whoever watches what is sent. They
    /// share the memory of the packet. `None` if it is no event. See [`Parser::to_event`](crate::Parser::to_event) for any parser.
    #[must_use]
    pub fn to_event(&self) -> Option<(EventName, Args)> {
        let Message::Text(text) = self.first().as_message() else {
            return None;
        };
        let packet = text.strip_prefix(Frame::TEXT_PREFIX)?;
        let head = Head::parse(packet, usize::MAX).ok()?;
        let (name, elements) = head.event()?;
        let args = Args::from_parts(text.slice_ref(elements), self.attachments()?.clone());
        let name = match name {
            Cow::Borrowed(name) => EventName::of(name, text),
            Cow::Owned(name) => name.into(),
        };
        Some((name, args))
    }
}
