//! The application: it echoes, acknowledges, and has rooms. Nothing in here knows what a network is.

use std::collections::BTreeMap;

use engineio_proto::SendError;
use socketio_proto::server::hub::{MemberKey, Namespace, Target};
use socketio_proto::server::{EmitError, Event, Reply, SocketKey};
use socketio_proto::{Args, ArgsError, Encoded, SocketId};

use super::{ClientKey, Clients, entropy};

/// Where a socket is reached: at its client, under the client's own name for it.
type Address = (ClientKey, SocketKey);

/// There is one namespace, `/`, and this is who is in it.
#[derive(Default)]
pub struct Chat {
    everyone: Namespace<Address>,
    members: BTreeMap<Address, MemberKey>,
}

impl Chat {
    /// Something has happened on the connection of `client`.
    pub fn handle(&mut self, clients: &mut Clients, client: ClientKey, event: Event) {
        match event {
            Event::Connect { socket, namespace, .. } => {
                let connection = clients.get(client);
                // Who does not wait for the answer any more has vanished, and nothing is to be done.
                if namespace != "/" {
                    let _ = connection.refuse(socket, "Invalid namespace", None);
                    return;
                }
                let id = SocketId::from_entropy(entropy());
                if connection.accept(socket, id.clone()).is_ok() {
                    let member = self
                        .everyone
                        .insert(id, (client, socket))
                        .expect("120 random bits are new");
                    self.members.insert((client, socket), member);
                }
            }
            Event::Event {
                socket,
                name,
                args,
                reply,
            } => {
                let from = (client, socket);
                if let Err(error) = self.handle_event(clients, from, &name, &args, reply) {
                    eprintln!("{name:?}: {error}"); // its sender's mistake, and nobody else's trouble
                }
            }
            Event::Disconnect { socket, .. } => {
                if let Some(member) = self.members.remove(&(client, socket)) {
                    self.everyone.remove(member); // and from its rooms
                }
            }
            // This application asks its clients nothing, and waits for no one.
            Event::Ack { .. } | Event::AckFailed { .. } | Event::Upgraded | Event::Drained | Event::Closed(_) => {}
        }
    }

    fn handle_event(
        &mut self,
        clients: &mut Clients,
        from: Address,
        name: &str,
        args: &Args,
        reply: Option<Reply>,
    ) -> Result<(), ArgsError> {
        // What is passed on is never parsed, and its attachments are not copied.
        match name {
            "message" => {
                let packet = Encoded::event("/", None, "message-back", args).expect("arguments that came can go");
                send(clients, from, &packet);
            }
            "message-with-ack" => acknowledge(clients, from, reply, args),
            "join" => {
                let (room,): (String,) = args.parse()?;
                // Rooms have limits, and a client that reaches one is not told here.
                let _ = self.everyone.join(self.members[&from], &room);
                acknowledge(clients, from, reply, &Args::new());
            }
            "to-room" => {
                let (room, event): (String, String) = args.parse()?;
                let target = Target::everyone().to(room).skip(self.members[&from]);
                // Encoded once, however many there are. A name that is reserved goes nowhere.
                if let Ok(packet) = Encoded::event("/", None, &event, &args.rest(2)) {
                    for member in self.everyone.members(&target) {
                        send(clients, *member.value, &packet);
                    }
                }
                acknowledge(clients, from, reply, &Args::new());
            }
            _ => {}
        }
        Ok(())
    }
}

/// Sends a packet; whoever has too many waiting is sent away, so that it comes back and knows that it has missed something.
fn send(clients: &mut Clients, (client, socket): Address, packet: &Encoded) {
    let connection = clients.get(client);
    if let Err(SendError::Full(())) = connection.send(socket, packet) {
        connection.disconnect(socket, true);
    }
}

/// Acknowledges an event, if its sender has asked for that.
fn acknowledge(clients: &mut Clients, (client, socket): Address, reply: Option<Reply>, args: &Args) {
    let Some(reply) = reply else { return };
    let connection = clients.get(client);
    if let Err(EmitError::Full) = connection.ack(reply, args) {
        connection.disconnect(socket, true);
    }
}
