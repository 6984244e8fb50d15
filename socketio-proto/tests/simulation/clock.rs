//! Time, and what is to be done at one moment.

use std::time::Duration;

use engineio_proto::Instant;
use socketio_proto::server;
use socketio_proto::server::hub::Namespace;

use crate::world::{TOO_MANY, World};

impl World {
    pub fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        let mut at_once = 0;
        let mut before = self.now;
        while self.step(end) {
            self.pump();
            at_once = if self.now == before { at_once + 1 } else { 0 };
            before = self.now;
            assert!(at_once < TOO_MANY, "time does not pass");
        }
        self.now = end.max(self.now);
    }

    /// The next thing that happens by `end`, if there is one.
    fn step(&mut self, end: Instant) -> bool {
        let arrival = self.network.next();
        let timer = self.next_timer();
        let Some(next) = arrival.into_iter().chain(timer).min().filter(|next| *next <= end) else {
            return false;
        };
        // After a jump of the clock much is due at once.
        let both = arrival.is_some_and(|at| at <= self.now) && timer.is_some_and(|at| at <= self.now);
        let is_arrival = if both {
            self.chance.percent(50)
        } else {
            arrival == Some(next)
        };
        self.now = self.now.max(next);
        if is_arrival {
            let delivery = self.network.pop().expect("something arrives");
            self.deliver(delivery);
        } else {
            self.time_out();
        }
        true
    }

    fn next_timer(&self) -> Option<Instant> {
        let clients = self.clients.iter().filter_map(|client| {
            let due = client.machine.poll_timeout()?.since_origin();
            let due = Instant::after_origin(due.saturating_sub(client.ahead));
            Some(due.max(client.frozen_until))
        });
        let machines = self
            .host
            .live
            .iter()
            .filter_map(|session| self.host.sessions[*session].machine.as_ref());
        let sessions = machines.filter_map(server::Connection::poll_timeout);
        let hubs = self.host.namespaces.iter().filter_map(Namespace::poll_timeout);
        clients.chain(sessions).chain(hubs).min()
    }

    /// Meets the deadlines. What is read late sets deadlines that are over already: those are met at once.
    pub fn time_out(&mut self) {
        for _ in 0..5 {
            self.meet_deadlines();
            self.pump();
            if self.next_timer().is_none_or(|next| next > self.now) {
                return;
            }
        }
        panic!("a deadline that was met is over");
    }

    fn meet_deadlines(&mut self) {
        let now = self.now;
        for client in &mut self.clients {
            let clock = now + client.ahead;
            let due = client.machine.poll_timeout().is_some_and(|due| due <= clock);
            if due && client.frozen_until <= now {
                client.machine.handle_timeout(clock);
                client.dirty = true;
            }
        }
        for session in &self.host.live {
            let session = &mut self.host.sessions[*session];
            if let Some(machine) = session.machine.as_mut() {
                if machine.poll_timeout().is_some_and(|due| due <= now) {
                    machine.handle_timeout(now);
                    session.dirty = true;
                }
            }
        }
        for hub in &mut self.host.namespaces {
            if hub.poll_timeout().is_some_and(|due| due <= now) {
                hub.handle_timeout(now);
                assert!(
                    hub.poll_timeout().is_none_or(|due| due > now),
                    "a deadline that was met is over"
                );
            }
            while hub.poll_forgotten().is_some_and(|identity| {
                self.ledger.identities[identity].away_since = None;
                true
            }) {}
        }
    }

    /// Fetches all that there is, and passes it on.
    pub fn pump(&mut self) {
        for _ in 0..TOO_MANY {
            let mut happened = false;
            for client in 0..self.clients.len() {
                if self.clients[client].dirty && !self.is_frozen(client) {
                    self.clients[client].dirty = false;
                    self.pump_client(client);
                    happened = true;
                }
            }
            let mut index = 0;
            while let Some(&session) = self.host.live.get(index) {
                if std::mem::take(&mut self.host.sessions[session].dirty) {
                    self.pump_session(session);
                    happened = true;
                }
                if self.host.live.get(index) == Some(&session) {
                    index += 1;
                }
            }
            if !happened {
                return;
            }
        }
        panic!("the machines do not stop talking");
    }
}
