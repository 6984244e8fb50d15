//! A WebSocket that is not the session's yet.

use crate::{ExchangeId, Instant};

/// A WebSocket that is to take over a long-polling session.
///
/// ```text
///              open: "2probe"           "3probe"           GET and POST have come back: "5"
///  Connecting ───────────────► Probing ──────────► Pausing ─────────────────────────────────► the session's transport
///      │                          │                   │
///      └── refused, gone, anything else, upgrade_timeout, close() ──► given up; polling goes on
/// ```
///
/// Polling goes on until the WebSocket has proved itself. Then no new request is made, and the server answers the GET that waits with a
/// noop. So nothing is on its way when the `5` is said, and nothing can be lost or overtaken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) id: ExchangeId,
    pub(super) state: ProbeState,
    /// When the WebSocket is given up.
    pub(super) deadline: Instant,
}

/// See the diagram at [`Probe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProbeState {
    /// It is not open yet.
    Connecting,
    /// It was asked and has not answered.
    Probing,
    /// It has answered, and long-polling comes to rest.
    Pausing,
}
