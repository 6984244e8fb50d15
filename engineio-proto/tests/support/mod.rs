//! One session in virtual time, driven as its client, its clock and its application would.
//!
//! Whatever comes out of the machine is checked against what no machine may ever do (answer twice, write to what it does not
//! know, speak after its end) and kept per exchange, so that a test says what it is about and nothing else.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of it")]

pub mod client;
pub mod pair;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::server::{Connection, Event, Request, Route, Server, Transmit};
use engineio_proto::{
    CloseReason, Config, Exchange, ExchangeId, Frame, Gone, Instant, Message, Response, SendError, Sid,
};
use proptest::test_runner::Config as ProptestConfig;

/// The exchange that every session begins with: the first GET, or the WebSocket.
pub const FIRST: ExchangeId = ExchangeId(0);

/// A number that no exchange ever gets.
pub const UNKNOWN: ExchangeId = ExchangeId(u64::MAX);

/// More than any single step may put out.
const TOO_MANY: usize = 100_000;

/// The default settings with a change.
pub fn config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

/// The session id of every [`Session`].
pub fn sid() -> Sid {
    Sid::from_entropy(*b"a session's key")
}

/// A message on a WebSocket, or in any other place, that is text.
pub fn text(text: &str) -> Message {
    Message::Text(ByteString::from(text))
}

/// A message that is bytes.
pub fn binary(bytes: &[u8]) -> Message {
    Message::Binary(Bytes::copy_from_slice(bytes))
}

/// How many cases a property is tried with. A failure prints its smallest case, which then becomes a test with a name.
pub fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(count)
    }
}

/// A duration in milliseconds.
pub const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A request for [`Server::route`], its body not binary.
pub const fn request<'a>(method: &'a str, query: &'a str, websocket: bool) -> Request<'a> {
    Request {
        method,
        query,
        websocket,
        binary: false,
    }
}

/// The text of a response's body.
pub fn body(response: &Response) -> &str {
    std::str::from_utf8(&response.body).expect("bodies are text")
}

/// What became of one exchange.
#[derive(Debug, Default)]
struct Outcome {
    response: Option<Response>,
    /// It was answered 101.
    upgraded: bool,
    frames: Vec<Message>,
    close: Option<Option<u16>>,
    /// The client is no longer there.
    gone: bool,
}

/// One thing that came out of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    Transmit(Transmit),
    Event(Event),
    Timeout(Option<Instant>),
}

#[derive(Debug)]
pub struct Session {
    pub now: Instant,
    pub connection: Connection,
    /// Whether everything is fetched after each step. Otherwise, [`pump`](Self::pump) when the test wants to.
    pub eager: bool,
    /// Whether transmits are fetched: a client that reads nothing has the caller fetch nothing.
    pub reading: bool,
    /// The revision that the client names in each request.
    eio: &'static str,
    server: Server<()>,
    next: u64,
    exchanges: BTreeMap<ExchangeId, Outcome>,
    events: Vec<Event>,
    ended: bool,
    trace: Vec<Output>,
}

/// How a session begins.
impl Session {
    pub fn polling() -> Self {
        Self::polling_with(Config::default())
    }

    pub fn websocket() -> Self {
        Self::websocket_with(Config::default())
    }

    /// A long-polling session whose open packet was fetched.
    pub fn polling_with(config: Config) -> Self {
        let mut session = Self::accepted(config, request("GET", "EIO=4&transport=polling", false));
        session.first_request(Exchange::Poll);
        assert!(session.answer(FIRST).starts_with("0{"));
        session
    }

    /// A WebSocket session whose open packet was read.
    pub fn websocket_with(config: Config) -> Self {
        let mut session = Self::accepted(config, request("GET", "EIO=4&transport=websocket", true));
        session.first_request(Exchange::WebSocket { base64: false });
        assert!(session.texts(FIRST)[0].starts_with("0{"));
        session
    }

