//! What comes of frames.

use bytes::{Buf, Bytes};
use bytestring::ByteString;
use engineio_proto::Gone;

use super::header::Kind;
use super::rules::{FAILED, NOT_TEXT};

/// What the other side has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Text(ByteString),
    Binary(Bytes),
    /// A message that is to be inflated; only then it is known whether text is text.
    Compressed {
        text: bool,
        bytes: Bytes,
    },
    /// A part of a message that is not complete.
    Fragment,
    Ping(Bytes),
    Pong(Bytes),
    /// It says nothing after that.
    Close(Option<Close>),
}

impl Item {
    pub(super) fn message(kind: Kind, compressed: bool, bytes: Bytes) -> Result<Self, Gone> {
        let text = kind == Kind::Text;
        Ok(if compressed {
            Self::Compressed { text, bytes }
        } else if text {
            Self::Text(ByteString::try_from(bytes).map_err(|_| NOT_TEXT)?)
        } else {
            Self::Binary(bytes)
        })
    }

    pub(super) fn close(payload: Bytes) -> Result<Self, Gone> {
        Ok(Self::Close(Close::parse(payload)?))
    }
}

/// Why a WebSocket is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: u16,
    pub(crate) reason: ByteString,
}

impl Close {
    fn parse(mut payload: Bytes) -> Result<Option<Self>, Gone> {
        if payload.is_empty() {
            return Ok(None);
        }
        let code = payload.try_get_u16().map_err(|_| FAILED)?;
        let reason = ByteString::try_from(payload).map_err(|_| NOT_TEXT)?;
        Ok(Some(Self { code, reason }))
    }

    /// What is answered: the same, unless the code is one that must not be sent.
    pub(crate) fn answer(self) -> Self {
        if matches!(self.code, 1000..=1003 | 1007..=1013 | 3000..=4999) {
            return self;
        }
        Self {
            code: 1002,
            reason: ByteString::new(),
        }
    }
}
