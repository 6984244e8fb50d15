//! How far a socket has come, and which of its events wait for what.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::handler::AnyHandler;
use crate::socketio::hooks::{Applied, Hooks};
use crate::socketio::membership::Alone;
use crate::{IncomingEvent, Socket};

/// How far a socket has come.
///
/// ```text
///  Joining ── enter() ──► Open ── finish() ──► Left
///     └───────────── finish(): refused ─────────┘
/// ```
pub(crate) enum Stage {
    /// Middlewares decide whether it may join. The rooms that it is to be in, if it has joined some.
    Joining(Option<Box<Alone>>),
    /// It is a member of its namespace, and events come.
    Open(Queue),
    /// It is not, or never was and never will be.
    Left,
}

/// The events of a socket. They reach their handlers in the order of arrival, once those had a chance to be registered and the
/// middlewares have let them pass.
pub(crate) struct Queue {
    /// The namespace's connect handler runs; from the first event without a handler on, events wait for it.
    connecting: bool,
    /// Somebody handles events that wait, one after the other: see [`Socket::next_held`].
    serving: bool,
    held: VecDeque<IncomingEvent>,
}

/// An event whose turn it is.
pub(crate) struct Due {
    pub(crate) event: IncomingEvent,
    pub(crate) handler: Option<Arc<dyn AnyHandler>>,
    /// What looks at it before.
    pub(crate) hooks: Applied,
}

impl Queue {
    /// The queue of a socket that has just become a member.
    pub(crate) const fn connecting() -> Self {
        Self {
            connecting: true,
            serving: false,
            held: VecDeque::new(),
        }
    }

    /// Whether an event that comes now has nothing to wait for.
    fn is_flowing(&self) -> bool {
        !self.connecting && !self.serving && self.held.is_empty()
    }
}

impl Socket {
    /// Whether an event that arrives now goes straight to its handler: nothing else looks at it, and it has nothing to wait for. Only whoever
    /// drives the session can rely on that, for this event.
    pub(crate) fn is_straight(&self) -> bool {
        self.is_flowing() && !self.has_hooks(Hooks::INCOMING)
    }

    /// An event has arrived: returns it unless it has to wait, or comes too late. If middlewares look at it, so that it may take its
    /// time, [`next_held`](Self::next_held) is due behind it.
    pub(crate) fn arrive(&self, event: IncomingEvent) -> Option<Due> {
        let mut stage = self.stage();
        let Stage::Open(queue) = &mut *stage else {
            drop(stage);
            self.log_ignored(&event);
            return None;
        };
        let looked_up = if queue.serving || !queue.held.is_empty() {
            Err(event)
        } else {
            self.look_up(event, queue.connecting)
        };
        let due = match looked_up {
            Ok(due) => {
                queue.serving = due.is_checked();
                Some(due)
            }
            Err(event) => {
                self.client().hold(event.len());
                queue.held.push_back(event.detached());
                None
            }
        };
        self.set_flowing(queue.is_flowing());
        due
    }

    /// The next event that waits, if it need not wait any longer. Whoever asks goes on to ask until there is none, and meanwhile nobody
    /// else does.
    pub(crate) fn next_held(&self) -> Option<Due> {
        let mut stage = self.stage();
        let Stage::Open(queue) = &mut *stage else {
            return None;
        };
        let Some(event) = queue.held.pop_front() else {
            queue.held = VecDeque::new(); // gives its memory back
            queue.serving = false;
            self.set_flowing(queue.is_flowing());
            return None;
        };
        match self.look_up(event, queue.connecting) {
            Ok(due) => {
                drop(stage);
                self.client().unhold(due.event.len());
                self.session().notify(); // there may be room for another
                Some(due)
            }
            Err(event) => {
                queue.held.push_front(event);
                queue.serving = false;
                None
            }
        }
    }

    /// The connect handler is done. Says whether [`next_held`](Self::next_held) is due.
    pub(crate) fn finish_connecting(&self) -> bool {
        match &mut *self.stage() {
            Stage::Open(queue) => {
                queue.connecting = false;
                let due = !queue.serving && !queue.held.is_empty();
                queue.serving |= due;
                self.set_flowing(queue.is_flowing());
                due
            }
            Stage::Joining(_) | Stage::Left => false,
        }
    }

    /// The client has left, or was refused: what waits is dropped.
    pub(crate) fn finish(&self) {
        let mut stage = self.stage();
        self.set_flowing(false);
        let before = std::mem::replace(&mut *stage, Stage::Left);
        drop(stage);
        if let Stage::Open(queue) = before {
            queue.held.iter().for_each(|event| self.client().unhold(event.len()));
        }
    }

    /// The handler of an event that was checked. It may have been registered meanwhile, or the socket may have left.
    pub(crate) fn find_handler(&self, event: &str) -> Option<Arc<dyn AnyHandler>> {
        match &*self.stage() {
            Stage::Open(_) => self.registered(event),
            Stage::Joining(_) | Stage::Left => None,
        }
    }

    pub(crate) fn log_ignored(&self, event: &IncomingEvent) {
        tracing::debug!(
            event = event.name(),
            socket = self.log_id(),
            "nobody listens to this event"
        );
    }

    /// What is to be done with an event; it comes back if it has to wait for the connect handler.
    fn look_up(&self, event: IncomingEvent, connecting: bool) -> Result<Due, IncomingEvent> {
        let handler = self.registered(&event.name);
        if handler.is_none() && connecting {
            return Err(event);
        }
        let hooks = self.hooks(Hooks::INCOMING);
        Ok(Due { event, handler, hooks })
    }

    fn registered(&self, event: &str) -> Option<Arc<dyn AnyHandler>> {
        let own = self.listeners().event(event);
        own.or_else(|| self.namespace().listeners().event(event))
    }
}

impl Due {
    /// Whether a middleware looks at the event.
    pub(crate) fn is_checked(&self) -> bool {
        self.hooks.middlewares().next().is_some()
    }
}
