//! Running a script without dying of it, and finding a short one that fails alike.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::counts::Counts;
use crate::script::Script;
use crate::world::World;

thread_local! {
    /// Where the last panic of a simulation was, and what it said.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
    static QUIET: RefCell<bool> = const { RefCell::new(false) };
}

/// What a run that went well was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub hash: u64,
    pub happened: u64,
    pub sessions: usize,
    pub counts: Counts,
}

/// What did not hold, and what had happened before.
#[derive(Debug)]
pub struct Failure {
    pub message: String,
    pub trace: String,
}

/// Runs a script.
pub fn run(script: &Script) -> Result<Outcome, Failure> {
    listen();
    let mut world = World::new(script.clone());
    QUIET.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(|| world.run()));
    QUIET.set(false);
    match result {
        Ok(()) => Ok(Outcome {
            hash: world.trace.hash(),
            happened: world.trace.count(),
            sessions: world.host.sessions.len(),
            counts: world.counts,
        }),
        Err(_) => Err(Failure {
            message: LAST.take().unwrap_or_default(),
            trace: world.trace.to_string(),
        }),
    }
}

/// Takes steps away for as long as it fails without them: halves first, single ones last.
pub fn shrink(script: &Script) -> Script {
    let mut script = script.clone();
    let mut size = script.steps.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < script.steps.len() {
            let mut shorter = script.clone();
            let end = (at + size).min(shorter.steps.len());
            shorter.steps.drain(at..end);
            if run(&shorter).is_err() {
                script = shorter;
            } else {
                at += size;
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    script
}

/// Panics of simulations are kept here instead of printed.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if QUIET.with_borrow(|quiet| *quiet) {
                LAST.set(Some(info.to_string()));
            } else {
                before(info);
            }
        }));
    });
}
