//! Who is let in, and as whom.

use bytes::Bytes;
use engineio_proto::{Instant, Revision};
use socketio_proto::server::hub::MemberKey;
use socketio_proto::server::hub::recovery::{Resume, ResumeRequest};
use socketio_proto::server::{Reply, SocketKey};
use socketio_proto::{Json, PrivateId, SocketId};

use crate::ledger::{ANSWER, Identity, Place};
use crate::server::HostSocket;
use crate::world::World;

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
            self.reply(session, reply, message);
        }
    }

    /// Answers a message.
    pub fn reply(&mut self, session: usize, reply: Reply, message: usize) {
        let this = &mut self.host.sessions[session];
        let Some(machine) = &mut this.machine else { return };
        let result = if self.script.settings.wide && message % 5 == 0 {
            machine.ack(reply, (message as u64, Bytes::from_static(ANSWER)))
        } else {
            machine.ack(reply, message as u64)
        };
        this.dirty = true;
        self.note_refusal(session, &result);
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
    pub fn settle(
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
}

/// Under which name someone comes back.
pub fn pid_of(identity: usize) -> PrivateId {
    let mut entropy = [5; 15];
    entropy[..8].copy_from_slice(&(identity as u64).to_be_bytes());
    PrivateId::from_entropy(entropy)
}
