//! Long-polling: one GET that waits, one POST at a time.

use bytes::Bytes;

use super::Transmit;
use super::connection::Connection;
use crate::payload::{Records, SEPARATOR, check_base64};
use crate::{CloseReason, DecodeError, ErrorCode, ExchangeId, Instant, Refusal, Response, TransportFault};

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
        } else if binary {
            TransportFault::InvalidContent
        } else {
            self.post = Some(id);
            return;
        };
        self.respond(id, Response::empty(400));
        self.shut(CloseReason::TransportError(fault));
    }

    /// The body of the POST.
    pub(super) fn handle_post_body(&mut self, now: Instant, id: ExchangeId, body: Bytes) {
        if body.len() > self.config.max_payload {
            return self.respond(id, Response::empty(413));
        }
        let fault = match Records::new(body) {
            Err(error) => Some(CloseReason::ParseError(error)),
            Ok(mut records) => {
                let (end, fault) = self.scan(now, records.as_str());
                records.truncate(end);
                if self.is_open() {
                    self.inbox.push_body(records);
                }
                fault
            }
        };
        let response = match fault {
            Some(CloseReason::ParseError(_)) => Refusal::new(ErrorCode::BadRequest).response(),
            _ => Response::ok(),
        };
        self.respond(id, response);
        if let Some(reason) = fault {
            self.shut(reason);
        }
    }

    /// Answers an HTTP request.
    pub(super) fn respond(&mut self, id: ExchangeId, response: Response) {
        self.transmits.push_back(Transmit::Respond { id, response });
    }

    /// Checks a body's packets and acts on those that are not messages; messages are read when somebody fetches them. Returns
    /// how many bytes are in order, and what is wrong with the packet after them, which ends the session.
    fn scan(&mut self, now: Instant, body: &str) -> (usize, Option<CloseReason>) {
        let mut start = 0;
        for record in body.split(char::from(SEPARATOR)) {
            let fault = match record.as_bytes() {
                [b'4' | b'0' | b'5' | b'6', ..] => None,
                [b'b', base64 @ ..] => check_base64(base64).err().map(CloseReason::ParseError),
                [b'3', ..] => {
                    self.heartbeat.handle_pong(now, &self.config);
                    None
                }
                [b'2', ..] => Some(CloseReason::TransportError(TransportFault::HeartbeatDirection)),
                [b'1', ..] => Some(CloseReason::TransportClose),
                _ => Some(CloseReason::ParseError(DecodeError::unknown_type(record))),
            };
            if fault.is_some() {
                return (start, fault);
            }
            start += record.len() + 1;
        }
        (body.len(), None)
    }
}
