//! Long-polling: one GET that waits, one POST at a time.

use alloc::string::String;
use core::fmt::Write as _;

use bytes::Bytes;

use super::connection::Connection;
use super::post::Post;
use super::{Method, Query, Request, Response, Transmit};
use crate::body::Control;
use crate::{CloseReason, ExchangeId, Instant, TransportKind};

impl Connection {
    /// The GET that is to be sent now.
    pub(super) fn next_poll(&mut self) -> Option<Transmit> {
        let wanted = self.is_open() || self.handshake.is_none();
        if self.poll.is_some() || !wanted || self.is_closed() || self.is_pausing() {
            return None;
        }
        let id = self.new_exchange();
        self.poll = Some(id);
        let request = Request {
            method: Method::Get,
            query: self.query(id, TransportKind::Polling),
            content_type: None,
            body: Bytes::new(),
        };
        Some(Transmit::Request { id, request })
    }

    /// The POST that is to be sent now: as much of what waits as the server takes in one body.
    pub(super) fn next_post(&mut self) -> Option<Transmit> {
        let max_payload = self.handshake.as_ref()?.max_payload;
        if self.post.is_some() || self.outbox.is_empty() || self.is_pausing() {
            return None;
        }
        let id = self.new_exchange();
        let frames = self.outbox.iter().take(self.config.max_packets_per_post.max(1));
        let count = self.framing.count_that_fits(frames, max_payload);
        let is_farewell = self.is_closing() && self.outbox.iter().len() == 1;
        self.post = Some(Post { id, is_farewell });
        let (body, content_type) = self.outbox.take_first(count, |frames| self.framing.post(frames));
        let request = Request {
            method: Method::Post,
            query: self.query(id, TransportKind::Polling),
            content_type: Some(content_type),
            body,
        };
        Some(Transmit::Request { id, request })
    }

    /// The answer to the GET.
    pub(super) fn handle_poll_response(&mut self, now: Instant, response: Response) {
        // The server knows, and may know us no more. If messages are on their way with the close packet, its own one still counts: it
        // may not have taken them.
        if self.is_leaving() && (response.status != 200 || self.post.is_some_and(|post| post.is_farewell)) {
            return;
        }
        if response.status != 200 {
            return self.reject(&response);
        }
        match self.read_poll(now, response) {
            Ok(()) => self.finish_upgrade(now),
            Err(reason) => self.shut(reason),
        }
    }

    /// The answer to the POST. What is in it does not matter: servers say `ok`.
    pub(super) fn handle_post_response(&mut self, now: Instant, post: Post, response: &Response) {
        if response.status != 200 && !post.is_farewell {
            return self.reject(response);
        }
        self.finish_upgrade(now);
        self.finish_closing();
    }

    /// The query of a request for this session. A value of the cache buster does not come again within a connection, and hardly in
    /// another one, because that began at another time.
    pub(super) fn query(&self, id: ExchangeId, transport: TransportKind) -> Query {
        const WRITTEN: &str = "a String takes whatever is written to it";
        let mut query = String::with_capacity(self.config.query.len() + 80);
        if !self.config.query.is_empty() {
            query.push_str(&self.config.query);
            query.push('&');
        }
        let revision = self.framing.revision().number();
        write!(query, "EIO={revision}&transport={}", transport.as_str()).expect(WRITTEN);
        if let (TransportKind::Polling, Some(param)) = (transport, &self.config.timestamp_param) {
            let began = self.began.since_origin().as_micros();
            write!(query, "&{param}={began:x}-{:x}", id.0).expect(WRITTEN);
        }
        if self.framing.is_base64() && (transport == TransportKind::WebSocket || self.handshake.is_none()) {
            query.push_str("&b64=1");
        }
        if let Some(handshake) = &self.handshake {
            query.push_str("&sid=");
            query.extend(form_urlencoded::byte_serialize(handshake.sid.as_str().as_bytes()));
        }
        Query(query)
    }

    /// Reads the body of a poll's answer: acts on the packets that do something, and keeps it for its messages.
    fn read_poll(&mut self, now: Instant, response: Response) -> Result<(), CloseReason> {
        let Response { binary, body, .. } = response;
        let size = body.len();
        if size > self.config.max_payload {
            return Err(self.too_large(size));
        }
        let mut body = self.framing.read_body(body, binary).map_err(CloseReason::ParseError)?;
        if self.handshake.is_none() {
            let handshake = body.take_handshake().map_err(CloseReason::ParseError)?;
            self.handle_handshake(now, handshake)?;
        }
        let result = body.check(|control| match control {
            Control::Close => Err(CloseReason::TransportClose),
            Control::Ping(_) => {
                self.handle_ping(now);
                Ok(())
            }
            Control::Pong => {
                self.handle_pong(now);
                Ok(())
            }
        });
        if self.is_open() {
            self.inbox.push_body(body);
        }
        result
    }

    /// Whether the close packet is on its way, so that it is for its answer to say how this ends.
    pub(super) fn is_leaving(&self) -> bool {
        self.is_closing() && self.post.is_some() && self.outbox.is_empty()
    }
}
