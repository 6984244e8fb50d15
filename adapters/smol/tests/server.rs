//! What the servers of every runtime do: the tests are those of `adapters/tokio/tests`, with sessions that run on smol. Only the
//! harness, which accepts connections and waits, is tokio's.
#![expect(
    clippy::duplicate_mod,
    reason = "each file of tests brings the harness along, as it does where it is a test of its own"
)]

extern crate socketio_smol as socketio_tokio;

#[path = "../../tokio/tests/acks.rs"]
mod acks;
#[path = "../../tokio/tests/allow_request.rs"]
mod allow_request;
#[path = "../../tokio/tests/backpressure.rs"]
mod backpressure;
#[path = "../../tokio/tests/catch_all.rs"]
mod catch_all;
#[path = "../../tokio/tests/client_files.rs"]
mod client_files;
#[path = "../../tokio/tests/client_listeners.rs"]
mod client_listeners;
#[path = "../../tokio/tests/closing.rs"]
mod closing;
#[path = "../../tokio/tests/compression.rs"]
mod compression;
#[path = "../../tokio/tests/connecting.rs"]
mod connecting;
#[path = "../../tokio/tests/connection_errors.rs"]
mod connection_errors;
#[path = "../../tokio/tests/cookie.rs"]
mod cookie;
#[path = "../../tokio/tests/cors.rs"]
mod cors;
#[path = "../../tokio/tests/deadlines.rs"]
mod deadlines;
#[path = "../../tokio/tests/deflate.rs"]
mod deflate;
#[path = "../../tokio/tests/engine.rs"]
mod engine;
#[path = "../../tokio/tests/handlers.rs"]
mod handlers;
#[path = "../../tokio/tests/limits.rs"]
mod limits;
#[path = "../../tokio/tests/listening.rs"]
mod listening;
#[path = "../../tokio/tests/middlewares.rs"]
mod middlewares;
#[path = "../../tokio/tests/operators.rs"]
mod operators;
#[path = "../../tokio/tests/parser.rs"]
mod parser;
#[path = "../../tokio/tests/reasons.rs"]
mod reasons;
#[path = "../../tokio/tests/recovery.rs"]
mod recovery;
#[path = "../../tokio/tests/rooms.rs"]
mod rooms;
#[path = "../../tokio/tests/session_ids.rs"]
mod session_ids;
#[path = "../../tokio/tests/sessions.rs"]
mod sessions;
