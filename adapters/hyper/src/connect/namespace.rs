//! What a client keeps of one namespace.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socketio_proto::client::{Auth, ConnectError, DisconnectReason, SocketKey};
use socketio_proto::{Args, Json, SocketId};

use super::{Client, ClientEvent};
use crate::handler::{AnyHandler, HandlerFuture};
use crate::{BoxError, Runtime};

type OnAny<R> = Arc<dyn Fn(&Client<R>, &str, &Args) + Send + Sync>;
type Handler<T> = Arc<dyn Fn(T) -> HandlerFuture + Send + Sync>;
type AuthFuture = Pin<Box<dyn Future<Output = Result<Json, BoxError>> + Send>>;

/// What a client shows to be let in.
#[derive(Clone)]
pub(crate) enum Credentials {
    Value(Auth),
    Function(Arc<dyn Fn() -> AuthFuture + Send + Sync>),
}

impl Credentials {
    pub(crate) fn function<F, Fut, T>(function: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
        T: serde::Serialize + Send,
    {
        Self::Function(Arc::new(move || {
            let answer = function();
            Box::pin(async move { Ok(Json::encode(&answer.await)?) })
        }))
    }

    pub(crate) fn to_auth(&self) -> Auth {
        match self {
            Self::Value(auth) => auth.clone(),
            Self::Function(_) => Auth::OnDemand,
        }
    }
}

/// One namespace of a client, connected or not.
pub(crate) struct Namespace<R: Runtime> {
    pub(crate) name: Box<str>,
    pub(crate) credentials: Credentials,
    listeners: Mutex<Listeners<R>>,
    status: Mutex<Status>,
    queue: Mutex<Queue>,
}

/// The functions that handle what happens.
pub(crate) struct Listeners<R: Runtime> {
    pub(crate) events: BTreeMap<Cow<'static, str>, Arc<dyn AnyHandler<Client<R>>>>,
    pub(crate) any: Vec<OnAny<R>>,
    pub(crate) connect: Option<Handler<Client<R>>>,
    pub(crate) connect_error: Option<Handler<(Client<R>, ConnectError)>>,
    pub(crate) disconnect: Option<Handler<(Client<R>, DisconnectReason)>>,
    pub(crate) reconnecting: Option<Handler<(Client<R>, u32, Duration)>>,
}

/// What has become of it.
#[derive(Clone, Default)]
pub(crate) struct Status {
    /// The machine's name for it, from the first time that it is to be connected until the application disconnects it.
    pub(crate) key: Option<SocketKey>,
    pub(crate) id: Option<SocketId>,
    pub(crate) recovered: bool,
    /// How often it could not be connected, and why it could not the last time.
    pub(crate) failures: u64,
    pub(crate) error: Option<ConnectError>,
}

/// What waits for [`Events`](super::Events).
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) events: VecDeque<(ClientEvent, usize)>,
    pub(crate) readers: usize,
}

impl<R: Runtime> Namespace<R> {
    pub(crate) fn new(name: &str, credentials: Credentials) -> Self {
        Self {
            name: name.into(),
            credentials,
            listeners: Mutex::default(),
            status: Mutex::default(),
            queue: Mutex::default(),
        }
    }

    pub(crate) fn listeners(&self) -> MutexGuard<'_, Listeners<R>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Runtime> Default for Listeners<R> {
    fn default() -> Self {
        Self {
            events: BTreeMap::new(),
            any: Vec::new(),
            connect: None,
            connect_error: None,
            disconnect: None,
            reconnecting: None,
        }
    }
}
