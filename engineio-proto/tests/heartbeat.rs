//! Supervision of a client that may have vanished without a word.

mod support;

use bytes::Bytes;
use engineio_proto::server::Event;
use engineio_proto::{CloseReason, Config, Frame, SendError};
use support::{FIRST, Session, binary, config, ms, request, text};

const INTERVAL: u64 = 25_000;
const TIMEOUT: u64 = 20_000;

#[test]
fn the_first_ping_comes_one_interval_after_the_handshake() {
    let mut session = Session::websocket();
    session.advance(ms(INTERVAL - 1));
    assert_eq!(session.frames(FIRST), []);
    session.advance(ms(1));
    assert_eq!(session.frames(FIRST), [text("2")]);
}

#[test]
fn a_ping_ends_the_poll_that_waits() {
    let mut session = Session::polling();
    let get = session.get();
    session.advance(ms(INTERVAL - 1));
    assert!(session.is_waiting(get));
    session.advance(ms(1));
    assert_eq!(session.answer(get), "2");
}

#[test]
fn the_next_ping_comes_one_interval_after_the_pong() {
    let mut session = Session::websocket();
    session.advance(ms(INTERVAL + 7_000));
    assert_eq!(session.frames(FIRST), [text("2")]);
    session.say(FIRST, "3");
    session.advance(ms(INTERVAL - 1));
    assert_eq!(session.frames(FIRST), []);
    session.advance(ms(1));
    assert_eq!(session.frames(FIRST), [text("2")]);
}

#[test]
fn a_websocket_that_does_not_answer_is_closed_in_time() {
    let mut session = Session::websocket();
    session.advance(ms(INTERVAL + TIMEOUT - 1));
    assert_eq!(session.events(), []);
    session.advance(ms(1));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
    assert_eq!(session.close_of(FIRST), Some(None));
}

#[test]
fn a_poller_that_does_not_answer_is_closed_in_time() {
    let mut session = Session::polling();
    let ping = session.get();
    session.advance(ms(INTERVAL));
    assert_eq!(session.answer(ping), "2");
    let get = session.get();
    session.advance(ms(TIMEOUT - 1));
    assert_eq!(session.events(), []);
    session.advance(ms(1));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
    assert_eq!(session.answer(get), "1");
}

#[test]
fn a_poller_that_never_polls_is_closed_in_time() {
    let mut session = Session::polling();
    session.advance(ms(INTERVAL + TIMEOUT));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
}

#[test]
fn a_session_whose_first_request_never_comes_is_closed_in_time() {
    for (query, websocket) in [("EIO=4&transport=polling", false), ("EIO=4&transport=websocket", true)] {
        let mut session = Session::accepted(Config::default(), request("GET", query, websocket));
        session.advance(ms(INTERVAL + TIMEOUT));
        assert_eq!(session.closed(), CloseReason::PingTimeout);
    }
}

#[test]
fn answering_keeps_a_session_alive_for_days() {
    let mut session = Session::websocket();
    for _ in 0..10_000 {
        session.advance(ms(INTERVAL));
        assert_eq!(session.frames(FIRST), [text("2")]);
        session.say(FIRST, "3");
    }
    assert_eq!(session.events(), []);
}

#[test]
fn a_pong_in_a_post_counts() {
    let mut session = Session::polling();
    for _ in 0..3 {
        let get = session.get();
        session.advance(ms(INTERVAL));
        assert_eq!(session.answer(get), "2");
        session.post("4a\u{1e}3\u{1e}4b");
    }
    session.advance(ms(INTERVAL + TIMEOUT - 1));
    assert_eq!(session.messages().len(), 6);
    assert!(session.connection.is_open());
}

#[test]
fn a_pong_that_nobody_asked_for_changes_nothing() {
    let mut session = Session::websocket();
    session.advance(ms(INTERVAL / 2));
    session.say(FIRST, "3");
    session.advance(ms(INTERVAL / 2));
    assert_eq!(session.frames(FIRST), [text("2")]);
}

#[test]
fn data_are_no_pong() {
    let mut session = Session::websocket();
    session.advance(ms(INTERVAL));
    for _ in 0..19 {
        session.advance(ms(1_000));
        session.say(FIRST, "4still here");
    }
    session.events();
    session.advance(ms(1_000));
    assert_eq!(session.closed(), CloseReason::PingTimeout);

    let mut session = Session::polling();
    session.advance(ms(INTERVAL));
    for _ in 0..19 {
        session.advance(ms(1_000));
        session.get();
        session.send("read this");
        session.post("4still here");
    }
    session.events();
    session.advance(ms(1_000));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
}

