//! What looks at events on their way, in and out.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use socketio_proto::Args;

use crate::{BoxError, IncomingEvent, Socket};

type Verdict = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
pub(crate) type EventMiddleware = Arc<dyn Fn(Socket, IncomingEvent) -> Verdict + Send + Sync>;
pub(crate) type OnAny = Arc<dyn Fn(&Socket, &str, &Args) + Send + Sync>;

/// Event middlewares and catch-all listeners, of one socket or of a namespace, each kind in the order in which they were added. Most
/// have none.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) middlewares: Vec<EventMiddleware>,
    pub(crate) incoming: Vec<OnAny>,
    pub(crate) outgoing: Vec<OnAny>,
}

impl Hooks {
    /// Something looks at what clients emit.
    pub(crate) const INCOMING: u8 = 1;
    /// Something looks at what is emitted to clients.
    pub(crate) const OUTGOING: u8 = 2;

    /// Which of these there are.
    pub(crate) fn kinds(&self) -> u8 {
        let incoming = !(self.middlewares.is_empty() && self.incoming.is_empty());
        let outgoing = !self.outgoing.is_empty();
        u8::from(incoming) * Self::INCOMING + u8::from(outgoing) * Self::OUTGOING
    }
}

/// What applies to an event of one socket: what its namespace has, then what it has itself.
#[derive(Default)]
pub(crate) struct Applied(pub(crate) [Option<Arc<Hooks>>; 2]);

impl Applied {
    pub(crate) fn all<'a, F: 'a>(&'a self, of: fn(&'a Hooks) -> &'a [F]) -> impl Iterator<Item = &'a F> + 'a {
        self.0.iter().flatten().flat_map(move |hooks| of(hooks))
    }

    pub(crate) fn middlewares(&self) -> impl Iterator<Item = &EventMiddleware> {
        self.all(|hooks| &hooks.middlewares)
    }

    pub(crate) fn incoming(&self) -> impl Iterator<Item = &OnAny> {
        self.all(|hooks| &hooks.incoming)
    }

    pub(crate) fn outgoing(&self) -> impl Iterator<Item = &OnAny> {
        self.all(|hooks| &hooks.outgoing)
    }
}
