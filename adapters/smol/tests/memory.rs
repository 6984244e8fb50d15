//! What is kept of what has come.

extern crate socketio_smol as socketio_tokio;

#[path = "../../tokio/tests/memory.rs"]
mod memory;