#[test]
fn data_do_not_delay_the_ping() {
    let mut session = Session::websocket();
    for _ in 0..INTERVAL / 1_000 {
        session.say(FIRST, "4hello");
        session.advance(ms(1_000));
    }
    assert_eq!(session.frames(FIRST), [text("2")]);
}

#[test]
fn an_upgraded_session_is_still_supervised() {
    let mut session = Session::polling();
    session.advance(ms(10_000));
    let socket = session.upgrade();
    session.advance(ms(INTERVAL - 10_000));
    assert_eq!(session.texts(socket), ["2"]);
    session.say(socket, "3");
    session.advance(ms(INTERVAL));
    assert_eq!(session.texts(socket), ["2"]);
    session.advance(ms(TIMEOUT - 1));
    assert_eq!(session.events(), []);
    session.advance(ms(1));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
    assert_eq!(session.close_of(socket), Some(None));
}

#[test]
fn a_ping_sent_before_the_upgrade_has_its_full_time_after_it() {
    let mut session = Session::polling();
    let get = session.get();
    session.advance(ms(INTERVAL));
    assert_eq!(session.answer(get), "2");
    session.advance(ms(TIMEOUT - 1_000));
    let socket = session.upgrade();
    session.advance(ms(TIMEOUT - 1));
    assert_eq!(session.events(), []);
    session.say(socket, "3");
    session.advance(ms(INTERVAL));
    assert_eq!(session.texts(socket), ["2"]);
}

#[test]
fn a_ping_that_waited_for_a_poll_goes_over_with_the_rest() {
    let mut session = Session::polling();
    session.advance(ms(INTERVAL));
    let socket = session.upgrade();
    assert_eq!(session.texts(socket), ["2"]);
    session.advance(ms(TIMEOUT));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
}

#[test]
fn an_early_or_repeated_timeout_is_nothing() {
    let mut session = Session::websocket();
    let deadline = session.connection.poll_timeout();
    for _ in 0..3 {
        session.timeout();
    }
    assert_eq!(session.connection.poll_timeout(), deadline);
    assert_eq!(session.frames(FIRST), []);
    session.advance(ms(INTERVAL));
    for _ in 0..3 {
        session.timeout();
    }
    assert_eq!(session.frames(FIRST), [text("2")], "one ping, however often one asks");
}

#[test]
fn a_process_that_slept_pings_before_it_gives_up() {
    let mut session = Session::websocket();
    session.jump(ms(24 * 3_600_000));
    assert_eq!(session.frames(FIRST), [text("2")]);
    assert_eq!(session.events(), []);
    session.jump(ms(TIMEOUT));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
}

#[test]
fn a_reader_that_stalls_is_closed_in_time_even_with_a_full_buffer() {
    let mut session = Session::websocket_with(config(|config| config.send_capacity = 1_000));
    session.reading = false;
    loop {
        match session.try_send(Frame::binary(Bytes::from_static(&[0; 100]))) {
            Ok(()) => {}
            Err(SendError::Full(_)) => break,
            Err(SendError::Closed(_)) => panic!("it is open"),
        }
    }
    session.advance(ms(INTERVAL + TIMEOUT - 1));
    assert_eq!(session.events(), []);
    session.advance(ms(1));
    assert_eq!(session.closed(), CloseReason::PingTimeout);
    assert_eq!(session.connection.queued_bytes(), 0);
    session.reading = true;
    session.pump();
    assert_eq!(session.frames(FIRST), [], "what nobody read in time is dropped");
    assert_eq!(session.close_of(FIRST), Some(None));
}

#[test]
fn a_reader_that_stalls_still_counts_while_it_answers() {
    let mut session = Session::websocket();
    session.reading = false;
    session.send("one");
    session.advance(ms(INTERVAL));
    session.reading = true;
    session.pump();
    assert_eq!(session.texts(FIRST), ["4one", "2"]);
    session.say(FIRST, "3");
    session.message(FIRST, binary(&[1]));
    assert_eq!(session.events(), [Event::Message(binary(&[1]))]);
}
