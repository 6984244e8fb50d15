//! The Socket.IO client. What it does is in `adapters/e2e/clients`.

#[path = "../../e2e/clients/peer.rs"]
mod peer;
#[path = "../../e2e/clients/proxy.rs"]
mod proxy;
#[path = "support/rt.rs"]
mod rt;
#[path = "../../e2e/run.rs"]
mod run;
#[path = "../../e2e/clients/socketio.rs"]
mod socketio;
#[path = "../../e2e/clients/support.rs"]
mod support;
