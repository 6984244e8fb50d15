//! The two state machines that a session can run, seen as one.

use std::fmt::Debug;

use bytes::Bytes;
use engineio_proto::server::Transmit;
use engineio_proto::{Exchange, ExchangeId, Gone, Instant, Message};

/// What driving a session takes. The protocol is all behind it.
pub(crate) trait Machine: Debug + Send + 'static {
    type Event: Debug;

    fn handle_request(&mut self, now: Instant, id: ExchangeId, exchange: Exchange);
    fn handle_body(&mut self, now: Instant, id: ExchangeId, body: Bytes);
    fn handle_message(&mut self, now: Instant, id: ExchangeId, message: Message);
    fn handle_gone(&mut self, now: Instant, id: ExchangeId, gone: Gone);
    fn handle_timeout(&mut self, now: Instant);
    fn close(&mut self, now: Instant);
    fn poll_transmit(&mut self, writable: bool) -> Option<Transmit>;
    fn poll_event(&mut self) -> Option<Self::Event>;
    fn poll_own_event(&mut self) -> Option<Self::Event>;
    fn poll_timeout(&self) -> Option<Instant>;
    fn has_events(&self) -> bool;
    fn websocket(&self) -> Option<ExchangeId>;
    fn max_payload(&self) -> usize;
    fn queued_bytes(&self) -> usize;
    fn is_saturated(&self) -> bool;
    fn is_closed(&self) -> bool;

    /// Whether nothing happens after this event.
    fn is_last(event: &Self::Event) -> bool;
}

macro_rules! machine {
    ($module:ident, $own:expr) => {
        impl Machine for $module::server::Connection {
            type Event = $module::server::Event;

            fn handle_request(&mut self, now: Instant, id: ExchangeId, exchange: Exchange) {
                self.handle_request(now, id, exchange);
            }

            fn handle_body(&mut self, now: Instant, id: ExchangeId, body: Bytes) {
                self.handle_body(now, id, body);
            }

            fn handle_message(&mut self, now: Instant, id: ExchangeId, message: Message) {
                self.handle_message(now, id, message);
            }

            fn handle_gone(&mut self, now: Instant, id: ExchangeId, gone: Gone) {
                self.handle_gone(now, id, gone);
            }

            fn handle_timeout(&mut self, now: Instant) {
                self.handle_timeout(now);
            }

            fn close(&mut self, now: Instant) {
                self.close(now);
            }

            fn poll_transmit(&mut self, writable: bool) -> Option<Transmit> {
                self.poll_transmit(writable)
            }

            fn poll_event(&mut self) -> Option<Self::Event> {
                self.poll_event()
            }

            fn poll_own_event(&mut self) -> Option<Self::Event> {
                $own(self)
            }

            fn poll_timeout(&self) -> Option<Instant> {
                self.poll_timeout()
            }

            fn has_events(&self) -> bool {
                self.has_events()
            }

            fn websocket(&self) -> Option<ExchangeId> {
                self.websocket()
            }

            fn max_payload(&self) -> usize {
                self.max_payload()
            }

            fn queued_bytes(&self) -> usize {
                self.queued_bytes()
            }

            fn is_saturated(&self) -> bool {
                self.is_saturated()
            }

            fn is_closed(&self) -> bool {
                self.is_closed()
            }

            fn is_last(event: &Self::Event) -> bool {
                matches!(event, Self::Event::Closed(_))
            }
        }
    };
}

machine!(engineio_proto, |_| None); // it has none
machine!(socketio_proto, Self::poll_own_event);
