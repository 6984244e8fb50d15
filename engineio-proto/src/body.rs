//! A polling body of either revision: checked when it comes, read when somebody wants its messages.

use bytes::Bytes;

use crate::packet::decode_base64;
use crate::payload::{Records, check_base64};
use crate::{CloseReason, DecodeError, Handshake, Message, PacketRef, revision_3};

/// A body and how far it has been read.
#[derive(Debug)]
pub(crate) enum Body {
    V4(Records),
    V3(revision_3::Records),
}

/// A packet that is no message and does something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Control<'a> {
    Close,
    Ping(&'a str),
    Pong,
}

impl Body {
    /// A body of revision 4.
    pub(crate) fn v4(body: Bytes) -> Result<Self, DecodeError> {
        Records::new(body).map(Self::V4)
    }

    /// A body of revision 3.
    pub(crate) fn v3(body: Bytes, binary: bool) -> Result<Self, DecodeError> {
        if binary {
            revision_3::Records::binary(body).map(Self::V3)
        } else {
            revision_3::Records::text(body).map(Self::V3)
        }
    }

    /// Bytes that have not been read yet.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::V4(records) => records.as_str().len(),
            Self::V3(records) => records.len(),
        }
    }

    /// Takes the open packet that a session's first body begins with.
    pub(crate) fn take_handshake(&mut self) -> Result<Handshake, DecodeError> {
        let record = match self {
            Self::V4(records) => records.next().ok_or(DecodeError::Empty)?,
            Self::V3(records) => match records.next().ok_or(DecodeError::Empty)?? {
                Message::Text(text) => text,
                Message::Binary(_) => return Err(DecodeError::Handshake),
            },
        };
        let json = record.strip_prefix('0').ok_or(DecodeError::Handshake)?;
        Handshake::decode(json)
    }

    /// Checks the packets and hands those that do something to `act`; messages are read when somebody fetches them. What it finds
    /// wrong, or `act` does, ends the session; the body is cut in front of that.
    pub(crate) fn check(
        &mut self,
        mut act: impl FnMut(Control<'_>) -> Result<(), CloseReason>,
    ) -> Result<(), CloseReason> {
        let (end, result) = match self {
            Self::V4(records) => check_4(records, &mut act),
            Self::V3(records) => check_3(records, &mut act),
        };
        match self {
            Self::V4(records) => records.truncate(end),
            Self::V3(records) => records.truncate(end),
        }
        result
    }

    /// The next message in it. What is none has had its effect when the body was checked.
    pub(crate) fn next_message(&mut self) -> Option<Message> {
        const CHECKED: &str = "a body is checked before it is kept";
        match self {
            Self::V4(records) => loop {
                let text = |text| Some(Message::Text(text));
                let message = records.next_with(text, |_, record| {
                    let base64 = record.strip_prefix('b')?;
                    Some(Message::Binary(decode_base64(base64).expect(CHECKED)))
                })?;
                if message.is_some() {
                    return message;
                }
            },
            Self::V3(records) => {
                records.find_map(|record| revision_3::message(&record.expect(CHECKED)).expect(CHECKED))
            }
        }
    }
}

type Act<'a> = dyn FnMut(Control<'_>) -> Result<(), CloseReason> + 'a;

/// How many bytes are in order, and what is wrong with the packet after them.
fn check_4(records: &Records, act: &mut Act<'_>) -> (usize, Result<(), CloseReason>) {
    let body = records.as_str();
    let mut start = 0;
    for record in records.peek() {
        let result = check_packet(record, act);
        if result.is_err() {
            return (start, result);
        }
        start += record.len() + 1;
    }
    (body.len(), Ok(()))
}

fn check_3(records: &revision_3::Records, act: &mut Act<'_>) -> (usize, Result<(), CloseReason>) {
    let length = records.len();
    let mut cursor = records.clone();
    let mut rest = length;
    while let Some(record) = cursor.next() {
        let result = record
            .map_err(CloseReason::ParseError)
            .and_then(|record| match &record {
                Message::Text(text) if !text.starts_with('b') => check_packet(text, act),
                _ => revision_3::check_message(&record).map_err(CloseReason::ParseError),
            });
        if result.is_err() {
            return (length - rest, result);
        }
        rest = cursor.len();
    }
    (length, Ok(()))
}

fn check_packet(packet: &str, act: &mut Act<'_>) -> Result<(), CloseReason> {
    match PacketRef::decode(packet).map_err(CloseReason::ParseError)? {
        // The others mean nothing in the middle of a session, and so does whatever an open packet contains.
        PacketRef::Text(_) | PacketRef::Open(_) | PacketRef::Upgrade | PacketRef::Noop => Ok(()),
        PacketRef::Close => act(Control::Close),
        PacketRef::Ping(data) => act(Control::Ping(data)),
        PacketRef::Pong(_) => act(Control::Pong),
        PacketRef::Base64(base64) => check_base64(base64).map_err(CloseReason::ParseError),
    }
}
