//! From packets to frames.

use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};

use engineio_proto::Frame;

use crate::args::{ArgsWriter, Sink, ToArgs};
use crate::attachments::Attachments;
use crate::codec::encoded::Encoded;
use crate::error::EncodeError;
use crate::json::Json;
use crate::kind::PacketKind;
use crate::packet::{AckId, is_reserved_event};

/// What the arguments of a common packet fit into. Longer ones make the buffer grow, by doubling.
const PAYLOAD_GUESS: usize = 128;

/// How much more room than it needs the text of a packet may keep. Grown by doubling, it would take twice the memory that is counted for
/// it wherever it waits.
const SPARE: usize = 1024;

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
        let head = head(PacketKind::Event, 0, namespace, id, event.len() + PAYLOAD_GUESS);
        let mut sink = Sink::behind(head);
        write_event(&mut sink, event, args)?;
        let (text, attachments) = sink.finish()?;
        Ok(packet(PacketKind::Event, text, attachments))
    }

    /// The answer to the event that came with `id`.
    ///
    /// # Errors
    ///
    /// An argument cannot be written.
    pub fn ack(namespace: &str, id: AckId, args: &(impl ToArgs + ?Sized)) -> Result<Self, EncodeError> {
        let head = head(PacketKind::Ack, 0, namespace, Some(id), PAYLOAD_GUESS);
        let mut sink = Sink::behind(head);
        sink.raw("[");
        args.write_args(&mut ArgsWriter::new(&mut sink, false))?;
        sink.raw("]");
        let (text, attachments) = sink.finish()?;
        Ok(packet(PacketKind::Ack, text, attachments))
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

/// The text of a packet up to its payload, for which there is room for `payload` bytes.
pub(super) fn head(kind: PacketKind, attachments: usize, namespace: &str, id: Option<AckId>, payload: usize) -> String {
    const NUMBERS: usize = 32; // two digits in front, the number of attachments and the id
    let mut text = String::with_capacity(NUMBERS + namespace.len() + payload);
    text.push(Frame::TEXT_PREFIX);
    text.push(kind.digit());
    if attachments != 0 {
        push_number(&mut text, format_args!("{attachments}-"));
    }
    if namespace != "/" {
        text.push_str(namespace);
        text.push(',');
    }
    if let Some(id) = id {
        push_number(&mut text, format_args!("{id}"));
    }
    text
}

fn push_number(text: &mut String, number: fmt::Arguments<'_>) {
    text.write_fmt(number).expect("writing to a string cannot fail");
}

/// A packet that has no attachments.
fn plain(kind: PacketKind, namespace: &str, payload: &str) -> Encoded {
    let mut text = head(kind, 0, namespace, None, payload.len());
    text.push_str(payload);
    Encoded::with_attachments(Frame::encoded(text.into()), Attachments::NONE)
}

/// A packet that was written as if it had no attachments, which is only known in the end.
fn packet(kind: PacketKind, mut text: String, attachments: Attachments) -> Encoded {
    if let (1.., Some(binary)) = (attachments.len(), kind.with_attachments()) {
        let announced = format!("{}{}-", binary.digit(), attachments.len());
        text.replace_range(1..2, &announced); // behind the packet type of Engine.IO, instead of the kind
    }
    if text.capacity() - text.len() > SPARE {
        text.shrink_to_fit();
    }
    Encoded::with_attachments(Frame::encoded(text.into()), attachments)
}
