//! The passage from long-polling to a WebSocket.

mod support;

use std::collections::VecDeque;

use engineio_proto::server::Event;
use engineio_proto::{CloseReason, ExchangeId, Gone, Message, TransportKind};
use proptest::prelude::*;
use support::{Session, UNKNOWN, binary, body, cases, config, ms, text};

#[test]
fn a_session_goes_over() {
    let mut session = Session::polling();
    let socket = session.open_websocket();
    assert!(session.is_upgraded(socket));
    assert_eq!(session.frames(socket), []);
    session.say(socket, "2probe");
    assert_eq!(session.texts(socket), ["3probe"]);
    assert_eq!(session.connection.transport(), TransportKind::Polling);
    assert_eq!(session.connection.websocket(), None, "a probe carries nothing yet");
    session.say(socket, "5");
    assert_eq!(session.events(), [Event::Upgraded]);
    assert_eq!(session.connection.transport(), TransportKind::WebSocket);
    assert_eq!(session.connection.websocket(), Some(socket));
    session.send("hello");
    assert_eq!(session.texts(socket), ["4hello"]);
    session.say(socket, "4hello");
    assert_eq!(session.messages(), [text("hello")]);
}

#[test]
fn a_poll_that_waits_is_ended_by_the_probe() {
    let mut session = Session::polling();
    let get = session.get();
    let socket = session.open_websocket();
    assert!(session.is_waiting(get), "not before the WebSocket has proved itself");
    session.say(socket, "2probe");
    assert_eq!(session.answer(get), "6");
}

#[test]
fn a_poll_that_comes_after_the_probe_is_ended_at_once_and_then_ten_times_a_second() {
    let mut session = Session::polling();
    session.probe();
    let end = session.now + ms(5_000);
    let mut get = session.get();
    let mut noops = 0;
    loop {
        while !session.is_waiting(get) {
            assert_eq!(session.answer(get), "6");
            noops += 1;
            get = session.get();
        }
        if !session.fire_before(end) {
            break;
        }
    }
    assert_eq!(noops, 1 + 5 * 10);
}

#[test]
fn a_poll_that_comes_late_enough_need_not_wait() {
    let mut session = Session::polling();
    let first = session.get();
    session.probe();
    assert_eq!(session.answer(first), "6");
    session.advance(ms(40));
    let second = session.get();
    session.advance(ms(59));
    assert!(session.is_waiting(second));
    session.advance(ms(1));
    assert_eq!(session.answer(second), "6");
    session.advance(ms(200));
    let third = session.get();
    assert_eq!(session.answer(third), "6");
}

#[test]
fn messages_are_no_noops_and_are_not_held_up() {
    let mut session = Session::polling();
    let socket = session.probe();
    for round in 0..10 {
        session.send(&round.to_string());
        let get = session.get();
        assert_eq!(session.answer(get), format!("4{round}"));
    }
    assert_eq!(session.frames(socket), []);
    let get = session.get();
    assert_eq!(session.answer(get), "6");
}

#[test]
fn the_client_still_posts_while_it_probes() {
    let mut session = Session::polling();
    let socket = session.open_websocket();
    session.post("4one");
    session.say(socket, "2probe");
    session.post("4two");
    assert_eq!(session.messages(), [text("one"), text("two")]);
}

#[test]
fn without_a_probe_the_upgrade_is_still_one() {
    let mut session = Session::polling();
    let get = session.get();
    let socket = session.open_websocket();
    session.say(socket, "5");
    assert_eq!(session.events(), [Event::Upgraded]);
    assert_eq!(session.answer(get), "6");
    session.send("hello");
    assert_eq!(session.texts(socket), ["4hello"]);
}

#[test]
fn what_waited_goes_over() {
    let mut session = Session::polling();
    let socket = session.probe();
    session.send("one");
    session.send("two");
    session.say(socket, "5");
    assert_eq!(session.texts(socket), ["4one", "4two"]);
}

#[test]
fn what_nobody_fetched_yet_goes_over_although_a_poll_waits() {
    let mut session = Session::polling();
    let socket = session.open_websocket();
    let get = session.get();
    session.eager = false;
    session.send("one");
    session.say(socket, "5");
    session.pump();
    assert_eq!(session.answer(get), "6");
    assert_eq!(session.texts(socket), ["4one"]);
}

