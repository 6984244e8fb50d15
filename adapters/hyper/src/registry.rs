//! The sessions of one server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use engineio_proto::server::{Incoming, Request, Route, Server};
use engineio_proto::{Config, ErrorCode, Exchange, Refusal, Sid};
use futures_channel::oneshot;
use http::request::Parts;

use crate::PerMessageDeflate;
use crate::clock::ServerClock;
use crate::entropy::entropy;
use crate::runtime::Task;
use crate::session::{App, Session};

type Sessions<A> = Server<Arc<Session<A>>>;

/// Finds the session of a request, and begins new ones.
pub(crate) struct Registry<A: App> {
    sessions: RwLock<Sessions<A>>,
    /// New sessions are refused; these wait for the last one to end.
    stopping: Mutex<Option<Vec<oneshot::Sender<()>>>>,
    pub(crate) clock: ServerClock,
    pub(crate) per_message_deflate: Option<PerMessageDeflate>,
    spawn: Arc<dyn Fn(Task) + Send + Sync>,
}

impl<A: App> Registry<A> {
    pub(crate) fn new(config: Config, clock: ServerClock, spawn: Arc<dyn Fn(Task) + Send + Sync>) -> Self {
        Self {
            sessions: RwLock::new(Server::new(Arc::new(config))),
            stopping: Mutex::default(),
            clock,
            per_message_deflate: None,
            spawn,
        }
    }

    /// The session that a request belongs to, and what the request is to it.
    pub(crate) fn find(
        host: &Arc<A::Host>,
        head: &Parts,
        request: &Request<'_>,
    ) -> Result<(Arc<Session<A>>, Exchange), Refusal> {
        let registry: &Self = (**host).as_ref();
        let incoming = match registry.read().route(request) {
            Route::Connection(session, exchange) => return Ok((Arc::clone(session), exchange)),
            Route::Incoming(incoming) => incoming,
            Route::Refuse(refusal) => return Err(refusal),
        };
        Ok((registry.begin(host, head, incoming)?, incoming.exchange()))
    }

    /// Forgets a session that has ended.
    pub(crate) fn forget(&self, sid: &Sid) {
        let mut sessions = self.write();
        let forgotten = sessions.forget(sid);
        let waiting = match &mut *self.stopping() {
            Some(waiting) if sessions.is_empty() => std::mem::take(waiting),
            _ => Vec::new(),
        };
        drop(sessions);
        drop((forgotten, waiting)); // outside the lock: dropped senders wake receivers
    }

    /// Refuses new sessions from now on. Ready when there are none left.
    pub(crate) fn stop(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let sessions = self.write(); // nobody begins a session meanwhile
        let mut stopping = self.stopping();
        let waiting = stopping.get_or_insert_default();
        if !sessions.is_empty() {
            waiting.push(sender);
        }
        receiver
    }

    /// Starts a task.
    pub(crate) fn spawn(&self, task: Task) {
        (self.spawn)(task);
    }

    /// The sessions that there are now.
    pub(crate) fn all(&self) -> Vec<Arc<Session<A>>> {
        self.read().connections().cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.read().len()
    }

    fn begin(&self, host: &Arc<A::Host>, head: &Parts, incoming: Incoming) -> Result<Arc<Session<A>>, Refusal> {
        let now = self.clock.now();
        loop {
            let sid = Sid::from_entropy(entropy().map_err(|error| {
                tracing::error!(%error, "no entropy for a session id");
                Refusal::new(ErrorCode::BadRequest)
            })?);
            let mut sessions = self.write();
            if self.stopping().is_some() {
                return Err(Refusal::forbidden("server shutting down"));
            }
            let connection = sessions.accept(now, incoming, sid);
            let (app, machine) = A::open(host, connection, now, head);
            let session = Session::new(app, machine, self.clock.clone());
            if sessions.insert(sid, incoming.revision(), Arc::clone(&session)).is_ok() {
                drop(sessions);
                self.spawn(Box::pin(Arc::clone(&session).run()));
                return Ok(session);
            }
        }
    }

    fn stopping(&self) -> MutexGuard<'_, Option<Vec<oneshot::Sender<()>>>> {
        self.stopping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, Sessions<A>> {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Sessions<A>> {
        self.sessions.write().unwrap_or_else(PoisonError::into_inner)
    }
}
