//! What a namespace does for clients that come back.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use engineio_proto::Instant;
use serde::Deserialize;

use super::super::member::Entry;
use super::super::{IdTaken, MemberKey, Namespace, Removed, RoomLimits, Target};
use super::log::Audience;
use super::{Away, Client, History, Offset, Recovery, RecoveryConfig};
use crate::{Encoded, Json, PrivateId, SocketId};

/// What a frame costs beside its bytes where it waits to be sent, in bytes.
const FRAME_COST: usize = 64;

/// A client's wish to come back: what it brings along with its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeRequest {
    /// Who it says it was.
    pub pid: PrivateId,
    /// The last offset that it has seen; none if there was no event yet that had one.
    pub offset: Option<String>,
}

impl ResumeRequest {
    /// The wish in the credentials of a [`Connect`](crate::server::Event::Connect), if there is one: their `pid` and `offset`.
    #[must_use]
    pub fn from_auth(auth: &Json) -> Option<Self> {
        #[derive(Deserialize)]
        struct Wish {
            pid: String,
            #[serde(default)]
            offset: Option<String>,
        }
        let Wish { pid, offset } = auth.parse().ok()?;
        Some(Self {
            pid: PrivateId::parse(&pid)?,
            offset,
        })
    }
}

/// What becomes of a client that wants to come back.
#[derive(Debug)]
#[must_use]
pub enum Resume {
    /// It is back.
    Back {
        /// Its new key.
        key: MemberKey,
        /// What it missed, in order: to be sent at once, before anything else is sent to it.
        missed: Vec<Encoded>,
    },
    /// It has not left yet, as far as is known: make this member leave, let it [be suspended](Namespace::suspend), and try again.
    StillHere(MemberKey),
    /// It cannot come back: it was away for too long, what it missed is not all there any more, or it never was here. What was kept of
    /// it is forgotten. It is to be let in as somebody new, or not.
    Unknown,
}

/// Clients that come back: see [`recovery`](super).
///
/// Events are recorded in the order in which they are sent: nobody else may send recorded events to members of the namespace between
/// [`next_offset`](Self::next_offset) and the last member's send.
impl<T, D> Namespace<T, D> {
    /// A namespace whose members can come back. The `entropy` sets its offsets apart from those of other namespaces.
    #[must_use]
    pub fn with_recovery(limits: RoomLimits, config: RecoveryConfig, entropy: [u8; 15]) -> Self {
        let mut namespace = Self::with_serial(limits, 0);
        namespace.recovery = Some(Box::new(Recovery::new(config, entropy)));
        namespace
    }

    /// A namespace whose members do not come back, of the same type as those whose do.
    #[must_use]
    pub const fn without_recovery(limits: RoomLimits) -> Self {
        Self::with_serial(limits, 0)
    }

    /// [`insert`](Self::insert), and let the socket come back later under the name `pid`. Without recovery this is `insert`.
    ///
    /// # Errors
    ///
    /// Another member has that id; `value` comes back.
    pub fn insert_recoverable(&mut self, pid: PrivateId, id: SocketId, value: T) -> Result<MemberKey, IdTaken<T>> {
        let Some(recovery) = &self.recovery else {
            return self.insert(id, value);
        };
        if self.ids.contains_key(id.as_bytes()) {
            return Err(IdTaken { id, value });
        }
        let history = History::new(pid, &id, recovery.log.next());
        let key = self.admit(Entry::with_history(id, value, history));
        self.here(pid, key);
        Ok(key)
    }

    /// [`remove`](Self::remove), and keep what its client needs to come back, `data` among it, for a while. One that was not inserted as
    /// recoverable is removed, and nothing is kept.
    pub fn suspend(&mut self, now: Instant, key: MemberKey, data: D) -> Option<Removed<T>> {
        let history = self.members.get_mut(key)?.history.take();
        let removed = self.remove(key)?;
        if let (Some(history), Some(recovery)) = (history, &mut self.recovery) {
            recovery.expire(now);
            recovery.keep(Away {
                id: removed.id.clone(),
                left: recovery.log.next(),
                until: now + recovery.config.max_disconnection_duration,
                history: *history,
                data,
            });
        }
        Some(removed)
    }

    /// Lets a client that was [suspended](Self::suspend) back in: under its id, into its rooms. `make` makes the member of its id and of
    /// what was kept. Whoever missed more than `max_bytes`, places in a queue included, cannot come back: it would not fit into what may wait
    /// for a client.
    pub fn resume(
        &mut self,
        now: Instant,
        request: &ResumeRequest,
        max_bytes: usize,
        make: impl FnOnce(&SocketId, D) -> T,
    ) -> Resume {
        let Some(recovery) = &mut self.recovery else {
            return Resume::Unknown;
        };
        recovery.expire(now);
        if let Some(Client::Here(key)) = recovery.clients.get(&request.pid) {
            return Resume::StillHere(*key);
        }
        let Some(Away {
            id,
            mut history,
            left,
            data,
            ..
        }) = recovery.take(&request.pid)
        else {
            return Resume::Unknown;
        };
        let missed = recovery.missed(request.offset.as_deref(), &id, &history, left, max_bytes);
        let Some((missed, heard)) = missed.filter(|_| !self.ids.contains_key(id.as_bytes())) else {
            recovery.forgotten.push(data);
            recovery.tidy();
            return Resume::Unknown;
        };
        history.heard(heard);
        let pid = history.pid;
        let is_own = |room: &&Arc<str>| &***room == id.as_str();
        let own_room = history.rooms().any(|room| is_own(&room));
        let rooms: Vec<_> = history.rooms().filter(|room| !is_own(room)).cloned().collect();
        let value = make(&id, data);
        let mut entry = Entry::with_history(id, value, history);
        entry.in_own_room = own_room;
        let key = self.admit(entry);
        for room in rooms {
            self.enter(key, &room);
        }
        self.here(pid, key);
        Resume::Back { key, missed }
    }

