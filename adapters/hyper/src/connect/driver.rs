//! The task of a client.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use engineio_proto::ExchangeId;
use engineio_proto::client::{Method, Transmit};

use super::dialer::{Answer, Dialer};
use super::lane::Lane;
use super::machine::Machine;
use super::session::{App, Session};
use super::trace::{Direction, Trace};
use crate::handlers::Handlers;
use crate::session::EVENTS;
use crate::shield::shield;
use crate::transport::alarm::Alarm;
use crate::transport::websocket::{Received, WebSocket};

/// Messages read from one WebSocket before the rest of the session, and other tasks, get their turn.
const BATCH: usize = 64;

/// How often what came of it is looked after in one turn, before other tasks get theirs.
const ROUNDS: usize = 16;

/// What only the task of a client touches.
pub(crate) struct Driver<A: App> {
    session: Arc<Session<A>>,
    dialer: Arc<Dialer>,
    exchanges: Vec<Exchange>,
    /// HTTP connections without a request.
    lanes: Vec<Lane>,
    websockets: Vec<WebSocket>,
    handlers: Handlers,
    alarm: Alarm,
    /// Something was not read in this turn, because too much waits for the application.
    paused: bool,
}

/// A request that was not answered yet.
struct Exchange {
    id: ExchangeId,
    /// What it brings is for the application, and waits as long as that does.
    brings: bool,
    answer: Pin<Box<dyn Future<Output = Answer> + Send>>,
}

impl<A: App> Driver<A> {
    pub(crate) fn new(session: Arc<Session<A>>, dialer: Arc<Dialer>) -> Self {
        Self {
            session,
            dialer,
            exchanges: Vec::new(),
            lanes: Vec::new(),
            websockets: Vec::new(),
            handlers: Handlers::default(),
            alarm: Alarm::default(),
            paused: false,
        }
    }

