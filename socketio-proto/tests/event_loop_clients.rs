//! Real clients against the example `event_loop`. What they check is in `adapters/e2e`.

#[path = "../../adapters/e2e/run.rs"]
mod run;

#[test]
fn javascript_clients() {
    run::node(
        &["tests/event-loop.test.mjs"],
        &[("EVENT_LOOP_CMD", run::example("event_loop").as_ref())],
    );
}
