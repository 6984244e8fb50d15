//! One side pings, the other answers: in revision 4 the server begins, in revision 3 the client.

use core::time::Duration;

use crate::Instant;

/// How often one side pings and how long the other may take, as the handshake says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

/// Supervision of a peer that may have vanished without a word.
///
/// ```text
///             interval over: "2"
///     Idle ──────────────────────────► Waiting ──── timeout over ────► dead
///       ▲                                 │
///       └───────────── "3" ───────────────┘
///
///     Pinged ── interval and timeout over ──► dead
///      ▲  │
///      └──┘ "2": the time begins anew
/// ```
///
/// The one who pings goes round above, the one who is pinged below, and nothing leads from the one to the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Heartbeat {
    /// The next ping is due then.
    Idle { ping_at: Instant },
    /// A ping is on its way; without an answer by then the peer counts as dead.
    Waiting { deadline: Instant },
    /// The peer pings; if there is none by then it counts as dead.
    Pinged { deadline: Instant },
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Ping,
    Dead,
}

impl Heartbeat {
    /// The side that pings.
    pub(crate) fn pinging(now: Instant, rhythm: Rhythm) -> Self {
        Self::Idle {
            ping_at: now + rhythm.interval,
        }
    }

    /// The side that answers.
    pub(crate) fn pinged(now: Instant, rhythm: Rhythm) -> Self {
        Self::Pinged {
            deadline: now + rhythm.interval + rhythm.timeout,
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, rhythm: Rhythm) -> Option<Due> {
        match *self {
            Self::Idle { ping_at } if now >= ping_at => {
                *self = Self::Waiting {
                    deadline: now + rhythm.timeout,
                };
                Some(Due::Ping)
            }
            Self::Waiting { deadline } | Self::Pinged { deadline } if now >= deadline => Some(Due::Dead),
            Self::Idle { .. } | Self::Waiting { .. } | Self::Pinged { .. } => None,
        }
    }

    /// A ping. Says whether it is the peer who pings.
    pub(crate) fn handle_ping(&mut self, now: Instant, rhythm: Rhythm) -> bool {
        match self {
            Self::Pinged { .. } => {
                *self = Self::pinged(now, rhythm);
                true
            }
            Self::Idle { .. } | Self::Waiting { .. } => false,
        }
    }

    /// A pong; one that nobody asked for changes nothing. Says whether it is the peer who answers.
    pub(crate) fn handle_pong(&mut self, now: Instant, rhythm: Rhythm) -> bool {
        match self {
            Self::Waiting { .. } => {
                *self = Self::pinging(now, rhythm);
                true
            }
            Self::Idle { .. } => true,
            Self::Pinged { .. } => false,
        }
    }

    /// The transport changed: a ping sent on the old one may be read late, so its answer gets its full time again.
    pub(crate) fn handle_upgrade(&mut self, now: Instant, rhythm: Rhythm) {
        if let Self::Waiting { deadline } = self {
            *deadline = now + rhythm.timeout;
        }
    }

    pub(crate) const fn poll_timeout(&self) -> Instant {
        match *self {
            Self::Idle { ping_at } => ping_at,
            Self::Waiting { deadline } | Self::Pinged { deadline } => deadline,
        }
    }
}