    /// A session as `request` asked for it, before the request is handed to it.
    pub fn accepted(config: Config, request: Request<'_>) -> Self {
        let now = Instant::ORIGIN;
        let mut server = Server::new(Arc::new(config));
        let Route::Incoming(incoming) = server.route(&request) else {
            panic!("{request:?} asks for no session");
        };
        let connection = server.accept(now, incoming, sid());
        server.insert(sid(), incoming.revision(), ()).unwrap();
        Self {
            now,
            connection,
            eager: true,
            reading: true,
            eio: if request.query.contains("EIO=3") {
                "EIO=3"
            } else {
                "EIO=4"
            },
            server,
            next: 0,
            exchanges: BTreeMap::new(),
            events: Vec::new(),
            ended: false,
            trace: Vec::new(),
        }
    }

    /// The request that made the session.
    pub fn first_request(&mut self, exchange: Exchange) {
        let id = self.new_exchange();
        assert_eq!(id, FIRST);
        self.connection.handle_request(self.now, id, exchange);
        self.step();
    }
}

/// How a session of revision 3 begins.
impl Session {
    /// Settings that let it.
    pub fn eio3() -> Config {
        config(|config| config.allow_eio3 = true)
    }

    /// A long-polling session whose open packet was fetched; `more` stands behind the query.
    pub fn polling_3(config: Config, more: &str) -> Self {
        let query = format!("EIO=3&transport=polling{more}");
        let mut session = Self::accepted(config, request("GET", &query, false));
        session.first_request(Exchange::Poll);
        session
    }

    /// A WebSocket session whose open packet was read; `more` stands behind the query.
    pub fn websocket_3(config: Config, more: &str) -> Self {
        let query = format!("EIO=3&transport=websocket{more}");
        let mut session = Self::accepted(config, request("GET", &query, true));
        session.first_request(Exchange::WebSocket { base64: false });
        assert!(session.texts(FIRST)[0].starts_with("0{"));
        session
    }

    /// A POST whose body declares itself as bytes.
    pub fn post_bytes(&mut self, body: &[u8]) -> ExchangeId {
        let id = self.begin_binary_post();
        self.body(id, Bytes::copy_from_slice(body));
        id
    }
}

/// What the client does.
impl Session {
    pub fn get(&mut self) -> ExchangeId {
        self.request("GET", "polling", false, false)
    }

    pub fn post(&mut self, body: impl Into<Bytes>) -> ExchangeId {
        let id = self.begin_post();
        self.body(id, body);
        id
    }

    pub fn begin_post(&mut self) -> ExchangeId {
        self.request("POST", "polling", false, false)
    }

    pub fn begin_binary_post(&mut self) -> ExchangeId {
        self.request("POST", "polling", false, true)
    }

    pub fn body(&mut self, id: ExchangeId, body: impl Into<Bytes>) {
        self.connection.handle_body(self.now, id, body.into());
        self.step();
    }

    pub fn open_websocket(&mut self) -> ExchangeId {
        self.request("GET", "websocket", true, false)
    }

    /// A WebSocket that has probed with success.
    pub fn probe(&mut self) -> ExchangeId {
        let socket = self.open_websocket();
        self.say(socket, "2probe");
        assert_eq!(self.texts(socket), ["3probe"]);
        socket
    }

    /// A whole passage to a WebSocket.
    pub fn upgrade(&mut self) -> ExchangeId {
        let socket = self.probe();
        self.say(socket, "5");
        assert_eq!(self.events(), [Event::Upgraded]);
        socket
    }

    pub fn say(&mut self, socket: ExchangeId, message: &str) {
        self.message(socket, text(message));
    }

    pub fn message(&mut self, socket: ExchangeId, message: Message) {
        self.connection.handle_message(self.now, socket, message);
        self.step();
    }

    pub fn gone(&mut self, id: ExchangeId, gone: Gone) {
        if let Some(outcome) = self.exchanges.get_mut(&id) {
            outcome.gone = true;
        }
        self.connection.handle_gone(self.now, id, gone);
        self.step();
    }

