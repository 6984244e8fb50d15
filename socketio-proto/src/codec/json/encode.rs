//! From packets to frames.

use alloc::format;
use alloc::string::String;

use engineio_proto::Frame;

use crate::args::{ArgsWriter, Sink, ToArgs};
use crate::attachments::Attachments;
use crate::codec::encoded::Encoded;
use crate::error::EncodeError;
use crate::json::Json;
use crate::kind::PacketKind;
use crate::packet::{AckId, is_reserved_event};
use crate::text::Text;

/// The packets of the default parser. A namespace begins with `/` and holds no comma; the peer would misread any other.
impl Encoded {
    /// An event, for whose answer the sender waits under `id`, if it does.
    ///
    /// # Errors
    ///
    /// The event's name is reserved, or an argument cannot be written.
    pub fn event(
        namespace: &str,
        id: Option<AckId>,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<Self, EncodeError> {
        let mut sink = Sink::default();
        write_head(&mut sink.json, PacketKind::Event, 0, namespace, id);
        sink.begin();
        write_event(&mut sink, event, args)?;
        finish(&mut sink, PacketKind::Event)
    }

    /// The answer to the event that came with `id`.
    ///
    /// # Errors
    ///
    /// An argument cannot be written.
    pub fn ack(namespace: &str, id: AckId, args: &(impl ToArgs + ?Sized)) -> Result<Self, EncodeError> {
        let mut sink = Sink::default();
        write_head(&mut sink.json, PacketKind::Ack, 0, namespace, Some(id));
        sink.begin();
        sink.raw("[");
        args.write_args(&mut ArgsWriter::new(&mut sink, false))?;
        sink.raw("]");
        finish(&mut sink, PacketKind::Ack)
    }

    /// A client's request for a namespace with its credentials, or the server's consent with the socket's id: an object.
    #[must_use]
    pub fn connect(namespace: &str, data: Option<&Json>) -> Self {
        plain(PacketKind::Connect, namespace, data.map_or("", Json::as_str))
    }

    /// The server's refusal, as clients of revision 5 expect it: `{"message":…}`, and `"data"` if there are any.
    #[must_use]
    pub fn connect_error(namespace: &str, message: &str, data: Option<&Json>) -> Self {
        plain(PacketKind::ConnectError, namespace, &refusal(message, data))
    }

    /// The server's refusal with a payload of any shape: clients of the older revision expect a string, or what the application's
    /// error carries.
    #[must_use]
    pub fn connect_error_with(namespace: &str, payload: &Json) -> Self {
        plain(PacketKind::ConnectError, namespace, payload.as_str())
    }

    /// The sender leaves the namespace.
    #[must_use]
    pub fn disconnect(namespace: &str) -> Self {
        plain(PacketKind::Disconnect, namespace, "")
    }
}

/// The payload of a refusal.
pub(in crate::codec) fn refusal(message: &str, data: Option<&Json>) -> String {
    let message = serde_json::to_string(message).expect("a string can always be written");
    match data {
        None => format!(r#"{{"message":{message}}}"#),
        Some(data) => format!(r#"{{"message":{message},"data":{}}}"#, data.as_str()),
    }
}

/// Whether an event may have this name.
pub(in crate::codec) fn check_name(event: &str) -> Result<(), EncodeError> {
    if is_reserved_event(event) {
        return Err(EncodeError::ReservedEvent(event.into()));
    }
    Ok(())
}

/// Writes the payload of an event: its name and its arguments.
pub(super) fn write_event(sink: &mut Sink, event: &str, args: &(impl ToArgs + ?Sized)) -> Result<(), EncodeError> {
    check_name(event)?;
    sink.raw("[");
    sink.string(event);
    args.write_args(&mut ArgsWriter::new(sink, true))?;
    sink.raw("]");
    Ok(())
}

/// The text of a packet, in memory of just its size.
pub(super) fn frame(kind: PacketKind, attachments: usize, namespace: &str, id: Option<AckId>, payload: &str) -> Frame {
    let mut head = Text::default();
    write_head(&mut head, kind, attachments, namespace, id);
    let mut text = String::with_capacity(head.len() + payload.len());
    text.push_str(head.as_str());
    text.push_str(payload);
    Frame::encoded(text.into())
}

/// How the text of each kind of packet begins: Engine.IO's type of a message, and the kind.
const FIRST: [&str; 7] = ["40", "41", "42", "43", "44", "45", "46"];

/// Writes the text of a packet up to its payload.
fn write_head(text: &mut Text, kind: PacketKind, attachments: usize, namespace: &str, id: Option<AckId>) {
    text.push_str(FIRST[kind as usize]);
    if attachments != 0 {
        text.push_number(attachments as u64);
        text.push_str("-");
    }
    if namespace != "/" {
        text.push_str(namespace);
        text.push_str(",");
    }
    if let Some(AckId(id)) = id {
        text.push_number(id);
    }
}

/// A packet that has no attachments.
fn plain(kind: PacketKind, namespace: &str, payload: &str) -> Encoded {
    Encoded::with_attachments(frame(kind, 0, namespace, None, payload), Attachments::NONE)
}

/// A packet that was written as if it had no attachments, which is only known in the end.
fn finish(sink: &mut Sink, kind: PacketKind) -> Result<Encoded, EncodeError> {
    let attachments = sink.finish()?;
    let text = match (attachments.len(), kind.with_attachments()) {
        (count @ 1.., Some(binary)) => {
            // Behind the packet type of Engine.IO and the kind.
            let payload = &sink.json.as_str()[2..];
            let mut number = itoa::Buffer::new();
            [FIRST[binary as usize], number.format(count), "-", payload]
                .concat()
                .into()
        }
        _ => sink.json.take(),
    };
    Ok(Encoded::with_attachments(Frame::encoded(text), attachments))
}
