//! The client and the server, and the network between them: as slow as it is told to be, in virtual time.
//!
//! What is said on one exchange in one direction arrives in its order; everything else may overtake.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use engineio_proto::client::{self, Method, Query};
use engineio_proto::server::{self, Route, Server};
use engineio_proto::{CloseReason, ExchangeId, Frame, Gone, Instant, Message, Response};

use super::{TOO_MANY, sid, text};

pub struct Pair {
    pub now: Instant,
    pub client: client::Connection,
    /// The session, once the server has accepted it.
    pub server: Option<server::Connection>,
    /// Whether the network still carries anything.
    pub connected: bool,
    pub client_events: Vec<client::Event>,
    pub server_events: Vec<server::Event>,
    /// How large the bodies were that the client posted.
    pub posts: Vec<usize>,
    router: Server<()>,
    latency: Box<dyn FnMut() -> Duration>,
    wire: BTreeMap<(Instant, u64), Delivery>,
    sent: u64,
    /// When the newest of what is on its way will arrive, by exchange and direction.
    latest: BTreeMap<(ExchangeId, bool), Instant>,
    /// Exchanges that the client has given up: it hears no more of them.
    aborted: BTreeSet<ExchangeId>,
}

enum Delivery {
    Up(ExchangeId, Up),
    Down(ExchangeId, Down),
}

enum Up {
    Request(client::Request),
    Connect(Query),
    Frame(Message),
    Gone,
}

enum Down {
    Response(Response),
    Open,
    Frame(Message),
    Gone,
}

impl Pair {
    /// A client that begins, and its server, 10 ms apart.
    pub fn new(client: client::Config, server: engineio_proto::Config) -> Self {
        Self::with_latency(client, server, || Duration::from_millis(10))
    }

    pub fn with_latency(
        client: client::Config,
        server: engineio_proto::Config,
        latency: impl FnMut() -> Duration + 'static,
    ) -> Self {
        let now = Instant::ORIGIN;
        let mut pair = Self {
            now,
            client: client::Connection::new(now, Arc::new(client)),
            server: None,
            connected: true,
            client_events: Vec::new(),
            server_events: Vec::new(),
            posts: Vec::new(),
            router: Server::new(Arc::new(server)),
            latency: Box::new(latency),
            wire: BTreeMap::new(),
            sent: 0,
            latest: BTreeMap::new(),
            aborted: BTreeSet::new(),
        };
        pair.pump();
        pair
    }

    /// Both sides know that the session is open, and nothing is on its way but a poll. The passage to a WebSocket may be over.
    pub fn settled(client: client::Config, server: engineio_proto::Config) -> Self {
        let mut pair = Self::new(client, server);
        pair.advance(Duration::from_secs(1));
        assert!(pair.client.is_open(), "{:?}", pair.client_events);
        pair
    }
}

/// What the applications do.
impl Pair {
    pub fn client_send(&mut self, message: &str) {
        self.client.send(Frame::text(message)).unwrap();
        self.pump();
    }

    pub fn server_send(&mut self, message: &str) {
        self.server.as_mut().unwrap().send(Frame::text(message)).unwrap();
        self.pump();
    }

    pub fn client_close(&mut self) {
        self.client.close(self.now);
        self.pump();
    }

    pub fn server_close(&mut self) {
        self.server.as_mut().unwrap().close(self.now);
        self.pump();
    }
}

/// What came out.
impl Pair {
    /// The messages that the client got.
    pub fn client_messages(&self) -> Vec<Message> {
        let events = self.client_events.iter();
        events
            .filter_map(|event| match event {
                client::Event::Message(message) => Some(message.clone()),
                _ => None,
            })
            .collect()
    }

    /// The messages that the server got.
    pub fn server_messages(&self) -> Vec<Message> {
        let events = self.server_events.iter();
        events
            .filter_map(|event| match event {
                server::Event::Message(message) => Some(message.clone()),
                _ => None,
            })
            .collect()
    }

    /// Why the client's session ended, if it did: once, and then nothing more.
    pub fn client_reason(&self) -> Option<CloseReason> {
        let is_end = |event: &client::Event| matches!(event, client::Event::Closed(_));
        let end = self.client_events.iter().position(is_end)?;
        assert_eq!(end + 1, self.client_events.len(), "{:?}", self.client_events);
        match self.client_events[end] {
            client::Event::Closed(reason) => Some(reason),
            _ => unreachable!(),
        }
    }

    /// The same for the server's.
    pub fn server_reason(&self) -> Option<CloseReason> {
        let is_end = |event: &server::Event| matches!(event, server::Event::Closed(_));
        let end = self.server_events.iter().position(is_end)?;
        assert_eq!(end + 1, self.server_events.len(), "{:?}", self.server_events);
        match self.server_events[end] {
            server::Event::Closed(reason) => Some(reason),
            _ => unreachable!(),
        }
    }

    /// Whether both went over to a WebSocket.
    pub fn is_upgraded(&self) -> bool {
        self.client_events.contains(&client::Event::Upgraded) && self.server_events.contains(&server::Event::Upgraded)
    }
}

