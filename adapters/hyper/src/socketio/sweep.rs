//! Dropping what was kept for clients that do not come back, in time.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hyper::rt::Timer;

use crate::socketio::io::Io;

impl Io {
    /// Sees to it that what is kept for too long is dropped. It is due whenever something may be kept.
    pub(crate) fn sweep_later(self: &Arc<Self>) {
        let Some(recovery) = &self.settings.recovery else {
            return;
        };
        if !self.sweeping.swap(true, Ordering::SeqCst) {
            let timer = Arc::clone(&self.registry.clock.timer);
            let sweeping = keep_sweeping(Arc::downgrade(self), timer, recovery.sweep_interval());
            self.registry.spawn(Box::pin(sweeping));
        }
    }

    /// Drops what is too old, and namespaces that are kept for nobody any more. Says whether anything is kept.
    fn sweep(&self) -> bool {
        let now = self.registry.clock.now();
        let mut anything = false;
        for namespace in self.namespaces() {
            let kept = {
                let mut members = namespace.members();
                members.handle_timeout(now);
                members.poll_timeout().is_some()
            };
            namespace.drop_forgotten();
            if !kept {
                self.remove_if_deserted(namespace.name());
            }
            anything |= kept;
        }
        anything
    }
}

async fn keep_sweeping(io: Weak<Io>, timer: Arc<dyn Timer + Send + Sync>, interval: Duration) {
    loop {
        timer.sleep(interval).await;
        let Some(io) = io.upgrade() else { return };
        if io.sweep() {
            continue;
        }
        io.sweeping.store(false, Ordering::SeqCst);
        // Something may have come just before that, and seen that somebody was sweeping.
        if !io.sweep() || io.sweeping.swap(true, Ordering::SeqCst) {
            return;
        }
    }
}
