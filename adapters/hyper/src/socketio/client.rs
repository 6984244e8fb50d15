//! Socket.IO on a session: from the machine's events to the application's handlers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Duration;

use engineio_proto::{Instant, Revision};
use futures_channel::oneshot;
use futures_util::future::join_all;
use socketio_proto::server::{AckError, Connection, Event, SocketKey};
use socketio_proto::{AckId, Args, DisconnectReason, Json};

use crate::handlers::begin;
use crate::runtime::Task;
use crate::session::{App, Session};
use crate::shield::{shield, shield_future};
use crate::socketio::admission::connect;
use crate::socketio::dispatch::handle;
use crate::socketio::io::Io;
use crate::socketio::listeners::Snapshot;
use crate::socketio::recovery::{Departure, Log};
use crate::{HandlerError, Handshake, IncomingEvent, RequestHead, Socket};

type AckSender = oneshot::Sender<Result<Args, AckError>>;

/// One client: its sockets, and the acknowledgements that are awaited from it.
pub(crate) struct Client {
    io: Arc<Io>,
    pub(crate) handshake: Handshake,
    pub(crate) revision: Revision,
    sockets: Mutex<BTreeMap<SocketKey, Socket>>,
    acks: Mutex<BTreeMap<(SocketKey, AckId), AckSender>>,
    /// Events that wait for a connect handler or for middlewares, and handlers of such events that wait.
    held: AtomicUsize,
    /// The bytes of these and of the events whose handlers wait.
    load: AtomicUsize,
    /// The bytes of what it has brought to be recognised by.
    brought: AtomicUsize,
}

/// The socket whose event came last: most often the next one is of the same.
#[derive(Default)]
pub(crate) struct Latest(Option<Known>);

/// A socket, with the handlers of its events and of its namespace's.
pub(crate) struct Known {
    pub(crate) socket: Socket,
    pub(crate) own: Snapshot,
    pub(crate) shared: Snapshot,
}

impl Latest {
    fn find(&mut self, client: &Client, key: SocketKey) -> Option<&mut Known> {
        if self.0.as_ref().is_none_or(|known| known.socket.key() != key) {
            self.0 = client.sockets().get(&key).map(|socket| Known {
                socket: socket.clone(),
                own: Snapshot::default(),
                shared: Snapshot::default(),
            });
        }
        self.0.as_mut()
    }

    fn forget(&mut self) {
        self.0 = None;
    }
}

impl App for Client {
    type Machine = Connection;
    type Local = Latest;
    type Host = Io;

    fn open(
        io: &Arc<Io>,
        connection: engineio_proto::server::Connection,
        now: Instant,
        head: &RequestHead,
    ) -> (Self, Connection) {
        let client = Self {
            io: Arc::clone(io),
            handshake: Handshake::new(head, io.registry.options.keep_headers),
            revision: connection.revision(),
            sockets: Mutex::default(),
            acks: Mutex::default(),
            held: AtomicUsize::new(0),
            load: AtomicUsize::new(0),
            brought: AtomicUsize::new(0),
        };
        (
            client,
            Connection::new(now, Arc::clone(&io.settings.sockets), connection),
        )
    }

    fn handle_event(
        session: &Arc<Session<Self>>,
        latest: &mut Latest,
        event: Event,
        cx: &mut Context<'_>,
    ) -> Option<Task> {
        let client = &session.app;
        match event {
            Event::Connect {
                socket,
                namespace,
                auth,
            } => begin(connect(session, socket, &namespace, auth)?, cx),
            Event::Event {
                socket,
                name,
                args,
                reply,
            } => {
                let reply = reply.map(|reply| reply.id());
                handle(latest.find(client, socket)?, IncomingEvent { name, args, reply }, cx)
            }
            Event::Ack { socket, id, args } => client.settle(socket, id, Ok(args)),
            Event::AckFailed { socket, id, error } => client.settle(socket, id, Err(error)),
            Event::Disconnect { socket, reason } => {
                latest.forget();
                let socket = client.sockets().remove(&socket)?;
                client.disconnect(&socket, &reason, cx)
            }
            Event::Closed(reason) => {
                tracing::debug!(%reason, "a session ended");
                latest.forget();
                Self::release(session);
                None
            }
            Event::Drained => {
                session.wake_senders();
                None
            }
            Event::Upgraded => None,
        }
    }

    fn rest(latest: &mut Latest) {
        if let Some(known) = &mut latest.0 {
            known.own.rest();
            known.shared.rest();
        }
    }

    fn release(session: &Arc<Session<Self>>) {
        let sid = session.lock().machine.sid();
        let acks = std::mem::take(&mut *session.app.acks());
        drop(acks); // whoever waits for one learns that it will not come
        session.app.io.registry.forget(&sid);
        session.wake_senders();
    }

    fn abandon(session: &Arc<Session<Self>>) {
        let sockets = std::mem::take(&mut *session.app.sockets());
        for socket in sockets.into_values() {
            socket.finish();
            let departure = session.app.take_out(&socket, false);
            drop(departure);
            socket.listeners().close();
        }
        Self::release(session);
    }

    fn is_busy(&self, handlers: usize) -> bool {
        let settings = &self.io.settings;
        handlers.max(self.held.load(Ordering::Relaxed)) >= settings.max_handlers
            || self.load.load(Ordering::Relaxed) >= settings.handler_capacity
    }
}

impl Client {
    /// Waits for an acknowledgement.
    pub(crate) fn expect_ack(&self, socket: SocketKey, id: AckId) -> oneshot::Receiver<Result<Args, AckError>> {
        let (sender, receiver) = oneshot::channel();
        self.acks().insert((socket, id), sender);
        receiver
    }

