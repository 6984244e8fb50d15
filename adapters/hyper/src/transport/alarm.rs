//! One timer, for whatever comes next.

use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use hyper::rt::{Sleep, Timer};

/// A timer that is kept for as long as its deadline stays where it is.
#[derive(Default)]
pub(crate) struct Alarm(Option<Armed>);

struct Armed {
    at: Instant,
    sleep: Pin<Box<dyn Sleep>>,
}

impl Alarm {
    /// Whether it may be time for what it was set for. Not before it has woken the task, if it was set.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.0.as_ref().is_none_or(|armed| now >= armed.at)
    }

    /// Wakes the task at this moment; or not at all, if there is none.
    pub(crate) fn set(&mut self, at: Option<Instant>, now: Instant, timer: &dyn Timer, cx: &mut Context<'_>) {
        let Some(at) = at else {
            self.0 = None;
            return;
        };
        match &mut self.0 {
            // It was polled when it was armed, and whoever polls is the same in the end.
            Some(armed) if armed.at == at && now < at => return,
            Some(armed) if armed.at == at => {}
            Some(armed) => {
                timer.reset(&mut armed.sleep, at);
                armed.at = at;
            }
            None => {
                let sleep = timer.sleep_until(at);
                self.0 = Some(Armed { at, sleep });
            }
        }
        if self
            .0
            .as_mut()
            .is_some_and(|armed| armed.sleep.as_mut().poll(cx).is_ready())
        {
            self.0 = None;
            cx.waker().wake_by_ref();
        }
    }
}
