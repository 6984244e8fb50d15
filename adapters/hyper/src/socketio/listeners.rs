//! What an application wants to be told.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use socketio_proto::{Args, DisconnectReason};

use crate::handler::{AnyHandler, Erased, Handler, HandlerFuture, Once, Outcome, boxed};
use crate::socketio::hooks::{Hooks, OnAny};
use crate::{BoxError, ConnectError, IncomingEvent, Socket};

type Refused = Pin<Box<dyn Future<Output = Result<(), ConnectError>> + Send>>;
pub(crate) type Middleware = Arc<dyn Fn(Socket) -> Refused + Send + Sync>;
pub(crate) type OnConnect = Arc<dyn Fn(Socket) -> HandlerFuture + Send + Sync>;
pub(crate) type OnDisconnecting = Arc<dyn Fn(&Socket, &DisconnectReason) + Send + Sync>;
pub(crate) type OnDisconnect = Arc<dyn Fn(Socket, DisconnectReason) -> HandlerFuture + Send + Sync>;

/// The functions that handle what happens, of one socket or of a namespace.
#[derive(Default)]
pub(crate) struct Listeners {
    inner: RwLock<Inner>,
    /// Which [kinds](Hooks::kinds) of hooks there are: to be asked for each event, without the lock.
    hooks: AtomicU8,
    /// How often the handlers of events have changed. Most applications have them all in one place, the socket's or the namespace's; in
    /// the other it is never.
    changes: AtomicU32,
}

/// The handlers of events, by their names.
type Events = BTreeMap<Cow<'static, str>, Arc<dyn AnyHandler>>;

/// The handlers of events as they were when they were looked at last. As long as they have not changed, they are found here, without the
/// lock. It keeps them alive until it is told to [rest](Self::rest).
#[derive(Default)]
pub(crate) struct Snapshot {
    changes: u32,
    events: Option<Arc<Events>>,
    /// Where they are found again, if they have not changed.
    rested: Weak<Events>,
}

impl Snapshot {
    /// The handler of an event, as of now.
    pub(crate) fn find(&mut self, listeners: &Listeners, event: &str) -> Option<&dyn AnyHandler> {
        let changes = listeners.changes.load(Ordering::Acquire);
        if changes == 0 {
            return None;
        }
        if changes == self.changes && self.events.is_none() {
            self.events = self.rested.upgrade();
        }
        if changes != self.changes || self.events.is_none() {
            *self = listeners.snapshot();
        }
        self.events.as_ref()?.get(event).map(|handler| &**handler)
    }

    /// Does not keep the handlers alive any more, until one of them is looked for.
    pub(crate) fn rest(&mut self) {
        self.events = None;
    }
}

#[derive(Default)]
struct Inner {
    middlewares: Vec<Middleware>,
    connect: Option<OnConnect>,
    disconnecting: Option<OnDisconnecting>,
    disconnect: Option<OnDisconnect>,
    /// None as long as there was none. A [`Snapshot`] of them does not change.
    events: Option<Arc<Events>>,
    hooks: Option<Arc<Hooks>>,
    /// Nothing happens any more: what is added is dropped.
    closed: bool,
}

