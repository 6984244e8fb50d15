//! What driving a session does, step by step.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use engineio_proto::ExchangeId;
use engineio_proto::server::Transmit;
use futures_util::FutureExt;
use futures_util::future::CatchUnwind;
use futures_util::stream::{FuturesUnordered, StreamExt};
use hyper::rt::Sleep;

use crate::answers::Answer;
use crate::machine::Machine;
use crate::runtime::Task;
use crate::session::{App, Session};
use crate::websocket::{Received, WebSocket};

/// Messages read from one WebSocket before the rest of the session, and other sessions, get their turn.
const BATCH: usize = 64;

/// What only the driver of a session touches.
#[derive(Default)]
pub(crate) struct Turn {
    websockets: Vec<WebSocket>,
    handlers: FuturesUnordered<CatchUnwind<AssertUnwindSafe<Task>>>,
    alarm: Option<Alarm>,
    /// The machine's last event has come.
    ended: bool,
    /// And so has the last of what it has to say.
    silent: bool,
    wakers: Vec<Waker>,
    begun: bool,
}

struct Alarm {
    at: Instant,
    sleep: Pin<Box<dyn Sleep>>,
}

impl Turn {
    /// Reads what has arrived, handles it, writes what came of it: once each, so that many messages share a write.
    pub(crate) fn take<A: App>(&mut self, session: &Arc<Session<A>>, cx: &mut Context<'_>) {
        let now = session.clock.timer.now();
        self.begin(session, now);
        let paused = self.read(session, now, cx);
        loop {
            let handled = self.handle_events(session, cx);
            let waited = self.poll_handlers(cx);
            let transmitted = self.transmit(session, now, cx);
            if !(handled || waited || transmitted) {
                break;
            }
        }
        if paused && session.wake_readers() {
            cx.waker().wake_by_ref();
        }
        self.sleep(session, now, cx);
    }

    /// Whether nothing is left to drive, now or later.
    pub(crate) fn is_over(&self) -> bool {
        self.silent && self.websockets.is_empty() && self.handlers.is_empty()
    }

    /// Takes over new WebSockets and tells the machine the time.
    fn begin<A: App>(&mut self, session: &Session<A>, now: Instant) {
        let mut shared = session.lock();
        self.websockets.append(&mut shared.arriving);
        if shared
            .machine
            .poll_timeout()
            .is_some_and(|deadline| session.clock.std(deadline) <= now)
        {
            shared.machine.handle_timeout(session.clock.instant(now));
        }
    }

    /// Reads WebSockets, unless so much waits to be handled that more would only pile up. Says whether it stopped for that.
    fn read<A: App>(&mut self, session: &Session<A>, now: Instant, cx: &mut Context<'_>) -> bool {
        let mut saturated = session.lock().machine.is_saturated();
        let read_at = session.clock.instant(now);
        for websocket in &mut self.websockets {
            let id = websocket.id();
            for left in (0..BATCH).rev() {
                if saturated {
                    return true;
                }
                let Poll::Ready(received) = websocket.poll_read(now, cx) else {
                    break;
                };
                let mut shared = session.lock();
                match received {
                    Received::Message(message) => shared.machine.handle_message(read_at, id, message),
                    Received::Gone(gone) => {
                        shared.machine.handle_gone(read_at, id, gone);
                        break;
                    }
                }
                saturated = shared.machine.is_saturated();
                if left == 0 {
                    cx.waker().wake_by_ref();
                }
            }
        }
        saturated
    }

    /// Starts a handler for each event, in the order of arrival, and polls it once: most are done then.
    fn handle_events<A: App>(&mut self, session: &Arc<Session<A>>, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        if !std::mem::replace(&mut self.begun, true) {
            self.start(A::begin(session), cx);
        }
        while self.handlers.len() < session.app.max_handlers() {
            let Some(event) = session.lock().machine.poll_event() else {
                break;
            };
            progress = true;
            self.ended |= A::Machine::is_last(&event);
            self.start(A::handle_event(session, event), cx);
        }
        progress
    }

    fn start(&mut self, task: Option<Task>, cx: &mut Context<'_>) {
        let Some(task) = task else { return };
        let mut task = AssertUnwindSafe(task).catch_unwind();
        match task.poll_unpin(cx) {
            Poll::Ready(result) => report_panic(result),
            Poll::Pending => self.handlers.push(task),
        }
    }

    /// Polls the handlers that wait and were woken.
    fn poll_handlers(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        while let Poll::Ready(Some(result)) = self.handlers.poll_next_unpin(cx) {
            report_panic(result);
            progress = true;
        }
        progress
    }

    /// Does what the machine wants done on the network; messages only as long as there is room for them.
    fn transmit<A: App>(&mut self, session: &Session<A>, now: Instant, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        loop {
            let mut shared = session.lock();
            let mut writable = self.is_writable(shared.machine.websocket());
            while let Some(transmit) = shared.machine.poll_transmit(writable) {
                progress = true;
                match transmit {
                    Transmit::Respond { id, response } => {
                        self.websockets.retain(|websocket| websocket.id() != id);
                        self.wakers.extend(shared.answers.give(id, Answer::Respond(response)));
                    }
                    Transmit::Upgrade { id } => self.wakers.extend(shared.answers.give(id, Answer::Upgrade)),
                    Transmit::Frame { id, message } => {
                        if let Some(websocket) = self.find(id) {
                            websocket.write(message, cx);
                        }
                    }
                    Transmit::Close { id, code } => {
                        if let Some(websocket) = self.find(id) {
                            websocket.close(code, now, cx);
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
            drop(shared);
            for waker in self.wakers.drain(..) {
                waker.wake();
            }
            for websocket in &mut self.websockets {
                websocket.flush(cx);
            }
            if writable || !self.is_writable(carrier) {
                return progress;
            }
        }
    }

    /// Sees closed WebSockets off and arms the timer for whatever comes next.
    fn sleep<A: App>(&mut self, session: &Session<A>, now: Instant, cx: &mut Context<'_>) {
        let machine = session
            .lock()
            .machine
            .poll_timeout()
            .map(|deadline| session.clock.std(deadline));
        let farewells = self
            .websockets
            .iter_mut()
            .filter_map(|websocket| websocket.poll_end(now, cx))
            .min();
        self.websockets.retain(|websocket| !websocket.is_ended());
        let Some(at) = [machine, farewells].into_iter().flatten().min() else {
            self.alarm = None;
            return;
        };
        let timer = &session.clock.timer;
        match &mut self.alarm {
            Some(alarm) if alarm.at == at => {}
            Some(alarm) => {
                timer.reset(&mut alarm.sleep, at);
                alarm.at = at;
            }
            None => {
                self.alarm = Some(Alarm {
                    at,
                    sleep: timer.sleep_until(at),
                })
            }
        }
        if self
            .alarm
            .as_mut()
            .is_some_and(|alarm| alarm.sleep.as_mut().poll(cx).is_ready())
        {
            self.alarm = None;
            cx.waker().wake_by_ref();
        }
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

/// A handler that panics ends itself, not the session.
fn report_panic(result: std::thread::Result<()>) {
    if let Err(panic) = result {
        let message = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(|s| &**s));
        tracing::error!(panic = message.unwrap_or("(no message)"), "a handler panicked");
    }
}
