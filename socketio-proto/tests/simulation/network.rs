//! Exchanges, and what is on its way on them.
//!
//! What is said on one exchange in one direction arrives in its order or not at all; everything else may overtake.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use engineio_proto::client::{Request, Response};
use engineio_proto::{ExchangeId, Instant, Message};

use crate::chance::Chance;
use crate::trace::Trace;

/// An HTTP request or a WebSocket.
#[derive(Debug)]
pub struct Exchange {
    pub client: usize,
    /// The client's own name for it.
    pub id: ExchangeId,
    /// Whether it is, or wants to be, a WebSocket, as far as the server knows.
    pub websocket: bool,
    /// A proxy sends the request twice: the other one.
    pub copy: Option<usize>,
    /// The session of the server that it belongs to.
    pub session: Option<usize>,
    /// The client has not heard its end, and not ended it.
    pub client_open: bool,
    /// The same for the server, from the time when it has heard of it.
    pub server_open: bool,
    /// Whatever is sent from now on is lost.
    pub dead: bool,
    /// When the latest that is on its way arrives: up, down.
    latest: [Instant; 2],
}

#[derive(Debug)]
pub enum Delivery {
    /// To the server.
    Up(usize, Up),
    /// To the client.
    Down(usize, Down),
    /// A client, and what the server has for it, is to be looked at again.
    Wake(usize),
}

#[derive(Debug)]
pub enum Up {
    Request(Request),
    Body(Bytes),
    Connect(String),
    Frame(Message),
    Gone,
}

#[derive(Debug)]
pub enum Down {
    Response(Response),
    Open,
    Frame(Message),
    Gone,
}

#[derive(Debug)]
pub struct Network {
    pub exchanges: Vec<Exchange>,
    /// Those that are not over for both sides.
    pub live: Vec<usize>,
    /// All that there ever were, by client and name.
    names: BTreeSet<(usize, ExchangeId)>,
    wire: BTreeMap<(Instant, u64), Delivery>,
    sent: u64,
    latency: Duration,
    chance: Chance,
}

impl Network {
    pub const fn new(latency: Duration, chance: Chance) -> Self {
        Self {
            exchanges: Vec::new(),
            live: Vec::new(),
            names: BTreeSet::new(),
            wire: BTreeMap::new(),
            sent: 0,
            latency,
            chance,
        }
    }

    /// A client begins an exchange.
    pub fn begin(&mut self, now: Instant, client: usize, id: ExchangeId) -> usize {
        assert!(self.names.insert((client, id)), "{id:?} is not new");
        let index = self.exchanges.len();
        self.exchanges.push(Exchange {
            client,
            id,
            websocket: false,
            copy: None,
            session: None,
            client_open: true,
            server_open: false,
            dead: false,
            latest: [now, now],
        });
        self.live.push(index);
        index
    }

    /// Another process of the client gives names.
    pub fn forget_names(&mut self, client: usize) {
        self.names.retain(|(other, _)| *other != client);
    }

    /// The client's exchange of this name, if it is not over for it.
    pub fn of_client(&self, client: usize, id: ExchangeId) -> Option<usize> {
        let is_it = |index: &&usize| {
            let exchange = &self.exchanges[**index];
            exchange.client == client && exchange.id == id && exchange.client_open
        };
        self.live.iter().rev().find(is_it).copied()
    }

    pub fn up(&mut self, now: Instant, exchange: usize, up: Up) {
        self.put(now, exchange, 0, Delivery::Up(exchange, up));
    }

    pub fn down(&mut self, now: Instant, exchange: usize, down: Down) {
        self.put(now, exchange, 1, Delivery::Down(exchange, down));
    }

    /// A client is to be looked at again.
    pub fn wake(&mut self, at: Instant, client: usize) {
        self.wire.insert((at, self.sent), Delivery::Wake(client));
        self.sent += 1;
    }

    /// Something arrives later than it was to.
    pub fn put_back(&mut self, at: Instant, delivery: Delivery) {
        self.wire.insert((at, self.sent), delivery);
        self.sent += 1;
    }

    pub fn next(&self) -> Option<Instant> {
        self.wire.keys().next().map(|(at, _)| *at)
    }

    pub fn pop(&mut self) -> Option<Delivery> {
        self.wire.pop_first().map(|(_, delivery)| delivery)
    }

    /// The exchanges of a client that are not over.
    pub fn of(&self, client: usize) -> Vec<usize> {
        let mine = |index: &usize| self.exchanges[*index].client == client;
        self.live.iter().copied().filter(mine).collect()
    }

    /// One that is not over.
    pub fn pick(&self, number: usize) -> Option<usize> {
        let index = number.checked_rem(self.live.len())?;
        Some(self.live[index])
    }

