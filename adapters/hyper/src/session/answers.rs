//! HTTP requests that wait for their session to answer them.

use std::task::{Context, Poll, Waker};

use engineio_proto::{ErrorCode, ExchangeId, Refusal, Response};

/// How an HTTP request is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// With this response.
    Respond(Response),
    /// By going over to the WebSocket protocol.
    Upgrade,
}

/// The requests of one session that are not answered yet: a handful at most, since one that overlaps another is refused.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    waiting: Vec<Waiting>,
    ended: bool,
}

#[derive(Debug)]
struct Waiting {
    id: ExchangeId,
    waker: Option<Waker>,
    answer: Option<Answer>,
}

impl Answers {
    /// A request that wants an answer from now on.
    pub(crate) fn expect(&mut self, id: ExchangeId) {
        let answer = self.ended.then(session_unknown);
        self.waiting.push(Waiting {
            id,
            waker: None,
            answer,
        });
    }

    /// Answers a request, unless it was dropped meanwhile. Returns whom to wake.
    pub(crate) fn give(&mut self, id: ExchangeId, answer: Answer) -> Option<Waker> {
        let waiting = self.waiting.iter_mut().find(|waiting| waiting.id == id)?;
        waiting.answer = Some(answer);
        waiting.waker.take()
    }

    /// The answer to a request, once.
    pub(crate) fn poll(&mut self, id: ExchangeId, cx: &Context<'_>) -> Poll<Answer> {
        let Some(index) = self.waiting.iter().position(|waiting| waiting.id == id) else {
            return Poll::Pending;
        };
        let waiting = &mut self.waiting[index];
        if let Some(answer) = waiting.answer.take() {
            self.waiting.swap_remove(index);
            if matches!(answer, Answer::Upgrade) {
                self.waiting.shrink_to_fit(); // most likely no other request comes, for hours
            }
            return Poll::Ready(answer);
        }
        waiting.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Nobody waits for this answer any more.
    pub(crate) fn forget(&mut self, id: ExchangeId) {
        self.waiting.retain(|waiting| waiting.id != id);
    }

    /// The session has ended: nobody else will answer. Returns whom to wake.
    pub(crate) fn end(&mut self) -> impl Iterator<Item = Waker> {
        self.ended = true;
        self.waiting.iter_mut().filter_map(|waiting| {
            waiting.answer.get_or_insert_with(session_unknown);
            waiting.waker.take()
        })
    }
}

fn session_unknown() -> Answer {
    Answer::Respond(Refusal::new(ErrorCode::SessionUnknown).response())
}
