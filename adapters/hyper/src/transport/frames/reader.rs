//! Frames of what is read.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use engineio_proto::Gone;

use super::assembly::Assembly;
use super::header::{Header, MAX_HEADER};
use super::item::Item;
use super::mask;
use super::recycled;
use super::rules::Rules;

/// Bytes of frames that share memory, if they came together: whoever keeps one of them, in a queue that counts only this one, keeps no
/// more than that of others. A larger frame has memory of its own.
const GROUP: usize = 1 << 10;

/// Reads what the other side of a WebSocket sends.
///
/// It keeps nothing while nothing is under way, and of a frame that is under way what has come of it, not what it promises.
#[derive(Debug)]
pub(crate) struct Reader {
    rules: Rules,
    /// A frame that came alone or in several pieces, which is in front of the others.
    single: Option<(Header, Bytes)>,
    /// Frames that came whole, headers and all, unmasked.
    group: Bytes,
    /// More of them.
    groups: VecDeque<Bytes>,
    /// The frame behind them.
    coming: Coming,
    assembly: Assembly,
    /// What is wrong behind all of that.
    broken: Option<Gone>,
}

/// A frame that is not complete.
#[derive(Debug)]
enum Coming {
    Nothing,
    /// So many bytes of its header have come.
    Header {
        bytes: [u8; MAX_HEADER],
        filled: usize,
    },
    /// So much of its payload has come, and was unmasked.
    Payload {
        header: Header,
        bytes: Vec<u8>,
    },
}

impl Reader {
    pub(crate) const fn new(rules: Rules) -> Self {
        Self {
            rules,
            single: None,
            group: Bytes::new(),
            groups: VecDeque::new(),
            coming: Coming::Nothing,
            assembly: Assembly::new(),
            broken: None,
        }
    }

    /// Takes what was read, which is unmasked where it is. What was read before has been fetched by then: no more than one read waits.
    pub(crate) fn handle(&mut self, bytes: &mut [u8]) {
        debug_assert!(
            self.single.is_none() && self.group.is_empty(),
            "frames that wait would be overtaken"
        );
        if self.broken.is_some() {
            return;
        }
        let bytes = self.go_on(bytes);
        if bytes.is_empty() || self.broken.is_some() || self.is_single(bytes) {
            return;
        }
        let (mut begin, mut end) = (0, 0);
        loop {
            let (header, head) = match Header::parse(&bytes[end..], &self.rules) {
                Ok(Some(parsed)) => parsed,
                Ok(None) => {
                    self.begin_header(&bytes[end..]);
                    break;
                }
                Err(gone) => {
                    self.broken = Some(gone);
                    break;
                }
            };
            let payload = &mut bytes[end + head..];
            if payload.len() < header.length {
                self.begin_payload(header, payload);
                break;
            }
            if let Some(key) = header.key {
                mask::apply(&mut payload[..header.length], key);
            }
            let frame = head + header.length;
            if end - begin + frame > GROUP {
                self.keep(&bytes[begin..end]);
                begin = end;
            }
            end += frame;
        }
        self.keep(&bytes[begin..end]);
    }

    /// The next thing in what was read. None if that ends before it; an error is the last thing that comes.
    pub(crate) fn poll(&mut self) -> Result<Option<Item>, Gone> {
        let result = self.poll_item();
        if let Err(gone) = result {
            self.stop(gone);
        }
        result
    }

    /// Forgets what was read, and reads no more.
    pub(crate) fn stop(&mut self, gone: Gone) {
        *self = Self::new(self.rules);
        self.broken = Some(gone);
    }

