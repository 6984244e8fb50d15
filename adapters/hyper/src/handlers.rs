//! The application's handlers that are under way.

use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::CatchUnwind;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::HandlerError;
use crate::runtime::Task;
use crate::shield::panicked;

/// The handlers that wait for something, polled in the task of their session. One that panics ends itself, not the session.
///
/// Most sessions never have one: then there is no set of them either.
#[derive(Default)]
pub(crate) struct Handlers(Option<FuturesUnordered<CatchUnwind<AssertUnwindSafe<Task>>>>);

impl Handlers {
    /// Polls a handler once, and keeps it if it is not done then; most are.
    pub(crate) fn start(&mut self, task: Result<Option<Task>, HandlerError>, cx: &mut Context<'_>) {
        let task = match task {
            Ok(Some(task)) => task,
            Ok(None) => return,
            Err(panicked) => return report(Err(panicked)),
        };
        let mut task = AssertUnwindSafe(task).catch_unwind();
        match task.poll_unpin(cx) {
            Poll::Ready(result) => report(result.map_err(panicked)),
            Poll::Pending => self.0.get_or_insert_default().push(task),
        }
    }

    /// Keeps a handler that was polled and is not done, or learns how it failed.
    pub(crate) fn push(&mut self, begun: Result<Option<Task>, HandlerError>) {
        match begun {
            Ok(Some(task)) => self
                .0
                .get_or_insert_default()
                .push(AssertUnwindSafe(task).catch_unwind()),
            Ok(None) => {}
            Err(panicked) => report(Err(panicked)),
        }
    }

    /// Polls those that were woken, until `most` of them are done. Says whether one is done now.
    pub(crate) fn poll(&mut self, most: &mut usize, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        let Some(handlers) = &mut self.0 else {
            return progress;
        };
        while *most > 0 {
            let Poll::Ready(Some(result)) = handlers.poll_next_unpin(cx) else {
                return progress;
            };
            report(result.map_err(panicked));
            progress = true;
            *most -= 1;
        }
        progress
    }

    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, FuturesUnordered::len)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(FuturesUnordered::is_empty)
    }
}

/// Polls a handler once, and returns it if it is not done then.
pub(crate) fn begin(mut task: Task, cx: &mut Context<'_>) -> Option<Task> {
    task.as_mut().poll(cx).is_pending().then_some(task)
}

fn report(result: Result<(), HandlerError>) {
    if let Err(error) = result {
        tracing::error!(%error, "a handler failed");
    }
}
