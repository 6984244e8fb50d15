//! Socket.IO on a session: from the machine's events to the application's handlers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use futures_channel::oneshot;
use futures_util::future::join_all;
use socketio_proto::client::{AckError, Connection, Event, Reply, SocketKey};
use socketio_proto::{AckId, Args, EventName};

use super::client::Lifeline;
use super::namespace::{Credentials, Namespace};
use super::session::{App, Session};
use super::{Client, ClientEvent};
use crate::handler::{Call, HandlerFuture};
use crate::runtime::Task;
use crate::shield::{shield, shield_future};
use crate::{Ack, HandlerError, Runtime, ack};

type AckSender = oneshot::Sender<Result<Args, AckError>>;

/// Called with a handler's error: the client, the event, what went wrong.
pub(crate) type OnHandlerError<R> = Arc<dyn Fn(&Client<R>, &str, &HandlerError) + Send + Sync>;

/// The namespaces of a client, and the acknowledgements that it waits for.
pub(crate) struct SocketIoApp<R: Runtime> {
    namespaces: Mutex<Namespaces<R>>,
    acks: Mutex<BTreeMap<(SocketKey, AckId), AckSender>>,
    /// The bytes of the events whose handlers wait, and of those that wait for somebody to take them.
    load: AtomicUsize,
    /// How many of the latter there are.
    queued: AtomicUsize,
    lifeline: OnceLock<Weak<Lifeline<R>>>,
    pub(crate) limits: Limits,
    pub(crate) on_handler_error: Option<OnHandlerError<R>>,
}

struct Namespaces<R: Runtime> {
    all: BTreeMap<Box<str>, Arc<Namespace<R>>>,
    keys: BTreeMap<SocketKey, Arc<Namespace<R>>>,
}

/// How much may wait before no more is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_handlers: usize,
    pub(crate) handler_capacity: usize,
}

impl<R: Runtime> SocketIoApp<R> {
    pub(crate) fn new(limits: Limits, on_handler_error: Option<OnHandlerError<R>>) -> Self {
        Self {
            namespaces: Mutex::new(Namespaces {
                all: BTreeMap::new(),
                keys: BTreeMap::new(),
            }),
            acks: Mutex::default(),
            load: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            lifeline: OnceLock::new(),
            limits,
            on_handler_error,
        }
    }

    /// Handlers get handles from here.
    pub(crate) fn tie(&self, lifeline: &Arc<Lifeline<R>>) {
        self.lifeline.get_or_init(|| Arc::downgrade(lifeline));
    }

    /// The namespace of this name; it comes into being here if need be.
    pub(crate) fn namespace(&self, name: &str, credentials: &Credentials) -> Arc<Namespace<R>> {
        let mut namespaces = self.namespaces();
        let found = namespaces.all.entry(name.into());
        Arc::clone(found.or_insert_with(|| Arc::new(Namespace::new(name, credentials.clone()))))
    }

    /// The machine's name for a namespace; it had none before.
    pub(crate) fn name(&self, key: SocketKey, namespace: &Arc<Namespace<R>>) {
        self.namespaces().keys.insert(key, Arc::clone(namespace));
        namespace.status().key = Some(key);
    }

    /// The machine does not know it any more.
    pub(crate) fn forget(&self, key: SocketKey) {
        let forgotten = self.namespaces().keys.remove(&key);
        if let Some(namespace) = forgotten {
            let mut status = namespace.status();
            if status.key == Some(key) {
                status.key = None;
            }
        }
    }

    /// Waits for an acknowledgement.
    pub(crate) fn expect_ack(&self, key: SocketKey, id: AckId) -> oneshot::Receiver<Result<Args, AckError>> {
        let (sender, receiver) = oneshot::channel();
        self.acks().insert((key, id), sender);
        receiver
    }

    /// Waits for it no more. Says whether it had not come yet.
    pub(crate) fn forget_ack(&self, key: SocketKey, id: AckId) -> bool {
        let sender = self.acks().remove(&(key, id));
        sender.is_some()
    }

    /// An event of so many bytes was taken by somebody. Says whether there may be room for more only now.
    pub(crate) fn unqueue(&self, bytes: usize) -> bool {
        let was_busy = self.is_busy(0);
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.load.fetch_sub(bytes, Ordering::Relaxed);
        was_busy
    }

    fn settle(&self, key: SocketKey, id: AckId, answer: Result<Args, AckError>) {
        let sender = self.acks().remove(&(key, id));
        if let Some(sender) = sender {
            let _ = sender.send(answer); // nobody may be waiting any more
        }
    }

    fn find(&self, key: SocketKey) -> Option<Arc<Namespace<R>>> {
        self.namespaces().keys.get(&key).cloned()
    }