#[test]
fn a_post_that_is_still_on_its_way_arrives() {
    let mut session = Session::polling();
    let post = session.begin_post();
    let socket = session.probe();
    session.say(socket, "5");
    assert_eq!(session.events(), [Event::Upgraded]);
    session.body(post, "4late");
    assert_eq!(session.answer(post), "ok");
    assert_eq!(session.messages(), [text("late")]);
}

/// Polling works, and a WebSocket may be tried again.
fn goes_on(session: &mut Session) {
    assert!(session.connection.is_open());
    assert_eq!(session.connection.transport(), TransportKind::Polling);
    let get = session.get();
    session.send("down");
    assert_eq!(session.answer(get), "4down");
    session.post("4up");
    assert_eq!(session.messages(), [text("up")]);
    session.upgrade();
}

#[test]
fn a_probe_that_says_something_else_is_closed_and_polling_goes_on() {
    for wrong in [
        "4hello", "2", "2prob", "2probe2", "3probe", "1", "0", "6", "", "x", "b", "bAQI", "€",
    ] {
        for probed in [false, true] {
            let mut session = Session::polling();
            let socket = if probed {
                session.probe()
            } else {
                session.open_websocket()
            };
            session.say(socket, wrong);
            assert_eq!(session.close_of(socket), Some(None), "{wrong:?}");
            assert_eq!(session.events(), []);
            session.say(socket, "5");
            goes_on(&mut session);
        }
    }
}

#[test]
fn a_probe_that_sends_bytes_is_closed_and_polling_goes_on() {
    for bytes in [&b""[..], b"2probe", b"5", &[0; 2_000_000]] {
        let mut session = Session::polling();
        let socket = session.open_websocket();
        session.message(socket, binary(bytes));
        assert_eq!(session.close_of(socket), Some(None));
        goes_on(&mut session);
    }
}

#[test]
fn a_probe_that_leaves_or_fails_does_not_hurt() {
    for (gone, close) in [
        (Gone::Closed, None),
        (Gone::Failed { code: 1002 }, Some(None)),
        (Gone::TooLarge { size: 2_000_000 }, Some(None)),
    ] {
        for probed in [false, true] {
            let mut session = Session::polling();
            let socket = if probed {
                session.probe()
            } else {
                session.open_websocket()
            };
            session.gone(socket, gone);
            assert_eq!(session.close_of(socket), close);
            assert_eq!(session.events(), []);
            goes_on(&mut session);
        }
    }
}

#[test]
fn a_probe_that_takes_too_long_is_closed_and_polling_goes_on() {
    for probed in [false, true] {
        let mut session = Session::polling();
        let socket = if probed {
            session.probe()
        } else {
            session.open_websocket()
        };
        session.advance(ms(9_999));
        assert_eq!(session.close_of(socket), None);
        session.advance(ms(1));
        assert_eq!(session.close_of(socket), Some(None));
        session.say(socket, "5");
        goes_on(&mut session);
    }
}

#[test]
fn polls_wait_again_after_a_probe_has_failed() {
    let mut session = Session::polling();
    let socket = session.probe();
    session.gone(socket, Gone::Closed);
    let get = session.get();
    session.advance(ms(9_000));
    assert!(session.is_waiting(get));
}

#[test]
fn a_second_websocket_does_not_disturb_the_first() {
    for probed in [false, true] {
        let mut session = Session::polling();
        let first = if probed {
            session.probe()
        } else {
            session.open_websocket()
        };
        let second = session.open_websocket();
        assert!(session.is_upgraded(second));
        assert_eq!(session.close_of(second), Some(None));
        session.say(second, "2probe");
        session.say(second, "5");
        assert_eq!(session.events(), []);
        session.say(first, "5");
        assert_eq!(session.events(), [Event::Upgraded]);
        assert_eq!(session.frames(second), []);
    }
}

#[test]
fn a_websocket_after_the_upgrade_is_closed() {
    let mut session = Session::polling();
    let first = session.upgrade();
    let second = session.open_websocket();
    assert!(session.is_upgraded(second));
    assert_eq!(session.close_of(second), Some(None));
    session.say(first, "4hello");
    assert_eq!(session.messages(), [text("hello")]);
}

#[test]
fn a_session_that_offers_no_upgrade_takes_none() {
    let mut session = Session::polling_with(config(|config| config.allow_upgrades = false));
    let socket = session.open_websocket();
    assert_eq!(session.close_of(socket), Some(None));
    session.say(socket, "5");
    assert_eq!(session.events(), []);
    assert_eq!(session.connection.transport(), TransportKind::Polling);
}

