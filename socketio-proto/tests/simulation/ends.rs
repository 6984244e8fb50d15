//! How a run ends: what holds once the network is well again, and once everyone has left.

use std::time::Duration;

use engineio_proto::client::Transports;
use engineio_proto::{Revision, TransportKind};

use crate::action::Fate;
use crate::ledger::Place;
use crate::world::World;

impl World {
    /// The network is well again. After a while everyone who wants to be connected is, and everything has arrived.
    pub fn heal(&mut self) {
        for client in 0..self.clients.len() {
            let this = &mut self.clients[client];
            this.blackout = None;
            this.fate = Fate::Open;
            this.slow_until = [self.now; 2];
            this.busy_until = [self.now; 2];
            this.frozen_until = self.now;
            this.dirty = true;
            self.answer(client);
        }
        for session in &mut self.host.sessions {
            session.dirty = true;
        }
        self.is_prompt = true;
        self.decide();
        self.time_out();
        self.pump();
        self.calm_since = self.calm_since.or(Some(self.now));
        let settings = &self.script.settings;
        let noticed = settings.ping_interval + settings.ping_timeout;
        // What is held, a request that nobody answers, the delay before the next.
        self.advance(noticed * 2 + Duration::from_secs(30 + 20 + 10));
        self.check_whole();
    }

    fn check_whole(&self) {
        for (number, client) in self.clients.iter().enumerate() {
            // What a socket awaits that is not connected any more takes room for as long as the application wants.
            let is_full = client.awaited.len() > self.script.settings.max_pending_acks / 2;
            assert!(is_full || !client.pours(), "client {number} waits for room for ever");
            self.check_upgraded(number);
            for socket in &client.sockets {
                if socket.left {
                    continue;
                }
                if !client.machine.is_active(socket.key) {
                    assert!(socket.given_up, "client {number} does not try any more");
                    continue;
                }
                let Some(place) = socket.place else {
                    if socket.namespace == 0 && client.machine.revision() == Revision::V3 {
                        continue; // who has left that comes back with the next session only
                    }
                    panic!("client {number} is not connected, and nothing is in its way");
                };
                let place = &self.ledger.places[place];
                assert!(place.live, "client {number} is connected to nobody");
                assert!(
                    place.unasked || place.arrived == place.sent.len(),
                    "messages for client {number} are lost"
                );
                let heard = place.heard.map_or(place.first, |heard| Some(heard + 1));
                for &message in socket.emitted.get(heard.unwrap_or(0)..).unwrap_or_default() {
                    let message = &self.ledger.messages[message];
                    assert!(
                        message.given_up || message.arrivals > 0,
                        "messages of client {number} are lost"
                    );
                }
            }
        }
        let connected = self.clients.iter().flat_map(|client| &client.sockets);
        let connected = connected.filter(|socket| socket.place.is_some()).count();
        // In revision 3 everyone is in the main namespace, whether the client's application wants it or not.
        let is_meant = |place: &&Place| {
            let client = self.host.sessions[place.session].client;
            if self.is_liar(client) {
                return false;
            }
            let unasked = self.clients[client].machine.revision() == Revision::V3 && place.namespace == 0;
            place.live && (place.bound.is_some() || !unasked)
        };
        let places = self.ledger.places.iter().filter(is_meant).count();
        assert_eq!(places, connected, "the server has as many sockets as there are");
    }

    /// A session that began when nothing went wrong any more has gone over to a WebSocket, if both sides want that.
    fn check_upgraded(&self, client: usize) {
        let settings = &self.script.settings;
        let Some((Transports::PollingThenWebSocket, _)) = settings.clients.get(client) else {
            return;
        };
        let this = &self.clients[client];
        let is_calm = this
            .opened_at
            .is_some_and(|at| self.calm_since.is_some_and(|since| since < at));
        if settings.upgrades && is_calm && this.sockets.iter().any(|socket| socket.place.is_some()) {
            let transport = this.machine.transport();
            assert_eq!(
                transport,
                Some(TransportKind::WebSocket),
                "client {client} stays on long-polling"
            );
        }
    }

    /// Everyone leaves, and nothing remains.
    pub fn part(&mut self) {
        for client in 0..self.clients.len() {
            if client % 2 == 1 {
                for namespace in 0..3 {
                    self.leave(client, namespace);
                }
                self.pump();
                self.join(client, 0); // while the session before is still taking its leave
                self.pump();
                self.advance(Duration::from_secs(1));
            }
            self.close_client(client);
            self.pump();
        }
        self.advance(Duration::from_secs(10));
        for (number, client) in self.clients.iter().enumerate() {
            assert!(client.closed, "client {number} has not closed");
        }
        let settings = &self.script.settings;
        self.advance(settings.ping_interval + settings.ping_timeout + Duration::from_secs(31));
        assert!(self.host.router.is_empty(), "sessions remain");
        assert!(self.host.live.is_empty(), "sessions remain");
        assert!(self.host.awaits_nothing(), "acknowledgements are awaited for ever");
        for hub in &self.host.namespaces {
            assert_eq!(hub.len(), 0, "members remain");
            assert_eq!(hub.room_names().count(), 0, "rooms remain");
        }
        self.advance(Duration::from_secs(170));
        for hub in &mut self.host.namespaces {
            while hub.poll_forgotten().is_some() {}
            assert_eq!((hub.away(), hub.kept_bytes()), (0, 0), "something is kept for ever");
            assert_eq!(hub.poll_timeout(), None);
        }
    }
}
