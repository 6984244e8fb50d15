//! The Engine.IO sessions below, one after the other.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use engineio_proto::client::{Config, Connection as Session, Event, Transmit};
use engineio_proto::{ExchangeId, Frame, Instant, SendError};

use crate::Encoded;

/// How many bits of an exchange's number are the session's own. The others number the sessions, so that no exchange is taken for one
/// of another session: 10¹² exchanges each, 16 million sessions.
const SESSION_BITS: u32 = 40;

/// The session that is used, and those before it that have not taken their leave yet.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    current: Option<Numbered>,
    /// The last of them may still have something to say; the others only have exchanges to be given up.
    leaving: VecDeque<Numbered>,
    count: u64,
}

#[derive(Debug)]
struct Numbered {
    number: u64,
    session: Session,
}

impl Sessions {
    /// Begins a new session.
    pub(super) fn open(&mut self, now: Instant, config: Arc<Config>) {
        debug_assert!(self.current.is_none(), "the one before is to be left first");
        self.current = Some(Numbered {
            number: self.count,
            session: Session::new(now, config),
        });
        self.count += 1;
    }

    /// Closes the session that is used, if there is one. What was sent on it still goes out. One that was left earlier has had its time.
    pub(super) fn leave(&mut self, now: Instant) {
        let Some(mut left) = self.current.take() else { return };
        for Numbered { session, .. } in &mut self.leaving {
            while let Some(deadline) = session.poll_timeout() {
                session.handle_timeout(deadline);
            }
        }
        left.session.close(now);
        self.leaving.push_back(left);
    }

    /// The session that an exchange belongs to, and its number there.
    pub(super) fn find(&mut self, id: ExchangeId) -> Option<(&mut Session, ExchangeId)> {
        let own = ExchangeId(id.0 & !(u64::MAX << SESSION_BITS));
        let mut all = self.current.iter_mut().chain(&mut self.leaving);
        let found = all.find(|numbered| numbered.outer(own) == id)?;
        Some((&mut found.session, own))
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for Numbered { session, .. } in self.current.iter_mut().chain(&mut self.leaving) {
            session.handle_timeout(now);
        }
    }

    /// Sends frames on the session that is used: all of them or none.
    pub(super) fn send_all(&mut self, frames: impl Iterator<Item = Frame> + Clone) -> Result<(), SendError<()>> {
        match &mut self.current {
            Some(current) => current.session.send_all(frames).map_err(|error| error.map(drop)),
            None => Err(SendError::Closed(())),
        }
    }

    /// Sends a packet on the session that is used, without a reference counted if it is one frame.
    pub(super) fn send(&mut self, packet: Encoded) -> Result<(), SendError<Encoded>> {
        let Some(current) = &mut self.current else {
            return Err(SendError::Closed(packet));
        };
        match packet.into_only_frame() {
            Ok(frame) => {
                let result = current.session.send(frame);
                result.map_err(|error| error.map(|frame| Encoded::from_frames(frame, None)))
            }
            Err(packet) => {
                let result = current
                    .session
                    .send_all(packet.frames())
                    .map_err(|error| error.map(drop));
                result.map_err(|error| error.map(|()| packet))
            }
        }
    }

    /// What is to be done on the network next: first for the sessions that leave.
    pub(super) fn poll_transmit(&mut self, writable: bool) -> Option<Transmit> {
        let mut transmit = None;
        self.leaving.retain_mut(|left| {
            if transmit.is_none() {
                transmit = left.poll_transmit(true);
            }
            transmit.is_some() || !left.session.is_closed()
        });
        transmit.or_else(|| self.current.as_mut()?.poll_transmit(writable))
    }

    /// What has happened on the session that is used.
    pub(super) fn poll_event(&mut self) -> Option<Event> {
        self.current.as_mut()?.session.poll_event()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let all = self.current.iter().chain(&self.leaving);
        all.filter_map(|numbered| numbered.session.poll_timeout()).min()
    }

    /// The session that is used.
    pub(super) fn current(&self) -> Option<&Session> {
        self.current.as_ref().map(|current| &current.session)
    }

    /// The WebSocket of the session that is used.
    pub(super) fn websocket(&self) -> Option<ExchangeId> {
        let current = self.current.as_ref()?;
        current.session.websocket().map(|id| current.outer(id))
    }

    /// Whether every session is over. Exchanges may still have to be given up.
    pub(super) fn are_over(&self) -> bool {
        let mut all = self.current.iter().chain(&self.leaving);
        all.all(|numbered| numbered.session.is_closed())
    }
}

impl Numbered {
    /// The number that the exchange `id` of this session has for everyone else. The numbers of sessions begin again some day; the
    /// exchanges of a session that long ago are not remembered by anyone.
    const fn outer(&self, id: ExchangeId) -> ExchangeId {
        ExchangeId((self.number << SESSION_BITS) | id.0)
    }

    fn poll_transmit(&mut self, writable: bool) -> Option<Transmit> {
        let mut transmit = self.session.poll_transmit(writable)?;
        let (Transmit::Request { id, .. }
        | Transmit::Connect { id, .. }
        | Transmit::Frame { id, .. }
        | Transmit::Close { id, .. }
        | Transmit::Abort { id }) = &mut transmit;
        *id = self.outer(*id);
        Some(transmit)
    }
}