    /// Waits for it no more. Says whether it had not come yet.
    pub(crate) fn forget_ack(&self, socket: SocketKey, id: AckId) -> bool {
        let sender = self.acks().remove(&(socket, id));
        sender.is_some()
    }

    /// An event of so many bytes waits for a connect handler or for middlewares.
    pub(crate) fn hold(&self, bytes: usize) {
        self.held.fetch_add(1, Ordering::Relaxed);
        self.load.fetch_add(bytes, Ordering::Relaxed);
    }

    /// It waits no more.
    pub(crate) fn unhold(&self, bytes: usize) {
        self.held.fetch_sub(1, Ordering::Relaxed);
        self.load.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// How long a broadcast waits for acknowledgements that does not say.
    pub(crate) fn ack_timeout(&self) -> Duration {
        self.io.settings.ack_timeout
    }

    fn settle(&self, socket: SocketKey, id: AckId, answer: Result<Args, AckError>) -> Option<Task> {
        let sender = self.acks().remove(&(socket, id));
        if let Some(sender) = sender {
            let _ = sender.send(answer); // nobody may be waiting any more
        }
        None
    }

    /// A socket has left.
    fn disconnect(&self, socket: &Socket, reason: &DisconnectReason, cx: &mut Context<'_>) -> Option<Task> {
        tracing::debug!(socket = socket.log_id(), %reason, "a socket disconnected");
        socket.finish();
        let namespace = socket.namespace().listeners();
        for listeners in [socket.listeners(), namespace] {
            if let Some(handler) = listeners.disconnecting() {
                let called = shield(|| handler(socket, reason));
                report(socket, "disconnecting", called);
            }
        }
        let departure = self.take_out(socket, reason.is_recoverable());
        let handlers = [socket.listeners().disconnect(), namespace.disconnect()];
        socket.listeners().close();
        let calls: Vec<_> = handlers
            .into_iter()
            .flatten()
            .map(|handler| {
                let (socket, reason) = (socket.clone(), reason.clone());
                async move {
                    let result = shield_future(async { handler(socket.clone(), reason).await }).await;
                    report(&socket, "disconnect", result.and_then(|result| result));
                }
            })
            .collect();
        if calls.is_empty() {
            return None;
        }
        let waiting = begin(Box::pin(async move { drop(join_all(calls).await) }), cx);
        drop(departure);
        waiting
    }

    /// Takes a socket out of its namespace. Its client may come back if that is what it left for, and if the server lets clients do so, once
    /// what is returned is dropped.
    fn take_out<'a>(&self, socket: &'a Socket, may_come_back: bool) -> Option<Departure<'a>> {
        let namespace = socket.namespace();
        let mut departure = None;
        if let Some(member) = socket.member() {
            let order = namespace.log().map(Log::order);
            departure = namespace.log().zip(socket.pid()).map(|(log, pid)| log.departs(pid));
            let left = match namespace.log() {
                Some(log) if may_come_back => namespace.members().suspend(log.now(), member, socket.kept_data()),
                _ => namespace.members().remove(member),
            };
            drop(order);
            drop(left);
            if namespace.log().is_some() {
                namespace.drop_forgotten();
                self.io.sweep_later();
            }
        }
        self.io.leave(namespace.name());
        departure
    }

    pub(crate) fn io(&self) -> &Arc<Io> {
        &self.io
    }

    /// A socket that is about to be connected.
    pub(crate) fn insert(&self, socket: Socket) {
        self.sockets().insert(socket.key(), socket);
    }

    /// A socket that was not connected after all.
    pub(crate) fn remove(&self, key: SocketKey) -> Option<Socket> {
        self.sockets().remove(&key)
    }

    fn sockets(&self) -> MutexGuard<'_, BTreeMap<SocketKey, Socket>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn acks(&self) -> MutexGuard<'_, BTreeMap<(SocketKey, AckId), AckSender>> {
        self.acks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event that is being handled, for as long as its handler or a middleware waits.
pub(crate) struct Load {
    pub(crate) socket: Socket,
    bytes: usize,
}

impl Load {
    pub(crate) fn new(socket: &Socket, bytes: usize) -> Self {
        socket.client().load.fetch_add(bytes, Ordering::Relaxed);
        Self {
            socket: socket.clone(),
            bytes,
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.socket.client().load.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What a client has brought to be recognised by, for as long as somebody keeps it: whoever decides about the client, then its socket.
pub(crate) struct Credentials {
    json: Json,
    session: Arc<Session<Client>>,
}

impl Credentials {
    /// All that is kept of a client at a time may have as many bytes as one message. None if this is too much.
    pub(crate) fn new(json: Json, session: &Arc<Session<Client>>) -> Option<Self> {
        let bytes = json.as_str().len();
        let before = session.app.brought.fetch_add(bytes, Ordering::Relaxed);
        let credentials = Self {
            json,
            session: Arc::clone(session),
        };
        (before + bytes <= session.max_payload()).then_some(credentials)
    }

    pub(crate) const fn json(&self) -> &Json {
        &self.json
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        let bytes = self.json.as_str().len();
        self.session.app.brought.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Tells the application of a handler that failed: never silently, whoever's fault it is.
pub(crate) fn report(socket: &Socket, event: &str, result: Result<(), HandlerError>) {
    if let Err(error) = result {
        tracing::warn!(event, socket = socket.log_id(), %error, "the handler of an event failed");
        if let Some(hook) = &socket.client().io.settings.on_handler_error {
            if let Err(error) = shield(|| hook(socket, event, &error)) {
                tracing::error!(event, %error, "the hook for handlers that fail failed");
            }
        }
    }
}
