//! A session on a WebSocket from its start.

mod support;

use bytes::Bytes;
use engineio_proto::{CloseReason, DecodeError, Frame, Gone, TransportFault};
use support::{FIRST, Session, binary, body, config, text};

#[test]
fn a_message_is_a_frame_each() {
    let mut session = Session::websocket();
    session.send("hello");
    session.try_send(Frame::binary(Bytes::from_static(&[1, 2, 3]))).unwrap();
    session.send("");
    assert_eq!(session.frames(FIRST), [text("4hello"), binary(&[1, 2, 3]), text("4")]);
}

#[test]
fn a_frame_is_a_message_each() {
    let mut session = Session::websocket();
    session.say(FIRST, "4hello");
    session.message(FIRST, binary(&[1, 2, 3]));
    session.say(FIRST, "4");
    session.message(FIRST, binary(&[]));
    assert_eq!(
        session.messages(),
        [text("hello"), binary(&[1, 2, 3]), text(""), binary(&[])]
    );
}

#[test]
fn a_separator_separates_nothing_here() {
    let mut session = Session::websocket();
    session.say(FIRST, "4one\u{1e}4two");
    assert_eq!(session.messages(), [text("one\u{1e}4two")]);
}

#[test]
fn bytes_may_come_as_base64() {
    let mut session = Session::websocket();
    session.say(FIRST, "bAQIDBA==");
    assert_eq!(session.messages(), [binary(&[1, 2, 3, 4])]);
}

#[test]
fn a_close_packet_ends_the_session_at_once() {
    let mut session = Session::websocket();
    session.say(FIRST, "1");
    assert_eq!(session.closed(), CloseReason::TransportClose);
    assert_eq!(session.close_of(FIRST), Some(None));
}

#[test]
fn what_is_no_packet_ends_the_session() {
    for (bad, error) in [
        ("", DecodeError::Empty),
        ("x", DecodeError::UnknownType('x')),
        ("7", DecodeError::UnknownType('7')),
        ("bAQI", DecodeError::Base64),
    ] {
        let mut session = Session::websocket();
        session.say(FIRST, bad);
        assert_eq!(session.closed(), CloseReason::ParseError(error), "{bad:?}");
        assert_eq!(session.close_of(FIRST), Some(None));
    }
}

#[test]
fn a_ping_of_the_client_ends_the_session() {
    for ping in ["2", "2probe"] {
        let mut session = Session::websocket();
        session.say(FIRST, ping);
        assert_eq!(
            session.closed(),
            CloseReason::TransportError(TransportFault::HeartbeatDirection)
        );
        assert_eq!(session.close_of(FIRST), Some(None));
    }
}

#[test]
fn packets_that_mean_nothing_here_are_ignored() {
    let mut session = Session::websocket();
    for nothing in ["0", "0{\"sid\":1}", "3", "3probe", "5", "6"] {
        session.say(FIRST, nothing);
        assert_eq!(session.events(), [], "{nothing}");
        assert!(session.connection.is_open(), "{nothing}");
    }
    assert_eq!(session.frames(FIRST), []);
}

#[test]
fn a_message_may_be_as_large_as_agreed_and_no_larger() {
    let mut session = Session::websocket_with(config(|config| config.max_payload = 10));
    session.say(FIRST, "4123456789");
    session.message(FIRST, binary(&[0; 10]));
    assert_eq!(session.messages(), [text("123456789"), binary(&[0; 10])]);
    session.message(FIRST, binary(&[0; 11]));
    let fault = TransportFault::TooLarge { size: 11, limit: 10 };
    assert_eq!(session.closed(), CloseReason::TransportError(fault));
    assert_eq!(session.close_of(FIRST), Some(Some(1009)));
    assert_eq!(fault.to_string(), "message of 11 bytes exceeds the limit of 10");
}

#[test]
fn a_message_that_nobody_read_to_its_end_is_too_large() {
    let mut session = Session::websocket();
    session.gone(FIRST, Gone::TooLarge { size: 2_000_000 });
    let fault = TransportFault::TooLarge {
        size: 2_000_000,
        limit: 1_000_000,
    };
    assert_eq!(session.closed(), CloseReason::TransportError(fault));
    assert_eq!(session.close_of(FIRST), Some(Some(1009)));
}

#[test]
fn a_client_that_breaks_the_rules_is_told() {
    let mut session = Session::websocket();
    session.gone(FIRST, Gone::Failed { code: 1002 });
    assert_eq!(session.closed(), CloseReason::TransportError(TransportFault::WebSocket));
    assert_eq!(session.close_of(FIRST), Some(Some(1002)));
}

#[test]
fn a_client_that_leaves_needs_no_close() {
    let mut session = Session::websocket();
    session.gone(FIRST, Gone::Closed);
    assert_eq!(session.closed(), CloseReason::TransportClose);
    assert_eq!(session.close_of(FIRST), None);
}

#[test]
fn a_websocket_session_takes_no_polls() {
    let mut session = Session::websocket();
    let get = session.get();
    let post = session.begin_post();
    for id in [get, post] {
        assert_eq!(session.status(id), 400);
        assert_eq!(body(session.response(id)), r#"{"code":3,"message":"Bad request"}"#);
    }
    session.body(post, "4hello");
    assert_eq!(session.events(), []);
    assert!(session.connection.is_open());
}

#[test]
fn a_second_websocket_is_closed_and_changes_nothing() {
    let mut session = Session::websocket();
    let second = session.open_websocket();
    assert!(session.is_upgraded(second));
    assert_eq!(session.close_of(second), Some(None));
    session.say(second, "2probe");
    session.say(second, "5");
    session.gone(second, Gone::Closed);
    session.say(FIRST, "4hello");
    assert_eq!(session.messages(), [text("hello")]);
    assert_eq!(session.frames(second), []);
}

#[test]
fn nothing_counts_after_the_end() {
    let mut session = Session::websocket();
    session.say(FIRST, "1");
    session.events();
    session.say(FIRST, "4hello");
    session.message(FIRST, binary(&[0; 2_000_000]));
    session.gone(FIRST, Gone::Failed { code: 1002 });
    assert_eq!(session.events(), []);
    assert_eq!(session.close_of(FIRST), Some(None));
}
