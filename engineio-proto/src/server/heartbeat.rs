//! One side pings, the other answers: in revision 4 the server begins, in revision 3 the client.

use crate::{Config, Instant, Revision};

/// Supervision of a peer that may have vanished without a word.
///
/// ```text
///             ping_interval over: "2"
///     Idle ──────────────────────────► Waiting ──── ping_timeout over ────► dead
///       ▲                                 │
///       └───────────── "3" ───────────────┘
///
///     Pinged ── ping_interval and ping_timeout over ──► dead
///      ▲  │
///      └──┘ "2": the time begins anew
/// ```
///
/// `Pinged` is all that there is in revision 3, and nothing leads there from the others.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heartbeat {
    /// The next ping is due then.
    Idle { ping_at: Instant },
    /// A ping is on its way; without an answer by then the peer counts as dead.
    Waiting { deadline: Instant },
    /// The client pings; if there is none by then it counts as dead.
    Pinged { deadline: Instant },
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    Dead,
}

impl Heartbeat {
    pub(super) fn new(now: Instant, config: &Config, revision: Revision) -> Self {
        match revision {
            Revision::V4 => Self::Idle {
                ping_at: now + config.ping_interval,
            },
            Revision::V3 => Self::Pinged {
                deadline: now + config.ping_interval + config.ping_timeout,
            },
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, config: &Config) -> Option<Due> {
        match *self {
            Self::Idle { ping_at } if now >= ping_at => {
                *self = Self::Waiting {
                    deadline: now + config.ping_timeout,
                };
                Some(Due::Ping)
            }
            Self::Waiting { deadline } | Self::Pinged { deadline } if now >= deadline => Some(Due::Dead),
            Self::Idle { .. } | Self::Waiting { .. } | Self::Pinged { .. } => None,
        }
    }

    /// A ping. Says whether it is the client who pings.
    pub(super) fn handle_ping(&mut self, now: Instant, config: &Config) -> bool {
        match self {
            Self::Pinged { .. } => {
                *self = Self::new(now, config, Revision::V3);
                true
            }
            Self::Idle { .. } | Self::Waiting { .. } => false,
        }
    }

    /// A pong; one that nobody asked for changes nothing. Says whether it is the client who answers.
    pub(super) fn handle_pong(&mut self, now: Instant, config: &Config) -> bool {
        match self {
            Self::Waiting { .. } => {
                *self = Self::new(now, config, Revision::V4);
                true
            }
            Self::Idle { .. } => true,
            Self::Pinged { .. } => false,
        }
    }

    /// The transport changed: a ping sent on the old one may be read late, so its answer gets its full time again.
    pub(super) fn handle_upgrade(&mut self, now: Instant, config: &Config) {
        if let Self::Waiting { deadline } = self {
            *deadline = now + config.ping_timeout;
        }
    }

    pub(super) const fn poll_timeout(&self) -> Instant {
        match *self {
            Self::Idle { ping_at } => ping_at,
            Self::Waiting { deadline } | Self::Pinged { deadline } => deadline,
        }
    }
}
