//! Letting clients into namespaces, for the first time or again.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytestring::ByteString;
use engineio_proto::Revision;
use socketio_proto::server::hub::MemberKey;
use socketio_proto::server::hub::recovery::{Resume, ResumeRequest};
use socketio_proto::server::{NotWaiting, SocketKey};
use socketio_proto::{Json, PrivateId, SocketId};

use crate::entropy::entropy;
use crate::runtime::Task;
use crate::session::Session;
use crate::shield::shield_future;
use crate::socketio::client::{Client, Credentials, report};
use crate::socketio::dispatch::serve;
use crate::socketio::io::Io;
use crate::socketio::recovery::Log;
use crate::{ConnectError, Namespace, Socket};

/// A client asks to join a namespace.
pub(crate) fn connect(
    session: &Arc<Session<Client>>,
    key: SocketKey,
    namespace: &ByteString,
    auth: Option<Json>,
) -> Option<Task> {
    let auth = match auth.map(|auth| Credentials::new(auth, session)) {
        None => None,
        Some(Some(credentials)) => Some(Arc::new(credentials)),
        Some(None) => {
            refuse(session, key, &ConnectError::new("too large credentials"));
            return None;
        }
    };
    let Some(namespace) = session.app.io().enter(namespace) else {
        refuse(session, key, &ConnectError::new("Invalid namespace"));
        return None;
    };
    session.app.io().sweep_later();
    let applicant = Applicant {
        session: Arc::clone(session),
        key,
        namespace,
        auth,
    };
    Some(Box::pin(applicant.admit()))
}

/// A client that asks to join a namespace.
struct Applicant {
    session: Arc<Session<Client>>,
    key: SocketKey,
    namespace: Namespace,
    auth: Option<Arc<Credentials>>,
}

/// What became of a client that wants to come back.
enum Attempt {
    Back(Socket),
    /// It is a member still, as far as is known.
    StillHere(MemberKey),
    /// It is none any more, and the application is being told.
    Leaving,
    Unknown,
}

/// The client has vanished meanwhile, or was told something.
struct Settled;

impl From<NotWaiting> for Settled {
    fn from(_: NotWaiting) -> Self {
        Self
    }
}

impl Applicant {
    /// Lets the client in, if it may come in, and calls the connect handler.
    async fn admit(self) {
        let entry = Entry {
            io: self.session.app.io(),
            name: self.namespace.name(),
        };
        let Ok(socket) = self.socket().await else { return };
        std::mem::forget(entry); // from now on it is the disconnection that ends it
        self.session.notify();
        tracing::debug!(
            socket = socket.log_id(),
            namespace = self.namespace.name(),
            recovered = socket.recovered(),
            "a socket connected"
        );
        if let Some(handler) = self.namespace.listeners().connect() {
            let mut greeting = pin!(shield_future(async { handler(socket.clone()).await }));
            let begun = poll_fn(|cx| Poll::Ready(greeting.as_mut().poll(cx))).await;
            socket.open_entrance();
            let result = match begun {
                Poll::Ready(result) => result,
                Poll::Pending => greeting.await,
            };
            report(&socket, "connect", result.and_then(|result| result));
        } else {
            socket.open_entrance();
        }
        if socket.finish_connecting() {
            serve(socket, None).await;
        }
    }

    /// The client's socket, once it is connected.
    async fn socket(&self) -> Result<Socket, Settled> {
        let resuming = self.resume_request();
        if let (Some((log, request)), true) = (&resuming, self.session.app.io().settings.skip_middlewares) {
            if let Some(socket) = self.resume(log, request).await? {
                return Ok(socket);
            }
        }
        let socket = self.new_socket()?;
        let candidate = Candidate(&socket);
        self.pass_middlewares(&socket).await?;
        if let (Some((log, request)), false) = (&resuming, self.session.app.io().settings.skip_middlewares) {
            if let Some(socket) = self.resume(log, request).await? {
                return Ok(socket);
            }
        }
        self.enter(&socket)?;
        std::mem::forget(candidate);
        Ok(socket)
    }

