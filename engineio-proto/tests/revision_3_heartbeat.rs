//! The heartbeat of revision 3: the client pings, the server answers.

mod support;

use engineio_proto::{CloseReason, Config, TransportFault};
use support::{FIRST, Session, config, ms};

const DIRECTION: CloseReason = CloseReason::TransportError(TransportFault::HeartbeatDirection);

/// The deadline is half a second away.
fn quick() -> Config {
    config(|config| {
        config.allow_eio3 = true;
        config.ping_interval = ms(300);
        config.ping_timeout = ms(200);
    })
}

#[test]
fn the_server_never_pings() {
    let mut session = Session::websocket_3(quick(), "");
    session.advance(ms(499));
    assert!(session.frames(FIRST).is_empty());
    assert_eq!(session.events(), []);
    session.advance(ms(1));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
}

#[test]
fn each_ping_is_answered_with_its_data() {
    let mut session = Session::websocket_3(quick(), "");
    for (ping, pong) in [("2", "3"), ("2probe", "3probe"), ("2€", "3€")] {
        session.say(FIRST, ping);
        assert_eq!(session.texts(FIRST), [pong]);
    }
    let mut session = Session::polling_3(quick(), "");
    session.post("1:25:2data");
    let get = session.get();
    assert_eq!(session.answer(get), "1:35:3data");
}

#[test]
fn each_ping_begins_the_time_anew() {
    let mut session = Session::polling_3(quick(), "");
    for _ in 0..5 {
        session.advance(ms(499));
        session.post("1:2");
        let get = session.get();
        assert_eq!(session.answer(get), "1:3");
    }
    session.advance(ms(499));
    assert_eq!(session.events(), []);
    session.advance(ms(1));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
}

#[test]
fn a_message_does_not() {
    let mut session = Session::websocket_3(quick(), "");
    session.advance(ms(400));
    session.say(FIRST, "4still here");
    session.messages();
    session.advance(ms(100));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
}

#[test]
fn a_pong_of_the_client_is_an_error() {
    let mut session = Session::websocket_3(quick(), "");
    session.say(FIRST, "3");
    assert_eq!(session.closed(), DIRECTION);
    let mut session = Session::polling_3(quick(), "");
    session.post("1:3");
    assert_eq!(session.closed(), DIRECTION);
}

#[test]
fn an_upgraded_session_is_still_watched() {
    let mut session = Session::polling_3(quick(), "");
    session.advance(ms(250));
    let socket = session.upgrade();
    session.advance(ms(100));
    session.say(socket, "2");
    assert_eq!(session.texts(socket), ["3"]);
    session.advance(ms(499));
    assert_eq!(session.events(), []);
    session.advance(ms(1));
    assert_eq!(session.closed(), CloseReason::PingTimeout);

    let mut session = Session::polling_3(quick(), "");
    session.upgrade();
    session.advance(ms(500));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
}

/// Whoever pings and does not read must not make the server keep the answers.
#[test]
fn answers_that_nobody_reads_are_bounded() {
    let mut session = Session::websocket_3(
        config(|config| (config.allow_eio3, config.send_capacity) = (true, 1000)),
        "",
    );
    session.reading = false;
    for _ in 0..1000 {
        session.say(FIRST, "2and some data");
    }
    assert!(session.connection.queued_bytes() <= 1000);
    assert_eq!(session.events(), []);
}
