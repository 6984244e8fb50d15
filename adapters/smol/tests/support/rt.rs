//! The runtime of the tests of the clients.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]

pub(crate) use smol::block_on;
pub(crate) use socketio_smol::{Client, EngineClient, EngineServer, Server, Smol as Rt, unix_socket};

pub(crate) const NAME: &str = "smol";

pub(crate) type ClientBuilder = socketio_hyper::ClientBuilder<Rt>;
