//! What arrives.

use crate::action::Fate;
use crate::network::{Delivery, Down, Up};
use crate::world::World;

impl World {
    pub fn deliver(&mut self, delivery: Delivery) {
        let now = self.now;
        let Some(delivery) = self.stall(delivery) else { return };
        match delivery {
            Delivery::Wake(client) => self.wake(client),
            Delivery::Up(exchange, up) => match up {
                Up::Request(request) => {
                    let binary = request.content_type == Some("application/octet-stream");
                    let (method, query) = (request.method.as_str(), request.query.as_str());
                    self.server_request(exchange, method, query, false, binary);
                    if let Some(copy) = self.network.exchanges[exchange].copy {
                        self.server_copy(exchange, copy, method, query, binary);
                    }
                }
                Up::Connect(_) if self.clients[self.network.exchanges[exchange].client].fate == Fate::Refused => {
                    let response = engineio_proto::client::Response {
                        status: 502,
                        binary: false,
                        body: bytes::Bytes::new(),
                    };
                    self.network.down(now, exchange, Down::Response(response));
                }
                Up::Connect(query) => self.server_request(exchange, "GET", &query, true, false),
                Up::Body(body) => {
                    if let Some(copy) = self.network.exchanges[exchange].copy {
                        self.server_body(copy, body.clone());
                    }
                    self.server_body(exchange, body);
                }
                Up::Frame(message) => self.server_frame(exchange, message),
                Up::Gone => self.server_gone(exchange),
            },
            Delivery::Down(exchange, down) => {
                let found = &mut self.network.exchanges[exchange];
                if !found.client_open {
                    return;
                }
                let id = found.id;
                found.client_open = !matches!(down, Down::Response(_) | Down::Gone);
                let client = &mut self.clients[found.client];
                let clock = now + client.ahead;
                client.heard_at = client.heard_at.max(now);
                client.dirty = true;
                down.trace(&mut self.trace, now, exchange);
                match down {
                    Down::Response(response) => client.machine.handle_response(clock, id, response),
                    Down::Open => client.machine.handle_open(clock, id),
                    Down::Frame(message) => client.machine.handle_message(clock, id, message),
                    Down::Gone => client.machine.handle_gone(clock, id, engineio_proto::Gone::Closed),
                }
                self.network.sweep();
            }
        }
    }

    /// A proxy at the server's door sends a request once more. It waits for one answer only, so that what the other request asks for is
    /// given up as soon as there is one.
    fn server_copy(&mut self, exchange: usize, copy: usize, method: &str, query: &str, binary: bool) {
        self.counts.copies += 1;
        if self.chance.percent(50) {
            self.pump();
        }
        self.server_request(copy, method, query, false, binary);
        if !self.network.exchanges[exchange].server_open {
            self.server_gone(copy);
        }
    }

    /// Nothing is read from whoever has said more than was fetched: it stays on its way.
    fn stall(&mut self, delivery: Delivery) -> Option<Delivery> {
        let (exchange, is_up) = match &delivery {
            Delivery::Up(exchange, Up::Body(_) | Up::Frame(_)) => (*exchange, true),
            Delivery::Down(exchange, Down::Response(_) | Down::Frame(_)) => (*exchange, false),
            _ => return Some(delivery),
        };
        if !self.is_full(exchange, is_up) {
            return Some(delivery);
        }
        let number = self.network.exchanges[exchange].client;
        let client = &self.clients[number];
        let until = client.busy_until[usize::from(is_up)].max(client.frozen_until);
        if until <= self.now {
            self.look_at(number);
            self.pump();
            assert!(
                !self.is_full(exchange, is_up),
                "too much waits though all of it was fetched"
            );
            return Some(delivery);
        }
        self.counts.stalls += 1;
        self.network.stall(exchange, is_up, until, delivery);
        None
    }

    fn is_full(&self, exchange: usize, is_up: bool) -> bool {
        let found = &self.network.exchanges[exchange];
        if !is_up {
            return self.clients[found.client].machine.is_saturated();
        }
        let session = found.session.map(|session| &self.host.sessions[session]);
        let machine = session.and_then(|session| session.machine.as_ref());
        machine.is_some_and(socketio_proto::server::Connection::is_saturated)
    }

    fn wake(&mut self, client: usize) {
        self.time_out();
        self.look_at(client);
    }

    /// A client, and what the server has for it, may have something to fetch.
    fn look_at(&mut self, client: usize) {
        self.clients[client].dirty = true;
        for session in &self.host.live {
            let session = &mut self.host.sessions[*session];
            session.dirty |= session.client == client;
        }
    }
}
