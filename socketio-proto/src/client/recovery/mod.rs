//! What a client remembers to get back who it was.

mod offset;

use alloc::string::String;
use core::fmt;

use bytestring::ByteString;
use engineio_proto::Instant;

use crate::{Args, Json, json};
use offset::Offset;

/// The longest name of a client, and the longest offset, that is kept, in bytes. Those of all servers that are known have some 20.
const MAX_LEN: usize = 256;

/// Under which name one socket can come back, and up to where it has read.
///
/// Servers append an offset to every event but volatile ones, and say nothing about which these are. So the last string is an offset
/// if it looks like one, **and** goes on where the last one was; see [`Offset`] for both. The first one of all has none before it, and
/// is no offset if it may be a word.
#[derive(Default)]
pub(super) struct Recovery {
    /// The name, a secret; none if the server does not do it.
    pid: Option<String>,
    /// The offset that the server is told.
    offset: String,
    /// The last offset, and when it came.
    last: Option<(Offset, Instant)>,
    /// One that came later but does not fit. If the next one goes on from there, this is the right track.
    rival: Option<(Offset, Instant)>,
}

impl Recovery {
    /// The server has let the socket in and calls it `pid`. Says whether it is who it was before.
    pub(super) fn connected(&mut self, pid: Option<&str>) -> bool {
        let pid = pid.filter(|pid| !pid.is_empty() && pid.len() <= MAX_LEN);
        if pid.is_some() && pid == self.pid.as_deref() {
            return true;
        }
        *self = Self::default();
        self.pid = pid.map(Into::into);
        false
    }

    /// It does not come back.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes note of an event that asks for no acknowledgement. If it ends with an offset, returns its other arguments and the offset.
    pub(super) fn read(&mut self, now: Instant, args: &Args) -> Option<(Args, ByteString)> {
        if self.pid.is_none() || !args.as_json().ends_with('"') {
            return None;
        }
        let (others, last) = args.split_last()?;
        let text = last.strip_prefix('"')?.strip_suffix('"')?;
        let is_offset = self.take(now, text);
        // Where no offset was ever recognised, the server has some of its own kind; then any string may be one, as in JavaScript.
        if (is_offset || self.last.is_none()) && text.len() <= MAX_LEN && !text.contains('\\') {
            self.offset.clear();
            self.offset.push_str(text);
        }
        is_offset.then(|| (others, last.slice_ref(text)))
    }

    /// What the server is told when the socket asks to be let in: the credentials, and who it was.
    pub(super) fn introduce(&self, auth: Option<&Json>) -> Option<Json> {
        const WRITTEN: &str = "a string can always be written";
        let Some(pid) = &self.pid else { return auth.cloned() };
        let mut text = String::from(r#"{"pid":"#);
        text.push_str(&serde_json::to_string(pid).expect(WRITTEN));
        if !self.offset.is_empty() {
            text.push_str(r#","offset":"#);
            text.push_str(&serde_json::to_string(&self.offset).expect(WRITTEN));
        }
        let own = auth.and_then(|auth| json::trim(auth.as_str()).strip_prefix('{'));
        match own.map(json::trim) {
            // The application's own keys come last, so that they count where it has the same ones.
            Some(own) if own != "}" => {
                text.push(',');
                text.push_str(own);
            }
            _ => text.push('}'),
        }
        Some(Json::checked(text.into()))
    }

    /// Whether `text` is an offset.
    fn take(&mut self, now: Instant, text: &str) -> bool {
        let Some(offset) = Offset::parse(text) else {
            return false;
        };
        let follows = |before: &Option<(Offset, Instant)>| {
            before.is_some_and(|(before, at)| offset.follows(before, now.saturating_duration_since(at)))
        };
        let is_first = self.last.is_none() && !Offset::may_be_word(text);
        if is_first || follows(&self.last) || follows(&self.rival) {
            self.last = Some((offset, now));
            self.rival = None;
            return true;
        }
        self.rival = Some((offset, now));
        false
    }
}

/// Without the name, which is a secret.
impl fmt::Debug for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recovery")
            .field("is_possible", &self.pid.is_some())
            .field("offset", &self.offset)
            .field("last", &self.last)
            .field("rival", &self.rival)
            .finish()
    }
}
