//! One client in virtual time, driven as its server, its clock and its application would.
//!
//! As with a session of the server, whatever comes out is checked against what no machine may ever do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engineio_proto::client::{Config, Connection, Event, Method, Request, Response, Transmit, Transports};
use engineio_proto::{CloseReason, ExchangeId, Frame, Gone, Instant, Message, SendError};

use super::{TOO_MANY, text};

/// The sid that the servers of these tests give.
pub const SID: &str = "abcdefghijklmnopqrst";

/// The default settings with a change.
pub fn client_config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

/// An open packet that offers these transports and takes so much.
pub fn open_packet(upgrades: &str, max_payload: usize) -> String {
    format!(
        r#"0{{"sid":"{SID}","upgrades":[{upgrades}],"pingInterval":25000,"pingTimeout":20000,"maxPayload":{max_payload}}}"#
    )
}

/// What became of one exchange.
#[derive(Debug)]
struct Outcome {
    /// None for a WebSocket.
    request: Option<Request>,
    query: String,
    /// It is a WebSocket and was opened.
    open: bool,
    /// It was answered or is gone: the network's last word.
    over: bool,
    frames: Vec<Message>,
    close: Option<Option<u16>>,
    aborted: bool,
}

/// One thing that came out of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    Transmit(Transmit),
    Event(Event),
    Timeout(Option<Instant>),
}

#[derive(Debug)]
pub struct Client {
    pub now: Instant,
    pub connection: Connection,
    /// Whether everything is fetched after each step. Otherwise, [`pump`](Self::pump) when the test wants to.
    pub eager: bool,
    /// Whether the WebSocket takes more.
    pub writable: bool,
    exchanges: BTreeMap<ExchangeId, Outcome>,
    events: Vec<Event>,
    ended: bool,
    trace: Vec<Output>,
}

/// How a session begins.
impl Client {
    /// A client that has sent its first request.
    pub fn new(config: Config) -> Self {
        let mut client = Self::unfetched(config);
        client.eager = true;
        client.pump();
        client
    }

    /// A client whose first request nobody has fetched.
    pub fn unfetched(config: Config) -> Self {
        let now = Instant::ORIGIN;
        Self {
            now,
            connection: Connection::new(now, Arc::new(config)),
            eager: false,
            writable: true,
            exchanges: BTreeMap::new(),
            events: Vec::new(),
            ended: false,
            trace: Vec::new(),
        }
    }

    /// A long-polling session that stays one.
    pub fn polling() -> Self {
        Self::polling_with(|_| {})
    }

    pub fn polling_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::accepted(client_config(change), &open_packet("", 1_000_000))
    }

    /// A session whose server answered its first request with this body.
    pub fn accepted(config: Config, body: &str) -> Self {
        let mut client = Self::new(config);
        let first = client.get();
        client.answer(first, body.to_owned());
        assert!(matches!(client.events()[..], [Event::Open(_)]));
        client
    }

    /// A long-polling session that has asked for a WebSocket, and that WebSocket.
    pub fn upgrading() -> (Self, ExchangeId) {
        let client = Self::accepted(Config::default(), &open_packet("\"websocket\"", 1_000_000));
        let socket = client.socket();
        (client, socket)
    }

    pub fn websocket() -> (Self, ExchangeId) {
        Self::websocket_with(|_| {})
    }

    pub fn websocket_with(change: impl FnOnce(&mut Config)) -> (Self, ExchangeId) {
        let mut client = Self::new(client_config(|config| {
            config.transports = Transports::WebSocket;
            change(config);
        }));
        let socket = client.socket();
        client.open(socket);
        client.say(socket, &open_packet("", 1_000_000));
        assert!(matches!(client.events()[..], [Event::Open(_)]));
        (client, socket)
    }
}

/// What the server and the network do.
impl Client {
    pub fn answer(&mut self, id: ExchangeId, body: impl Into<Bytes>) {
        self.respond(id, 200, false, body);
    }

    pub fn respond(&mut self, id: ExchangeId, status: u16, binary: bool, body: impl Into<Bytes>) {
        self.end(id);
        let response = Response {
            status,
            binary,
            body: body.into(),
        };
        self.connection.handle_response(self.now, id, response);
        self.step();
    }

    pub fn open(&mut self, id: ExchangeId) {
        if let Some(outcome) = self.exchanges.get_mut(&id) {
            outcome.open |= outcome.request.is_none() && !outcome.over && !outcome.aborted;
        }
        self.connection.handle_open(self.now, id);
        self.step();
    }

    pub fn say(&mut self, id: ExchangeId, message: &str) {
        self.message(id, text(message));
    }

    pub fn message(&mut self, id: ExchangeId, message: Message) {
        self.connection.handle_message(self.now, id, message);
        self.step();
    }

    pub fn gone(&mut self, id: ExchangeId, gone: Gone) {
        // A WebSocket that is no more by the peer's fault may still be told why.
        if gone == Gone::Closed {
            self.end(id);
        }
        self.connection.handle_gone(self.now, id, gone);
        self.end(id);
        self.step();
    }