#[test]
fn polls_and_posts_are_refused_after_the_upgrade() {
    let mut session = Session::polling();
    let socket = session.upgrade();
    let get = session.get();
    let post = session.begin_post();
    for id in [get, post] {
        assert_eq!(session.status(id), 400);
        assert_eq!(body(session.response(id)), r#"{"code":3,"message":"Bad request"}"#);
    }
    session.body(post, "4hello");
    session.gone(post, Gone::Closed);
    session.send("hello");
    assert_eq!(session.texts(socket), ["4hello"]);
    assert_eq!(session.events(), []);
}

#[test]
fn the_client_that_ends_the_session_while_it_probes_ends_the_probe() {
    let mut session = Session::polling();
    let socket = session.probe();
    session.post("1");
    assert_eq!(session.closed(), CloseReason::TransportClose);
    assert_eq!(session.close_of(socket), Some(None));
}

#[test]
fn a_session_that_dies_while_it_probes_ends_the_probe() {
    let mut session = Session::polling();
    session.advance(ms(40_000));
    let socket = session.probe();
    session.advance(ms(5_000));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
    assert_eq!(session.close_of(socket), Some(None));
}

#[test]
fn closing_while_a_poll_waits_ends_the_probe() {
    let mut session = Session::polling();
    let socket = session.open_websocket();
    let get = session.get();
    session.close();
    assert_eq!(session.answer(get), "1");
    assert_eq!(session.close_of(socket), Some(None));
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn closing_between_two_polls_is_told_by_the_next_one() {
    let mut session = Session::polling();
    let socket = session.probe();
    session.send("last words");
    session.close();
    assert_eq!(session.close_of(socket), None);
    let get = session.get();
    assert_eq!(session.answer(get), "4last words");
    assert_eq!(session.close_of(socket), None);
    let get = session.get();
    assert_eq!(session.answer(get), "1");
    assert_eq!(session.close_of(socket), Some(None));
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn closing_with_nothing_to_say_is_told_by_the_next_poll_and_not_by_a_noop() {
    let mut session = Session::polling();
    session.probe();
    session.close();
    let get = session.get();
    assert_eq!(session.answer(get), "1");
}

#[test]
fn closing_while_the_client_goes_over_is_told_on_the_websocket() {
    let mut session = Session::polling();
    let socket = session.probe();
    session.send("last words");
    session.close();
    session.say(socket, "5");
    assert_eq!(session.texts(socket), ["4last words"]);
    assert_eq!(session.close_of(socket), Some(None));
    assert_eq!(
        session.events(),
        [Event::Upgraded, Event::Closed(CloseReason::ForcedClose)]
    );
}

#[test]
fn a_probe_outlives_neither_its_time_nor_its_closing_session() {
    let mut session = Session::polling_with(config(|config| config.close_timeout = ms(12_000)));
    session.close();
    let socket = session.probe();
    session.advance(ms(10_000));
    assert_eq!(session.close_of(socket), Some(None));
    session.advance(ms(2_000));
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn strangers_cannot_take_part() {
    let mut session = Session::polling();
    let socket = session.probe();
    session.say(UNKNOWN, "5");
    assert_eq!(session.connection.transport(), TransportKind::Polling);
    session.say(socket, "5");
    assert_eq!(session.events(), [Event::Upgraded]);
}

/// What a correct client and the network between do, one thing at a time.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The server's application sends its next number.
    ServerSends,
    /// The client's application sends its next number.
    ClientSends,
    /// The client polls, if it may.
    Poll,
    /// The client begins a POST with all that waits, if it may.
    BeginPost,
    /// The body of that POST arrives.
    FinishPost,
    /// The client opens a WebSocket, unless it has.
    OpenWebSocket,
    /// Something that the server sent arrives: the answer to the GET, or else the next frame.
    ArriveByPolling,
    ArriveByWebSocket,
    /// Time passes.
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::ServerSends),
        4 => Just(Step::ClientSends),
        4 => Just(Step::Poll),
        3 => Just(Step::BeginPost),
        3 => Just(Step::FinishPost),
        1 => Just(Step::OpenWebSocket),
        4 => Just(Step::ArriveByPolling),
        4 => Just(Step::ArriveByWebSocket),
        2 => (0..200u16).prop_map(Step::Wait),
    ]
}

/// A client as the protocol wants it: it probes first, then pauses its polling until nothing is on its way, then goes over.
struct Client {
    session: Session,
    get: Option<ExchangeId>,
    post: Option<(ExchangeId, String)>,
    socket: Option<ExchangeId>,
    passage: Passage,
    /// Frames on their way to the client.
    in_flight: VecDeque<Message>,
    /// What waits in the client.
    buffer: Vec<String>,
    server_sent: u32,
    client_sent: u32,
    server_got: Vec<u32>,
    client_got: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum Passage {
    Polling,
    Probing,
    Pausing,
    Over,
}

impl Client {
    fn new() -> Self {
        Self {
            session: Session::polling(),
            get: None,
            post: None,
            socket: None,
            passage: Passage::Polling,
            in_flight: VecDeque::new(),
            buffer: Vec::new(),
            server_sent: 0,
            client_sent: 0,
            server_got: Vec::new(),
            client_got: Vec::new(),
        }
    }

    fn step(&mut self, step: Step) {
        let polls = matches!(self.passage, Passage::Polling | Passage::Probing);
        match step {
            Step::ServerSends => {
                self.session.send(&self.server_sent.to_string());
                self.server_sent += 1;
            }
            Step::ClientSends => {
                self.buffer.push(format!("4{}", self.client_sent));
                self.client_sent += 1;
            }
            Step::Poll if polls && self.get.is_none() => self.get = Some(self.session.get()),
            Step::BeginPost if polls && self.post.is_none() && !self.buffer.is_empty() => {
                let body = std::mem::take(&mut self.buffer).join("\u{1e}");
                self.post = Some((self.session.begin_post(), body));
            }
            Step::FinishPost => {
                if let Some((id, body)) = self.post.take() {
                    self.session.body(id, body);
                    assert_eq!(self.session.answer(id), "ok");
                }
            }
            Step::OpenWebSocket if self.socket.is_none() => {
                let socket = self.session.open_websocket();
                self.session.say(socket, "2probe");
                self.socket = Some(socket);
                self.passage = Passage::Probing;
            }
            Step::ArriveByPolling => {
                if let Some(id) = self.get.filter(|id| !self.session.is_waiting(*id)) {
                    self.get = None;
                    let body = self.session.answer(id).to_owned();
                    body.split('\u{1e}').for_each(|packet| self.receive(packet));
                }
            }
            Step::ArriveByWebSocket => {
                if let Some(Message::Text(frame)) = self.in_flight.pop_front() {
                    self.receive(&frame);
                }
            }
            Step::Wait(duration) => self.session.advance(ms(duration.into())),
            Step::Poll | Step::BeginPost | Step::OpenWebSocket => {}
        }
        self.go_over();
        for event in self.session.events() {
            match event {
                Event::Message(Message::Text(number)) => self.server_got.push(number.parse().unwrap()),
                Event::Upgraded => {}
                event => panic!("{event:?}"),
            }
        }
        if let Some(socket) = self.socket {
            let frames = self.session.frames(socket);
            self.in_flight.extend(frames);
            assert_eq!(self.session.close_of(socket), None);
        }
    }

    fn receive(&mut self, packet: &str) {
        match packet {
            "6" => {}
            "3probe" => self.passage = Passage::Pausing,
            "2" => self.buffer.push("3".into()),
            message => self.client_got.push(message[1..].parse().unwrap()),
        }
    }

    fn go_over(&mut self) {
        let Some(socket) = self.socket else { return };
        if self.passage == Passage::Pausing && self.get.is_none() && self.post.is_none() {
            self.passage = Passage::Over;
            self.session.say(socket, "5");
        }
        if self.passage == Passage::Over {
            for packet in std::mem::take(&mut self.buffer) {
                self.session.say(socket, &packet);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn nothing_is_lost_doubled_or_reordered_on_the_way_over(steps in prop::collection::vec(step(), 1..200)) {
        let mut client = Client::new();
        for step in steps {
            client.step(step);
        }
        for step in [Step::ServerSends, Step::ClientSends, Step::OpenWebSocket] {
            client.step(step);
        }
        for _ in 0..250 {
            for step in [
                Step::Poll,
                Step::BeginPost,
                Step::FinishPost,
                Step::ArriveByPolling,
                Step::ArriveByWebSocket,
                Step::Wait(100),
            ] {
                client.step(step);
            }
        }
        prop_assert!(client.passage == Passage::Over, "the client went over");
        prop_assert_eq!(client.session.connection.transport(), TransportKind::WebSocket);
        prop_assert_eq!(client.client_got, (0..client.server_sent).collect::<Vec<_>>());
        prop_assert_eq!(client.server_got, (0..client.client_sent).collect::<Vec<_>>());
    }
}
