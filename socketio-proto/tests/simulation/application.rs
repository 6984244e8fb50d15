//! What the server's application says, and to whom.

use bytes::Bytes;
use engineio_proto::SendError;
use socketio_proto::server::EmitError;
use socketio_proto::server::hub::Target;
use socketio_proto::server::hub::recovery::WithOffset;
use socketio_proto::{AckId, Encoded, ToArgs};

use crate::action::Kind;
use crate::ledger::{FILLER, Identity, halves};
use crate::script::{NAMESPACES, ROOMS};
use crate::server::Flood;
use crate::world::World;

/// What the application does.
impl World {
    /// Sends a packet that was encoded before. A client that does not keep up is sent away; it may come back.
    pub fn hand(&mut self, place: usize, packet: &Encoded, message: usize) {
        let session = self.ledger.places[place].session;
        let this = &mut self.host.sessions[session];
        let Some(machine) = &mut this.machine else { return };
        this.dirty = true;
        match machine.send(self.host.sockets[place].key, packet) {
            Ok(()) => self.ledger.places[place].sent.push(message),
            Err(SendError::Full(())) => {
                machine.close(self.now);
                self.closes(session);
            }
            Err(SendError::Closed(())) => {}
        }
    }

    pub fn tell(&mut self, number: usize, kind: Kind, size: usize) {
        if let Some(place) = self.pick_place(number) {
            self.tell_one(place, kind, size);
        }
    }

    /// Says so much to one socket that it may be more than there is room for.
    pub fn flood(&mut self, number: usize, count: usize, size: usize) {
        let Some(place) = self.pick_place(number) else { return };
        let session = self.ledger.places[place].session;
        self.host.sessions[session].flood = Some(Flood { place, count, size });
        self.flood_on(session);
    }

    /// Goes on with that until there is no room. What was refused is said again, later.
    pub fn flood_on(&mut self, session: usize) {
        while let Some(flood) = self.host.sessions[session].flood.take() {
            let Flood { place, count, size } = flood;
            if count == 0 || !self.ledger.places[place].live {
                return;
            }
            let refused = self.host.sessions[session].refusals;
            let kind = if size % 2 == 0 { Kind::Binary } else { Kind::Ask(None) };
            self.tell_one(place, kind, size);
            let this = &mut self.host.sessions[session];
            let is_full = this.refusals > refused;
            let count = count - usize::from(!is_full);
            this.flood = Some(Flood { place, count, size });
            if is_full {
                return;
            }
        }
    }

    fn tell_one(&mut self, place: usize, kind: Kind, size: usize) {
        let now = self.now;
        let namespace = self.ledger.places[place].namespace;
        let recorded = self.script.settings.recovery && kind == Kind::Plain;
        let message = self.ledger.write(size, kind.attachments());
        let args = (&FILLER[..size], message as u64);
        self.trace.note(now, "server emits to", place, message as u64);
        if recorded {
            let packet = self.encode(namespace, &args);
            self.ledger.messages[message].recorded = Some(now);
            let member = self.host.sockets[place].member.expect("it is a member");
            self.host.namespaces[namespace].record_for(now, member, &packet);
            let identity = self.ledger.places[place].identity;
            self.ledger.identities[identity].recorded.push(message);
            return self.hand(place, &packet, message);
        }
        let key = self.host.sockets[place].key;
        let number = self.ledger.places[place].session;
        let session = &mut self.host.sessions[number];
        session.dirty = true;
        let Some(machine) = &mut session.machine else { return };
        if kind == Kind::Volatile && !machine.is_writable() {
            return;
        }
        let result = match kind {
            Kind::Plain | Kind::Volatile | Kind::Insist => machine.emit(key, "m", args),
            Kind::Binary => machine.emit(key, "m", (Bytes::from_static(args.0.as_bytes()), args.1)),
            Kind::Parts => {
                let [one, two] = halves(size);
                machine.emit(key, "m", (one, args.1, two))
            }
            Kind::Ask(time) => {
                let id = AckId(self.host.next_ack);
                self.host.next_ack += 1;
                let deadline = time.map(|time| now + time);
                let result = machine.emit_with_ack(key, id, "m", args, deadline);
                if result.is_ok() {
                    self.host.awaited.insert((place, id), message);
                }
                result
            }
        };
        self.note_refusal(number, &result);
        match result {
            Ok(()) => self.ledger.places[place].sent.push(message),
            Err(EmitError::Full | EmitError::NotConnected) => {}
            Err(EmitError::Encode(error)) => panic!("{error}"),
            Err(error) => panic!("{error}"),
        }
    }

