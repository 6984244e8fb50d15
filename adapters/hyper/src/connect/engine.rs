//! A plain Engine.IO client.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use engineio_proto::client::{Connection, Event};
use engineio_proto::{CloseReason, Frame, Handshake, Message, Revision, SendError, TransportFault, TransportKind};
use futures_util::Stream;

use super::session::{App, Session, Shared};
use super::{EngineClientBuilder, OpenError};
use crate::Runtime;
use crate::runtime::Task;

/// A session with an Engine.IO server: messages to and fro, and nothing above them. Cheap to clone; when the last clone is dropped, the
/// session is closed behind what was sent.
///
/// Its task runs on the runtime beside whoever uses it, answers the server's heartbeat, and stops reading when more than
/// [`receive_capacity`](EngineClientBuilder::receive_capacity) waits to be [received](Self::recv).
pub struct EngineClient<R> {
    handle: Arc<Handle>,
    runtime: PhantomData<fn() -> R>,
}

/// What keeps the session.
struct Handle(Arc<Session<EngineMessages>>);

/// Events stay in the machine until somebody receives them.
#[derive(Default)]
pub(crate) struct EngineMessages {
    /// Why the session is over, once somebody has received that.
    ended: OnceLock<OpenError>,
}

impl<R: Runtime> EngineClient<R> {
    /// Connects to a server, with the default settings. The URL's path is the server's, `/engine.io/` if it has none.
    ///
    /// # Errors
    ///
    /// The URL is none, or the server was not reached or refused.
    pub async fn connect(url: impl AsRef<str>) -> Result<Self, OpenError> {
        Self::builder(url).connect().await
    }

    /// Settings for a connection to a server.
    #[must_use]
    pub fn builder(url: impl AsRef<str>) -> EngineClientBuilder<R> {
        EngineClientBuilder::new(url.as_ref())
    }

    /// The client, once the server has let it in.
    pub(super) async fn open(session: Arc<Session<EngineMessages>>) -> Result<Self, OpenError> {
        let handle = Arc::new(Handle(session)); // closes the session if this is given up
        let opened = handle.0.wait(|shared| match shared.machine.poll_event() {
            Some(Event::Closed(reason)) => Some(Err(shared.closed(reason))),
            Some(_) => Some(Ok(())),
            None if shared.abandoned => Some(Err(shared.closed(CloseReason::ForcedClose))),
            None => None,
        });
        opened.await?;
        Ok(Self {
            handle,
            runtime: PhantomData,
        })
    }
}

impl<R> EngineClient<R> {
    /// Sends a message.
    ///
    /// # Errors
    ///
    /// The message comes back: the server does not keep up, or the session is over.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError<Message>> {
        let message = message.into();
        let sent = self.session().lock().machine.send(Frame::from(message.clone()));
        self.session().notify();
        sent.map_err(|error| error.map(|_| message))
    }

    /// Sends a message, and waits for room if there is none. If this is given up, nothing was sent.
    ///
    /// # Errors
    ///
    /// The message comes back: the session is over.
    pub async fn send_when_ready(&self, message: impl Into<Message>) -> Result<(), SendError<Message>> {
        let message = message.into();
        let frame = Frame::from(message.clone());
        let sent = self.session().send_when_ready(|machine| machine.send(frame.clone()));
        sent.await.map_err(|_| SendError::Closed(message))
    }

    /// Waits for the next message; `None` when the session is over. If this is given up, no message is lost.
    pub async fn recv(&self) -> Option<Message> {
        self.session().wait(|shared| self.next(shared)).await
    }

    /// The messages that come, to the end of the session.
    pub fn messages(&self) -> impl Stream<Item = Message> + '_ {
        futures_util::stream::unfold(self, |client| async move { Some((client.recv().await?, client)) })
    }

    /// Closes the session behind what was sent, and waits until the server knows.
    pub async fn close(&self) {
        let now = self.session().clock.now();
        self.session().lock().machine.close(now);
        self.session().notify();
        self.session().wait(|shared| shared.is_settled().then_some(())).await;
    }

    /// What the server said when it opened the session.
    ///
    /// # Panics
    ///
    /// Never: there is no client before that.
    #[must_use]
    pub fn handshake(&self) -> Handshake {
        let shared = self.session().lock();
        shared
            .machine
            .handshake()
            .cloned()
            .expect("a client is made when the server has said it")
    }

    /// What carries the session's packets now.
    #[must_use]
    pub fn transport(&self) -> TransportKind {
        self.session().lock().machine.transport()
    }

    /// The revision of Engine.IO that is spoken.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.session().lock().machine.revision()
    }

    /// Whether messages can be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let shared = self.session().lock();
        shared.machine.is_open() && !shared.abandoned
    }

    /// Why the session is over, once [`recv`](Self::recv) has said that it is.
    #[must_use]
    pub fn close_reason(&self) -> Option<&OpenError> {
        self.session().app.ended.get()
    }

    fn next(&self, shared: &mut Shared<Connection>) -> Option<Option<Message>> {
        let saturated = shared.machine.is_saturated();
        let message = self.next_message(shared);
        if saturated && !shared.machine.is_saturated() {
            self.session().notify(); // there is room to read on
        }
        match message {
            Some(message) => Some(Some(message)),
            None => shared.is_over().then_some(None),
        }
    }

    fn next_message(&self, shared: &mut Shared<Connection>) -> Option<Message> {
        loop {
            match shared.machine.poll_event()? {
                Event::Message(message) => return Some(message),
                Event::Closed(reason) => drop(self.session().app.ended.set(shared.closed(reason))),
                Event::Open(_) | Event::Upgraded | Event::UpgradeFailed(_) | Event::Drained => {}
            }
        }
    }

    fn session(&self) -> &Session<EngineMessages> {
        &self.handle.0
    }
}

impl<R> Clone for EngineClient<R> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
            runtime: PhantomData,
        }
    }
}

impl<R> fmt::Debug for EngineClient<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineClient")
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().machine.close(self.0.clock.now());
        self.0.notify();
    }
}

impl App for EngineMessages {
    type Machine = Connection;

    fn handle_event(_session: &Arc<Session<Self>>, _event: Event) -> Option<Task> {
        None
    }

    fn is_busy(&self, _handlers: usize) -> bool {
        true
    }

    fn release(&self) {}
}

impl Shared<Connection> {
    fn closed(&self, reason: CloseReason) -> OpenError {
        let networks = matches!(
            reason,
            CloseReason::TransportError(TransportFault::Request | TransportFault::WebSocket)
        );
        OpenError::Session {
            reason,
            rejection: self.machine.rejection().cloned(),
            cause: self.cause.clone().filter(|_| networks),
        }
    }
}
