//! One client in one namespace.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{Revision, SendError, TransportKind};
use serde::de::DeserializeOwned;
use socketio_proto::server::hub::{JoinError, MemberKey, Target};
use socketio_proto::server::{EmitError, SocketKey};
use socketio_proto::{AckId, Args, DisconnectReason, Encoded, Json, SocketId, ToArgs};

use crate::client::Client;
use crate::handler::{AnyHandler, Handler, Outcome};
use crate::listeners::Listeners;
use crate::session::Session;
use crate::{AckFuture, Broadcast, ConnectError, Data, Handshake, Namespace};

/// One client in one namespace. Cheap to clone; it may be kept for as long as one likes, and after the client has left it says so.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    id: SocketId,
    key: SocketKey,
    namespace: Namespace,
    session: Arc<Session<Client>>,
    auth: Option<Json>,
    /// Its place in the namespace, once it has joined.
    member: OnceLock<MemberKey>,
    listeners: Listeners,
    data: Data,
    stage: Mutex<Stage>,
}

/// Events reach their handlers once those had a chance to be registered.
enum Stage {
    /// The namespace's connect handler runs; from the first event without a handler on, events wait for it.
    Connecting(VecDeque<HeldEvent>),
    Connected,
    Disconnected,
}

/// An event that waits for the connect handler.
pub(crate) struct HeldEvent {
    pub(crate) name: ByteString,
    pub(crate) args: Args,
    pub(crate) reply: Option<AckId>,
}

impl HeldEvent {
    /// How many bytes it keeps.
    pub(crate) fn len(&self) -> usize {
        let attachments = self.args.attachments().iter().map(Bytes::len);
        self.name.len() + self.args.as_json().len() + attachments.sum::<usize>()
    }
}

impl Socket {
    pub(crate) fn new(
        id: SocketId,
        key: SocketKey,
        namespace: Namespace,
        session: Arc<Session<Client>>,
        auth: Option<Json>,
    ) -> Self {
        Self(Arc::new(Inner {
            id,
            key,
            namespace,
            session,
            auth,
            member: OnceLock::new(),
            listeners: Listeners::default(),
            data: Data::default(),
            stage: Mutex::new(Stage::Connecting(VecDeque::new())),
        }))
    }