    /// The offset of the event that is [recorded](Self::record) next, to be sent [with it](super::WithOffset); none without recovery.
    #[must_use]
    pub fn next_offset(&self) -> Option<Offset> {
        let recovery = self.recovery.as_ref()?;
        Some(Offset::new(recovery.tag, recovery.log.next()))
    }

    /// Records an event that is being sent to whoever `target` reaches now.
    pub fn record(&mut self, now: Instant, target: &Target, packet: &Encoded) {
        if self.recovery.is_none() {
            return;
        }
        let skip = target.skipped().and_then(|key| self.members.get(key));
        let audience = Audience::Target {
            rooms: target.rooms().to_vec(),
            except: target.excepted().to_vec(),
            skip: skip.map(|entry| entry.id.clone()),
        };
        let next = self.push(now, audience, packet);
        for key in self.keys(target) {
            self.heard(key, next);
        }
    }

    /// Records an event that is being sent to one member.
    pub fn record_for(&mut self, now: Instant, key: MemberKey, packet: &Encoded) {
        let entry = self.members.get(key).filter(|_| self.recovery.is_some());
        let Some(id) = entry.map(|entry| entry.id.clone()) else {
            return;
        };
        let next = self.push(now, Audience::One(id), packet);
        self.heard(key, next);
    }

    /// The event that was recorded last for this member is not sent to it now, but will be once it keeps up: it cannot come back before
    /// [`catch_up`](Self::catch_up).
    pub fn delay(&mut self, key: MemberKey) {
        if let Some(history) = self.members.get_mut(key).and_then(|entry| entry.history.as_mut()) {
            history.delay();
        }
    }

    /// An event that was [delayed](Self::delay) has been sent. If later ones were sent before it, the member can come back once it has
    /// seen something that is recorded from now on.
    pub fn catch_up(&mut self, key: MemberKey) {
        let Some(recovery) = &self.recovery else { return };
        if let Some(history) = self.members.get_mut(key).and_then(|entry| entry.history.as_mut()) {
            history.catch_up(recovery.log.next());
        }
    }

    /// It is `now`: forgets what is too old.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some(recovery) = &mut self.recovery {
            recovery.expire(now);
        }
    }

    /// What was kept for a client that does not come back: to be dropped, at a time of the caller's choice.
    pub fn poll_forgotten(&mut self) -> Option<D> {
        self.recovery.as_mut()?.forgotten.pop()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.recovery.as_ref()?.poll_timeout()
    }

    /// How many clients are away and may come back.
    #[must_use]
    pub fn away(&self) -> usize {
        self.recovery.as_ref().map_or(0, |recovery| recovery.deadlines.len())
    }

    /// Bytes that are kept for clients that may come back.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        let bytes = |recovery: &Recovery<D>| recovery.log.bytes() + recovery.away_bytes;
        self.recovery.as_deref().map_or(0, bytes)
    }

    /// Records an event; returns the serial of the one after it.
    fn push(&mut self, now: Instant, audience: Audience, packet: &Encoded) -> u64 {
        let Some(recovery) = &mut self.recovery else { return 0 };
        recovery.expire(now);
        recovery.log.push(now, audience, packet.clone());
        let next = recovery.log.next();
        recovery.shrink();
        next
    }

    /// The client `pid` is this member.
    fn here(&mut self, pid: PrivateId, key: MemberKey) {
        if let Some(recovery) = &mut self.recovery {
            recovery.clients.insert(pid, Client::Here(key));
        }
    }

    fn heard(&mut self, key: MemberKey, next: u64) {
        if let Some(history) = self.members.get_mut(key).and_then(|entry| entry.history.as_mut()) {
            history.heard(next);
        }
    }
}

impl<D> Recovery<D> {
    /// What a client missed, and the first event after the last of that; none if not all of it can be told.
    fn missed(
        &self,
        offset: Option<&str>,
        id: &SocketId,
        history: &History,
        left: u64,
        max_bytes: usize,
    ) -> Option<(Vec<Encoded>, u64)> {
        let offset = match offset {
            Some(text) => Some(Offset::parse(text, self.tag)?),
            None => None,
        };
        let from = history.missing(offset, left, &self.log)?;
        let mut heard = from;
        let mut missed = Vec::new();
        let mut bytes = 0;
        for (serial, audience, packet) in self.log.since(from) {
            if history.is_addressed(id, serial, audience) {
                bytes += packet.len() + packet.frame_count() * FRAME_COST;
                missed.push(packet.clone());
                heard = serial + 1;
            }
        }
        (bytes <= max_bytes).then_some((missed, heard))
    }
}
