//! What the server's application does: who is let in, and what is said to whom.

use bytes::Bytes;
use engineio_proto::{Instant, Revision, SendError};
use socketio_proto::server::hub::recovery::{Resume, ResumeRequest, WithOffset};
use socketio_proto::server::hub::{MemberKey, Target};
use socketio_proto::server::{EmitError, SocketKey};
use socketio_proto::{AckId, Encoded, Json, PrivateId, SocketId, ToArgs};

use crate::action::Kind;
use crate::ledger::{FILLER, Identity, Place};
use crate::script::{NAMESPACES, ROOMS};
use crate::server::{Flood, HostSocket};
use crate::world::World;

/// What the application does.
impl World {
    /// Gives all the answers that the server owes.
    pub fn decide(&mut self) {
        for (session, socket, namespace, auth) in std::mem::take(&mut self.host.waiting) {
            let this = &mut self.host.sessions[session];
            this.dirty = true;
            let Some(machine) = &mut this.machine else { continue };
            if namespace == 2 {
                let _ = machine.refuse(socket, "no", None);
            } else {
                self.admit(session, socket, namespace, auth.as_ref());
            }
        }
        for (session, reply, message) in std::mem::take(&mut self.host.replies) {
            let this = &mut self.host.sessions[session];
            if let Some(machine) = &mut this.machine {
                let result = machine.ack(reply, message as u64);
                this.dirty = true;
                self.note_refusal(session, &result);
            }
        }
    }

    fn admit(&mut self, session: usize, socket: SocketKey, namespace: usize, auth: Option<&Json>) {
        let place = self.ledger.places.len();
        if let Some(request) = auth.and_then(ResumeRequest::from_auth) {
            if self.restore(session, socket, namespace, &request) {
                return;
            }
        }
        let identity = self.ledger.identities.len();
        let machine = self.host.sessions[session].machine.as_mut().expect("it waits");
        let legacy = machine.legacy_id(socket);
        let recoverable = legacy.is_none() && self.script.settings.recovery;
        let has_own_room = legacy.is_none() && identity == 0;
        let id = legacy.unwrap_or_else(|| SocketId::new(&format!("l{identity}")));
        let pid = pid_of(identity);
        let result = if recoverable {
            machine.accept_recoverable(socket, id.clone(), &pid)
        } else {
            machine.accept(socket, id.clone())
        };
        if result.is_err() {
            return;
        }
        let hub = &mut self.host.namespaces[namespace];
        let member = if recoverable {
            hub.insert_recoverable(pid, id.clone(), place)
        } else {
            hub.insert(id.clone(), place)
        };
        let member = member.expect("a new id");
        self.ledger.identities.push(Identity {
            namespace,
            rooms: if has_own_room { 1 << 3 } else { 0 },
            recoverable,
            ..Identity::default()
        });
        self.settle(session, socket, namespace, identity, (id, member), None);
    }

    /// Lets somebody in who was here before. Says whether that worked.
    fn restore(&mut self, session: usize, socket: SocketKey, namespace: usize, request: &ResumeRequest) -> bool {
        let now = self.now;
        let max_bytes = self.script.settings.send_capacity / 2;
        let place = self.ledger.places.len();
        let mut identity = None;
        let mut resume = |world: &mut Self| {
            let make = |_: &SocketId, kept| {
                identity = Some(kept);
                place
            };
            world.host.namespaces[namespace].resume(now, request, max_bytes, make)
        };
        let mut due = self.may_return(session, namespace, request, max_bytes);
        let mut resumed = resume(self);
        if let Resume::StillHere(member) = resumed {
            let before = *self.host.namespaces[namespace].get(member).expect("it is here").value;
            let other = self.ledger.places[before].session;
            if other == session {
                return false;
            }
            let machine = self.host.sessions[other].machine.as_mut().expect("it is here");
            machine.supersede(now);
            self.closes(other);
            let client = self.host.sessions[other].client;
            self.clients[client].busy_until[1] = now; // its end is to be heard of at once
            self.pump_session(other);
            due = self.may_return(session, namespace, request, max_bytes);
            resumed = resume(self);
        }
        let Resume::Back { key, missed } = resumed else {
            assert!(matches!(resumed, Resume::Unknown), "it has just left");
            assert_ne!(due, Some(true), "who may come back is somebody new");
            self.counts.strangers += 1;
            return false;
        };
        let identity = identity.expect("it is back");
        assert_ne!(due, Some(false), "it comes back too late");
        self.counts.recoveries += 1;
        self.ledger.identities[identity].away_since = None;
        let id = self.host.namespaces[namespace].get(key).expect("it is back").id.clone();
        let pid = pid_of(identity);
        let machine = self.host.sessions[session].machine.as_mut().expect("it waits");
        if machine.accept_recoverable(socket, id.clone(), &pid).is_err() {
            let hub = &mut self.host.namespaces[namespace];
            hub.suspend(now, key, identity);
            self.ledger.identities[identity].away_since = Some(now);
            return true;
        }
        let place = self.settle(session, socket, namespace, identity, (id, key), Some(missed.len()));
        for packet in &missed {
            let (_, args) = self.host.config.parser.to_event(packet).expect("it is an event");
            let number = args.get(1).expect("its number").parse::<usize>().expect("a number");
            self.hand(place, packet, number);
        }
        self.check_rooms(place);
        true
    }

