//! Long-polling: one GET that waits, one POST at a time.

use bytes::Bytes;

use super::Transmit;
use super::connection::Connection;
use super::framing::Framing;
use super::post::Post;
use crate::inbox::Body;
use crate::payload::{Records, SEPARATOR, check_base64};
use crate::{
    CloseReason, DecodeError, ErrorCode, ExchangeId, Instant, Message, Refusal, Response, TransportFault, revision_3,
};

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
        let (body, fault) = match self.framing {
            Framing::V4 => match Records::new(body) {
                Err(error) => (None, Some(CloseReason::ParseError(error))),
                Ok(mut records) => {
                    let (end, fault) = self.scan(now, records.as_str());
                    records.truncate(end);
                    (Some(Body::V4(records)), fault)
                }
            },
            Framing::V3 { jsonp, .. } => match revision_3_records(body, binary, jsonp.is_some()) {
                Err(error) => (None, Some(CloseReason::ParseError(error))),
                Ok(mut records) => {
                    let fault = self.scan_revision_3(now, &mut records);
                    (Some(Body::V3(records)), fault)
                }
            },
        };
        if let Some(body) = body.filter(|_| self.is_open()) {
            self.inbox.push_body(body);
        }
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
                [b'3', ..] => self.handle_pong(now).err(),
                [b'2', ..] => self.handle_ping(now, &record[1..]).err(),
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

    /// The same for a body of revision 3, which is cut behind what is in order.
    fn scan_revision_3(&mut self, now: Instant, records: &mut revision_3::Records) -> Option<CloseReason> {
        let length = records.len();
        let mut cursor = records.clone();
        let mut rest = length;
        while let Some(record) = cursor.next() {
            let fault = match record.map(|record| self.check_revision_3(now, &record)) {
                Ok(result) => result.err(),
                Err(error) => Some(CloseReason::ParseError(error)),
            };
            if fault.is_some() {
                records.truncate(length - rest);
                return fault;
            }
            rest = cursor.len();
        }
        None
    }

    fn check_revision_3(&mut self, now: Instant, record: &Message) -> Result<(), CloseReason> {
        if let Message::Text(text) = record {
            match text.as_bytes()[..] {
                [b'4' | b'0' | b'5' | b'6', ..] => return Ok(()),
                [b'2', ..] => return self.handle_ping(now, &text[1..]),
                [b'3', ..] => return self.handle_pong(now),
                [b'1', ..] => return Err(CloseReason::TransportClose),
                _ => {}
            }
        }
        revision_3::check_message(record).map_err(CloseReason::ParseError)
    }
}

fn revision_3_records(body: Bytes, binary: bool, form: bool) -> Result<revision_3::Records, DecodeError> {
    match (binary, form) {
        (true, _) => revision_3::Records::binary(body),
        (false, true) => revision_3::Records::text(revision_3::decode_form(&body)?),
        (false, false) => revision_3::Records::text(body),
    }
}
