//! The clients' side: applications that talk at random, and what must hold of what they hear.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use engineio_proto::Instant;
use socketio_proto::client::{Auth, Connection, EmitError, JoinError, Reply, SocketKey};
use socketio_proto::{AckId, Json};

use crate::action::{Fate, Kind};
use crate::ledger::{ANSWER, FILLER, halves};
use crate::script::NAMESPACES;
use crate::world::World;

#[derive(Debug)]
pub struct Client {
    pub machine: Connection,
    pub sockets: Vec<Socket>,
    /// Those that are asked who they are, and have not said it.
    pub asked: Vec<SocketKey>,
    /// How many processes it has been.
    pub lives: u64,
    /// Events whose answer is put off.
    pub replies: Vec<(Reply, usize)>,
    /// The messages whose acknowledgements are awaited.
    pub awaited: BTreeMap<(SocketKey, AckId), usize>,
    pub frozen_until: Instant,
    /// Its WebSocket takes no more until then: up, down.
    pub slow_until: [Instant; 2],
    /// Nobody fetches its events until then: on its side, on the server's.
    pub busy_until: [Instant; 2],
    pub blackout: Option<(Instant, bool)>,
    pub fate: Fate,
    /// When it last heard of the server, clocks that jumped counted in.
    pub heard_at: Instant,
    /// How far its clock is ahead of all others.
    pub ahead: Duration,
    /// When the latest session began.
    pub opened_at: Option<Instant>,
    /// How many of its next requests a proxy sends twice.
    pub twice: usize,
    /// What is still to be emitted as soon as there is room.
    pub pour: Option<Pour>,
    /// How often it was told that there is no room.
    pub refusals: u32,
    pub closing: bool,
    pub closed: bool,
    pub dirty: bool,
}

/// Emissions, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Pour {
    socket: SocketKey,
    count: usize,
    size: usize,
}

/// A socket of a client, from `connect` to `disconnect`.
#[derive(Debug)]
pub struct Socket {
    pub key: SocketKey,
    pub namespace: usize,
    /// The place on the server, while it is connected.
    pub place: Option<usize>,
    /// All that was emitted without retries.
    pub emitted: Vec<usize>,
    /// How many of those were emitted when it was connected last.
    pub before: usize,
    /// The application has left.
    pub left: bool,
    /// It was refused, or sent away, or tried too often: it is not connected again by itself.
    pub given_up: bool,
}

impl Client {
    pub const fn new(now: Instant, machine: Connection) -> Self {
        Self {
            machine,
            sockets: Vec::new(),
            asked: Vec::new(),
            lives: 0,
            replies: Vec::new(),
            awaited: BTreeMap::new(),
            frozen_until: now,
            slow_until: [now, now],
            busy_until: [now, now],
            blackout: None,
            fate: Fate::Open,
            heard_at: now,
            ahead: Duration::ZERO,
            opened_at: None,
            twice: 0,
            pour: None,
            refusals: 0,
            closing: false,
            closed: false,
            dirty: true,
        }
    }

    /// The socket that the application has in a namespace.
    pub fn socket_of(&self, namespace: usize) -> Option<usize> {
        self.sockets
            .iter()
            .position(|socket| socket.namespace == namespace && !socket.left)
    }

    /// The latest with this key: each process gives its own.
    pub fn index_of(&self, key: SocketKey) -> usize {
        let mut keys = self.sockets.iter().map(|socket| socket.key);
        keys.rposition(|other| other == key).expect("a key was given")
    }
}

/// What the applications do.
impl World {
    pub fn join(&mut self, client: usize, namespace: usize) {
        let now = self.now + self.clients[client].ahead;
        let this = &mut self.clients[client];
        let auth = if self.script.settings.wide && namespace == 1 {
            Auth::OnDemand
        } else {
            Auth::None
        };
        let Ok(key) = this.machine.connect(now, NAMESPACES[namespace], auth) else {
            assert!(this.closing, "a client that is not closed takes new sockets");
            return;
        };
        if this.socket_of(namespace).is_none() {
            this.sockets.push(Socket {
                key,
                namespace,
                place: None,
                emitted: Vec::new(),
                before: 0,
                left: false,
                given_up: false,
            });
        }
        let index = this.index_of(key);
        this.sockets[index].given_up = false;
        assert_eq!(this.sockets[this.index_of(key)].namespace, namespace);
        this.dirty = true;
    }

    pub fn leave(&mut self, client: usize, namespace: usize) {
        let this = &mut self.clients[client];
        if let Some(socket) = this.socket_of(namespace) {
            this.sockets[socket].left = true;
            this.machine.disconnect(this.sockets[socket].key);
            this.dirty = true;
        }
    }

    pub fn close_client(&mut self, client: usize) {
        let this = &mut self.clients[client];
        this.closing = true;
        for socket in &mut this.sockets {
            socket.left = true;
        }
        this.machine.close(self.now + this.ahead);
        this.dirty = true;
    }

    /// Emits so much that it may be more than there is room for. Each by itself is a message that the server takes: one that is too large
    /// ends the connection, and the others would end as many more, for a minute after all else is calm.
    pub fn pour(&mut self, client: usize, namespace: usize, count: usize, size: usize) {
        const ENVELOPE: usize = 100;
        let room = self.script.settings.max_payload / 4 * 3; // a message of bytes is longer in a body
        let size = size.min(room - ENVELOPE);
        let this = &mut self.clients[client];
        let Some(socket) = this.socket_of(namespace) else {
            return;
        };
        let socket = this.sockets[socket].key;
        this.pour = Some(Pour { socket, count, size });
        self.pour_on(client);
    }

