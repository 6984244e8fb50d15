//! What driving a session does, step by step.

use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use engineio_proto::ExchangeId;
use engineio_proto::server::Transmit;
use futures_util::task::waker_ref;

use crate::handlers::Handlers;
use crate::session::answers::Answer;
use crate::session::machine::Machine;
use crate::session::{App, Session, Shared};
use crate::shield::shield;
use crate::transport::alarm::Alarm;
use crate::transport::websocket::{Received, WebSocket};

/// Messages read from one WebSocket before the rest of the session, and other sessions, get their turn.
const BATCH: usize = 64;

/// Bytes in these messages before the same: inflated, they are more than a network could bring.
const BATCH_BYTES: usize = 1 << 20;

/// How often what came of it is looked after in one turn, before other sessions get theirs.
const ROUNDS: usize = 16;

/// WebSockets of a session that may be waited for to say goodbye: each costs something in every turn, and a client has need of one or two.
const FAREWELLS: usize = 16;

type Guard<'a, A> = MutexGuard<'a, Shared<<A as App>::Machine>>;

/// What only the driver of a session touches.
#[derive(Default)]
pub(crate) struct Turn<L> {
    /// The application's own.
    local: L,
    websockets: Vec<WebSocket>,
    /// Some of them came after the others had been read.
    unread: bool,
    handlers: Handlers,
    /// When the machine wants to be told the time.
    deadline: Option<engineio_proto::Instant>,
    alarm: Alarm,
    /// The machine's last event has come.
    ended: bool,
    /// And so has the last of what it has to say.
    silent: bool,
    wakers: Vec<Waker>,
    begun: bool,
    released: bool,
}

impl<L> Turn<L> {
    /// Reads what has arrived, handles it, writes what came of it: once each, so that many messages share a write. No more than so many
    /// `events` are handled.
    pub(crate) fn take<A: App<Local = L>>(
        &mut self,
        session: &Arc<Session<A>>,
        events: &mut usize,
        cx: &mut Context<'_>,
    ) {
        if !std::mem::replace(&mut self.begun, true) {
            self.handlers.push(shield(|| A::begin(session, cx)));
        }
        let now = session.clock.timer.now();
        // What waits for a connection wakes the session by itself, which tells that there may be something to read.
        let waker = waker_ref(session);
        let io = &mut Context::from_waker(&waker);
        let (mut shared, paused) = self.read(session, now, io);
        for left in (0..ROUNDS).rev() {
            shared = self.handle_events(session, shared, events, cx);
            let mut again = false;
            if !self.handlers.is_empty() {
                drop(shared);
                again = self.handlers.poll(events, cx);
                shared = session.lock();
                again |= session.is_due(); // there may be events
            }
            again |= self.transmit(session, shared, now, io);
            if !(again || session.is_due()) {
                break;
            }
            if left == 0 {
                cx.waker().wake_by_ref();
                break;
            }
            shared = session.lock();
        }
        if std::mem::take(&mut self.unread) {
            session.notify();
        }
        if paused && session.wake_readers() {
            cx.waker().wake_by_ref();
        }
        A::rest(&mut self.local);
        let at = self.see_off(session, now, io);
        self.alarm.set(at, now, &*session.clock.timer, cx);
    }

    /// Whether nothing is left to drive, now or later.
    pub(crate) fn finish(&mut self) -> bool {
        let over = self.silent && self.websockets.is_empty() && self.handlers.is_empty();
        if over {
            self.handlers = Handlers::default(); // the old one may keep a waker, and that the session
        }
        over
    }

