//! What an application wants to be told.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use socketio_proto::{Args, DisconnectReason};

use crate::handler::{AnyHandler, Erased, Handler, HandlerFuture, Once, Outcome};
use crate::socketio::hooks::{Hooks, OnAny};
use crate::{BoxError, ConnectError, HandlerError, IncomingEvent, Socket};

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
    /// Some event has, or had, a handler here: most applications have them all in one place, the socket's or the namespace's.
    has_events: AtomicBool,
}

#[derive(Default)]
struct Inner {
    middlewares: Vec<Middleware>,
    connect: Option<OnConnect>,
    disconnecting: Option<OnDisconnecting>,
    disconnect: Option<OnDisconnect>,
    events: BTreeMap<Cow<'static, str>, Arc<dyn AnyHandler>>,
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
        self.change(|inner| inner.events.remove(event));
    }

    /// Takes away the handler of an event, if it is still this one.
    pub(crate) fn forget(&self, event: &str, handler: *const ()) {
        self.change(|inner| {
            let found = inner.events.get(event);
            let same = found.is_some_and(|found| std::ptr::addr_eq(Arc::as_ptr(found), handler));
            if same { inner.events.remove(event) } else { None }
        });
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
        let handler = move |socket| run(handler(socket));
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
        let handler = move |socket, reason| run(handler(socket, reason));
        self.add(|inner| inner.disconnect.replace(Arc::new(handler)));
    }

    pub(crate) fn event(&self, name: &str) -> Option<Arc<dyn AnyHandler>> {
        if !self.has_events.load(Ordering::Acquire) {
            return None;
        }
        self.read(|inner| inner.events.get(name).cloned())
    }

    /// What looks at events of one of the [kinds](Hooks::kinds).
    pub(crate) fn hooks(&self, kind: u8) -> Option<Arc<Hooks>> {
        if self.hooks.load(Ordering::Acquire) & kind == 0 {
            return None;
        }
        self.read(|inner| inner.hooks.clone())
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
        let before = self.change(|inner| std::mem::replace(inner, closed));
        drop(before); // outside the lock: what they captured may have a `Drop` of its own
    }

    fn add_event(&self, event: Cow<'static, str>, handler: Arc<dyn AnyHandler>) {
        self.add(|inner| {
            self.has_events.store(true, Ordering::Release);
            inner.events.insert(event, handler)
        });
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
        self.read(|inner| f.debug_set().entries(inner.events.keys()).finish())
    }
}

/// A handler's future, whatever it returns.
pub(crate) fn run<Fut>(future: Fut) -> HandlerFuture
where
    Fut: Future<Output: Outcome> + Send + 'static,
{
    Box::pin(async move { future.await.into_result().map_err(HandlerError::Failed) })
}