    /// A socket of somebody new.
    fn new_socket(&self) -> Result<Socket, Settled> {
        let id = match self.session.lock().machine.legacy_id(self.key) {
            Some(id) => Ok(id),
            None => entropy().map(SocketId::from_entropy),
        };
        let pid = match (self.session.app.revision, self.namespace.log()) {
            (Revision::V4, Some(_)) => entropy().map(PrivateId::from_entropy).map(Some),
            _ => Ok(None),
        };
        match (id, pid) {
            (Ok(id), Ok(pid)) => Ok(Socket::new(
                id,
                pid,
                self.key,
                self.namespace.clone(),
                Arc::clone(&self.session),
                self.auth.clone(),
                None,
            )),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "no entropy for a socket id");
                Err(self.refuse(&ConnectError::new("internal error")))
            }
        }
    }

    async fn pass_middlewares(&self, socket: &Socket) -> Result<(), Settled> {
        for middleware in self.namespace.listeners().middlewares() {
            let verdict = shield_future(async { middleware(socket.clone()).await }).await;
            let verdict = verdict.unwrap_or_else(|panicked| {
                report(socket, "connect", Err(panicked));
                Err(ConnectError::new("internal error"))
            });
            if let Err(error) = verdict {
                return Err(self.refuse(&error));
            }
        }
        Ok(())
    }

    /// Makes a socket a member of the namespace, and tells the client.
    fn enter(&self, socket: &Socket) -> Result<(), Settled> {
        let order = self.namespace.log().map(Log::order);
        let Some(member) = socket.enter() else {
            return Err(self.refuse(&ConnectError::new("internal error")));
        };
        self.session.app.insert(socket.clone());
        let accepted = socket.accept();
        if accepted.is_err() {
            // The client has vanished meanwhile, so there will be no event that it left.
            let left = (
                self.namespace.members().remove(member),
                self.session.app.remove(self.key),
            );
            drop((order, left));
            socket.open_entrance();
        }
        Ok(accepted?)
    }

    /// The client's wish to come back, if it has one and the namespace grants such wishes.
    fn resume_request(&self) -> Option<(&Log, ResumeRequest)> {
        let log = self.namespace.log()?;
        match self.session.app.revision {
            Revision::V4 => Some((log, ResumeRequest::from_auth(self.auth.as_ref()?.json())?)),
            Revision::V3 => None,
        }
    }

    /// Lets a client back in. None if it has to come in as somebody new.
    async fn resume(&self, log: &Log, request: &ResumeRequest) -> Result<Option<Socket>, Settled> {
        loop {
            let former = match self.try_to_resume(log, request)? {
                Attempt::Back(socket) => return Ok(Some(socket)),
                Attempt::StillHere(member) => Some(member),
                Attempt::Leaving => None,
                Attempt::Unknown => {
                    self.namespace.drop_forgotten();
                    return Ok(None);
                }
            };
            let former = || Some(self.namespace.members().get(former?)?.value.clone());
            if let Some(former) = former() {
                former.supersede();
            }
            let gone = || former().is_none() && !log.is_leaving(&request.pid);
            if !log.departure(gone).await {
                return Ok(None);
            }
        }
    }

    fn try_to_resume(&self, log: &Log, request: &ResumeRequest) -> Result<Attempt, Settled> {
        let _order = log.order();
        if log.is_leaving(&request.pid) {
            return Ok(Attempt::Leaving);
        }
        let max_missed = self.session.app.io().settings.max_missed;
        let mut made = None;
        let resume = self
            .namespace
            .members()
            .resume(log.now(), request, max_missed, |id, data| {
                let session = Arc::clone(&self.session);
                let (namespace, auth) = (self.namespace.clone(), self.auth.clone());
                let pid = Some(request.pid);
                let socket = Socket::new(id.clone(), pid, self.key, namespace, session, auth, Some(data));
                socket.entrance().close();
                made.insert(socket).clone()
            });
        let (member, missed, socket) = match (resume, made) {
            (Resume::Back { key, missed }, Some(socket)) => (key, missed, socket),
            (Resume::StillHere(member), _) => return Ok(Attempt::StillHere(member)),
            _ => return Ok(Attempt::Unknown),
        };
        socket.enter_again(member);
        self.session.app.insert(socket.clone());
        if socket.accept().is_err() {
            // The client has vanished meanwhile, and may come back once more.
            let left = self.namespace.members().suspend(log.now(), member, socket.kept_data());
            drop((left, self.session.app.remove(self.key)));
            socket.open_entrance();
            return Err(Settled);
        }
        for packet in missed {
            if socket.send(packet, false).is_err() {
                socket.give_up();
                break;
            }
        }
        Ok(Attempt::Back(socket))
    }

    fn refuse(&self, error: &ConnectError) -> Settled {
        refuse(&self.session, self.key, error);
        Settled
    }
}

/// A client that is about to be in a namespace. Dropped on the way, it is not any more: a middleware may fail or be given up.
struct Entry<'a> {
    io: &'a Io,
    name: &'a str,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.io.leave(self.name);
    }
}

/// The socket of such a client.
struct Candidate<'a>(&'a Socket);

impl Drop for Candidate<'_> {
    fn drop(&mut self) {
        self.0.finish();
        self.0.listeners().close();
    }
}

fn refuse(session: &Session<Client>, key: SocketKey, error: &ConnectError) {
    // If the client has vanished meanwhile, it need not be told.
    let _ = session.lock().machine.refuse(key, &error.message, error.data.as_ref());
    session.notify();
}
