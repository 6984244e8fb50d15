//! What all clients of one server share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use socketio_proto::server::Config;
use socketio_proto::server::hub::RoomLimits;

use crate::session::registry::Registry;
use crate::shield::shield;
use crate::socketio::client::Client;
use crate::socketio::client_files::ClientFiles;
use crate::socketio::listeners::Listeners;
use crate::socketio::recovery::Recovery;
use crate::{HandlerError, Namespace, Socket};

/// Called with a handler's error: the socket, the event, what went wrong.
pub(crate) type OnHandlerError = Arc<dyn Fn(&Socket, &str, &HandlerError) + Send + Sync>;

/// Whether a namespace of this name may come into being.
type Pattern = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The longest name of a namespace that comes into being because a client asks for it, in bytes: as long as that of a room by default.
const MAX_NAME: usize = 1_024;

/// Namespaces beyond which none is kept for clients that may come back: clients choose their names.
const MAX_KEPT: usize = 10_000;

/// What is decided before the first client comes.
pub(crate) struct Settings {
    pub(crate) sockets: Arc<Config>,
    pub(crate) rooms: RoomLimits,
    pub(crate) max_handlers: usize,
    pub(crate) handler_capacity: usize,
    pub(crate) ack_timeout: Duration,
    pub(crate) on_handler_error: Option<OnHandlerError>,
    pub(crate) client_files: Option<Arc<ClientFiles>>,
    /// There if clients can come back.
    pub(crate) recovery: Option<Recovery>,
    /// How many bytes a client may have missed that comes back.
    pub(crate) max_missed: usize,
    /// Whether they need not pass the middlewares again.
    pub(crate) skip_middlewares: bool,
}

/// The sessions and namespaces of one server.
pub(crate) struct Io {
    pub(crate) settings: Settings,
    pub(crate) registry: Registry<Client>,
    namespaces: RwLock<Namespaces>,
    /// Somebody looks for what is kept too long.
    pub(crate) sweeping: AtomicBool,
}

#[derive(Default)]
struct Namespaces {
    named: BTreeMap<Box<str>, Entry>,
    patterns: Vec<(Pattern, Arc<Listeners>)>,
}

struct Entry {
    namespace: Namespace,
    /// How many clients are in it or about to be, if it came into being because a client asked for it: it goes with the last.
    dynamic: Option<AtomicUsize>,
}

impl Entry {
    fn enter(&self) -> Namespace {
        if let Some(clients) = &self.dynamic {
            clients.fetch_add(1, Ordering::Relaxed);
        }
        self.namespace.clone()
    }
}

impl AsRef<Registry<Client>> for Io {
    fn as_ref(&self) -> &Registry<Client> {
        &self.registry
    }
}

impl Io {
    pub(crate) fn new(settings: Settings, registry: Registry<Client>) -> Self {
        let io = Self {
            settings,
            registry,
            namespaces: RwLock::default(),
            sweeping: AtomicBool::new(false),
        };
        io.create("/"); // where clients are that name none
        io
    }

    /// The namespace of this name; it comes into being here if need be.
    pub(crate) fn create(&self, name: &str) -> Namespace {
        let mut namespaces = self.namespaces.write().unwrap_or_else(PoisonError::into_inner);
        let entry = namespaces.named.entry(name.into()).or_insert_with(|| Entry {
            namespace: self.namespace(name, Arc::default()),
            dynamic: None,
        });
        entry.dynamic = None;
        entry.namespace.clone()
    }

    /// Lets namespaces come into being when a client asks for them. They share their listeners with the one that is returned, which is
    /// nobody's namespace.
    pub(crate) fn create_matching(&self, pattern: Pattern) -> Namespace {
        let listeners = Arc::<Listeners>::default();
        let mut namespaces = self.namespaces.write().unwrap_or_else(PoisonError::into_inner);
        namespaces.patterns.push((pattern, Arc::clone(&listeners)));
        self.namespace("/*", listeners)
    }

    /// The namespace that a client asks for, if there is or may be one. Once the client is out again, or was not let in,
    /// [`leave`](Self::leave) is due.
    pub(crate) fn enter(&self, name: &str) -> Option<Namespace> {
        let patterns = {
            let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(entry) = namespaces.named.get(name) {
                return Some(entry.enter());
            }
            namespaces.patterns.clone()
        };
        if name.len() > MAX_NAME {
            return None;
        }
        // The application's code runs without the lock.
        let (_, listeners) = patterns.into_iter().find(|(pattern, _)| {
            shield(|| pattern(name)).unwrap_or_else(|error| {
                tracing::error!(namespace = name, %error, "the pattern of a namespace failed");
                false
            })
        })?;
        let mut namespaces = self.namespaces.write().unwrap_or_else(PoisonError::into_inner);
        let entry = namespaces.named.entry(name.into()).or_insert_with(|| Entry {
            namespace: self.namespace(name, listeners),
            dynamic: Some(AtomicUsize::new(0)),
        });
        Some(entry.enter())
    }

    /// A client is not in the namespace any more. One that came with a client goes with the last.
    pub(crate) fn leave(&self, name: &str) {
        let left = |namespaces: &Namespaces| {
            let clients = namespaces.named.get(name).and_then(|entry| entry.dynamic.as_ref());
            clients.is_some_and(|clients| clients.fetch_sub(1, Ordering::Relaxed) == 1)
        };
        if !left(&self.namespaces.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        self.remove_if_deserted(name);
    }

    /// Removes a namespace that came with a client, if nobody is in it, and nobody is away who may come back.
    pub(crate) fn remove_if_deserted(&self, name: &str) {
        let mut namespaces = self.namespaces.write().unwrap_or_else(PoisonError::into_inner);
        let crowded = namespaces.named.len() > MAX_KEPT;
        let deserted = |entry: &Entry| {
            let nobody = |clients: &AtomicUsize| clients.load(Ordering::Relaxed) == 0;
            entry.dynamic.as_ref().is_some_and(nobody) && (crowded || entry.namespace.members().away() == 0)
        };
        if namespaces.named.get(name).is_some_and(deserted) {
            let forgotten = namespaces.named.remove(name);
            drop(namespaces);
            drop(forgotten); // what its handlers captured is none of the lock's business
        }
    }

    /// Connected sockets, over all namespaces.
    pub(crate) fn socket_count(&self) -> usize {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        namespaces.named.values().map(|entry| entry.namespace.len()).sum()
    }

    /// All namespaces.
    pub(crate) fn namespaces(&self) -> Vec<Namespace> {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        namespaces.named.values().map(|entry| entry.namespace.clone()).collect()
    }

    fn namespace(&self, name: &str, listeners: Arc<Listeners>) -> Namespace {
        let settings = &self.settings;
        let (parser, recovery) = (settings.sockets.parser.clone(), settings.recovery.as_ref());
        Namespace::new(name, parser, settings.rooms, recovery, listeners)
    }
}
