//! Where arguments are written.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use bytes::Bytes;

use super::list::Args;
use crate::attachments::Attachments;
use crate::error::EncodeError;
use crate::json::{self, Placeholders};
use crate::text::Text;

/// JSON in the making, and the attachments that belong to it.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    pub(crate) json: Text,
    /// Where the payload begins.
    start: usize,
    /// The attachments of arguments that are relayed as they are. They come first.
    relayed: Attachments,
    own: Vec<Bytes>,
    /// How many placeholders were written for attachments.
    placeholders: usize,
    /// Something was written that may look like a placeholder and be none.
    misleading: bool,
}

/// A place in a [`Sink`] to which it can go back.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Mark {
    json: usize,
    own: usize,
    placeholders: usize,
}

impl Sink {
    /// For a payload alone, of about `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            json: Text::with_capacity(capacity),
            ..Self::default()
        }
    }

    /// What was written is no payload, but what comes before it.
    pub(crate) fn begin(&mut self) {
        self.start = self.json.len();
    }

    /// Writes what is JSON already and opens no object: for that there is [`open`](Self::open).
    pub(crate) fn raw(&mut self, json: &str) {
        self.json.push_str(json);
    }

    /// Writes what an array or an object of the application begins with.
    #[inline]
    pub(crate) fn open(&mut self, json: &str) {
        self.misleading |= json == "{";
        self.raw(json);
    }

    /// What is written next may look like a placeholder.
    pub(crate) const fn may_mislead(&mut self) {
        self.misleading = true;
    }

    /// Writes a whole number.
    pub(crate) fn integer(&mut self, value: impl itoa::Integer) {
        self.json.push_str(itoa::Buffer::new().format(value));
    }

    /// Writes what needs no escapes.
    pub(crate) fn display(&mut self, value: impl fmt::Display) {
        write!(self.json, "{value}").expect("writing to a string cannot fail");
    }

    /// Writes a number that is finite: the shortest that is read as the same one.
    pub(crate) fn float(&mut self, value: impl zmij::Float) {
        self.json.push_str(zmij::Buffer::new().format_finite(value));
    }

    /// Writes a string.
    pub(crate) fn string(&mut self, text: &str) {
        if json::is_plain(text) {
            self.json.push_quoted(text);
        } else {
            self.raw("\"");
            json::escape(&mut self.json, text);
            self.raw("\"");
        }
    }

    /// Attaches `bytes`, and writes their placeholder.
    pub(crate) fn attach(&mut self, bytes: Bytes) {
        let num = self.attachments();
        self.own.push(bytes);
        self.placeholders += 1;
        self.raw(r#"{"_placeholder":true,"num":"#);
        self.integer(num);
        self.raw("}");
    }

    /// Writes arguments as they are, none of which is an attachment.
    #[inline]
    pub(super) fn relay_text(&mut self, elements: &str) {
        self.may_mislead();
        self.raw(elements);
    }

    /// Writes arguments as they are, whose placeholders name some of the attachments that they have, and attaches those, none of them copied.
    pub(super) fn relay(&mut self, args: &Args) -> Result<(), EncodeError> {
        let (elements, attachments) = (args.as_json(), args.shared_attachments());
        if let (0, Some(placeholders)) = (self.attachments(), args.placeholders()) {
            self.placeholders += placeholders.get() as usize;
            self.relayed = attachments.clone();
            self.raw(elements);
            return Ok(());
        }
        let mut named = vec![false; attachments.len()];
        for found in Placeholders::of(elements) {
            let num = found.map_err(|_| EncodeError::Lookalike)?.num;
            *named.get_mut(num).ok_or(EncodeError::Lookalike)? = true;
            self.placeholders += 1;
        }
        if self.attachments() == 0 && named.iter().all(|named| *named) {
            self.relayed = attachments.clone();
            self.raw(elements);
            return Ok(());
        }
        let before = self.attachments();
        let mut written = 0;
        for found in Placeholders::of(elements).flatten() {
            self.raw(&elements[written..found.digits.start]);
            self.integer(before + named[..found.num].iter().filter(|named| **named).count());
            written = found.digits.end;
        }
        self.raw(&elements[written..]);
        let named = attachments.iter().zip(named).filter(|(_, named)| *named);
        self.own.extend(named.map(|(attachment, _)| attachment.clone()));
        Ok(())
    }

    /// Forgets what was written since `mark`.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.json.truncate(mark.json);
        self.own.truncate(mark.own);
        self.placeholders = mark.placeholders;
    }

    /// Where it is.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            json: self.json.len(),
            own: self.own.len(),
            placeholders: self.placeholders,
        }
    }

    /// The attachments that belong to the text.
    ///
    /// # Errors
    ///
    /// With attachments, something in the payload looks like a placeholder and is none.
    pub(crate) fn finish(&mut self) -> Result<Attachments, EncodeError> {
        if self.misleading && self.attachments() != 0 {
            let mut real = self.placeholders;
            for found in Placeholders::of(&self.json.as_str()[self.start..]) {
                real = found
                    .ok()
                    .and_then(|_| real.checked_sub(1))
                    .ok_or(EncodeError::Lookalike)?;
            }
        }
        let attachments = if self.own.is_empty() {
            core::mem::take(&mut self.relayed)
        } else {
            let mut all = self.relayed.to_vec();
            all.append(&mut self.own);
            all.into()
        };
        Ok(attachments)
    }

    fn attachments(&self) -> usize {
        self.relayed.len() + self.own.len()
    }
}
