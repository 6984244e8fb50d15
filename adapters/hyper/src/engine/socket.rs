//! One client of a plain Engine.IO server.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use engineio_proto::server::{Connection, Event};
use engineio_proto::{CloseReason, Frame, Instant, Message, Revision, SendError, TransportKind};

use super::server::Engine;
use crate::handler::HandlerFuture;
use crate::runtime::Task;
use crate::session::{App, Session};
use crate::shield::{shield, shield_future};
use crate::{Data, HandlerError, Handshake, RequestHead};

/// One client of a plain Engine.IO server. Cheap to clone; it may be kept for as long as one likes, and after the client has left it
/// says so.
#[derive(Clone)]
pub struct EngineSocket(Arc<Session<EngineClient>>);

/// What is kept with an Engine.IO session.
pub(crate) struct EngineClient {
    engine: Arc<Engine>,
    handshake: Handshake,
    data: Data,
}

impl EngineSocket {
    /// Sends a message.
    ///
    /// # Errors
    ///
    /// The message comes back: the client does not keep up, or has left.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError<Message>> {
        let message = message.into();
        let sent = self.0.lock().machine.send(Frame::from(message.clone()));
        self.0.notify();
        sent.map_err(|error| error.map(|_| message))
    }

    /// Sends a message that was encoded before, once for any number of clients. This is also the way to say that a message is not to be
    /// compressed: [`Frame::with_compression`].
    ///
    /// # Errors
    ///
    /// The frame comes back: the client does not keep up, or has left.
    pub fn send_frame(&self, frame: Frame) -> Result<(), SendError<Frame>> {
        let sent = self.0.lock().machine.send(frame);
        self.0.notify();
        sent
    }

    /// Sends a message, and waits for room if there is none.
    ///
    /// # Errors
    ///
    /// The message comes back: the client has left.
    pub async fn send_when_ready(&self, message: impl Into<Message>) -> Result<(), SendError<Message>> {
        let message = message.into();
        let frame = Frame::from(message.clone());
        let sent = self.0.send_when_ready(|machine| machine.send(frame.clone())).await;
        sent.map_err(|_| SendError::Closed(message))
    }

    /// Closes the session behind what was sent.
    pub fn close(&self) {
        self.0.lock().machine.close(self.0.clock.now());
        self.0.notify();
    }

    /// The request that the session began with.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.0.app.handshake
    }

    /// Values that the application keeps with this client.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.0.app.data
    }

    /// What carries the client's packets now.
    #[must_use]
    pub fn transport(&self) -> TransportKind {
        self.0.lock().machine.transport()
    }

    /// The revision of Engine.IO that the client speaks.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.0.lock().machine.revision()
    }

    /// Whether the client is there, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.lock().machine.is_open()
    }
}

impl fmt::Debug for EngineSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineSocket")
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

impl App for EngineClient {
    type Machine = Connection;
    type Local = ();
    type Host = Engine;

    fn open(engine: &Arc<Engine>, connection: Connection, _now: Instant, head: &RequestHead) -> (Self, Connection) {
        let client = Self {
            engine: Arc::clone(engine),
            handshake: Handshake::new(head, engine.registry.options.keep_headers),
            data: Data::default(),
        };
        (client, connection)
    }

    fn handle_event(session: &Arc<Session<Self>>, (): &mut (), event: Event, cx: &mut Context<'_>) -> Option<Task> {
        let engine = &session.app.engine;
        match event {
            Event::Message(message) => {
                let handler = engine.message()?;
                call(session, "message", |socket| handler(socket, message), cx)
            }
            Event::Closed(reason) => {
                tracing::debug!(%reason, "a session ended");
                Self::release(session);
                let handler = engine.close()?;
                call(session, "close", |socket| handler(socket, reason), cx)
            }
            Event::Drained => {
                session.wake_senders();
                None
            }
            Event::Upgraded => None,
        }
    }

    fn begin(session: &Arc<Session<Self>>, cx: &mut Context<'_>) -> Option<Task> {
        let handler = session.app.engine.connect()?;
        call(session, "connect", |socket| handler(socket), cx)
    }

    fn release(session: &Arc<Session<Self>>) {
        let sid = session.lock().machine.sid();
        session.app.engine.registry.forget(&sid);
        session.wake_senders();
    }

    /// One after another: a message socket has nothing else to keep messages in order.
    fn is_busy(&self, handlers: usize) -> bool {
        handlers > 0
    }
}

/// Calls a handler and polls it once. What it does not do at once is returned.
fn call(
    session: &Arc<Session<EngineClient>>,
    name: &'static str,
    handler: impl FnOnce(EngineSocket) -> HandlerFuture,
    cx: &mut Context<'_>,
) -> Option<Task> {
    let socket = EngineSocket(Arc::clone(session));
    let begun = shield(|| {
        let mut future = handler(socket.clone());
        match future.as_mut().poll(cx) {
            Poll::Ready(result) => Err(result),
            Poll::Pending => Ok(future),
        }
    });
    match begun {
        Ok(Ok(future)) => Some(Box::pin(async move {
            let result = shield_future(future).await;
            report(&socket, name, result.and_then(|result| result));
        })),
        Ok(Err(result)) => {
            report(&socket, name, result);
            None
        }
        Err(panicked) => {
            report(&socket, name, Err(panicked));
            None
        }
    }
}

/// Tells the application of a handler that failed: never silently.
fn report(socket: &EngineSocket, name: &'static str, result: Result<(), HandlerError>) {
    let Err(error) = result else { return };
    tracing::warn!(handler = name, %error, "a handler failed");
    if let Some(hook) = &socket.0.app.engine.on_handler_error {
        if let Err(error) = shield(|| hook(socket, name, &error)) {
            tracing::error!(handler = name, %error, "the hook for handlers that fail failed");
        }
    }
}

/// Keeps the types of the handlers in one place.
pub(super) type OnConnect = Arc<dyn Fn(EngineSocket) -> HandlerFuture + Send + Sync>;
pub(super) type OnMessage = Arc<dyn Fn(EngineSocket, Message) -> HandlerFuture + Send + Sync>;
pub(super) type OnClose = Arc<dyn Fn(EngineSocket, CloseReason) -> HandlerFuture + Send + Sync>;
