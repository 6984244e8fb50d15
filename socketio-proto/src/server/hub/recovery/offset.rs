//! The name of one event, by which a client says how far it has read.

use core::fmt;

use engineio_proto::Sid;
use serde::{Serialize, Serializer};

use crate::{ArgsWriter, EncodeError, ToArgs};

/// Characters of chance in an offset: enough that no string of an application is taken for one by accident. They are no secret.
const TAG: usize = 8;

/// What tells the offsets of one namespace in one process from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag([u8; TAG]);

impl Tag {
    pub(super) fn new(entropy: [u8; 15]) -> Self {
        let mut tag = [0; TAG];
        tag.copy_from_slice(&Sid::from_entropy(entropy).as_str().as_bytes()[..TAG]);
        Self(tag)
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("made of characters of a sid, which are ASCII")
    }
}

/// The name of one recorded event. It travels as the last argument of that event, a string; the client gives back the last one that it
/// has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    tag: Tag,
    serial: u64,
}

impl Offset {
    pub(super) const fn new(tag: Tag, serial: u64) -> Self {
        Self { tag, serial }
    }

    /// The number that `text` spells behind `tag`; none if it is no offset of this namespace.
    pub(super) fn parse(text: &str, tag: Tag) -> Option<u64> {
        let serial = text.strip_prefix(tag.as_str())?.strip_prefix('.')?;
        u64::from_str_radix(serial, 16).ok()
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:x}", self.tag.as_str(), self.serial)
    }
}

impl Serialize for Offset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The arguments of an event that is going to be recorded: those of the application, then the offset.
#[derive(Clone, Copy, Debug)]
pub struct WithOffset<'a, A: ?Sized>(pub &'a A, pub Offset);

impl<A: ToArgs + ?Sized> ToArgs for WithOffset<'_, A> {
    fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError> {
        self.0.write_args(writer)?;
        writer.push(&self.1)
    }
}