/// Time.
impl Pair {
    pub fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.step_before(end) {}
    }

    /// The next thing that happens at all, if it happens before `end`; otherwise it is `end`.
    pub fn step_before(&mut self, end: Instant) -> bool {
        let arrival = self.wire.keys().next().map(|(at, _)| *at);
        let server = self.server.as_ref().and_then(server::Connection::poll_timeout);
        let client = self.client.poll_timeout();
        let next = [arrival, server, client].into_iter().flatten().min();
        let Some(next) = next.filter(|next| *next <= end) else {
            self.now = end;
            return false;
        };
        self.now = self.now.max(next);
        if arrival == Some(next) {
            let (_, delivery) = self.wire.pop_first().unwrap();
            self.deliver(delivery);
        } else if server == Some(next) {
            self.server.as_mut().unwrap().handle_timeout(self.now);
        } else {
            self.client.handle_timeout(self.now);
        }
        self.pump();
        true
    }

    /// Breaks the WebSocket under both.
    pub fn lose_websocket(&mut self) {
        let id = self.client.websocket().expect("the client has no WebSocket");
        self.wire.retain(|_, delivery| match delivery {
            Delivery::Up(on, _) | Delivery::Down(on, _) => *on != id,
        });
        self.client.handle_gone(self.now, id, Gone::Closed);
        self.server.as_mut().unwrap().handle_gone(self.now, id, Gone::Closed);
        self.pump();
    }
}

/// The network.
impl Pair {
    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Up(id, up) => self.deliver_up(id, up),
            Delivery::Down(id, _) if self.aborted.contains(&id) => {}
            Delivery::Down(id, Down::Response(response)) => {
                let binary = response.content_type == Some("application/octet-stream");
                let response = client::Response {
                    status: response.status,
                    binary,
                    body: response.body,
                };
                self.client.handle_response(self.now, id, response);
            }
            Delivery::Down(id, Down::Open) => self.client.handle_open(self.now, id),
            Delivery::Down(id, Down::Frame(message)) => self.client.handle_message(self.now, id, message),
            Delivery::Down(id, Down::Gone) => self.client.handle_gone(self.now, id, Gone::Closed),
        }
    }

    fn deliver_up(&mut self, id: ExchangeId, up: Up) {
        let now = self.now;
        match up {
            Up::Request(client::Request {
                method,
                query,
                content_type,
                body,
            }) => {
                let binary = content_type == Some("application/octet-stream");
                self.deliver_request(id, method.as_str(), &query, false, binary);
                if method == Method::Post {
                    if let Some(server) = &mut self.server {
                        self.posts.push(body.len());
                        server.handle_body(now, id, body);
                    }
                }
            }
            Up::Connect(query) => self.deliver_request(id, "GET", &query, true, false),
            Up::Frame(message) => {
                if let Some(server) = &mut self.server {
                    server.handle_message(now, id, message);
                }
            }
            Up::Gone => {
                if let Some(server) = &mut self.server {
                    server.handle_gone(now, id, Gone::Closed);
                }
            }
        }
    }

    fn deliver_request(&mut self, id: ExchangeId, method: &str, query: &Query, websocket: bool, binary: bool) {
        let request = server::Request {
            method,
            query: query.as_str(),
            websocket,
            binary,
        };
        match self.router.route(&request) {
            Route::Connection((), exchange) => {
                let server = self.server.as_mut().unwrap();
                server.handle_request(self.now, id, exchange);
            }
            Route::Incoming(incoming) => {
                assert!(self.server.is_none(), "one session is enough");
                let mut server = self.router.accept(self.now, incoming, sid());
                self.router.insert(sid(), incoming.revision(), ()).unwrap();
                server.handle_request(self.now, id, incoming.exchange());
                self.server = Some(server);
            }
            Route::Refuse(refusal) => {
                let response = refusal.response();
                self.put(id, false, Delivery::Down(id, Down::Response(response)));
            }
        }
    }

    fn put(&mut self, id: ExchangeId, up: bool, delivery: Delivery) {
        if !self.connected {
            return;
        }
        let latest = self.latest.entry((id, up)).or_insert(self.now);
        let arrival = (self.now + (self.latency)()).max(*latest);
        *latest = arrival;
        self.wire.insert((arrival, self.sent), delivery);
        self.sent += 1;
    }

    /// Fetches all that there is on both sides and sends it on its way.
    pub fn pump(&mut self) {
        for _ in 0..TOO_MANY {
            if !self.pump_client() && !self.pump_server() {
                return;
            }
        }
        panic!("the machines do not stop talking");
    }

    fn pump_client(&mut self) -> bool {
        if let Some(transmit) = self.client.poll_transmit(true) {
            let (id, up) = match transmit {
                client::Transmit::Request { id, request } => (id, Up::Request(request)),
                client::Transmit::Connect { id, query } => (id, Up::Connect(query)),
                client::Transmit::Frame { id, message } => (id, Up::Frame(message)),
                client::Transmit::Close { id, .. } => (id, Up::Gone),
                client::Transmit::Abort { id } => {
                    self.aborted.insert(id);
                    (id, Up::Gone)
                }
            };
            self.put(id, true, Delivery::Up(id, up));
            return true;
        }
        let event = self.client.poll_event();
        let happened = event.is_some();
        self.client_events.extend(event);
        happened
    }

    fn pump_server(&mut self) -> bool {
        let Some(server) = &mut self.server else {
            return false;
        };
        if let Some(transmit) = server.poll_transmit(true) {
            let (id, down) = match transmit {
                server::Transmit::Respond { id, response } => (id, Down::Response(response)),
                server::Transmit::Upgrade { id } => (id, Down::Open),
                server::Transmit::Frame { id, message, .. } => (id, Down::Frame(message)),
                server::Transmit::Close { id, .. } => (id, Down::Gone),
            };
            self.put(id, false, Delivery::Down(id, down));
            return true;
        }
        let Some(event) = server.poll_event() else {
            return false;
        };
        if matches!(event, server::Event::Closed(_)) {
            self.router.forget(&sid());
        }
        self.server_events.push(event);
        true
    }
}

/// The messages with these numbers.
pub fn numbered(numbers: std::ops::Range<usize>) -> Vec<Message> {
    numbers.map(|number| text(&number.to_string())).collect()
}