    /// Goes on with that until there is no room. What was refused is emitted again, later.
    pub fn pour_on(&mut self, client: usize) {
        while let Some(pour) = self.clients[client].pour.take() {
            let this = &self.clients[client];
            let socket = &this.sockets[this.index_of(pour.socket)];
            let (namespace, refusals) = (socket.namespace, this.refusals);
            if pour.count == 0 || socket.left {
                return;
            }
            let kind = if pour.size % 2 == 0 {
                Kind::Plain
            } else {
                Kind::Ask(None)
            };
            self.emit(client, namespace, kind, pour.size);
            let this = &mut self.clients[client];
            let is_full = this.refusals > refusals;
            let count = pour.count - usize::from(!is_full);
            this.pour = Some(Pour { count, ..pour });
            if is_full {
                return;
            }
        }
    }

    pub fn emit(&mut self, client: usize, namespace: usize, kind: Kind, size: usize) {
        let now = self.now + self.clients[client].ahead;
        let this = &mut self.clients[client];
        let Some(index) = this.socket_of(namespace) else { return };
        let key = this.sockets[index].key;
        let machine = &mut this.machine;
        // What a server is too small for ends a connection; what is sent again and again would end one after the other.
        let small = if self.script.settings.wide { 200 } else { 300 };
        let size = if kind == Kind::Insist { size.min(small) } else { size };
        if kind == Kind::Volatile && !machine.is_writable(key) {
            return;
        }
        let message = self.ledger.write(size, kind.attachments());
        let number = message as u64;
        let filler = &FILLER[..size];
        let mut id = None;
        let result = match kind {
            Kind::Plain | Kind::Volatile => machine.emit(key, "m", (filler, number)),
            Kind::Binary => machine.emit(key, "m", (Bytes::from_static(filler.as_bytes()), number)),
            Kind::Parts => {
                let [one, two] = halves(size);
                machine.emit(key, "m", (one, number, two))
            }
            Kind::Ask(time) => {
                let deadline = time.map(|time| now + time);
                let result = machine.emit_with_ack(key, "m", (filler, number), deadline);
                result.map(|ack| id = Some(ack))
            }
            Kind::Insist => {
                let result = machine.emit_with_retries(now, key, "m", (filler, number));
                result.map(|ack| id = Some(ack))
            }
        };
        this.dirty = true;
        self.trace.note(self.now, "client emits", client, number);
        match result {
            Ok(()) => {}
            Err(EmitError::Full) => {
                this.refusals += 1;
                self.counts.refusals += 1;
                return;
            }
            Err(error) => panic!("a socket that waits or is connected takes what is emitted: {error}"),
        }
        if let Some(id) = id {
            let before = this.awaited.insert((key, id), message);
            assert_eq!(before, None, "an id is given twice");
        }
        let socket = &mut this.sockets[index];
        let written = &mut self.ledger.messages[message];
        written.insisted = kind == Kind::Insist;
        written.origin = Some((client, index, socket.emitted.len()));
        if !written.insisted {
            socket.emitted.push(message);
        }
    }

    pub fn answer(&mut self, client: usize) {
        for (reply, message) in std::mem::take(&mut self.clients[client].replies) {
            self.answer_one(client, reply, message);
        }
        for socket in std::mem::take(&mut self.clients[client].asked) {
            self.authenticate(client, socket);
        }
    }

    pub fn answer_one(&mut self, client: usize, reply: Reply, message: usize) {
        let this = &mut self.clients[client];
        let result = if self.script.settings.wide && message % 5 == 0 {
            this.machine.ack(reply, (message as u64, Bytes::from_static(ANSWER)))
        } else {
            this.machine.ack(reply, message as u64)
        };
        this.refusals += u32::from(matches!(result, Err(EmitError::Full)));
        this.dirty = true;
    }

    /// Says who a socket is, unless nobody wants to know any more.
    pub fn authenticate(&mut self, client: usize, socket: SocketKey) {
        let this = &mut self.clients[client];
        let me = Json::new("{\"token\":\"me\"}").expect("JSON");
        let said = this.machine.authenticate(socket, Some(&me));
        assert!(matches!(said, Ok(()) | Err(JoinError::NotAsked)), "{said:?}");
        this.dirty = true;
        self.counts.authentications += 1;
    }

    /// A client's process ends without a word, and another one begins.
    pub fn bear_again(&mut self, client: usize, told: bool) {
        let now = self.now;
        self.trace.note(now, "a client's process ends", client, u64::from(told));
        self.cut(client, None);
        for exchange in self.network.of(client) {
            self.network.tell(now, exchange, told, false);
            self.network.exchanges[exchange].client_open = false;
        }
        self.network.sweep();
        self.network.forget_names(client);
        let lives = self.clients[client].lives + 1;
        let machine = self.machine_of_client(client, lives);
        let this = &mut self.clients[client];
        let mut sockets = std::mem::take(&mut this.sockets);
        for socket in &mut sockets {
            (socket.left, socket.place) = (true, None);
        }
        *this = Client {
            sockets,
            lives,
            slow_until: this.slow_until,
            busy_until: [now, this.busy_until[1]],
            blackout: this.blackout,
            fate: this.fate,
            ahead: this.ahead,
            ..Client::new(now, machine)
        };
        self.counts.rebirths += 1;
    }
}

impl Client {
    /// Whether it waits for room, and would have to be told that there is some.
    pub fn pours(&self) -> bool {
        let is_meant = |pour: &Pour| {
            let socket = &self.sockets[self.index_of(pour.socket)];
            socket.place.is_some() && !socket.left
        };
        self.pour.as_ref().is_some_and(is_meant)
    }

    /// How many of those that are awaited do not count against the limit: at most as many as fit into the buffer.
    pub fn insisted(&self) -> usize {
        self.machine.buffered_bytes() / 64
    }
}
