//! Long-polling: one GET that waits, one POST at a time.

use bytes::Bytes;

use super::Transmit;
use super::connection::Connection;
use super::post::Post;
use crate::body::Control;
use crate::{CloseReason, ErrorCode, ExchangeId, Instant, Refusal, Response, TransportFault};

impl Connection {
    /// A GET that waits for packets.
    pub(super) fn handle_poll(&mut self, now: Instant, id: ExchangeId) {
        if self.poll.is_some() {
            self.respond(id, Response::empty(400));
            return self.shut(CloseReason::TransportError(TransportFault::PollOverlap));
        }
        self.poll = Some(id);
        self.finish_closing();
        self.flush_poll(now);
    }

    /// A POST whose body is on its way.
    pub(super) fn handle_post(&mut self, id: ExchangeId, binary: bool) {
        let fault = if self.post.is_some() {
            TransportFault::PostOverlap
        } else if binary && !self.framing.takes_binary_posts() {
            TransportFault::InvalidContent
        } else {
            self.post = Some(Post { id, binary });
            return;
        };
        self.respond(id, Response::empty(400));
        self.shut(CloseReason::TransportError(fault));
    }

    /// The body of the POST.
    pub(super) fn handle_post_body(&mut self, now: Instant, post: Post, body: Bytes) {
        let Post { id, binary } = post;
        if body.len() > self.config.max_payload {
            return self.respond(id, Response::empty(413));
        }
        let result = self
            .framing
            .read_body(body, binary)
            .map_err(CloseReason::ParseError)
            .and_then(|mut body| {
                let result = body.check(|control| match control {
                    Control::Close => Err(CloseReason::TransportClose),
                    Control::Ping(data) => self.handle_ping(now, data),
                    Control::Pong => self.handle_pong(now),
                });
                if self.is_open() {
                    self.inbox.push_body(body);
                }
                result
            });
        let response = match result {
            Err(CloseReason::ParseError(_)) => Refusal::new(ErrorCode::BadRequest).response(),
            _ => Response::ok(),
        };
        self.respond(id, response);
        if let Err(reason) = result {
            self.shut(reason);
        }
    }

    /// Answers an HTTP request.
    pub(super) fn respond(&mut self, id: ExchangeId, response: Response) {
        self.transmits.push_back(Transmit::Respond { id, response });
    }
}