    /// Whether someone has to be let back in, or must not be, if that is known.
    fn may_return(&self, session: usize, namespace: usize, request: &ResumeRequest, max_bytes: usize) -> Option<bool> {
        let settings = &self.script.settings;
        let is_it = |number: &usize| {
            let is_here = self.ledger.identities[*number].namespace == namespace;
            is_here && pid_of(*number) == request.pid
        };
        let number = (0..self.ledger.identities.len()).find(is_it)?;
        let identity = &self.ledger.identities[number];
        let since = identity.away_since?;
        if since + settings.recovery_window <= self.now {
            return Some(false);
        }
        let (seen, missed) = identity.recorded.split_at(identity.seen);
        let missed = missed.iter().map(|message| &self.ledger.messages[*message]);
        // What a packet, its offset and its place in the queue take besides.
        let bytes: usize = missed.map(|message| message.size + 300).sum();
        let kept = settings.recovery_window + settings.ping_interval + settings.ping_timeout;
        let is_kept = |at: Instant| at + kept > self.now;
        // Nobody remembers of what is not kept any more who it was for.
        let since = seen.last().map_or(0, |message| message + 1);
        let mut since = self.ledger.messages[since..].iter();
        let is_there = since.all(|message| message.recorded.is_none_or(is_kept));
        let is_honest = !self.is_liar(self.host.sessions[session].client);
        let is_sure = is_honest && is_there && bytes <= max_bytes && settings.recovery_capacity > 1 << 20;
        is_sure.then_some(true)
    }

    /// Someone is there from now on.
    fn settle(
        &mut self,
        session: usize,
        key: SocketKey,
        namespace: usize,
        identity: usize,
        (id, member): (SocketId, MemberKey),
        missed: Option<usize>,
    ) -> usize {
        let place = self.ledger.places.len();
        let recorded = self.ledger.identities[identity].recorded.len();
        let is_old = self.machine(session).revision() == Revision::V3;
        self.ledger.places.push(Place {
            session,
            namespace,
            identity,
            live: true,
            sent: Vec::new(),
            arrived: 0,
            unasked: namespace == 0 && is_old,
            bound: None,
            heard: None,
            first: None,
            restored: missed.map(|missed| (missed, recorded)),
        });
        self.host.sockets.push(HostSocket {
            key,
            id,
            member: Some(member),
        });
        self.host.sessions[session].places.push((key, place));
        self.trace
            .note(self.now, "server lets in, of session", session, place as u64);
        place
    }

    /// Sends a packet that was encoded before. A client that does not keep up is sent away; it may come back.
    fn hand(&mut self, place: usize, packet: &Encoded, message: usize) {
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
            self.tell_one(place, Kind::Binary, size);
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
        let message = self.ledger.write(size, kind == Kind::Binary);
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
            Kind::Ask(time) => {
                let id = AckId(self.host.next_ack);
                self.host.next_ack += 1;
                let deadline = time.map(|time| now + time);
                let result = machine.emit_with_ack(key, id, "m", args, deadline);
                if result.is_ok() {
                    self.host.awaited.insert((place, id), message);
                    let of_client =
                        |(place, _): &&(usize, AckId)| session.places.iter().any(|(_, other)| other == place);
                    let count = self.host.awaited.keys().filter(of_client).count();
                    let is_busy = self.clients[session.client].busy_until[1] > now;
                    assert!(
                        is_busy || count <= self.host.config.max_pending_acks,
                        "too many acknowledgements are awaited"
                    );
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
        let message = self.ledger.write(size, false);
        self.trace.note(now, "server broadcasts", namespace, message as u64);
        let packet = self.encode(namespace, &(&FILLER[..size], message as u64));
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

    fn encode(&self, namespace: usize, args: &impl ToArgs) -> Encoded {
        let parser = &self.host.config.parser;
        let packet = match self.host.namespaces[namespace].next_offset() {
            Some(offset) => parser.event(NAMESPACES[namespace], None, "m", &WithOffset(args, offset)),
            None => parser.event(NAMESPACES[namespace], None, "m", args),
        };
        packet.expect("it can be written")
    }

    fn check_rooms(&self, place: usize) {
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

/// Under which name someone comes back.
pub fn pid_of(identity: usize) -> PrivateId {
    let mut entropy = [5; 15];
    entropy[..8].copy_from_slice(&(identity as u64).to_be_bytes());
    PrivateId::from_entropy(entropy)
}