impl Listeners {
    pub(crate) fn on<P: 'static>(&self, event: Cow<'static, str>, handler: impl Handler<P>) {
        self.add_event(event, Arc::new(Erased::<_, P>::new(handler)));
    }

    pub(crate) fn once<P: 'static>(&self, event: Cow<'static, str>, handler: impl Handler<P>) {
        let handler = Arc::new(Once::new(event.clone(), Erased::<_, P>::new(handler)));
        self.add_event(event, handler);
    }

    pub(crate) fn off(&self, event: &str) {
        self.forget_if(event, |_| true);
    }

    /// Takes away the handler of an event, if it is still this one.
    pub(crate) fn forget(&self, event: &str, handler: *const ()) {
        self.forget_if(event, |found| std::ptr::addr_eq(Arc::as_ptr(found), handler));
    }

    pub(crate) fn with_event_middleware<F, Fut>(&self, middleware: F)
    where
        F: Fn(Socket, IncomingEvent) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let middleware = Arc::new(move |socket, event| Box::pin(middleware(socket, event)) as _);
        self.add_hook(|hooks| hooks.middlewares.push(middleware));
    }

    pub(crate) fn on_any(&self, listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static) {
        self.add_hook(|hooks| hooks.incoming.push(Arc::new(listener)));
    }

    pub(crate) fn on_any_outgoing(&self, listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static) {
        self.add_hook(|hooks| hooks.outgoing.push(Arc::new(listener)));
    }

    pub(crate) fn off_any(&self) {
        self.take_hooks(|hooks| &mut hooks.incoming);
    }

    pub(crate) fn off_any_outgoing(&self) {
        self.take_hooks(|hooks| &mut hooks.outgoing);
    }

    pub(crate) fn with_middleware<F, Fut>(&self, middleware: F)
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), ConnectError>> + Send + 'static,
    {
        self.add(|inner| {
            inner
                .middlewares
                .push(Arc::new(move |socket| Box::pin(middleware(socket))));
        });
    }

    pub(crate) fn on_connect<F, Fut>(&self, handler: F)
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let handler = move |socket| boxed(handler(socket));
        self.add(|inner| inner.connect.replace(Arc::new(handler)));
    }

    pub(crate) fn on_disconnecting(&self, handler: impl Fn(&Socket, &DisconnectReason) + Send + Sync + 'static) {
        self.add(|inner| inner.disconnecting.replace(Arc::new(handler)));
    }

    pub(crate) fn on_disconnect<F, Fut>(&self, handler: F)
    where
        F: Fn(Socket, DisconnectReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let handler = move |socket, reason| boxed(handler(socket, reason));
        self.add(|inner| inner.disconnect.replace(Arc::new(handler)));
    }

    pub(crate) fn event(&self, name: &str) -> Option<Arc<dyn AnyHandler>> {
        if self.changes.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.read(|inner| inner.events.as_ref()?.get(name).cloned())
    }

    fn snapshot(&self) -> Snapshot {
        self.read(|inner| Snapshot {
            changes: self.changes.load(Ordering::Acquire),
            rested: inner.events.as_ref().map(Arc::downgrade).unwrap_or_default(),
            events: inner.events.clone(),
        })
    }

    /// Whether something looks at events of one of the [kinds](Hooks::kinds).
    pub(crate) fn has_hooks(&self, kind: u8) -> bool {
        self.hooks.load(Ordering::Acquire) & kind != 0
    }

    /// What looks at events of one of the [kinds](Hooks::kinds).
    pub(crate) fn hooks(&self, kind: u8) -> Option<Arc<Hooks>> {
        if self.has_hooks(kind) {
            self.read(|inner| inner.hooks.clone())
        } else {
            None
        }
    }

    pub(crate) fn middlewares(&self) -> Vec<Middleware> {
        self.read(|inner| inner.middlewares.clone())
    }

    pub(crate) fn connect(&self) -> Option<OnConnect> {
        self.read(|inner| inner.connect.clone())
    }

    pub(crate) fn disconnecting(&self) -> Option<OnDisconnecting> {
        self.read(|inner| inner.disconnecting.clone())
    }

    pub(crate) fn disconnect(&self) -> Option<OnDisconnect> {
        self.read(|inner| inner.disconnect.clone())
    }

    /// Lets go of everything, for good: what a socket's handlers captured, the socket itself for one, is not kept for longer than it
    /// lives.
    pub(crate) fn close(&self) {
        let closed = Inner {
            closed: true,
            ..Inner::default()
        };
        let before = self.change(|inner| {
            self.count_change();
            std::mem::replace(inner, closed)
        });
        drop(before); // outside the lock: what they captured may have a `Drop` of its own
    }

    fn add_event(&self, event: Cow<'static, str>, handler: Arc<dyn AnyHandler>) {
        self.add(|inner| {
            self.count_change();
            Arc::make_mut(inner.events.get_or_insert_default()).insert(event, handler)
        });
    }

    /// Takes away the handler of an event, if there is one and it is the one that is meant.
    fn forget_if(&self, event: &str, is_meant: impl FnOnce(&Arc<dyn AnyHandler>) -> bool) {
        let forgotten = self.change(|inner| {
            let events = inner.events.as_mut()?;
            if !events.get(event).is_some_and(is_meant) {
                return None;
            }
            self.count_change();
            Arc::make_mut(events).remove(event)
        });
        drop(forgotten); // outside the lock
    }

    /// With the lock: what was looked at before is not up to date.
    fn count_change(&self) {
        let changes = self.changes.load(Ordering::Relaxed);
        self.changes
            .store(changes.checked_add(1).unwrap_or(1), Ordering::Release); // 0 is never
    }

    fn add_hook(&self, add: impl FnOnce(&mut Hooks)) {
        self.add(|inner| {
            let hooks = Arc::make_mut(inner.hooks.get_or_insert_default());
            add(hooks);
            self.hooks.store(hooks.kinds(), Ordering::Release);
        });
    }

    fn take_hooks(&self, which: fn(&mut Hooks) -> &mut Vec<OnAny>) {
        let taken = self.change(|inner| {
            let hooks = Arc::make_mut(inner.hooks.as_mut()?);
            let taken = std::mem::take(which(hooks));
            self.hooks.store(hooks.kinds(), Ordering::Release);
            Some(taken)
        });
        drop(taken); // outside the lock
    }

    /// What it takes the place of is dropped outside the lock.
    fn add<R>(&self, add: impl FnOnce(&mut Inner) -> R) -> Option<R> {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        (!inner.closed).then(|| add(&mut inner))
    }

    fn read<R>(&self, look: impl FnOnce(&Inner) -> R) -> R {
        look(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<R>(&self, change: impl FnOnce(&mut Inner) -> R) -> R {
        change(&mut self.inner.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read(|inner| {
            let events = inner.events.iter().flat_map(|events| events.keys());
            f.debug_set().entries(events).finish()
        })
    }
}