    /// Tells those who prefer a loop, if there is one. If it takes nothing, it misses what is not an event of the server: the server is
    /// not read then, but a connection may be tried for ever.
    fn enqueue(&self, namespace: &Namespace<R>, event: impl FnOnce() -> ClientEvent, bytes: usize) {
        let mut queue = namespace.queue();
        let full = queue.events.len() >= self.limits.max_handlers && bytes == 0;
        if queue.readers > 0 && !full {
            queue.events.push_back((event(), bytes));
            self.queued.fetch_add(1, Ordering::Relaxed);
            self.load.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    fn namespaces(&self) -> MutexGuard<'_, Namespaces<R>> {
        self.namespaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn acks(&self) -> MutexGuard<'_, BTreeMap<(SocketKey, AckId), AckSender>> {
        self.acks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Runtime> App for SocketIoApp<R> {
    type Machine = Connection;

    fn handle_event(session: &Arc<Session<Self>>, event: Event) -> Option<Task> {
        let app = &session.app;
        match event {
            Event::Authenticate { socket } => authenticate(session, socket),
            Event::Connected { socket, id, recovered } => {
                let namespace = app.find(socket)?;
                let mut status = namespace.status();
                status.id = Some(id);
                status.recovered = recovered;
                drop(status);
                app.enqueue(&namespace, || ClientEvent::Connected { recovered }, 0);
                let handler = namespace.listeners().connect.clone()?;
                let client = client(session, &namespace)?;
                call(client, "connect", |client| handler(client))
            }
            Event::ConnectError { socket, error } => {
                let namespace = app.find(socket)?;
                tracing::debug!(namespace = &*namespace.name, %error, "a namespace could not be connected");
                let mut status = namespace.status();
                status.failures += 1;
                status.error = Some(error.clone());
                drop(status);
                app.enqueue(&namespace, || ClientEvent::ConnectError(error.clone()), 0);
                let handler = namespace.listeners().connect_error.clone()?;
                let client = client(session, &namespace)?;
                call(client, "connect_error", |client| handler((client, error)))
            }
            Event::Disconnected { socket, reason } => {
                let namespace = app.find(socket)?;
                if session.lock().machine.namespace(socket).is_none() {
                    app.forget(socket);
                }
                app.enqueue(&namespace, || ClientEvent::Disconnected(reason.clone()), 0);
                let handler = namespace.listeners().disconnect.clone()?;
                let client = client(session, &namespace)?;
                call(client, "disconnect", |client| handler((client, reason)))
            }
            Event::Event {
                socket,
                name,
                args,
                reply,
                ..
            } => {
                let namespace = app.find(socket)?;
                handle(session, &namespace, &name, args, reply)
            }
            Event::Ack { socket, id, args } => {
                app.settle(socket, id, Ok(args));
                None
            }
            Event::AckFailed { socket, id, error } => {
                app.settle(socket, id, Err(error));
                None
            }
            Event::Reconnecting { attempt, delay } => {
                tracing::debug!(attempt, ?delay, "the next attempt to connect");
                let active: Vec<_> = app.namespaces().keys.values().cloned().collect();
                let calls = active.iter().filter_map(|namespace| {
                    app.enqueue(namespace, || ClientEvent::Reconnecting { attempt, delay }, 0);
                    let handler = namespace.listeners().reconnecting.clone()?;
                    let client = client(session, namespace)?;
                    call(client, "reconnecting", |client| handler((client, attempt, delay)))
                });
                let calls: Vec<_> = calls.collect();
                (!calls.is_empty()).then(|| Box::pin(async move { drop(join_all(calls).await) }) as Task)
            }
            Event::Open { .. }
            | Event::ReconnectFailed
            | Event::Upgraded
            | Event::UpgradeFailed(_)
            | Event::Drained
            | Event::Closed => None,
        }
    }

    fn is_busy(&self, handlers: usize) -> bool {
        handlers.max(self.queued.load(Ordering::Relaxed)) >= self.limits.max_handlers
            || self.load.load(Ordering::Relaxed) >= self.limits.handler_capacity
    }

    fn release(&self) {
        let acks = std::mem::take(&mut *self.acks());
        drop(acks); // whoever waits for one learns that it will not come
        let mut namespaces = self.namespaces();
        let gone = (
            std::mem::take(&mut namespaces.all),
            std::mem::take(&mut namespaces.keys),
        );
        drop(namespaces);
        // What handlers have captured may be the client itself.
        for namespace in gone.0.values() {
            let listeners = std::mem::take(&mut *namespace.listeners());
            drop(listeners);
        }
    }
}

/// The server wants to know who this is.
fn authenticate<R: Runtime>(session: &Arc<Session<SocketIoApp<R>>>, key: SocketKey) -> Option<Task> {
    let namespace = session.app.find(key)?;
    let Credentials::Function(function) = &namespace.credentials else {
        return None;
    };
    let asked = shield(|| function());
    let session = Arc::clone(session);
    Some(Box::pin(async move {
        let answered = match asked {
            Ok(future) => shield_future(future).await,
            Err(panicked) => Err(panicked),
        };
        let auth = answered.and_then(|answer| answer.map_err(HandlerError::Failed));
        match auth {
            Ok(auth) => {
                let told = session.lock().machine.authenticate(key, Some(&auth));
                if let Err(error) = told {
                    tracing::warn!(namespace = &*namespace.name, %error, "the credentials were not taken");
                }
                session.notify();
            }
            // The server loses its patience, and the next session asks again.
            Err(error) => tracing::error!(namespace = &*namespace.name, %error, "there are no credentials"),
        }
    }))
}

/// The server emitted an event.
fn handle<R: Runtime>(
    session: &Arc<Session<SocketIoApp<R>>>,
    namespace: &Arc<Namespace<R>>,
    name: &EventName,
    args: Args,
    reply: Option<Reply>,
) -> Option<Task> {
    let listeners = namespace.listeners();
    let (any, handler) = (listeners.any.clone(), listeners.events.get(&**name).cloned());
    drop(listeners);
    let client = client(session, namespace)?;
    let bytes = size(name, &args);
    let ack = reply.map(|reply| {
        Ack::to_server(ServerReply {
            session: Arc::clone(session),
            reply,
        })
    });
    for listener in &any {
        if let Err(panicked) = shield(|| listener(&client, name, &args)) {
            report(&client, name, Err(panicked));
        }
    }
    let Some(handler) = handler else {
        let ack = ack.unwrap_or_default();
        let event = || ClientEvent::Event {
            name: name.to_string(),
            args: args.detached(), // it may wait for long, and is a slice of the message or body that it came in
            ack,
        };
        session.app.enqueue(namespace, event, bytes);
        return None;
    };
    let begun = shield(|| {
        handler.call(Call {
            socket: &client,
            args: args.into(),
            ack,
        })
    });
    let future = match begun.and_then(|begun| Ok(begun?)) {
        Ok(future) => future,
        Err(error) => {
            report(&client, name, Err(error));
            return None;
        }
    };
    let load = Load::new(Arc::clone(session), bytes);
    let name = name.detached(); // as it came, it may keep all of that message
    Some(Box::pin(async move {
        let result = shield_future(future).await;
        report(&client, &name, result.and_then(|result| result));
        drop(load);
    }))
}

/// A handle for a handler, unless nobody holds one any more.
fn client<R: Runtime>(session: &Session<SocketIoApp<R>>, namespace: &Arc<Namespace<R>>) -> Option<Client<R>> {
    let lifeline = session.app.lifeline.get()?.upgrade()?;
    Some(Client::with(lifeline, Arc::clone(namespace)))
}

/// Calls a handler.
fn call<R: Runtime>(client: Client<R>, event: &str, handler: impl FnOnce(Client<R>) -> HandlerFuture) -> Option<Task> {
    let event = event.to_owned();
    match shield(|| handler(client.clone())) {
        Ok(future) => Some(Box::pin(async move {
            let result = shield_future(future).await;
            report(&client, &event, result.and_then(|result| result));
        })),
        Err(error) => {
            report(&client, &event, Err(error));
            None
        }
    }
}

/// Tells the application of a handler that failed: never silently, whoever's fault it is.
fn report<R: Runtime>(client: &Client<R>, event: &str, result: Result<(), HandlerError>) {
    if let Err(error) = result {
        tracing::warn!(event, namespace = client.namespace(), %error, "the handler of an event failed");
        if let Some(hook) = client.on_handler_error() {
            if let Err(error) = shield(|| hook(client, event, &error)) {
                tracing::error!(event, %error, "the hook for handlers that fail failed");
            }
        }
    }
}

/// How many bytes an event keeps.
fn size(name: &str, args: &Args) -> usize {
    let attachments = args.attachments().iter().map(Bytes::len);
    name.len() + args.as_json().len() + attachments.sum::<usize>()
}

/// An event that is being handled, for as long as its handler waits.
struct Load<R: Runtime> {
    session: Arc<Session<SocketIoApp<R>>>,
    bytes: usize,
}

impl<R: Runtime> Load<R> {
    fn new(session: Arc<Session<SocketIoApp<R>>>, bytes: usize) -> Self {
        session.app.load.fetch_add(bytes, Ordering::Relaxed);
        Self { session, bytes }
    }
}

impl<R: Runtime> Drop for Load<R> {
    fn drop(&mut self) {
        self.session.app.load.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The acknowledgement that the server waits for.
struct ServerReply<R: Runtime> {
    session: Arc<Session<SocketIoApp<R>>>,
    reply: Reply,
}

impl<R: Runtime> ack::Reply for ServerReply<R> {
    fn send(self: Box<Self>, args: &dyn socketio_proto::ToArgs) -> Result<(), socketio_proto::server::EmitError> {
        use socketio_proto::client::EmitError as Ours;
        use socketio_proto::server::EmitError as Theirs;
        let sent = self.session.lock().machine.ack(self.reply, ack::AnyArgs(args));
        self.session.notify();
        sent.map_err(|error| match error {
            Ours::Encode(error) => Theirs::Encode(error),
            Ours::Full => Theirs::Full,
            _ => Theirs::NotConnected,
        })
    }
}