    /// Any request for this session; the server decides what it is.
    pub fn request(&mut self, method: &str, transport: &str, websocket: bool, binary: bool) -> ExchangeId {
        let id = self.new_exchange();
        let query = format!("{}&transport={transport}&sid={}", self.eio, sid().as_str());
        let request = Request {
            method,
            query: &query,
            websocket,
            binary,
        };
        match self.server.route(&request) {
            Route::Connection((), exchange) => self.connection.handle_request(self.now, id, exchange),
            Route::Incoming(_) => panic!("{request:?} names a session"),
            Route::Refuse(refusal) => self.exchanges.get_mut(&id).unwrap().response = Some(refusal.response()),
        }
        self.step();
        id
    }
}

/// What the application does.
impl Session {
    pub fn send(&mut self, message: &str) {
        self.try_send(Frame::text(message)).unwrap();
    }

    pub fn try_send(&mut self, frame: Frame) -> Result<(), SendError<Frame>> {
        let result = self.connection.send(frame);
        self.step();
        result
    }

    pub fn close(&mut self) {
        self.connection.close(self.now);
        self.step();
    }
}

/// What the clock does.
impl Session {
    /// Time passes; every deadline on the way is met to the microsecond.
    pub fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.fire_before(end) {}
    }

    /// Goes to the next deadline if it is not after `end`, otherwise to `end`. Whether there was one.
    pub fn fire_before(&mut self, end: Instant) -> bool {
        match self.connection.poll_timeout() {
            Some(deadline) if deadline <= end => {
                self.now = self.now.max(deadline);
                self.timeout();
                true
            }
            _ => {
                self.now = end;
                false
            }
        }
    }

    /// Time has passed without anyone looking at the deadlines.
    pub fn jump(&mut self, duration: Duration) {
        self.now += duration;
        self.timeout();
    }

    pub fn timeout(&mut self) {
        self.connection.handle_timeout(self.now);
        let next = self.connection.poll_timeout();
        assert!(
            next.is_none_or(|next| next > self.now),
            "a deadline that was met is over"
        );
        self.step();
    }
}

/// What came out.
impl Session {
    /// Everything that has happened to the application since the last look.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The reason for which the session ended, which must be all that happened since the last look.
    pub fn closed(&mut self) -> CloseReason {
        match &self.events()[..] {
            [Event::Closed(reason)] => *reason,
            events => panic!("the session should have ended, but {events:?}"),
        }
    }

    /// The messages since the last look, which must be all that happened.
    pub fn messages(&mut self) -> Vec<Message> {
        let message = |event| match event {
            Event::Message(message) => message,
            event => panic!("{event:?} among the messages"),
        };
        self.events().into_iter().map(message).collect()
    }

    /// Whether the request waits for its answer.
    pub fn is_waiting(&self, id: ExchangeId) -> bool {
        let outcome = &self.exchanges[&id];
        outcome.response.is_none() && !outcome.upgraded
    }

    pub fn response(&self, id: ExchangeId) -> &Response {
        let response = self.exchanges[&id].response.as_ref();
        response.unwrap_or_else(|| panic!("{id:?} has no answer"))
    }

    pub fn status(&self, id: ExchangeId) -> u16 {
        self.response(id).status
    }

    /// The body of an answer that is no error.
    pub fn answer(&self, id: ExchangeId) -> &str {
        let response = self.response(id);
        assert_eq!(response.status, 200, "{response:?}");
        body(response)
    }

    pub fn is_upgraded(&self, id: ExchangeId) -> bool {
        self.exchanges[&id].upgraded
    }

    /// What was written to a WebSocket since the last look.
    pub fn frames(&mut self, id: ExchangeId) -> Vec<Message> {
        std::mem::take(&mut self.exchanges.get_mut(&id).unwrap().frames)
    }

