//! HTTP: from a connection to the exchanges of a session, and back.

pub(crate) mod compression;
pub(crate) mod connections;
pub(crate) mod cross_origin;
pub(crate) mod exchange;
pub(crate) mod header_timer;
pub(crate) mod listen;
pub(crate) mod read_body;
pub(crate) mod request_head;
pub(crate) mod stream;
pub(crate) mod switching;
