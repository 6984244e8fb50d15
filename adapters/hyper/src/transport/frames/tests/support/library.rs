//! The same bytes read by tungstenite, which must make the same of them. What differs on purpose is said here, and nowhere else:
//!
//! - what is wrong about a frame is said when its header has come, not when its payload has;
//! - text in several frames is looked at when it is complete, not frame by frame;
//! - a length with its highest bit set breaks the rules, and is not just too large.

use std::io::{self, Read, Write};

use engineio_proto::Gone;
use tungstenite::error::{CapacityError, Error};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{self, WebSocketConfig, WebSocketContext};

use super::super::{Close, Item, Role, Rules};
use super::outcome::Outcome;

/// The other side has sent these bytes, and waits.
struct Sent<'a>(&'a [u8]);

impl Read for Sent<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Sent<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the library makes of these bytes.
pub(crate) fn theirs(rules: Rules, bytes: &[u8]) -> Outcome {
    let config = WebSocketConfig::default()
        .max_message_size(Some(rules.max_message))
        .max_frame_size(Some(rules.max_message))
        .read_buffer_size(4 << 10);
    let role = match rules.role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    };
    let mut context = WebSocketContext::new(role, Some(config));
    let mut sent = Sent(bytes);
    let mut items = Vec::new();
    let end = loop {
        items.push(match context.read(&mut sent) {
            Ok(protocol::Message::Text(text)) => Item::Text(text.as_str().into()),
            Ok(protocol::Message::Binary(bytes)) => Item::Binary(bytes),
            Ok(protocol::Message::Ping(payload)) => Item::Ping(payload),
            Ok(protocol::Message::Pong(payload)) => Item::Pong(payload),
            Ok(protocol::Message::Close(close)) => {
                // What breaks the rules is answered with a sentence about that.
                items.push(Item::Close(close.map(|close| Close {
                    code: close.code.into(),
                    reason: match close.code {
                        CloseCode::Protocol if close.reason == "Protocol violation" => "".into(),
                        _ => close.reason.as_str().into(),
                    },
                })));
                break Some(Gone::Closed);
            }
            Ok(other) => panic!("{other} is no message"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break None,
            Err(Error::Capacity(CapacityError::MessageTooLong { size, .. })) => break Some(Gone::TooLarge { size }),
            Err(Error::Protocol(_)) => break Some(Gone::Failed { code: 1002 }),
            Err(Error::Utf8(_)) => break Some(Gone::Failed { code: 1007 }),
            Err(error) => panic!("{error}"),
        });
    };
    Outcome { items, end }
}

/// Fails unless the two agree, as far as they should.
pub(crate) fn compare(rules: Rules, bytes: &[u8]) {
    let ours = Outcome::of(rules, [bytes.to_vec()]);
    let mut theirs = self::theirs(rules, bytes);
    if theirs.end.is_none() && ours.end.is_some() {
        // They wait for a payload of whose frame it is known already that it must not come.
        let payload = vec![0; rules.max_message + 20];
        theirs = self::theirs(rules, &[bytes, &payload].concat());
    }
    match theirs.end {
        Some(Gone::Failed { code: 1007 }) if ours != theirs => {
            // Of a text that they refuse already, ours says nothing before it is complete.
            let (same, more) = ours.items.split_at(theirs.items.len());
            assert_eq!(same, theirs.items);
            let messages = more.iter().find(|item| matches!(item, Item::Text(_) | Item::Binary(_)));
            assert_eq!(messages, None);
        }
        Some(Gone::TooLarge { size }) if size > i64::MAX as usize => {
            assert_eq!(ours.end, Some(Gone::Failed { code: 1002 }));
            assert_eq!(ours.items, theirs.items);
        }
        _ => assert_eq!(ours, theirs),
    }
}