    pub fn broadcast(&mut self, namespace: usize, choice: u64, size: usize) {
        let now = self.now;
        let to = if choice & 0x100 == 0 { 0 } else { choice & 0xf };
        let except = if choice & 0x600 == 0 { (choice >> 4) & 0xf } else { 0 };
        let skip = if choice & 0x1800 == 0 {
            self.pick_place(usize::try_from(choice >> 40).expect("it is small"))
        } else {
            None
        };
        let skip = skip.filter(|place| self.ledger.places[*place].namespace == namespace);
        let mut target = Target::everyone();
        for (bit, room) in ROOMS.into_iter().enumerate() {
            if to >> bit & 1 == 1 {
                target = target.to(room);
            }
            if except >> bit & 1 == 1 {
                target = target.except(room);
            }
        }
        if let Some(member) = skip.and_then(|place| self.host.sockets[place].member) {
            target = target.skip(member);
        }
        let binary = self.script.settings.wide && size % 3 == 0;
        let message = self.ledger.write(size, usize::from(binary));
        self.trace.note(now, "server broadcasts", namespace, message as u64);
        let packet = if binary {
            let bytes = Bytes::from_static(&FILLER.as_bytes()[..size]);
            self.encode(namespace, &(bytes, message as u64))
        } else {
            self.encode(namespace, &(&FILLER[..size], message as u64))
        };
        let hub = &mut self.host.namespaces[namespace];
        hub.record(now, &target, &packet);
        let mut reached: Vec<_> = hub.members(&target).map(|member| *member.value).collect();
        reached.sort_unstable();
        let identities = &mut self.ledger.identities;
        let is_meant = |identity: &Identity| (to == 0 || identity.rooms & to != 0) && identity.rooms & except == 0;
        let places = self.ledger.places.iter().enumerate();
        let expected = places.filter(|(index, place)| {
            let here = place.live && place.namespace == namespace && Some(*index) != skip;
            here && is_meant(&identities[place.identity])
        });
        let expected: Vec<_> = expected.map(|(index, _)| index).collect();
        assert_eq!(reached, expected, "a broadcast reaches the members of the moment");
        if self.script.settings.recovery {
            self.ledger.messages[message].recorded = Some(now);
            for place in &expected {
                identities[self.ledger.places[*place].identity].recorded.push(message);
            }
            let away = identities
                .iter_mut()
                .filter(|identity| identity.away_since.is_some() && identity.namespace == namespace);
            for identity in away {
                if is_meant(identity) {
                    identity.recorded.push(message);
                }
            }
        }
        for place in reached {
            self.hand(place, &packet, message);
        }
    }

    pub fn enter(&mut self, number: usize, room: usize, join: bool) {
        let Some(place) = self.pick_place(number) else { return };
        let found = &self.ledger.places[place];
        let identity = &mut self.ledger.identities[found.identity];
        let hub = &mut self.host.namespaces[found.namespace];
        let member = self.host.sockets[place].member.expect("it is a member");
        let was_in = identity.rooms >> room & 1 == 1;
        if join {
            assert_eq!(hub.join(member, ROOMS[room]), Ok(!was_in));
            identity.rooms |= 1 << room;
        } else {
            assert_eq!(hub.leave(member, ROOMS[room]), was_in);
            identity.rooms &= !(1 << room);
        }
        self.check_rooms(place);
    }

    pub fn dismiss(&mut self, number: usize, close: bool) {
        let Some(place) = self.pick_place(number) else { return };
        let session = self.ledger.places[place].session;
        let machine = self.host.sessions[session]
            .machine
            .as_mut()
            .expect("somebody lives there");
        machine.disconnect(self.host.sockets[place].key, close);
        self.host.sessions[session].dirty = true;
        if close {
            self.closes(session);
        }
    }

    /// A socket that is in its namespace.
    fn pick_place(&self, number: usize) -> Option<usize> {
        let places = || {
            let all = self.ledger.places.iter().enumerate().rev().take(50);
            all.filter(|(_, place)| place.live).map(|(index, _)| index)
        };
        places().nth(number.checked_rem(places().count())?)
    }

    pub fn encode(&self, namespace: usize, args: &impl ToArgs) -> Encoded {
        let parser = &self.host.config.parser;
        let packet = match self.host.namespaces[namespace].next_offset() {
            Some(offset) => parser.event(NAMESPACES[namespace], None, "m", &WithOffset(args, offset)),
            None => parser.event(NAMESPACES[namespace], None, "m", args),
        };
        packet.expect("it can be written")
    }

    pub fn check_rooms(&self, place: usize) {
        let found = &self.ledger.places[place];
        let hub = &self.host.namespaces[found.namespace];
        let rooms = self.ledger.identities[found.identity].rooms;
        if let Some(member) = self.host.sockets[place].member {
            for (bit, room) in ROOMS.into_iter().enumerate() {
                assert_eq!(
                    hub.is_in(member, room),
                    rooms >> bit & 1 == 1,
                    "the rooms of place {place}"
                );
            }
        }
    }
}
