//! The two state machines that a client can run, seen as one.

use engineio_proto::client::{Response, Transmit};
use engineio_proto::{ExchangeId, Gone, Instant, Message};

/// What driving a client takes. The protocol is all behind it.
pub(crate) trait Machine: Send + 'static {
    type Event;

    fn handle_response(&mut self, now: Instant, id: ExchangeId, response: Response);
    fn handle_open(&mut self, now: Instant, id: ExchangeId);
    fn handle_message(&mut self, now: Instant, id: ExchangeId, message: Message);
    fn handle_gone(&mut self, now: Instant, id: ExchangeId, gone: Gone);
    fn handle_timeout(&mut self, now: Instant);
    fn close(&mut self, now: Instant);
    fn poll_transmit(&mut self, writable: bool) -> Option<Transmit>;
    fn poll_event(&mut self) -> Option<Self::Event>;
    fn poll_own_event(&mut self) -> Option<Self::Event>;
    fn poll_timeout(&self) -> Option<Instant>;
    fn websocket(&self) -> Option<ExchangeId>;
    fn max_payload(&self) -> usize;
    fn is_saturated(&self) -> bool;
    /// Whether it is over for good.
    fn is_closed(&self) -> bool;
}

macro_rules! machine {
    ($module:ident, $own:expr) => {
        impl Machine for $module::client::Connection {
            type Event = $module::client::Event;

            fn handle_response(&mut self, now: Instant, id: ExchangeId, response: Response) {
                self.handle_response(now, id, response);
            }

            fn handle_open(&mut self, now: Instant, id: ExchangeId) {
                self.handle_open(now, id);
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

            fn websocket(&self) -> Option<ExchangeId> {
                self.websocket()
            }

            fn max_payload(&self) -> usize {
                self.max_payload()
            }

            fn is_saturated(&self) -> bool {
                self.is_saturated()
            }

            fn is_closed(&self) -> bool {
                self.is_closed()
            }
        }
    };
}

machine!(engineio_proto, |_| None); // it has none
machine!(socketio_proto, Self::poll_own_event);
