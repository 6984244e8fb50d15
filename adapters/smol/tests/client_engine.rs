//! The Engine.IO client. What it does is in `adapters/e2e/clients`.

#[path = "../../e2e/clients/engine.rs"]
mod engine;
#[path = "support/rt.rs"]
mod rt;
#[path = "../../e2e/run.rs"]
mod run;
#[path = "../../e2e/clients/support.rs"]
mod support;
