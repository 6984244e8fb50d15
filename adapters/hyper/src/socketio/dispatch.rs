//! From an event of a client to its handler.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::handler::{AnyHandler, Call};
use crate::handlers::begin;
use crate::runtime::Task;
use crate::shield::{shield, shield_future};
use crate::socketio::client::{Known, Load, report};
use crate::socketio::stage::Due;
use crate::{Ack, HandlerError, IncomingEvent, Socket};

/// Handles an event that has arrived. What is not done at once is returned.
pub(crate) fn handle(known: &mut Known, event: IncomingEvent, cx: &mut Context<'_>) -> Option<Task> {
    let socket = &known.socket;
    if socket.is_straight() {
        let own = known.own.find(socket.listeners(), event.name());
        let handler = own.or_else(|| known.shared.find(socket.namespace().listeners(), event.name()));
        let Some(handler) = handler else {
            socket.log_ignored(&event);
            return None;
        };
        return call(socket, event, handler, cx);
    }
    let due = socket.arrive(event)?;
    if due.is_checked() {
        return begin(Box::pin(serve(socket.clone(), Some(due))), cx);
    }
    announce(socket, &due);
    start(socket, due, cx)
}

/// Handles events that wait, one after the other, behind `first`. The handlers that they begin do not hold each other up: only
/// middlewares do, and the handlers go on meanwhile.
pub(crate) async fn serve(socket: Socket, first: Option<Due>) {
    let mut begun = Begun {
        socket: &socket,
        tasks: FuturesUnordered::new(),
    };
    let mut next = first.or_else(|| socket.next_held());
    while let Some(due) = next {
        if let Some(task) = begun.beside(check(&socket, due)).await {
            begun.push(task);
        }
        next = socket.next_held();
    }
    begun.rest().await;
}

/// Lets the catch-all listeners and the middlewares look at an event, and starts its handler.
async fn check(socket: &Socket, mut due: Due) -> Option<Task> {
    announce(socket, &due);
    if !due.is_checked() {
        return start_here(socket, due).await;
    }
    let load = Load::new(socket, due.event.len());
    for middleware in due.hooks.middlewares() {
        let verdict = shield_future(async { middleware(socket.clone(), due.event.clone()).await }).await;
        if let Err(error) = verdict.and_then(|verdict| verdict.map_err(HandlerError::Refused)) {
            report(socket, due.event.name(), Err(error));
            return None;
        }
    }
    drop(load);
    due.handler = socket.find_handler(due.event.name());
    start_here(socket, due).await
}

/// Tells the catch-all listeners of an event.
fn announce(socket: &Socket, due: &Due) {
    for listener in due.hooks.incoming() {
        if let Err(panicked) = shield(|| listener(socket, due.event.name(), due.event.args())) {
            report(socket, due.event.name(), Err(panicked));
        }
    }
}

/// [`start`], in the task that waited.
async fn start_here(socket: &Socket, due: Due) -> Option<Task> {
    let mut due = Some(due);
    poll_fn(|cx| Poll::Ready(due.take().and_then(|due| start(socket, due, cx)))).await
}

/// Calls the handler of an event, if there is one. What it does not do at once is returned.
fn start(socket: &Socket, due: Due, cx: &mut Context<'_>) -> Option<Task> {
    match &due.handler {
        Some(handler) => call(socket, due.event, &**handler, cx),
        None => {
            if due.hooks.incoming().next().is_none() {
                socket.log_ignored(&due.event);
            }
            None
        }
    }
}

/// Calls the handler of an event and polls it once: most are done then. What it does not do at once is returned.
fn call(socket: &Socket, event: IncomingEvent, handler: &dyn AnyHandler, cx: &mut Context<'_>) -> Option<Task> {
    let bytes = event.len();
    let IncomingEvent { name, args, reply } = event;
    let ack = reply.map(|id| Ack::new(socket.clone(), id));
    let begun = shield(|| {
        let mut future = handler.call(Call {
            socket,
            args: args.into(),
            ack,
        })?;
        match future.as_mut().poll(cx) {
            Poll::Ready(result) => result.map(|()| None),
            Poll::Pending => Ok(Some(future)),
        }
    });
    match begun.and_then(|begun| begun) {
        Ok(None) => None,
        Ok(Some(future)) => {
            let load = Load::new(socket, bytes);
            // As it came, the name keeps the whole message or body that it is a slice of.
            let name = name.detached();
            Some(Box::pin(async move {
                let result = shield_future(future).await;
                report(&load.socket, &name, result.and_then(|result| result));
            }))
        }
        Err(error) => {
            report(socket, &name, Err(error));
            None
        }
    }
}

/// Handlers of one socket that wait, apart from the session's others. They count as events that wait, whose places they took.
struct Begun<'a> {
    socket: &'a Socket,
    tasks: FuturesUnordered<Task>,
}

impl Begun<'_> {
    fn push(&mut self, task: Task) {
        self.socket.client().hold(0);
        self.tasks.push(task);
    }

    /// Waits for `future`, and polls the handlers meanwhile.
    async fn beside<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let result = future.as_mut().poll(cx);
            while let Poll::Ready(Some(())) = self.tasks.poll_next_unpin(cx) {
                self.done();
            }
            result
        })
        .await
    }

    /// Waits for the handlers.
    async fn rest(&mut self) {
        while self.tasks.next().await.is_some() {
            self.done();
        }
    }

    fn done(&self) {
        self.socket.client().unhold(0);
        self.socket.session().notify(); // there may be room for another
    }
}
