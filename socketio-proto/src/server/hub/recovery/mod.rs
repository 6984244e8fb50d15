//! Clients that come back: what they missed, and who they were.
//!
//! Networks fail for a moment. A client that was admitted with [`Namespace::insert_recoverable`](super::Namespace::insert_recoverable)
//! can [`resume`](super::Namespace::resume) within a while under the id it had, in the rooms it was in, and is told what it missed:
//! <https://socket.io/docs/v4/connection-state-recovery>.
//!
//! ```text
//!   insert_recoverable()          suspend()                handle_timeout(), or too much is kept
//!  ────────────────────► here ──────────────────► away ────────────────────────────────────────► forgotten
//!                         ▲  └── remove() ──────────│──────────────────────────────────────────────────▲
//!                         └─────── resume() ────────┘
//! ```
//!
//! What is sent is kept once, for all: an event is [recorded](super::Namespace::record) with its addressee, not with those who got it.
//! Who that was is worked out when someone comes back, from the rooms it was in at that moment. So nothing that was addressed to it is
//! left out, and nothing comes twice; where that cannot be promised any more, it does not come back.

mod history;
mod log;
mod offset;
mod resume;

pub(super) use history::History;
pub use offset::{Offset, WithOffset};
pub use resume::{Resume, ResumeRequest};

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use engineio_proto::Instant;

use super::MemberKey;
use crate::{PrivateId, SocketId};
use log::Log;
use offset::Tag;

/// What an absent client costs beside its history, in bytes.
const AWAY_COST: usize = 256;

/// How much is kept for clients that may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryConfig {
    /// How long a client may be away. Default 2 min, as in JavaScript.
    pub max_disconnection_duration: Duration,
    /// How long it may take the server to notice that a client has gone, whose events are kept for so much longer: the sum of the
    /// heartbeat's interval and timeout. Default 45 s.
    pub detection: Duration,
    /// Bytes of events and of absent clients that a namespace may keep. Beyond that the oldest events go, then those who left first; they
    /// cannot come back then. Default 16 MiB: two minutes of 1,000 short events a second.
    pub capacity: usize,
}

impl Default for RecoveryConfig {
    fn default() -> Self {
        Self {
            max_disconnection_duration: Duration::from_secs(120),
            detection: Duration::from_secs(45),
            capacity: 16 << 20,
        }
    }
}

/// What a namespace keeps for clients that may come back, each with a `D` of the application's.
#[derive(Clone, Debug)]
pub(super) struct Recovery<D> {
    config: RecoveryConfig,
    tag: Tag,
    log: Log,
    clients: BTreeMap<PrivateId, Client<D>>,
    /// Those who are away, by the time until which they may come back.
    deadlines: BTreeSet<(Instant, PrivateId)>,
    /// What those who are away cost.
    away_bytes: usize,
    /// What belonged to clients that do not come back.
    forgotten: Vec<D>,
}

#[derive(Clone, Debug)]
enum Client<D> {
    Here(MemberKey),
    Away(Away<D>),
}

#[derive(Clone, Debug)]
struct Away<D> {
    id: SocketId,
    history: History,
    /// The first event that was recorded after it had gone.
    left: u64,
    until: Instant,
    data: D,
}

impl<D> Away<D> {
    fn cost(&self) -> usize {
        AWAY_COST + self.history.cost()
    }
}

impl<D> Recovery<D> {
    fn new(config: RecoveryConfig, entropy: [u8; 15]) -> Self {
        Self {
            config,
            tag: Tag::new(entropy),
            log: Log::default(),
            clients: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            away_bytes: 0,
            forgotten: Vec::new(),
        }
    }

    /// A member has joined a room.
    pub(super) fn joined(&self, history: &mut History, room: Arc<str>) {
        history.join(room, self.log.next());
    }

    /// A member has left a room.
    pub(super) fn left(&self, history: &mut History, room: &str) {
        history.leave(room, &self.log);
    }

    /// A client will not come back.
    pub(super) fn forget(&mut self, history: &History) {
        self.clients.remove(&history.pid);
        self.tidy();
    }

    /// Keeps a client that has gone.
    fn keep(&mut self, away: Away<D>) {
        self.away_bytes += away.cost();
        self.deadlines.insert((away.until, away.history.pid));
        let before = self.clients.insert(away.history.pid, Client::Away(away));
        debug_assert!(matches!(before, Some(Client::Here(_)) | None));
        self.shrink();
    }

    /// Takes a client that was kept.
    fn take(&mut self, pid: &PrivateId) -> Option<Away<D>> {
        match self.clients.remove(pid)? {
            Client::Away(away) => {
                self.deadlines.remove(&(away.until, *pid));
                self.away_bytes -= away.cost();
                Some(away)
            }
            here @ Client::Here(_) => {
                self.clients.insert(*pid, here);
                None
            }
        }
    }

    /// Forgets whatever nobody can ask for any more.
    fn expire(&mut self, now: Instant) {
        while let Some(&(until, pid)) = self.deadlines.first() {
            if until > now {
                break;
            }
            self.drop_away(&pid);
        }
        let retention = self.config.max_disconnection_duration + self.config.detection;
        while self.log.oldest().is_some_and(|at| at + retention <= now) {
            self.log.pop();
        }
        self.tidy();
    }

    /// Forgets what there is no room for.
    fn shrink(&mut self) {
        while self.log.bytes() + self.away_bytes > self.config.capacity {
            if self.log.pop() {
                continue;
            }
            let Some(&(_, pid)) = self.deadlines.first() else { break };
            self.drop_away(&pid);
        }
        self.tidy();
    }

    fn drop_away(&mut self, pid: &PrivateId) {
        let away = self.take(pid);
        self.forgotten.extend(away.map(|away| away.data));
    }

    /// Without clients, events are kept for nobody.
    fn tidy(&mut self) {
        if self.clients.is_empty() {
            while self.log.pop() {}
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let retention = self.config.max_disconnection_duration + self.config.detection;
        let events = self.log.oldest().map(|at| at + retention);
        let clients = self.deadlines.first().map(|&(until, _)| until);
        Instant::earliest([events, clients])
    }
}
