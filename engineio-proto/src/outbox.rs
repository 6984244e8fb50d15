//! What waits to be sent, within a bound.

use alloc::collections::VecDeque;
use alloc::collections::vec_deque::Iter;
use core::iter::Take;

use thiserror::Error;

use crate::Frame;

/// What a frame costs beside its bytes, in bytes: its place in the queue and the header of its memory.
const FRAME_COST: usize = 64;

/// Why a frame was not taken. It is handed back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SendError<F> {
    /// The session has ended, or was told to.
    #[error("the session is closed")]
    Closed(F),
    /// The peer does not read as fast as it is written to. There will be room after an event, `Drained`.
    #[error("the peer does not keep up: its send buffer is full")]
    Full(F),
}

impl<F> SendError<F> {
    /// The same error about something else.
    pub fn map<G>(self, change: impl FnOnce(F) -> G) -> SendError<G> {
        match self {
            Self::Closed(frames) => SendError::Closed(change(frames)),
            Self::Full(frames) => SendError::Full(change(frames)),
        }
    }
}

/// A queue of frames that is full at a number of bytes.
pub(crate) struct Outbox {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Somebody was told that it is full and waits to be told otherwise.
    refused: bool,
}

impl Outbox {
    pub(crate) const fn new() -> Self {
        Self {
            frames: VecDeque::new(),
            bytes: 0,
            refused: false,
        }
    }

    /// Takes all frames, or none if they do not fit. Whatever is asked for when nothing waits does fit. Once something did not, nothing
    /// does until half is free, so that a small message does not overtake a large one whose sender waits.
    pub(crate) fn push_all<I>(&mut self, frames: I, capacity: usize) -> Result<(), I>
    where
        I: Iterator<Item = Frame> + Clone,
    {
        if self.refused {
            return Err(frames);
        }
        let result = self.push_owed(frames, capacity);
        self.refused = result.is_err();
        result
    }

    /// [`push_all`](Self::push_all), for one: nothing is cloned.
    pub(crate) fn push(&mut self, frame: Frame, capacity: usize) -> Result<(), Frame> {
        if self.refused || !self.has_room(cost_of(&frame), capacity) {
            self.refused = true;
            return Err(frame);
        }
        self.push_control(frame);
        Ok(())
    }

    /// Takes all frames if there is room, whoever waits for more room than that.
    pub(crate) fn push_owed<I>(&mut self, frames: I, capacity: usize) -> Result<(), I>
    where
        I: Iterator<Item = Frame> + Clone,
    {
        let (waiting, bytes) = (self.frames.len(), self.bytes);
        for frame in frames.clone() {
            self.push_control(frame); // before it is known whether all fit: to make each twice, to ask first, costs more
            if waiting > 0 && self.bytes > capacity {
                self.frames.truncate(waiting);
                self.bytes = bytes;
                return Err(frames);
            }
        }
        Ok(())
    }

    /// Takes a packet of the protocol itself, of which there are only ever a few.
    pub(crate) fn push_control(&mut self, frame: Frame) {
        self.bytes += cost_of(&frame);
        self.frames.push_back(frame);
    }

    /// Takes a packet of the protocol itself that goes out before all that waits, unless it is in front already: whoever asks for it
    /// again and again gets it once.
    pub(crate) fn push_front_once(&mut self, frame: Frame) {
        if self.frames.front() != Some(&frame) {
            self.bytes += cost_of(&frame);
            self.frames.push_front(frame);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.bytes -= cost_of(&frame);
        if self.frames.is_empty() && self.frames.capacity() > 64 {
            self.frames = VecDeque::new(); // a burst is over: an idle session keeps no memory for it
        }
        Some(frame)
    }

    /// All that waits, as what `write` makes of it.
    pub(crate) fn take_all<T>(&mut self, write: impl FnOnce(&VecDeque<Frame>) -> T) -> T {
        let written = write(&self.frames);
        self.clear();
        written
    }

    /// The first `count` of what waits, as what `write` makes of them.
    pub(crate) fn take_first<T>(&mut self, count: usize, write: impl FnOnce(Take<Iter<'_, Frame>>) -> T) -> T {
        let written = write(self.frames.iter().take(count));
        for _ in 0..count {
            self.pop();
        }
        written
    }

    pub(crate) fn clear(&mut self) {
        self.bytes = 0;
        if self.frames.capacity() > 64 {
            self.frames = VecDeque::new();
        } else {
            self.frames.clear();
        }
    }

    /// Whether somebody who was refused should be told that there is room again; says so once.
    pub(crate) fn take_drained(&mut self, capacity: usize) -> bool {
        let drained = self.refused && self.bytes <= capacity / 2;
        self.refused &= !drained;
        drained
    }

    pub(crate) fn iter(&self) -> Iter<'_, Frame> {
        self.frames.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether frames of this cost are taken. Whatever is asked for when nothing waits is.
    fn has_room(&self, cost: usize, capacity: usize) -> bool {
        self.frames.is_empty() || self.bytes.saturating_add(cost) <= capacity
    }
}

/// What a frame counts for.
fn cost_of(frame: &Frame) -> usize {
    frame.len() + FRAME_COST
}
