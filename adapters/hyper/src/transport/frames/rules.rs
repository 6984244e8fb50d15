//! What is allowed on one WebSocket.

use engineio_proto::Gone;

/// The other side breaks the rules.
pub(super) const FAILED: Gone = Gone::Failed { code: 1002 };

/// Text that is not UTF-8.
pub(super) const NOT_TEXT: Gone = Gone::Failed { code: 1007 };

/// Which side of the WebSocket this is. Clients mask what they send, servers do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Server,
    Client,
}

/// What the other side may send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) role: Role,
    /// Bytes in a message.
    pub(crate) max_message: usize,
    /// Bytes in a message that is compressed, before it is inflated. None if there must be no such message.
    pub(crate) max_compressed: Option<usize>,
}

impl Rules {
    /// Bytes in a frame, whatever it is a part of.
    pub(super) fn max_frame(&self) -> usize {
        self.max_compressed.unwrap_or(0).max(self.max_message)
    }

    /// Whether a message may have so many bytes.
    pub(super) fn check_size(&self, size: usize, compressed: bool) -> Result<(), Gone> {
        let max = if compressed { self.max_compressed } else { None };
        if size > max.unwrap_or(self.max_message) {
            return Err(Gone::TooLarge { size });
        }
        Ok(())
    }
}