    fn end(&mut self, id: ExchangeId) {
        if let Some(outcome) = self.exchanges.get_mut(&id) {
            outcome.over = true;
        }
    }
}

/// What the application does.
impl Client {
    pub fn send(&mut self, message: &str) {
        self.try_send(Frame::text(message)).unwrap();
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.try_send(Frame::binary(Bytes::copy_from_slice(bytes))).unwrap();
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
impl Client {
    /// Time passes; every deadline on the way is met to the microsecond.
    pub fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(deadline) = self.connection.poll_timeout().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.timeout();
        }
        self.now = end;
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
impl Client {
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

    /// The GET that waits.
    pub fn get(&self) -> ExchangeId {
        self.waiting(Method::Get).expect("no GET waits")
    }

    /// The POST that waits.
    pub fn post(&self) -> ExchangeId {
        self.waiting(Method::Post).expect("no POST waits")
    }

    /// The body of the POST that waits, which is then answered.
    pub fn posted(&mut self) -> String {
        let id = self.post();
        let body = self.request(id).body.clone();
        self.answer(id, "ok");
        String::from_utf8(body.to_vec()).unwrap()
    }

    /// The request of this kind that waits for its answer.
    pub fn waiting(&self, method: Method) -> Option<ExchangeId> {
        let waits = |(_, outcome): &(&ExchangeId, &Outcome)| {
            let asked = outcome.request.as_ref().map(|request| request.method);
            asked == Some(method) && !outcome.over && !outcome.aborted
        };
        self.exchanges.iter().find(waits).map(|(id, _)| *id)
    }

    /// The newest WebSocket.
    pub fn socket(&self) -> ExchangeId {
        self.newest_socket().expect("there is no WebSocket")
    }

    pub fn newest_socket(&self) -> Option<ExchangeId> {
        let is_socket = |(_, outcome): &(&ExchangeId, &Outcome)| outcome.request.is_none();
        self.exchanges.iter().rfind(is_socket).map(|(id, _)| *id)
    }

    pub fn request(&self, id: ExchangeId) -> &Request {
        self.exchanges[&id].request.as_ref().expect("it is a WebSocket")
    }

    pub fn query(&self, id: ExchangeId) -> &str {
        &self.exchanges[&id].query
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

    pub fn is_aborted(&self, id: ExchangeId) -> bool {
        self.exchanges[&id].aborted
    }

    /// How many exchanges there were.
    pub fn exchanges(&self) -> usize {
        self.exchanges.len()
    }

    /// The exchanges that a closed session left to themselves.
    pub fn forgotten(&self) -> Vec<ExchangeId> {
        let forgotten = |outcome: &Outcome| !outcome.over && !outcome.aborted && outcome.close.is_none();
        let exchanges = self.exchanges.iter();
        exchanges
            .filter_map(|(id, outcome)| forgotten(outcome).then_some(*id))
            .collect()
    }

    /// Everything that ever came out, in order.
    pub fn into_trace(self) -> Vec<Output> {
        self.trace
    }
}

/// Fetching.
impl Client {
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
        let was_closed = self.connection.is_closed();
        let Some(transmit) = self.connection.poll_transmit(self.writable) else {
            return false;
        };
        self.trace.push(Output::Transmit(transmit.clone()));
        match transmit {
            Transmit::Request { id, request } => {
                assert!(!was_closed, "{request:?} after the end");
                assert_eq!(self.waiting(request.method), None, "{request:?} beside another one");
                match request.method {
                    Method::Get => assert!(request.body.is_empty() && request.content_type.is_none()),
                    Method::Post => assert!(!request.body.is_empty() && request.content_type.is_some()),
                }
                let query = request.query.as_str().to_owned();
                self.begin(id, Some(request), query);
            }
            Transmit::Connect { id, query } => self.begin(id, None, query.as_str().to_owned()),
            Transmit::Frame { id, message } => {
                let outcome = self.outcome(id);
                assert!(outcome.open, "{id:?} is not open");
                assert_eq!(outcome.close, None, "{id:?} was closed before");
                outcome.frames.push(message);
            }
            Transmit::Close { id, code } => {
                let outcome = self.outcome(id);
                assert!(outcome.open, "{id:?} is not open");
                assert_eq!(outcome.close.replace(code), None, "{id:?} was closed twice");
            }
            Transmit::Abort { id } => {
                let outcome = self.outcome(id);
                assert!(!outcome.aborted, "{id:?} was given up twice");
                outcome.aborted = true;
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

    fn begin(&mut self, id: ExchangeId, request: Option<Request>, query: String) {
        let outcome = Outcome {
            request,
            query,
            open: false,
            over: false,
            frames: Vec::new(),
            close: None,
            aborted: false,
        };
        let newest = self.exchanges.last_key_value().map(|(id, _)| *id);
        assert!(newest < Some(id), "{id:?} is not new");
        self.exchanges.insert(id, outcome);
    }

    fn outcome(&mut self, id: ExchangeId) -> &mut Outcome {
        let outcome = self.exchanges.get_mut(&id);
        outcome.unwrap_or_else(|| panic!("there is no {id:?}"))
    }
}