    /// Takes over new WebSockets, tells the machine the time, and reads what has come, if anything may have, unless so much waits to be
    /// handled that more would only pile up. Says whether it stopped for that.
    fn read<'a, A: App>(
        &mut self,
        session: &'a Session<A>,
        now: Instant,
        io: &mut Context<'_>,
    ) -> (Guard<'a, A>, bool) {
        let mut shared = session.lock();
        self.adopt(session, &mut shared);
        if self.alarm.is_due(now) {
            let at = session.clock.instant(now);
            if shared.machine.poll_timeout().is_some_and(|deadline| deadline <= at) {
                shared.machine.handle_timeout(at);
            }
        }
        let mut saturated = shared.machine.is_saturated();
        let broken = self.websockets.iter().any(WebSocket::is_broken);
        if !(saturated || broken || session.take_heard()) {
            return (shared, false);
        }
        let read_at = session.clock.instant(now);
        for websocket in &mut self.websockets {
            let id = websocket.id();
            let mut bytes = 0;
            for left in (0..BATCH).rev() {
                if saturated {
                    break;
                }
                let received = if websocket.inflates() {
                    drop(shared); // it may take a while
                    let received = websocket.poll_read(now, io);
                    shared = session.lock();
                    received
                } else {
                    websocket.poll_read(now, io)
                };
                match received {
                    Poll::Pending => break,
                    Poll::Ready(Received::Message(message)) => {
                        bytes += message.len();
                        shared.machine.handle_message(read_at, id, message);
                    }
                    Poll::Ready(Received::Gone(gone)) => {
                        shared.machine.handle_gone(read_at, id, gone);
                        break;
                    }
                }
                saturated = shared.machine.is_saturated();
                if left == 0 || bytes >= BATCH_BYTES {
                    io.waker().wake_by_ref();
                    break;
                }
            }
        }
        if saturated || self.websockets.iter().any(WebSocket::is_flooded) {
            session.hear(); // when that is over, there may be more
        }
        if saturated {
            // What is not read does not tell that its connection has ended; what is written does.
            for websocket in &mut self.websockets {
                if let Some(gone) = websocket.poll_broken() {
                    shared.machine.handle_gone(read_at, websocket.id(), gone);
                }
            }
        }
        (shared, saturated)
    }

    /// Starts a handler for each event, in the order of arrival, and polls it once: most are done then.
    fn handle_events<'a, A: App<Local = L>>(
        &mut self,
        session: &'a Arc<Session<A>>,
        mut shared: Guard<'a, A>,
        events: &mut usize,
        cx: &mut Context<'_>,
    ) -> Guard<'a, A> {
        while *events > 0 {
            let busy = session.app.is_busy(self.handlers.len());
            let event = if busy {
                shared.machine.poll_own_event()
            } else {
                shared.machine.poll_event()
            };
            if let Some(event) = event {
                drop(shared);
                *events -= 1;
                self.ended |= A::Machine::is_last(&event);
                self.handlers
                    .push(shield(|| A::handle_event(session, &mut self.local, event, cx)));
            } else if busy && shared.machine.is_closed() && !std::mem::replace(&mut self.released, true) {
                drop(shared);
                A::release(session);
            } else {
                return shared;
            }
            shared = session.lock();
        }
        shared
    }

    /// Does what the machine wants done on the network; messages only as long as there is room for them. Says whether events came of
    /// it.
    fn transmit<'a, A: App>(
        &mut self,
        session: &'a Session<A>,
        mut shared: Guard<'a, A>,
        now: Instant,
        io: &mut Context<'_>,
    ) -> bool {
        let mut progress = false;
        loop {
            session.take_due(); // with the lock: all that has happened before is seen from here on
            // One that came meanwhile may be what the machine speaks to already.
            self.unread |= self.adopt(session, &mut shared);
            let mut writable = self.is_writable(shared.machine.websocket());
            while let Some(transmit) = shared.machine.poll_transmit(writable) {
                progress = true;
                match transmit {
                    Transmit::Respond { id, response } => {
                        self.websockets.retain(|websocket| websocket.id() != id);
                        self.wakers.extend(shared.answers.give(id, Answer::Respond(response)));
                    }
                    Transmit::Upgrade { id } => self.wakers.extend(shared.answers.give(id, Answer::Upgrade)),
                    Transmit::Frame { id, message, compress } => {
                        if let Some(websocket) = self.find(id) {
                            websocket.write(message, compress, io);
                        }
                    }
                    Transmit::Close { id, code } => {
                        if let Some(websocket) = self.find(id) {
                            websocket.close(code, now);
                        }
                    }
                }
                writable = self.is_writable(shared.machine.websocket());
            }
            let carrier = shared.machine.websocket();
            if writable && self.ended {
                self.silent = true;
                self.wakers.extend(shared.answers.end());
            }
            if progress && shared.machine.queued_bytes() == 0 {
                // There is an event for that too, but the handlers who wait may be as many as keep it from being fetched.
                self.wakers.extend(shared.starved.first());
            }
            self.deadline = shared.machine.poll_timeout();
            let again = progress && shared.machine.has_events();
            drop(shared);
            for waker in self.wakers.drain(..) {
                waker.wake();
            }
            for websocket in &mut self.websockets {
                websocket.flush(io);
            }
            if writable || !self.is_writable(carrier) {
                return again;
            }
            shared = session.lock();
        }
    }

    /// Sees closed WebSockets off. Says when the next thing is to be done if nothing happens before.
    fn see_off<A: App>(&mut self, session: &Session<A>, now: Instant, io: &mut Context<'_>) -> Option<Instant> {
        let mut at = self.deadline.map(|deadline| session.clock.std(deadline));
        let mut ended = false;
        for websocket in &mut self.websockets {
            if let Some(farewell) = websocket.poll_end(now, io) {
                at = Some(at.map_or(farewell, |at| at.min(farewell)));
            }
            ended |= websocket.is_ended();
        }
        if ended {
            self.websockets.retain(|websocket| !websocket.is_ended());
        }
        at
    }

    /// Takes over new WebSockets. Says whether there are some.
    fn adopt<A: App>(&mut self, session: &Session<A>, shared: &mut Shared<A::Machine>) -> bool {
        if shared.arriving.is_empty() {
            return false;
        }
        let arrived = std::mem::take(&mut shared.arriving);
        self.websockets.reserve_exact(arrived.len()); // most sessions have one, for hours
        self.websockets.extend(arrived);
        session.hear(); // nobody listens to them before they are read for the first time
        let closing = self.websockets.iter().filter(|websocket| websocket.is_closing());
        let mut excess = closing.count().saturating_sub(FAREWELLS);
        self.websockets.retain(|websocket| {
            let is_left = excess > 0 && websocket.is_closing();
            excess -= usize::from(is_left);
            !is_left
        });
        true
    }

    /// Whether the WebSocket that carries the session's messages takes more of them.
    fn is_writable(&self, carrier: Option<ExchangeId>) -> bool {
        let carrier = carrier.and_then(|id| self.websockets.iter().find(|websocket| websocket.id() == id));
        carrier.is_none_or(WebSocket::has_room)
    }

    fn find(&mut self, id: ExchangeId) -> Option<&mut WebSocket> {
        self.websockets.iter_mut().find(|websocket| websocket.id() == id)
    }
}