    /// Bytes of memory that are held for what is under way.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let single = self.single.as_ref().map_or(0, |(_, payload)| payload.len());
        let groups: usize = self.groups.iter().map(Bytes::len).sum();
        let list = self.groups.capacity() * size_of::<Bytes>();
        let coming = match &self.coming {
            Coming::Nothing | Coming::Header { .. } => 0,
            Coming::Payload { bytes, .. } => bytes.capacity(),
        };
        single + self.group.len() + groups + list + coming + self.assembly.held()
    }

    /// Takes what belongs to the frame that is under way. Returns the rest.
    fn go_on<'a>(&mut self, mut bytes: &'a mut [u8]) -> &'a mut [u8] {
        if let Coming::Header { bytes: begun, filled } = &mut self.coming {
            let before = *filled;
            let here = bytes.len().min(MAX_HEADER - before);
            begun[before..before + here].copy_from_slice(&bytes[..here]);
            match Header::parse(&begun[..before + here], &self.rules) {
                Ok(Some((header, head))) => {
                    bytes = &mut bytes[head - before..];
                    self.coming = Coming::Payload {
                        header,
                        bytes: Vec::new(),
                    };
                }
                Ok(None) => {
                    *filled += here;
                    return &mut [];
                }
                Err(gone) => {
                    self.broken = Some(gone);
                    return &mut [];
                }
            }
        }
        if let Coming::Payload { header, bytes: begun } = &mut self.coming {
            let (here, rest) = bytes.split_at_mut(bytes.len().min(header.length - begun.len()));
            if let Some(key) = header.key {
                mask::apply(here, mask::behind(key, begun.len()));
            }
            // It grows with what comes, and in the end it has no more room than it needs.
            if begun.capacity() - begun.len() < here.len() {
                let most = header.length - begun.len();
                begun.reserve_exact(begun.len().max(here.len()).min(most));
            }
            begun.extend_from_slice(here);
            if begun.len() == header.length {
                self.single = Some((*header, std::mem::take(begun).into()));
                self.coming = Coming::Nothing;
            }
            bytes = rest;
        }
        bytes
    }

    /// Takes bytes that are one whole frame: a message that comes alone has memory of its own. Says whether they were that.
    fn is_single(&mut self, bytes: &mut [u8]) -> bool {
        let Ok(Some((header, head))) = Header::parse(bytes, &self.rules) else {
            return false;
        };
        let payload = &mut bytes[head..];
        if payload.len() != header.length || self.single.is_some() {
            return false;
        }
        if let Some(key) = header.key {
            mask::apply(payload, key);
        }
        self.single = Some((header, recycled::copy(payload)));
        true
    }

    fn begin_header(&mut self, begun: &[u8]) {
        if !begun.is_empty() {
            let mut bytes = [0; MAX_HEADER];
            bytes[..begun.len()].copy_from_slice(begun);
            let filled = begun.len();
            self.coming = Coming::Header { bytes, filled };
        }
    }

    fn begin_payload(&mut self, header: Header, begun: &mut [u8]) {
        if let Some(key) = header.key {
            mask::apply(begun, key);
        }
        let bytes = begun.to_vec();
        self.coming = Coming::Payload { header, bytes };
    }

    fn keep(&mut self, frames: &[u8]) {
        if frames.is_empty() {
            return;
        }
        let frames = recycled::copy(frames);
        if self.group.is_empty() {
            self.group = frames;
        } else {
            self.groups.push_back(frames);
        }
    }

    fn poll_item(&mut self) -> Result<Option<Item>, Gone> {
        if let Some((header, payload)) = self.next_frame()? {
            let item = self.assembly.add(&header, payload, &self.rules)?;
            return Ok(Some(item.unwrap_or(Item::Fragment)));
        }
        if let Coming::Payload { header, .. } = &self.coming {
            self.assembly.check(header, &self.rules)?; // now, when little of it has come
        }
        self.broken.map_or(Ok(None), Err)
    }

    fn next_frame(&mut self) -> Result<Option<(Header, Bytes)>, Gone> {
        if self.single.is_some() {
            return Ok(self.single.take());
        }
        let Some((header, head)) = Header::parse(&self.group, &self.rules)? else {
            return Ok(None);
        };
        let mut frame = self.group.split_to(head + header.length);
        frame.advance(head);
        if self.group.is_empty() {
            self.group = self.groups.pop_front().unwrap_or_default();
            if self.groups.is_empty() {
                self.groups = VecDeque::new();
            }
        }
        Ok(Some((header, frame)))
    }
}