    /// Calls `handler` for each event of this name: see [`Handler`]. A second handler for the same event takes the place of the first.
    ///
    /// ```
    /// # use socketio_hyper::{Ack, Socket};
    /// # fn example(socket: &Socket) {
    /// socket.on("add", async |a: i64, b: i64, ack: Ack| ack.send(a + b));
    /// # }
    /// ```
    pub fn on<P: 'static>(&self, event: impl Into<Cow<'static, str>>, handler: impl Handler<P>) {
        self.0.listeners.on(event.into(), handler);
    }

    /// Takes the handler of an event away.
    pub fn off(&self, event: &str) {
        self.0.listeners.off(event);
    }

    /// Calls `handler` when the client leaves, while the socket is still in its rooms.
    pub fn on_disconnecting(&self, handler: impl Fn(&Self, &DisconnectReason) + Send + Sync + 'static) {
        self.0.listeners.on_disconnecting(handler);
    }

    /// Calls `handler` when the client has left, and is in no room any more.
    pub fn on_disconnect<F, Fut>(&self, handler: F)
    where
        F: Fn(Self, DisconnectReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.0.listeners.on_disconnect(handler);
    }

    /// Emits an event to the client.
    ///
    /// `args` is whatever serde can serialize: a tuple is one argument for each of its elements, `()` is none, and anything else is one
    /// argument. (To serde `[T; N]` is a tuple, a slice or a `Vec` is not; `(x,)` is one argument whatever `x` is.) Bytes (`bytes::Bytes`, `serde_bytes`) anywhere in it are sent as binary attachments; [`Args`] are relayed as they
    /// came.
    ///
    /// ```
    /// # use socketio_hyper::Socket;
    /// # fn example(socket: &Socket) -> Result<(), Box<dyn std::error::Error>> {
    /// socket.emit("position", (1.5, 2.5))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`EmitError::Full`] if the client does not keep up, [`EmitError::NotConnected`] if it has left.
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        self.send(&Encoded::event(self.namespace().name(), None, event, &args)?, false)
    }

    /// Emits an event, and waits for room if the client does not keep up.
    ///
    /// # Errors
    ///
    /// [`EmitError::NotConnected`] if the client has left.
    pub async fn emit_when_ready(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        let packet = Encoded::event(self.namespace().name(), None, event, &args)?;
        drop(args); // it may not be allowed to wait here
        self.send_when_ready(&packet).await
    }

    /// Emits an event if the client keeps up, and drops it otherwise.
    ///
    /// # Errors
    ///
    /// [`EmitError::NotConnected`] if the client has left.
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit_volatile(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        self.send(&Encoded::event(self.namespace().name(), None, event, &args)?, true)
    }

    /// Emits an event and asks for an acknowledgement, which the future waits for: the client's arguments, or that it has left.
    ///
    /// ```
    /// # use socketio_hyper::Socket;
    /// # async fn example(socket: &Socket) -> Result<(), Box<dyn std::error::Error>> {
    /// let (name, age): (String, u8) = socket.emit_with_ack("who are you", ())?.await?.parse()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`emit`](Self::emit).
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit_with_ack(&self, event: &str, args: impl ToArgs) -> Result<AckFuture, EmitError> {
        self.emit_awaiting(event, &args, None)
    }

    /// [`emit_with_ack`](Self::emit_with_ack), and give up after `timeout`.
    ///
    /// # Errors
    ///
    /// As [`emit`](Self::emit).
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit_with_ack_timeout(
        &self,
        event: &str,
        args: impl ToArgs,
        timeout: Duration,
    ) -> Result<AckFuture, EmitError> {
        self.emit_awaiting(event, &args, Some(timeout))
    }

    /// Everyone else in `room`, to emit to.
    pub fn to(&self, room: impl Into<Arc<str>>) -> Broadcast {
        self.broadcast().to(room)
    }

    /// Everyone else who is not in `room`, to emit to.
    pub fn except(&self, room: impl Into<Arc<str>>) -> Broadcast {
        self.broadcast().except(room)
    }

    /// Everyone else in the namespace, to emit to.
    pub fn broadcast(&self) -> Broadcast {
        let target = self
            .0
            .member
            .get()
            .map_or_else(Target::everyone, |&member| Target::everyone().skip(member));
        Broadcast::new(self.namespace().clone(), target)
    }

    /// Joins a room. A socket that has left joins nothing.
    ///
    /// # Errors
    ///
    /// The socket is in too many rooms.
    pub fn join(&self, room: impl AsRef<str>) -> Result<(), JoinError> {
        let Some(&member) = self.0.member.get() else {
            return Ok(());
        };
        match self.namespace().members().join(member, room.as_ref()) {
            Ok(_) | Err(JoinError::Gone) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Leaves a room.
    pub fn leave(&self, room: impl AsRef<str>) {
        if let Some(&member) = self.0.member.get() {
            self.namespace().members().leave(member, room.as_ref());
        }
    }

    /// Disconnects the client from this namespace or, with `close`, from all of them and from the server. Of a socket that is not
    /// connected, yet or any more, nothing happens.
    pub fn disconnect(&self, close: bool) {
        self.0.session.lock().machine.disconnect(self.0.key, close);
        self.0.session.notify();
    }

    /// The public id, which is also the name of a room of its own.
    #[must_use]
    pub fn id(&self) -> &SocketId {
        &self.0.id
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// The rooms it is in, its own included, in their alphabetical order.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        let Some(&member) = self.0.member.get() else {
            return Vec::new();
        };
        self.namespace().members().rooms(member).map(str::to_owned).collect()
    }

    /// What the client brought to be recognised by, as a `T`. A client that brought nothing brought `{}`.
    ///
    /// # Errors
    ///
    /// It is no `T`; in a middleware, `?` refuses the client with that.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ConnectError> {
        serde_json::from_str(self.0.auth.as_ref().map_or("{}", Json::as_str))
            .map_err(|error| ConnectError::new(format!("invalid auth: {error}")))
    }

    /// The request that the client's session began with.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.client().handshake
    }

    /// Values that the application keeps with this socket, for as long as someone keeps the socket: a value that contains the socket
    /// itself must be [removed](Data::remove) when it has left.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.0.data
    }

    /// What carries the client's packets now.
    #[must_use]
    pub fn transport(&self) -> TransportKind {
        self.0.session.lock().machine.transport()
    }

    /// The revision of Engine.IO that the client speaks: 3 if it is a JavaScript client 1.x or 2.x, which
    /// [`ServerBuilder::allow_eio3`](crate::ServerBuilder::allow_eio3) lets in.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.client().revision
    }

    /// Whether the client is there, as far as is known.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.session.lock().machine.socket_id(self.0.key).is_some()
    }

    /// The id as logs may know it: a client of revision 3 has no id but its session's, which is a secret.
    pub(crate) fn log_id(&self) -> &str {
        match self.revision() {
            Revision::V3 => "(revision 3)",
            Revision::V4 => self.0.id.as_str(),
        }
    }

    pub(crate) fn key(&self) -> SocketKey {
        self.0.key
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.session.app
    }

    pub(crate) fn session(&self) -> &Arc<Session<Client>> {
        &self.0.session
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    pub(crate) fn member(&self) -> Option<MemberKey> {
        self.0.member.get().copied()
    }

    pub(crate) fn set_member(&self, member: MemberKey) {
        self.0.member.set(member).expect("a socket joins its namespace once");
    }

    /// Sends a packet; a volatile one is dropped instead if it would have to wait.
    pub(crate) fn send(&self, packet: &Encoded, volatile: bool) -> Result<(), EmitError> {
        Ok(self.send_encoded(packet, volatile)?)
    }

    pub(crate) fn send_encoded(&self, packet: &Encoded, volatile: bool) -> Result<(), SendError<()>> {
        let mut shared = self.0.session.lock();
        if volatile && !shared.machine.is_writable() {
            return Ok(());
        }
        shared.machine.send(self.0.key, packet)?;
        drop(shared);
        self.0.session.notify();
        Ok(())
    }

    pub(crate) async fn send_when_ready(&self, packet: &Encoded) -> Result<(), EmitError> {
        let sent = self
            .0
            .session
            .send_when_ready(|machine| machine.send(self.0.key, packet))
            .await;
        sent.map_err(|()| EmitError::NotConnected)
    }

    /// Disconnects a client that does not keep up.
    pub(crate) fn give_up(&self) {
        tracing::warn!(socket = self.log_id(), "a client does not keep up and is disconnected");
        self.disconnect(true);
    }

    /// Sends a packet that asks for an acknowledgement.
    pub(crate) fn send_with_ack(
        &self,
        id: AckId,
        packet: &Encoded,
        timeout: Option<Duration>,
    ) -> Result<AckFuture, EmitError> {
        let answer = self.client().expect_ack(self.0.key, id);
        let future = AckFuture::new(self.clone(), id, answer); // gives the acknowledgement up if it was not sent
        let deadline = timeout.map(|timeout| self.0.session.clock.now() + timeout);
        let sent = {
            let mut shared = self.0.session.lock();
            shared.machine.send_with_ack(self.0.key, id, packet, deadline)
        };
        sent?;
        self.0.session.notify();
        Ok(future)
    }

    /// Finds the handler of an event, in the order of arrival. There is none if the event has to wait, or if nobody wants it.
    pub(crate) fn dispatch(&self, event: HeldEvent) -> Option<(HeldEvent, Arc<dyn AnyHandler>)> {
        let mut stage = self.stage();
        let handler = match &*stage {
            Stage::Connecting(held) if !held.is_empty() => None,
            Stage::Connecting(_) | Stage::Connected => self.find_handler(&event.name),
            Stage::Disconnected => None,
        };
        match (handler, &mut *stage) {
            (Some(handler), _) => return Some((event, handler)),
            (None, Stage::Connecting(held)) => {
                self.client().hold(event.len());
                held.push_back(event);
            }
            (None, Stage::Connected | Stage::Disconnected) => {
                tracing::debug!(
                    event = &*event.name,
                    socket = self.log_id(),
                    "nobody listens to this event"
                );
            }
        }
        None
    }

    /// The connect handler is done: returns the events that waited for it.
    pub(crate) fn finish_connecting(&self) -> VecDeque<HeldEvent> {
        let mut stage = self.stage();
        match &mut *stage {
            Stage::Connecting(held) => {
                let held = std::mem::take(held);
                *stage = Stage::Connected;
                drop(stage);
                held.iter().for_each(|event| self.client().unhold(event.len()));
                held
            }
            Stage::Connected | Stage::Disconnected => VecDeque::new(),
        }
    }

    /// The client has left.
    pub(crate) fn finish(&self) {
        let before = std::mem::replace(&mut *self.stage(), Stage::Disconnected);
        if let Stage::Connecting(held) = before {
            held.iter().for_each(|event| self.client().unhold(event.len()));
        }
    }

    pub(crate) fn find_handler(&self, event: &str) -> Option<Arc<dyn AnyHandler>> {
        self.0
            .listeners
            .event(event)
            .or_else(|| self.namespace().listeners().event(event))
    }

    fn emit_awaiting(
        &self,
        event: &str,
        args: &impl ToArgs,
        timeout: Option<Duration>,
    ) -> Result<AckFuture, EmitError> {
        let id = self.namespace().next_ack();
        let packet = Encoded::event(self.namespace().name(), Some(id), event, args)?;
        self.send_with_ack(id, &packet, timeout)
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.log_id())
            .field("namespace", &self.namespace().name())
            .finish_non_exhaustive()
    }
}