    /// Drives the client to its end.
    pub(crate) async fn run(mut self) {
        let session = Arc::clone(&self.session);
        std::future::poll_fn(|cx| {
            let over = session.drive(cx, |cx| self.turn(cx));
            if over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Reads what has arrived, handles it, writes what came of it: once each, so that many messages share a write. Says whether nothing is
    /// left to do, now or later.
    fn turn(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.session.clock.timer.now();
        self.handle_timeout(now);
        self.paused = false;
        let mut changed = self.read(now, cx);
        let mut events = EVENTS;
        for left in (0..ROUNDS).rev() {
            changed |= self.session.take_due();
            let handled = self.handle_events(&mut events, cx);
            let waited = self.handlers.poll(&mut events, cx);
            let transmitted = self.transmit(now, cx);
            let answered = self.poll_exchanges(now, cx);
            if !(handled || waited || transmitted || answered) {
                break;
            }
            changed = true;
            if left == 0 || events == 0 {
                cx.waker().wake_by_ref();
                break;
            }
        }
        if self.paused && !self.session.lock().machine.is_saturated() {
            cx.waker().wake_by_ref(); // to read on
        }
        self.rest(now, cx);
        let settled = self.exchanges.is_empty() && self.websockets.is_empty();
        let mut shared = self.session.lock();
        shared.settled = settled;
        let over = settled && shared.machine.is_closed();
        drop(shared);
        if over || changed {
            self.session.wake_waiters();
        }
        over && self.handlers.is_empty()
    }

    fn handle_timeout(&self, now: Instant) {
        let clock = &self.session.clock;
        let mut shared = self.session.lock();
        let deadline = shared.machine.poll_timeout();
        if deadline.is_some_and(|deadline| clock.std(deadline) <= now) {
            shared.machine.handle_timeout(clock.instant(now));
        }
    }

    /// Reads WebSockets, unless so much waits to be handled that more would only pile up.
    fn read(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        let read_at = self.session.clock.instant(now);
        let mut progress = false;
        for websocket in &mut self.websockets {
            let id = websocket.id();
            for left in (0..BATCH).rev() {
                if self.session.lock().machine.is_saturated() {
                    self.paused = true;
                    return progress;
                }
                let Poll::Ready(received) = websocket.poll_read(now, cx) else {
                    break;
                };
                progress = true;
                if let (Some(trace), Received::Message(message)) = (&self.dialer.trace, &received) {
                    trace.message(Direction::Received, message);
                }
                let mut shared = self.session.lock();
                match received {
                    Received::Message(message) => shared.machine.handle_message(read_at, id, message),
                    Received::Gone(gone) => {
                        shared.machine.handle_gone(read_at, id, gone);
                        break;
                    }
                }
                if left == 0 {
                    cx.waker().wake_by_ref();
                }
            }
        }
        progress
    }

    /// Starts a handler for each event, in the order of arrival, and polls it once: most are done then.
    fn handle_events(&mut self, events: &mut usize, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        while *events > 0 {
            let busy = self.session.app.is_busy(self.handlers.len());
            let mut shared = self.session.lock();
            let event = if busy {
                shared.machine.poll_own_event()
            } else {
                shared.machine.poll_event()
            };
            drop(shared);
            let Some(event) = event else { return progress };
            progress = true;
            *events -= 1;
            let session = &self.session;
            self.handlers.start(shield(|| A::handle_event(session, event)), cx);
        }
        progress
    }

    /// Does what the machine wants done on the network; messages only as long as there is room for them.
    fn transmit(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        loop {
            let mut shared = self.session.lock();
            let carrier = shared.machine.websocket();
            let writable = self.is_writable(carrier);
            let transmit = shared.machine.poll_transmit(writable);
            let max_payload = shared.machine.max_payload();
            drop(shared);
            if let Some(transmit) = transmit {
                progress = true;
                self.act(transmit, max_payload, now, cx);
                continue;
            }
            for websocket in &mut self.websockets {
                websocket.flush(cx);
            }
            if writable || !self.is_writable(carrier) {
                return progress;
            }
        }
    }

    fn act(&mut self, transmit: Transmit, max_payload: usize, now: Instant, cx: &mut Context<'_>) {
        match transmit {
            Transmit::Request { id, request } => {
                self.lanes.retain_mut(|lane| lane.poll_usable(now, cx));
                let ready = self.lanes.iter().position(Lane::is_ready);
                let lane = ready.map(|index| self.lanes.swap_remove(index));
                let brings = request.method == Method::Get;
                if let Some(trace) = self.trace().filter(|_| !brings) {
                    let binary = request.content_type == Some("application/octet-stream");
                    trace.body(Direction::Sent, &request.body, binary);
                }
                let answer = Box::pin(Arc::clone(&self.dialer).request(lane, request, max_payload));
                self.exchanges.push(Exchange { id, brings, answer });
            }
            Transmit::Connect { id, query } => {
                let answer = Box::pin(Arc::clone(&self.dialer).websocket(query, max_payload));
                let brings = false;
                self.exchanges.push(Exchange { id, brings, answer });
            }
            Transmit::Frame { id, message } => {
                if let Some(trace) = self.trace() {
                    trace.message(Direction::Sent, &message);
                }
                if let Some(websocket) = self.find(id) {
                    websocket.write(message, false, cx);
                }
            }
            Transmit::Close { id, code } => {
                if let Some(websocket) = self.find(id) {
                    websocket.close(code, now);
                }
            }
            Transmit::Abort { id } => self.exchanges.retain(|exchange| exchange.id != id),
        }
    }

    /// Goes on with the requests that are under way.
    fn poll_exchanges(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        let now_instant = self.session.clock.instant(now);
        let saturated = self.session.lock().machine.is_saturated();
        let mut progress = false;
        let mut index = 0;
        while let Some(exchange) = self.exchanges.get_mut(index) {
            if saturated && exchange.brings {
                self.paused = true;
                index += 1;
                continue;
            }
            let Poll::Ready(answer) = exchange.answer.as_mut().poll(cx) else {
                index += 1;
                continue;
            };
            progress = true;
            let Exchange { id, brings, .. } = self.exchanges.swap_remove(index);
            if let (Some(trace), true, Answer::Response(response, _)) = (self.trace(), brings, &answer) {
                if response.status == 200 {
                    trace.body(Direction::Received, &response.body, response.binary);
                }
            }
            let mut shared = self.session.lock();
            match answer {
                Answer::Response(response, lane) => {
                    if let Some(mut lane) = lane {
                        if lane.rest(now) {
                            self.lanes.push(lane);
                        }
                    }
                    shared.machine.handle_response(now_instant, id, response);
                }
                Answer::WebSocket(io) => {
                    let max_payload = shared.machine.max_payload();
                    self.websockets.push(WebSocket::client(id, io, max_payload));
                    shared.machine.handle_open(now_instant, id);
                    cx.waker().wake_by_ref(); // to read what has arrived already
                }
                Answer::Gone(gone, cause) => {
                    tracing::debug!(%cause, "a request failed");
                    shared.cause = Some(cause);
                    shared.machine.handle_gone(now_instant, id, gone);
                }
            }
        }
        progress
    }

    /// Sees closed WebSockets off and arms the timer for whatever comes next.
    fn rest(&mut self, now: Instant, cx: &mut Context<'_>) {
        let clock = &self.session.clock;
        let shared = self.session.lock();
        let machine = shared.machine.poll_timeout().map(|deadline| clock.std(deadline));
        let polls = shared.machine.websocket().is_none() && !shared.machine.is_closed();
        drop(shared);
        // A lane that ends is noticed at once, so that nothing is sent on it.
        self.lanes.retain_mut(|lane| polls && lane.poll_usable(now, cx));
        let farewells = self
            .websockets
            .iter_mut()
            .filter_map(|websocket| websocket.poll_end(now, cx));
        let at = [machine, farewells.min()].into_iter().flatten().min();
        self.websockets.retain(|websocket| !websocket.is_ended());
        self.alarm.set(at, now, &*clock.timer, cx);
    }

    /// Whether the WebSocket that carries the session's messages takes more of them.
    fn is_writable(&self, carrier: Option<ExchangeId>) -> bool {
        let carrier = carrier.and_then(|id| self.websockets.iter().find(|websocket| websocket.id() == id));
        carrier.is_none_or(WebSocket::has_room)
    }

    fn trace(&self) -> Option<&Trace> {
        self.dialer.trace.as_ref()
    }

    fn find(&mut self, id: ExchangeId) -> Option<&mut WebSocket> {
        self.websockets.iter_mut().find(|websocket| websocket.id() == id)
    }
}

impl<A: App> Drop for Driver<A> {
    fn drop(&mut self) {
        self.session.abandon();
    }
}
