//! The sessions of one server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use engineio_proto::server::{Incoming, Request, Route, Server};
use engineio_proto::{Config, ErrorCode, Exchange, Refusal, Sid};
use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{Shared, select};

use crate::clock::ServerClock;
use crate::options::Options;
use crate::runtime::Task;
use crate::session::machine::Machine;
use crate::session::{App, Session};
use crate::{RequestHead, Runtime};

type Sessions<A> = Server<Arc<Session<A>>>;

/// How many ids are tried for a new session. Only those that the application makes may be taken.
const ATTEMPTS: usize = 3;

/// Finds the session of a request, and begins new ones.
pub(crate) struct Registry<A: App> {
    sessions: RwLock<Sessions<A>>,
    /// New sessions are refused; these wait for the last one to end.
    stopping: Mutex<Option<Vec<oneshot::Sender<()>>>>,
    closing: Mutex<Option<oneshot::Sender<()>>>,
    closed: Shared<oneshot::Receiver<()>>,
    pub(crate) options: Options,
    pub(crate) clock: ServerClock,
    spawn: Arc<dyn Fn(Task) + Send + Sync>,
}

/// Where a request belongs.
pub(crate) enum Found<A: App> {
    /// To this session, as this exchange.
    Session(Arc<Session<A>>, Exchange),
    /// To none yet: it asks for one.
    Incoming(Incoming),
    /// Nowhere.
    Refused(Refusal),
}

impl<A: App> Registry<A> {
    pub(crate) fn new<R: Runtime>(runtime: R, config: Config, options: Options) -> Self {
        let (closing, closed) = oneshot::channel();
        Self {
            sessions: RwLock::new(Server::new(Arc::new(config))),
            stopping: Mutex::default(),
            closing: Mutex::new(Some(closing)),
            closed: closed.shared(),
            options,
            clock: ServerClock::new(Arc::new(runtime.timer())),
            spawn: Arc::new(move |task| runtime.spawn(task)),
        }
    }

    /// The session that a request belongs to, and what the request is to it.
    pub(crate) fn find(&self, request: &Request<'_>) -> Found<A> {
        match self.read().route(request) {
            Route::Connection(session, exchange) => Found::Session(Arc::clone(session), exchange),
            Route::Incoming(incoming) => Found::Incoming(incoming),
            Route::Refuse(refusal) => Found::Refused(refusal),
        }
    }

    /// Begins the session that a request asks for, if the application lets it and there is room.
    pub(crate) async fn admit(
        host: &Arc<A::Host>,
        head: &RequestHead,
        incoming: Incoming,
    ) -> Result<(Sid, Arc<Session<A>>), Refusal> {
        let registry: &Self = (**host).as_ref();
        registry.options.gate.allow(head).await?;
        registry.begin(host, head, incoming)
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
    fn stop(&self) -> oneshot::Receiver<()> {
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

    /// Ends every session and refuses new ones, and waits until they are gone, for a while.
    pub(crate) async fn close(&self) {
        let emptied = self.stop();
        drop(self.closing.lock().unwrap_or_else(PoisonError::into_inner).take());
        for session in self.all() {
            session.lock().machine.close(session.clock.now());
            session.notify();
        }
        select(emptied, self.clock.timer.sleep(self.options.close_timeout)).await;
    }

    /// Ready once the server is being closed.
    pub(crate) fn closed(&self) -> impl Future<Output = ()> + Send + use<A> {
        self.closed.clone().map(drop)
    }

    /// The sessions that there are now.
    fn all(&self) -> Vec<Arc<Session<A>>> {
        self.read().connections().cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.read().len()
    }

    fn begin(
        &self,
        host: &Arc<A::Host>,
        head: &RequestHead,
        incoming: Incoming,
    ) -> Result<(Sid, Arc<Session<A>>), Refusal> {
        let now = self.clock.now();
        for _ in 0..ATTEMPTS {
            let sid = self.options.gate.new_sid(head)?;
            let mut sessions = self.write();
            if self.stopping().is_some() {
                return Err(Refusal::forbidden("server shutting down"));
            }
            if sessions.len() >= self.options.max_sessions {
                return Err(Refusal::forbidden("too many sessions"));
            }
            let connection = sessions.accept(now, incoming, sid);
            let (app, machine) = A::open(host, connection, now, head);
            let session = Session::new(app, machine, self.clock.clone());
            if sessions.insert(sid, incoming.revision(), Arc::clone(&session)).is_ok() {
                drop(sessions);
                self.spawn(Box::pin(Arc::clone(&session).run()));
                return Ok((sid, session));
            }
        }
        tracing::warn!("the hook that makes session ids makes some that are taken");
        Err(Refusal::new(ErrorCode::BadRequest).with_context("the session id is taken"))
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
