//! Where the connection stands with its server.

use engineio_proto::Instant;

/// Whether there is a session.
///
/// ```text
///              connect()              the server lets the client in
///     Idle ───────────────► Opening ──────────────────────────────► Open
///      ▲                     ▲   │                                   │
///      │                     │   └─► failed ──┐          lost ◄──────┤
///      │                     │                ▼            │         │
///      │                     └─ delay ─── Waiting ◄────────┘         │
///      │                                      │                      │
///      └── no socket is active any more, or ──┴──────────────────────┘
///          reconnection_attempts are over
///
///     From anywhere: close() ──► Closing ── every session has taken its leave ──► Closed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// There is no session, and nobody wants one.
    Idle,
    /// A session was asked for.
    Opening,
    /// There is one.
    Open,
    /// There is none; the next attempt comes at that time.
    Waiting { until: Instant },
    /// The application has closed it all; the last session takes its leave.
    Closing,
    /// Over.
    Closed,
}
