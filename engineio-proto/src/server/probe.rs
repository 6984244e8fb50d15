//! A WebSocket that is not the session's yet.

use crate::{ExchangeId, Instant};

/// A WebSocket that wants to take over a long-polling session.
///
/// ```text
///            101             "2probe" / "3probe"             "5"
///  (GET) ──────────► Opened ─────────────────────► Probed ─────────► the session's transport
///                      │                             │
///                      └── anything else, gone, upgrade_timeout ──► closed; polling goes on
/// ```
///
/// Once probed, a poll that waits is answered with a noop, because the client goes over only when none is left. The first at
/// once, the next ones at an interval, so that a client that polls on cannot make the two spin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) id: ExchangeId,
    /// Whether the client reads no bytes on it.
    pub(super) base64: bool,
    /// When the WebSocket is given up.
    pub(super) deadline: Instant,
    /// When the next noop may be sent; none before the probe.
    pub(super) noop_at: Option<Instant>,
}
