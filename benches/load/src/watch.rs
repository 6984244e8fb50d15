//! How the generator waits for what comes.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use mio::{Events, Poll, Registry};

/// How long nothing at all may come while something is awaited.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the generator's thread sleeps while nothing has come.
///
/// Whoever sends to a thread that sleeps wakes its core, and pays for that: on a virtual machine several times the price of the send itself.
/// How often that happens depends on how far the generator is ahead of the server, and says nothing of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    Asleep,
    /// It asks again and again instead, on a core that nobody else wants.
    Awake,
}

/// Connections that are watched.
pub struct Watch {
    poll: Poll,
    events: Events,
    waiting: Waiting,
}

impl Watch {
    pub fn new(waiting: Waiting) -> Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            waiting,
        })
    }

    /// Where connections are to be registered.
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// What has come.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Waits until something comes.
    pub fn wait(&mut self) -> Result<()> {
        self.wait_within(PATIENCE)?;
        ensure!(!self.events.is_empty(), "nothing came for {PATIENCE:?}");
        Ok(())
    }

    /// Waits until something comes, or for so long.
    pub fn wait_within(&mut self, time: Duration) -> Result<()> {
        match self.waiting {
            Waiting::Asleep => self.poll.poll(&mut self.events, Some(time))?,
            Waiting::Awake => {
                let end = Instant::now() + time;
                loop {
                    self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
                    if !self.events.is_empty() || Instant::now() >= end {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}
