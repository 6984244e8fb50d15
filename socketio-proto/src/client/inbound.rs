//! What the server sends.

use engineio_proto::Message;

use super::connection::Connection;
use super::revision_3;
use super::sockets::{HeldEvent, State};
use super::{DisconnectReason, Event, Reply, SocketKey};
use crate::{Args, Packet};

/// What an event costs to hold beside its bytes, in bytes.
const EVENT_COST: usize = 64;

impl Connection {
    /// One message of the session: a packet, or a part of one.
    pub(super) fn handle_message_of_session(&mut self, message: Message) {
        match self.decoder.decode(message) {
            Ok(None) => {}
            Ok(Some(packet)) => self.dispatch(packet),
            Err(error) => self.lose(&DisconnectReason::ParseError(error), None),
        }
    }

    /// As in JavaScript, what makes no sense is ignored: packets for namespaces that nobody is in, another consent or a refusal for a
    /// socket that is connected, acknowledgements of what was not asked.
    fn dispatch(&mut self, packet: Packet) {
        let namespace = packet.namespace().clone();
        let namespace = if self.is_revision_3() {
            revision_3::name_of(&namespace)
        } else {
            &namespace
        };
        match packet {
            Packet::Connect { data, .. } => self.handle_connect(namespace, data.as_ref()),
            Packet::ConnectError { data, .. } => self.handle_connect_error(namespace, &data),
            Packet::Disconnect { .. } => self.handle_disconnect(namespace),
            Packet::Event { id, event, args, .. } => {
                let event = HeldEvent { id, name: event, args };
                let Some(socket) = self.sockets.of(namespace) else {
                    return;
                };
                let key = socket.key;
                match &mut socket.state {
                    State::Connected(_) => self.deliver(key, event),
                    // Whoever was there before has left; the server had not heard of that.
                    State::Joining(_) if self.left.iter().any(|left| *left == *namespace) => {}
                    State::Joining(held) => {
                        held.bytes += cost_of(&event);
                        held.events.push(event);
                        if held.bytes > self.config.held_capacity {
                            socket.recovery.forget(); // otherwise they would come again
                            self.lose(&DisconnectReason::Flooded, None);
                        }
                    }
                    State::Idle | State::Waiting | State::Asking => {}
                }
            }
            Packet::Ack { id, args, .. } => {
                let Some(socket) = self.sockets.of(namespace).filter(|socket| socket.is_connected()) else {
                    return;
                };
                let key = socket.key;
                if let Some(done) = socket.retries.acknowledge(id) {
                    self.room.give_back(done.cost);
                    if done.awaited {
                        self.events.push_back(Event::Ack { socket: key, id, args });
                    }
                    self.flush(key);
                    self.settle();
                } else if !self.buffer.holds(key, id) && self.acks.remove(key, id) {
                    self.events.push_back(Event::Ack { socket: key, id, args });
                    self.settle();
                }
            }
        }
    }

    /// An event of a socket that is connected.
    pub(super) fn deliver(&mut self, key: SocketKey, event: HeldEvent) {
        let HeldEvent { id, name, mut args } = event;
        let Some(socket) = self.sockets.find_mut(key) else {
            return;
        };
        let mut offset = None;
        if id.is_none() {
            if let Some((others, last)) = socket.recovery.read(self.now, &args) {
                if self.config.strip_offsets {
                    (args, offset) = (others, Some(last));
                }
            }
        }
        let time = socket.times;
        self.events.push_back(Event::Event {
            socket: key,
            name,
            args,
            offset,
            reply: id.map(|id| Reply { socket: key, id, time }),
        });
    }
}

fn cost_of(event: &HeldEvent) -> usize {
    let args: &Args = &event.args;
    let attachments = args
        .attachments()
        .iter()
        .map(|attachment| attachment.len() + EVENT_COST);
    event.name.len() + args.as_json().len() + attachments.sum::<usize>() + EVENT_COST
}
