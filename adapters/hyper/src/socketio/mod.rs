//! The Socket.IO server: its settings, its namespaces, and what its sockets do. The plain one is [`engine`](crate::engine).

pub(crate) mod admission;
pub(crate) mod broadcast;
pub(crate) mod broadcast_acks;
pub(crate) mod builder;
pub(crate) mod client;
pub(crate) mod client_files;
pub(crate) mod dispatch;
pub(crate) mod emitter;
pub(crate) mod entrance;
pub(crate) mod event;
pub(crate) mod flags;
pub(crate) mod hooks;
pub(crate) mod io;
pub(crate) mod listeners;
pub(crate) mod membership;
pub(crate) mod namespace;
pub(crate) mod outgoing;
pub(crate) mod recovery;
pub(crate) mod rooms;
pub(crate) mod server;
pub(crate) mod service;
pub(crate) mod socket;
pub(crate) mod stage;
pub(crate) mod sweep;