    /// What was written to a WebSocket since the last look, all of it text.
    pub fn texts(&mut self, id: ExchangeId) -> Vec<String> {
        let text = |message| match message {
            Message::Text(text) => text.to_string(),
            message @ Message::Binary(_) => panic!("{message:?} is not text"),
        };
        self.frames(id).into_iter().map(text).collect()
    }

    /// Whether a WebSocket was told to close, and with which status.
    pub fn close_of(&self, id: ExchangeId) -> Option<Option<u16>> {
        self.exchanges[&id].close
    }

    /// Everything that ever came out, in order.
    pub fn into_trace(self) -> Vec<Output> {
        self.trace
    }

    /// All exchanges so far, oldest first.
    pub fn exchanges(&self) -> impl ExactSizeIterator<Item = ExchangeId> + DoubleEndedIterator {
        self.exchanges.keys().copied()
    }

    /// The exchanges that a closed session left without an answer or an end, though their clients were still there.
    pub fn forgotten(&self) -> Vec<ExchangeId> {
        let forgotten = |outcome: &Outcome| {
            let ended = outcome.response.is_some() || outcome.close.is_some();
            !ended && !outcome.gone
        };
        let exchanges = self.exchanges.iter();
        exchanges
            .filter_map(|(id, outcome)| forgotten(outcome).then_some(*id))
            .collect()
    }
}

/// Fetching.
impl Session {
    fn new_exchange(&mut self) -> ExchangeId {
        let id = ExchangeId(self.next);
        self.next += 1;
        self.exchanges.insert(id, Outcome::default());
        id
    }

    fn step(&mut self) {
        if self.eager {
            self.pump();
        }
    }

    /// Fetches all that there is.
    pub fn pump(&mut self) {
        for _ in 0..TOO_MANY {
            if !self.pump_transmit() && !self.pump_event() {
                return self.trace.push(Output::Timeout(self.connection.poll_timeout()));
            }
        }
        panic!("the machine does not stop talking");
    }

    /// Fetches one transmit, if there is one.
    pub fn pump_transmit(&mut self) -> bool {
        if !self.reading {
            return false;
        }
        let Some(transmit) = self.connection.poll_transmit(true) else {
            return false;
        };
        self.trace.push(Output::Transmit(transmit.clone()));
        match transmit {
            Transmit::Respond { id, response } => {
                let outcome = self.outcome(id);
                assert!(!outcome.upgraded, "{id:?} is a WebSocket by now");
                let before = outcome.response.replace(response);
                assert_eq!(before, None, "{id:?} was answered twice");
            }
            Transmit::Upgrade { id } => {
                let outcome = self.outcome(id);
                assert_eq!(outcome.response, None, "{id:?} was answered before");
                assert!(!outcome.upgraded, "{id:?} was upgraded twice");
                outcome.upgraded = true;
            }
            Transmit::Frame { id, message, .. } => {
                let outcome = self.outcome(id);
                assert!(outcome.upgraded, "{id:?} is no WebSocket");
                assert_eq!(outcome.close, None, "{id:?} was closed before");
                outcome.frames.push(message);
            }
            Transmit::Close { id, code } => {
                let outcome = self.outcome(id);
                assert!(outcome.upgraded, "{id:?} is no WebSocket");
                assert_eq!(outcome.close.replace(code), None, "{id:?} was closed twice");
            }
        }
        true
    }

    /// Fetches one event, if there is one.
    pub fn pump_event(&mut self) -> bool {
        let Some(event) = self.connection.poll_event() else {
            return false;
        };
        self.trace.push(Output::Event(event.clone()));
        assert!(!self.ended, "{event:?} after the end");
        if let Event::Closed(_) = event {
            self.ended = true;
            assert!(self.connection.is_closed());
            assert_eq!(self.connection.poll_timeout(), None, "nothing is due after the end");
        }
        self.events.push(event);
        true
    }

    fn outcome(&mut self, id: ExchangeId) -> &mut Outcome {
        let outcome = self.exchanges.get_mut(&id);
        outcome.unwrap_or_else(|| panic!("there is no {id:?}"))
    }
}