    /// Forgets what is over.
    pub fn sweep(&mut self) {
        let exchanges = &self.exchanges;
        self.live
            .retain(|index| exchanges[*index].client_open || exchanges[*index].server_open);
    }
}

/// Faults.
impl Network {
    /// What is on its way is lost, and so is what follows. What has been said before a moment that chance chooses still arrives.
    pub fn kill(&mut self, exchange: usize) {
        self.exchanges[exchange].dead = true;
        for up in [true, false] {
            let mine: Vec<_> = self.on_its_way(exchange, up).collect();
            let kept = usize::try_from(self.chance.below(mine.len() as u64 + 1)).expect("an index");
            for key in &mine[kept..] {
                self.wire.remove(key);
            }
        }
    }

    /// Tells one side of an exchange, or both, that it is over.
    pub fn tell(&mut self, now: Instant, exchange: usize, up: bool, down: bool) {
        if up {
            self.put_anyway(now, exchange, 0, Delivery::Up(exchange, Up::Gone));
        }
        if down {
            self.put_anyway(now, exchange, 1, Delivery::Down(exchange, Down::Gone));
        }
    }

    /// What is on its way down is held back.
    pub fn hold(&mut self, exchange: usize, until: Instant) {
        self.delay(exchange, false, until, None);
    }

    /// What has just arrived is not taken yet, and what follows it comes behind it.
    pub fn stall(&mut self, exchange: usize, up: bool, until: Instant, delivery: Delivery) {
        self.delay(exchange, up, until, Some(delivery));
    }

    fn delay(&mut self, exchange: usize, up: bool, until: Instant, first: Option<Delivery>) {
        let held: Vec<_> = self.on_its_way(exchange, up).collect();
        if let Some(delivery) = first {
            self.put_back(until, delivery);
        }
        for key in held {
            let delivery = self.wire.remove(&key).expect("it is on its way");
            self.put_back(until.max(key.0), delivery);
        }
        let latest = &mut self.exchanges[exchange].latest[usize::from(!up)];
        *latest = until.max(*latest);
    }

    fn on_its_way(&self, exchange: usize, up: bool) -> impl Iterator<Item = (Instant, u64)> {
        let is_mine = move |delivery: &Delivery| match delivery {
            Delivery::Up(other, _) => up && *other == exchange,
            Delivery::Down(other, _) => !up && *other == exchange,
            Delivery::Wake(_) => false,
        };
        let mine = self.wire.iter().filter(move |(_, delivery)| is_mine(delivery));
        mine.map(|(key, _)| *key)
    }

    fn put(&mut self, now: Instant, exchange: usize, direction: usize, delivery: Delivery) {
        if !self.exchanges[exchange].dead {
            self.put_anyway(now, exchange, direction, delivery);
        }
    }

    fn put_anyway(&mut self, now: Instant, exchange: usize, direction: usize, delivery: Delivery) {
        let micros = u64::try_from(self.latency.as_micros()).expect("it is short");
        let arrival = now + Duration::from_micros(self.chance.below(micros + 1));
        let latest = &mut self.exchanges[exchange].latest[direction];
        *latest = arrival.max(*latest);
        let arrival = *latest;
        self.put_back(arrival, delivery);
    }
}

impl Up {
    /// Writes it down.
    pub fn trace(&self, trace: &mut Trace, now: Instant, exchange: usize) {
        match self {
            Self::Request(request) => {
                trace.note(now, request.method.as_str(), exchange, request.body.len() as u64);
                trace.bytes(request.query.as_str().as_bytes());
                trace.bytes(&request.body);
            }
            Self::Body(body) => trace.note(now, "body", exchange, body.len() as u64),
            Self::Connect(query) => trace.note(now, "websocket", exchange, query.len() as u64),
            Self::Frame(message) => frame(trace, now, "frame up", exchange, message),
            Self::Gone => trace.note(now, "gone for the server", exchange, 0),
        }
    }
}

impl Down {
    /// Writes it down.
    pub fn trace(&self, trace: &mut Trace, now: Instant, exchange: usize) {
        match self {
            Self::Response(response) => {
                trace.note(now, "response", exchange, u64::from(response.status));
                trace.bytes(&response.body);
            }
            Self::Open => trace.note(now, "websocket is open", exchange, 0),
            Self::Frame(message) => frame(trace, now, "frame down", exchange, message),
            Self::Gone => trace.note(now, "gone for the client", exchange, 0),
        }
    }
}

fn frame(trace: &mut Trace, now: Instant, what: &'static str, exchange: usize, message: &Message) {
    trace.note(now, what, exchange, message.len() as u64);
    match message {
        Message::Text(text) => trace.bytes(text.as_bytes()),
        Message::Binary(bytes) => trace.bytes(bytes),
    }
}
