//! What can be arguments.

use bytes::Bytes;
use serde::Serialize;

use super::list::Args;
use super::ser::ValueSerializer;
use super::sink::Sink;
use crate::error::EncodeError;

/// What an event can be sent with.
///
/// | value | arguments |
/// | --- | --- |
/// | `()` | none |
/// | a tuple, or an array `[T; N]` | one for each element |
/// | [`Args`] | those, as they arrived: nothing is parsed, and no attachment copied |
/// | anything else that is `Serialize`: a string, a struct, a `Vec` | one |
///
/// Wherever a value serialises bytes, as [`Bytes`] and the types of `serde_bytes` do, they are copied to an attachment.
/// `Vec<u8>` does not: it is an array of numbers. [`ArgsWriter::push_bytes`] copies nothing.
///
/// Implement this where neither is enough.
///
/// ```
/// # use socketio_proto::{Args, ArgsWriter, EncodeError, ToArgs};
/// /// Arguments of someone else, and one more.
/// struct WithOffset<'a>(&'a Args, &'a str);
///
/// impl ToArgs for WithOffset<'_> {
///     fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError> {
///         writer.push_args(self.0)?;
///         writer.push(self.1)
///     }
/// }
/// ```
pub trait ToArgs {
    /// Writes them.
    ///
    /// # Errors
    ///
    /// A value that cannot be written.
    fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError>;
}

impl<T: Serialize + ?Sized> ToArgs for T {
    fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError> {
        writer.write(|sink| self.serialize(ValueSerializer::list(sink)))
    }
}

impl ToArgs for Args {
    fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError> {
        writer.push_args(self)
    }
}

impl ToArgs for &Args {
    fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError> {
        writer.push_args(self)
    }
}

/// Writes the arguments of one packet.
#[derive(Debug)]
pub struct ArgsWriter<'s> {
    sink: &'s mut Sink,
    /// Whether a comma must come before the next argument.
    follows: bool,
}

impl<'s> ArgsWriter<'s> {
    /// Writes arguments behind an array's opening bracket, or behind an event's name.
    pub(crate) const fn new(sink: &'s mut Sink, behind_name: bool) -> Self {
        Self {
            sink,
            follows: behind_name,
        }
    }

    /// Adds one argument, whatever it is: a tuple is an array here.
    ///
    /// # Errors
    ///
    /// The value cannot be written.
    pub fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.write(|sink| value.serialize(ValueSerializer::value(sink)))
    }

    /// Adds one argument that is an attachment, without copying it.
    pub fn push_bytes(&mut self, bytes: Bytes) {
        let attach = |sink: &mut Sink| {
            sink.attach(bytes);
            Ok(())
        };
        self.write(attach).expect("an attachment can always be written");
    }

    /// Adds arguments as they arrived. Their attachments come along, none of them copied and only those that are named; their
    /// placeholders are numbered anew where they have to be.
    ///
    /// # Errors
    ///
    /// None for arguments that were decoded or encoded. [`EncodeError::Lookalike`] otherwise.
    pub fn push_args(&mut self, args: &Args) -> Result<(), EncodeError> {
        if args.attachments().is_empty() {
            if !args.is_empty() {
                if self.follows {
                    self.sink.raw(",");
                }
                self.sink.relay_text(args.as_json());
                self.follows = true;
            }
            return Ok(());
        }
        self.write(|sink| sink.relay(args))
    }

    /// Writes a list of arguments that may turn out to be empty.
    fn write(&mut self, list: impl FnOnce(&mut Sink) -> Result<(), EncodeError>) -> Result<(), EncodeError> {
        let before = self.sink.mark();
        if self.follows {
            self.sink.raw(",");
        }
        let start = self.sink.mark();
        let result = list(self.sink);
        if result.is_err() || self.sink.mark() == start {
            self.sink.back_to(before);
        } else {
            self.follows = true;
        }
        result
    }
}

impl Args {
    /// Writes `args` for later.
    ///
    /// # Errors
    ///
    /// A value that cannot be written, or that only looks like an attachment.
    pub fn encode(args: &(impl ToArgs + ?Sized)) -> Result<Self, EncodeError> {
        let mut sink = Sink::default();
        args.write_args(&mut ArgsWriter::new(&mut sink, false))?;
        let attachments = sink.finish()?;
        Ok(Self::from_parts(sink.json.take(), attachments))
    }
}
