//! Sessions that cannot be opened or are lost, and the attempts to get another one.

mod client_support;

use std::sync::Arc;

use client_support::{Script, engine, ms, secs};
use engineio_proto::client::{Response, Transmit, Transports};
use engineio_proto::{ExchangeId, Instant};
use socketio_proto::client::{Auth, Config, ConnectError, Connection, Event};

#[test]
fn a_lost_session_is_replaced_and_every_socket_comes_back() {
    let (mut script, key) = Script::connected();
    script.join("/a");
    script.lose();
    assert_eq!(
        script.log(),
        [
            "disconnected 0 transport close",
            "disconnected 1 transport close",
            "reconnecting 1 1000"
        ]
    );
    assert!(script.client.is_active(key));
    assert_eq!(script.client.socket_id(key), None);
    script.advance(ms(999));
    assert_eq!(script.dials, 1);
    script.advance(ms(1));
    assert_eq!(script.dials, 2);
    script.open();
    assert_eq!(script.hear(), ["0", "0/a,"]);
    script.say(r#"0{"sid":"new"}"#);
    script.say(r#"0/a,{"sid":"newer"}"#);
    assert_eq!(script.log(), ["open 1", "connected 0 new", "connected 1 newer"]);
}

#[test]
fn delays_double_up_to_the_maximum_and_begin_anew_after_a_success() {
    let (mut script, _) = Script::connected();
    script.lose();
    let mut delays = Vec::new();
    for attempt in 1..=5 {
        let log = script.log();
        let line = log.last().unwrap();
        let (head, delay) = line.rsplit_once(' ').unwrap();
        assert_eq!(head, format!("reconnecting {attempt}"));
        delays.push(delay.parse::<u64>().unwrap());
        script.advance(ms(delays[delays.len() - 1]));
        if attempt < 5 {
            script.lose();
        }
    }
    assert_eq!(delays, [1_000, 2_000, 4_000, 5_000, 5_000]);
    script.open();
    assert_eq!(script.log(), ["open 5"]);
    script.lose();
    assert_eq!(script.log().last().unwrap(), "reconnecting 1 1000");
}

#[test]
fn the_first_session_is_tried_again_like_any_other() {
    let mut script = Script::new(|_| {});
    let key = script.connect("/");
    script.lose();
    assert_eq!(
        script.log(),
        [
            "connect-error 0 transport error: the WebSocket failed",
            "reconnecting 1 1000"
        ]
    );
    assert!(script.client.is_active(key));
    script.advance(secs(1));
    script.open();
    assert_eq!(script.log(), ["open 1"]);
}

#[test]
fn a_server_that_does_not_answer_is_given_up_after_a_while() {
    let mut script = Script::new(|_| {});
    script.connect("/");
    script.advance(ms(19_999));
    assert_eq!(script.log().len(), 0);
    script.advance(ms(1));
    assert_eq!(
        script.log(),
        ["connect-error 0 transport error: timeout", "reconnecting 1 1000"]
    );
    assert!(script.hung_up);
}

#[test]
fn a_silent_server_is_given_up_and_tried_again() {
    let (mut script, _) = Script::connected();
    script.advance(ms(45_000));
    assert_eq!(script.log(), ["disconnected 0 ping timeout", "reconnecting 1 1000"]);
    assert!(script.hung_up);
}

#[test]
fn the_words_of_a_server_that_refuses_the_session_are_passed_on() {
    let mut script = Script::new(|_| {});
    let key = script.connect("/");
    script.refuse(403, r#"{"code":4,"message":"not on Sundays"}"#);
    let events = script.events();
    let Event::ConnectError {
        error: ConnectError::Session {
            rejection: Some(rejection),
            ..
        },
        ..
    } = &events[0]
    else {
        panic!("{events:?}")
    };
    assert_eq!((rejection.status(), rejection.message()), (403, Some("not on Sundays")));
    assert!(script.client.is_active(key));
}

#[test]
fn a_session_that_is_lost_before_the_consent_is_an_error_and_no_disconnect() {
    let mut script = Script::new(|_| {});
    script.connect("/");
    script.open();
    script.lose();
    assert_eq!(
        script.log(),
        ["open", "connect-error 0 transport close", "reconnecting 1 1000"]
    );
}

#[test]
fn attempts_may_be_limited_and_begin_anew_when_somebody_asks() {
    let (mut script, key) = Script::connected_with(|config| config.reconnection_attempts = Some(2));
    script.lose();
    script.advance(secs(1));
    script.lose();
    script.advance(secs(2));
    script.log();
    script.lose();
    assert_eq!(
        script.log(),
        [
            "connect-error 0 transport error: the WebSocket failed",
            "reconnect-failed"
        ]
    );
    assert!(!script.client.is_active(key));
    script.advance(secs(60));
    assert_eq!((script.dials, script.client.poll_timeout()), (3, None));

    script.emit(key, "patience", ()).unwrap();
    script.connect("/");
    assert_eq!(script.dials, 4);
    script.open();
    script.say(r#"0{"sid":"x"}"#);
    assert_eq!(script.log(), ["open", "connected 0 x"]);
    assert_eq!(script.hear(), ["0", r#"2["patience"]"#]);
}

#[test]
fn without_reconnection_there_is_one_attempt() {
    let mut script = Script::new(|config| config.reconnection = false);
    let key = script.connect("/");
    script.lose();
    assert_eq!(script.log(), ["connect-error 0 transport error: the WebSocket failed"]);
    assert!(!script.client.is_active(key));
    script.connect("/");
    script.open();
    script.say(r#"0{"sid":"x"}"#);
    script.lose();
    assert_eq!(
        script.log(),
        ["open", "connected 0 x", "disconnected 0 transport close"]
    );
    script.advance(secs(60));
    assert_eq!(script.dials, 2);
}

#[test]
fn a_socket_that_is_asked_for_between_two_attempts_waits_for_the_next() {
    let (mut script, key) = Script::connected();
    script.lose();
    script.connect("/late");
    script.advance(ms(500));
    script.connect("/");
    assert_eq!(script.dials, 1);
    script.disconnect(key);
    script.advance(ms(500));
    script.open();
    assert_eq!(script.hear(), ["0/late,"]);
}

#[test]
fn nobody_waits_for_an_attempt_that_nobody_wants() {
    let (mut script, key) = Script::connected();
    script.lose();
    script.disconnect(key);
    assert_eq!(script.client.poll_timeout(), None);
    script.advance(secs(60));
    assert_eq!(script.dials, 1);
    assert_eq!(script.log(), ["disconnected 0 transport close", "reconnecting 1 1000"]);
}

#[test]
fn a_new_session_may_begin_while_the_last_one_takes_its_leave() {
    let (mut script, key) = Script::connected();
    let old = script.websocket();
    script.eager = false;
    script.emit(key, "last", ()).unwrap();
    script.disconnect(key);
    script.connect("/");
    script.eager = true;
    script.pump();
    assert_eq!(script.hear(), [r#"2["last"]"#, "1"]);
    assert!(script.websocket() > old);
    script.client.handle_message(script.now, old, r#"42["late"]"#.into());
    script.pump();
    script.open();
    assert_eq!(script.log(), ["disconnected 0 io client disconnect", "open"]);
}

#[test]
fn sessions_that_are_begun_and_left_in_a_hurry_leave_nothing_behind() {
    let mut script = Script::new(|_| {});
    for _ in 0..100 {
        let key = script.connect("/");
        script.disconnect(key);
    }
    assert_eq!((script.dials, script.client.poll_timeout()), (100, None));
    script.close();
    assert_eq!(script.log(), ["closed"]);
}

/// Fetches events and transmits until there are none; returns the requests that begin, and those that are given up.
fn fetch(client: &mut Connection) -> (Vec<ExchangeId>, Vec<ExchangeId>) {
    let (mut begun, mut aborted) = (Vec::new(), Vec::new());
    loop {
        let event = client.poll_event();
        match client.poll_transmit(true) {
            Some(Transmit::Request { id, .. }) => begun.push(id),
            Some(Transmit::Abort { id }) => aborted.push(id),
            Some(other) => panic!("{other:?} over long-polling"),
            None if event.is_none() => return (begun, aborted),
            None => {}
        }
    }
}

#[test]
fn a_session_that_takes_its_leave_does_not_wait_for_more_than_one_after_it() {
    let mut config = Config::default();
    config.engine = engine(|engine| engine.transports = Transports::Polling);
    let now = Instant::ORIGIN;
    let mut client = Connection::new(now, Arc::new(config), 1);
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let key = client.connect(now, "/", Auth::None).unwrap();
        let (begun, _) = fetch(&mut client);
        let open = r#"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
        let body = open.into();
        let response = Response {
            status: 200,
            binary: false,
            body,
        };
        client.handle_response(now, begun[0], response);
        sessions.push(fetch(&mut client).0);
        client.disconnect(key);
        let (_, aborted) = fetch(&mut client);
        match &sessions[..] {
            [.., before, _] => assert!(before.iter().all(|id| aborted.contains(id)), "{before:?} {aborted:?}"),
            _ => assert_eq!(aborted, [], "it waits for the server's answers"),
        }
    }
}

#[test]
fn delays_differ_from_client_to_client_and_not_from_run_to_run() {
    let delay = |seed| {
        let mut config = Config::default();
        config.engine = engine(|engine| engine.transports = Transports::WebSocket);
        let mut client = Connection::new(Instant::ORIGIN, Arc::new(config), seed);
        client.connect(Instant::ORIGIN, "/", Auth::None).unwrap();
        client.handle_timeout(Instant::ORIGIN + secs(20));
        while let Some(event) = client.poll_event() {
            if let Event::Reconnecting { delay, .. } = event {
                return delay;
            }
        }
        panic!("there is another attempt")
    };
    let delays: Vec<_> = (0..20).map(delay).collect();
    assert_eq!(delays, (0..20).map(delay).collect::<Vec<_>>());
    assert!(
        delays.iter().all(|delay| (ms(500)..=ms(1_500)).contains(delay)),
        "{delays:?}"
    );
    assert!(delays.iter().any(|delay| *delay != delays[0]));
}
