//! The server pings, the client answers.

use crate::{Config, Instant};

/// Supervision of a peer that may have vanished without a word.
///
/// ```text
///             ping_interval over: "2"
///     Idle ──────────────────────────► Waiting ──── ping_timeout over ────► dead
///       ▲                                 │
///       └───────────── "3" ───────────────┘
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) enum Heartbeat {
    /// The next ping is due then.
    Idle { ping_at: Instant },
    /// A ping is on its way; without an answer by then the peer counts as dead.
    Waiting { deadline: Instant },
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    Dead,
}

impl Heartbeat {
    pub(super) fn new(now: Instant, config: &Config) -> Self {
        Self::Idle {
            ping_at: now + config.ping_interval,
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
            Self::Waiting { deadline } if now >= deadline => Some(Due::Dead),
            Self::Idle { .. } | Self::Waiting { .. } => None,
        }
    }

    /// A pong. One that nobody asked for changes nothing.
    pub(super) fn handle_pong(&mut self, now: Instant, config: &Config) {
        if let Self::Waiting { .. } = self {
            *self = Self::new(now, config);
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
            Self::Waiting { deadline } => deadline,
        }
    }
}
