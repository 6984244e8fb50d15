//! What the application decides about compression.

/// How WebSocket messages are compressed for clients that ask for it: the permessage-deflate extension, RFC 7692. For
/// [`ServerBuilder::per_message_deflate`](crate::ServerBuilder::per_message_deflate).
///
/// It trades memory and time for bytes. Compression runs in the client's task and holds up whatever shares its thread, by some
/// milliseconds for a message of a megabyte. A broadcast is compressed once for each client. Where the network is fast, do without.
///
/// A message may inflate to no more than
/// [`max_http_buffer_size`](crate::ServerBuilder::max_http_buffer_size); one that would is not inflated further, and the session
/// ends as with any other message that is too large.
#[derive(Clone, Copy, Debug)]
pub struct PerMessageDeflate {
    pub(super) threshold: usize,
    pub(super) level: u32,
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
}

impl PerMessageDeflate {
    /// The defaults: messages of 1,024 bytes and more, level 6, and no memory between messages in either direction.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            threshold: 1024,
            level: 6,
            server_no_context_takeover: true,
            client_no_context_takeover: true,
        }
    }

    /// Messages to the client that are shorter, in bytes, are sent as they are. Default 1,024: below that, little is won.
    #[must_use]
    pub const fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// How much work is put into compression: from 1, fast, to 9, small; others count as the nearer of the two. Default 6, that of zlib.
    #[must_use]
    pub fn level(mut self, level: u32) -> Self {
        self.level = level.clamp(1, 9);
        self
    }

    /// Whether each message to the client is compressed without reference to the ones before. Default true.
    ///
    /// With false, messages that resemble each other shrink a lot more, and each WebSocket keeps up to 320 KiB from its first compressed
    /// message on. A client that asks for true gets it in any case.
    #[must_use]
    pub const fn server_no_context_takeover(mut self, yes: bool) -> Self {
        self.server_no_context_takeover = yes;
        self
    }

    /// Whether the client is told to compress each of its messages without reference to the ones before. Default true.
    ///
    /// With false, each WebSocket keeps about 45 KiB from the client's first compressed message on.
    #[must_use]
    pub const fn client_no_context_takeover(mut self, yes: bool) -> Self {
        self.client_no_context_takeover = yes;
        self
    }
}

impl Default for PerMessageDeflate {
    fn default() -> Self {
        Self::new()
    }
}
