//! What each step of a script does.

use crate::action::Action;
use crate::world::World;

impl World {
    pub fn apply(&mut self, action: Action) {
        let now = self.now;
        let count = self.script.settings.clients.len();
        let everyone = self.clients.len();
        let acts = match action {
            // Where it is does not change while it has not heard where it is.
            Action::Join { client, .. } | Action::Leave { client, .. } => {
                let client = client % count;
                !self.is_frozen(client) && self.clients[client].busy_until[0] <= now
            }
            Action::Emit { client, .. } | Action::Pour { client, .. } | Action::Answer { client } => {
                !self.is_frozen(client % count)
            }
            _ => true,
        };
        if !acts {
            return;
        }
        match action {
            Action::Join { client, namespace } => self.join(client % count, namespace),
            Action::Leave {
                client,
                namespace,
                again,
            } => {
                self.leave(client % count, namespace);
                if again {
                    self.join(client % count, namespace);
                }
            }
            Action::Emit {
                client,
                namespace,
                kind,
                size,
            } => self.emit(client % count, namespace, kind, size),
            Action::Pour {
                client,
                namespace,
                count: messages,
                size,
            } => self.pour(client % count, namespace, messages, size),
            Action::Answer { client } => self.answer(client % count),
            Action::Tell { socket, kind, size } => self.tell(socket, kind, size),
            Action::Flood { socket, count, size } => self.flood(socket, count, size),
            Action::Broadcast {
                namespace,
                target,
                size,
            } => self.broadcast(namespace, target, size),
            Action::Enter { socket, room } => self.enter(socket, room, true),
            Action::Exit { socket, room } => self.enter(socket, room, false),
            Action::Dismiss { socket, close } => self.dismiss(socket, close),
            Action::Decide => self.decide(),
            Action::Reset { exchange, up, down } => {
                if let Some(exchange) = self.network.pick(exchange) {
                    self.trace
                        .note(now, "reset", exchange, u64::from(up) + 2 * u64::from(down));
                    self.network.kill(exchange);
                    self.network.tell(now, exchange, up, down);
                }
            }
            Action::LoseAnswer { exchange } => {
                if let Some(exchange) = self.network.pick(exchange) {
                    self.network.kill(exchange);
                    self.network.tell(now, exchange, false, true);
                }
            }
            Action::HalfOpen { client } => self.cut(client % count, None),
            Action::Blackout { client, time, told } => {
                let client = client % count;
                self.clients[client].blackout = Some((now + time, told));
                let server_too = self.chance.percent(50);
                self.cut(client, told.then_some(server_too));
            }
            Action::Hold { exchange, time } => {
                if let Some(exchange) = self.network.pick(exchange) {
                    self.network.hold(exchange, now + time);
                }
            }
            Action::Slow { client, up, time } => {
                let client = client % everyone;
                self.clients[client].slow_until[usize::from(!up)] = now + time;
                self.network.wake(now + time, client);
            }
            Action::Busy { client, up, time } => {
                let client = client % everyone;
                self.clients[client].busy_until[usize::from(!up)] = now + time;
                self.network.wake(now + time, client);
            }
            Action::Freeze { client, time } => {
                let client = client % count;
                let until = now + time;
                for exchange in self.network.of(client) {
                    self.network.hold(exchange, until);
                }
                let this = &mut self.clients[client];
                this.frozen_until = until.max(this.frozen_until);
                this.heard_at += time;
                self.network.wake(this.frozen_until, client);
            }
            Action::Jump { time } => {
                self.now += time;
                for client in &mut self.clients {
                    client.heard_at += time;
                }
                for session in &self.host.live {
                    let session = &mut self.host.sessions[*session];
                    session.heard_at += time;
                }
                self.time_out();
            }
            Action::Skew { client, time } => {
                let client = &mut self.clients[client % count];
                client.ahead += time;
                client.dirty = true;
                self.time_out();
            }
            Action::Twice {
                client,
                count: requests,
            } => self.clients[client % count].twice += requests,
            Action::Lie { liar, lie, number } => self.lie(liar, lie, number),
            Action::WebSockets { client, fate } => self.clients[client % count].fate = fate,
            Action::Reborn { client, told } => self.bear_again(client % count, told),
            Action::Restart { graceful } => self.restart(graceful),
        }
    }

    /// Nothing of a client's exchanges gets through any more; the client is told, or the server as well, or nobody.
    pub fn cut(&mut self, client: usize, told: Option<bool>) {
        self.trace.note(self.now, "cut", client, 0);
        for exchange in self.network.of(client) {
            self.network.kill(exchange);
            self.network
                .tell(self.now, exchange, told == Some(true), told.is_some());
        }
    }
}
