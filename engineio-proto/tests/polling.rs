//! Long-polling: GETs that wait, POSTs one at a time.

mod support;

use bytes::Bytes;
use engineio_proto::{CloseReason, DecodeError, Frame, Gone, Message, Response, TransportFault};
use support::{FIRST, Session, binary, body, config, ms, text};

fn empty(status: u16) -> Response {
    Response {
        status,
        content_type: None,
        body: Bytes::new(),
        compress: false,
        refusal: None,
    }
}

/// The answer to a request for a session that has ended.
const UNKNOWN_SESSION: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

#[test]
fn a_get_waits_until_there_is_something_to_say() {
    let mut session = Session::polling();
    let get = session.get();
    session.advance(ms(24_000));
    assert!(session.is_waiting(get));
    session.send("hello");
    assert_eq!(session.answer(get), "4hello");
    assert_eq!(session.response(get).content_type, Some("text/plain; charset=UTF-8"));
}

#[test]
fn what_waits_goes_out_in_one_response() {
    let mut session = Session::polling();
    session.send("one");
    session
        .try_send(Frame::binary(Bytes::from_static(&[1, 2, 3, 4])))
        .unwrap();
    session.send("three €");
    session.try_send(Frame::binary(Bytes::new())).unwrap();
    let get = session.get();
    assert_eq!(session.answer(get), "4one\u{1e}bAQIDBA==\u{1e}4three €\u{1e}b");
    let get = session.get();
    assert!(session.is_waiting(get), "nothing is sent twice");
}

#[test]
fn what_waits_is_not_cut_to_the_size_that_the_client_is_held_to() {
    let mut session = Session::polling_with(config(|config| config.max_payload = 10));
    session.send("0123456789");
    session.send("0123456789");
    let get = session.get();
    assert_eq!(session.answer(get), "40123456789\u{1e}40123456789");
}

#[test]
fn messages_sent_together_before_anyone_looks_are_one_response() {
    let mut session = Session::polling();
    let get = session.get();
    session.eager = false;
    session.send("one");
    session.send("two");
    session.pump();
    assert_eq!(session.answer(get), "4one\u{1e}4two");
}

#[test]
fn a_post_brings_messages() {
    let mut session = Session::polling();
    let post = session.post("4one\u{1e}bAQID\u{1e}4\u{1e}b\u{1e}4zwölf");
    assert_eq!(session.answer(post), "ok");
    assert_eq!(session.response(post).content_type, Some("text/html"));
    assert_eq!(
        session.messages(),
        [text("one"), binary(&[1, 2, 3]), text(""), binary(&[]), text("zwölf")]
    );
}

#[test]
fn a_post_does_not_end_the_get_that_waits() {
    let mut session = Session::polling();
    let get = session.get();
    session.post("4one");
    session.post("4two");
    assert!(session.is_waiting(get));
    assert_eq!(session.messages(), [text("one"), text("two")]);
}

#[test]
fn a_post_is_answered_when_its_body_is_there() {
    let mut session = Session::polling();
    let post = session.begin_post();
    assert!(session.is_waiting(post));
    session.body(post, "4hello");
    assert_eq!(session.answer(post), "ok");
}

#[test]
fn a_get_beside_a_get_ends_the_session() {
    let mut session = Session::polling();
    let first = session.get();
    let second = session.get();
    assert_eq!(session.answer(first), "1");
    assert_eq!(*session.response(second), empty(400));
    assert_eq!(
        session.closed(),
        CloseReason::TransportError(TransportFault::PollOverlap)
    );
}

#[test]
fn a_post_beside_a_post_ends_the_session() {
    let mut session = Session::polling();
    let get = session.get();
    let first = session.begin_post();
    let second = session.begin_post();
    assert_eq!(*session.response(second), empty(400));
    assert_eq!(session.status(first), 400);
    assert_eq!(session.answer(get), "1");
    session.body(first, "4late");
    assert_eq!(
        session.closed(),
        CloseReason::TransportError(TransportFault::PostOverlap)
    );
}

#[test]
fn a_dropped_get_ends_the_session() {
    let mut session = Session::polling();
    let get = session.get();
    session.gone(get, Gone::Closed);
    assert_eq!(
        session.closed(),
        CloseReason::TransportError(TransportFault::PollAborted)
    );
    assert!(session.is_waiting(get), "there is nobody to answer");
}

#[test]
fn a_dropped_post_ends_the_session() {
    let mut session = Session::polling();
    let get = session.get();
    let post = session.begin_post();
    session.gone(post, Gone::Closed);
    assert_eq!(
        session.closed(),
        CloseReason::TransportError(TransportFault::PostAborted)
    );
    assert_eq!(session.answer(get), "1");
    assert!(session.is_waiting(post));
}

#[test]
fn dropping_what_was_answered_is_nothing() {
    let mut session = Session::polling();
    let post = session.post("4hello");
    session.gone(FIRST, Gone::Closed);
    session.gone(post, Gone::Closed);
    assert_eq!(session.messages(), [text("hello")]);
    assert!(session.connection.is_open());
}

#[test]
fn a_post_of_bytes_ends_the_session() {
    let mut session = Session::polling();
    let post = session.begin_binary_post();
    assert_eq!(*session.response(post), empty(400));
    assert_eq!(
        session.closed(),
        CloseReason::TransportError(TransportFault::InvalidContent)
    );
}

#[test]
fn a_body_may_be_as_large_as_agreed_and_no_larger() {
    let mut session = Session::polling_with(config(|config| config.max_payload = 10));
    assert_eq!(session.connection.max_payload(), 10);
    let post = session.post("4123456789");
    assert_eq!(session.answer(post), "ok");
    assert_eq!(session.messages(), [text("123456789")]);

    let post = session.post("41234567890");
    assert_eq!(*session.response(post), empty(413));
    assert_eq!(session.events(), []);

    let post = session.post("4€€€"); // ten bytes in four characters
    assert_eq!(session.answer(post), "ok");
    let post = session.post("4€€€.");
    assert_eq!(session.status(post), 413);
    assert_eq!(session.messages(), [text("€€€")]);
    assert!(session.connection.is_open(), "the session goes on");
}

#[test]
fn a_body_that_is_no_payload_ends_the_session() {
    for (bad, error) in [
        ("abc", DecodeError::UnknownType('a')),
        ("", DecodeError::Empty),
        ("7", DecodeError::UnknownType('7')),
        ("\u{1e}", DecodeError::Empty),
        ("b#", DecodeError::Base64),
        ("bAQI", DecodeError::Base64),
        ("€", DecodeError::UnknownType('€')),
    ] {
        let mut session = Session::polling();
        let get = session.get();
        let post = session.post(bad);
        assert_eq!(session.status(post), 400, "{bad:?}");
        assert_eq!(body(session.response(post)), BAD_REQUEST);
        assert_eq!(session.closed(), CloseReason::ParseError(error), "{bad:?}");
        assert_eq!(session.answer(get), "1");
    }
}

#[test]
fn a_body_that_is_no_text_ends_the_session() {
    let mut session = Session::polling();
    let post = session.post(&b"4\xff"[..]);
    assert_eq!(session.status(post), 400);
    assert_eq!(session.closed(), CloseReason::ParseError(DecodeError::Utf8));
}

#[test]
fn what_stands_before_a_bad_packet_arrives() {
    let mut session = Session::polling();
    let post = session.post("4one\u{1e}bAQID\u{1e}x\u{1e}4never");
    assert_eq!(session.status(post), 400);
    let events = session.events();
    assert_eq!(events[..2], [text("one").into(), binary(&[1, 2, 3]).into()]);
    assert_eq!(
        events[2..],
        [closed(CloseReason::ParseError(DecodeError::UnknownType('x')))]
    );
}

#[test]
fn a_close_packet_ends_the_session() {
    let mut session = Session::polling();
    let get = session.get();
    let post = session.post("4one\u{1e}1\u{1e}4never\u{1e}nonsense");
    assert_eq!(session.answer(post), "ok");
    assert_eq!(session.answer(get), "6", "the poll ends with nothing in it");
    assert_eq!(
        session.events(),
        [text("one").into(), closed(CloseReason::TransportClose)]
    );
    let get = session.get();
    assert_eq!(body(session.response(get)), UNKNOWN_SESSION);
}

#[test]
fn a_ping_of_the_client_ends_the_session() {
    for ping in ["2", "2probe"] {
        let mut session = Session::polling();
        let get = session.get();
        let post = session.post(ping);
        assert_eq!(session.answer(post), "ok");
        assert_eq!(session.answer(get), "1");
        assert_eq!(
            session.closed(),
            CloseReason::TransportError(TransportFault::HeartbeatDirection)
        );
    }
}

#[test]
fn packets_that_mean_nothing_here_are_ignored() {
    let mut session = Session::polling();
    for nothing in ["0", "0{\"sid\":1}", "3", "3probe", "5", "6", "6ignored"] {
        let post = session.post(nothing);
        assert_eq!(session.answer(post), "ok", "{nothing}");
    }
    session.post("0\u{1e}4one\u{1e}5\u{1e}3\u{1e}6\u{1e}4two");
    assert_eq!(session.messages(), [text("one"), text("two")]);
    assert!(session.connection.is_open());
}

#[test]
fn many_tiny_packets_are_one_message_each() {
    let mut session = Session::polling();
    let body = ["4"; 50_000].join("\u{1e}");
    session.post(body);
    let messages = session.messages();
    assert_eq!(messages.len(), 50_000);
    assert!(messages.iter().all(Message::is_empty));
}

#[test]
fn a_session_writes_only_to_the_get_that_waits_now() {
    let mut session = Session::polling();
    for round in 0..5 {
        let get = session.get();
        session.send(&round.to_string());
        assert_eq!(session.answer(get), format!("4{round}"));
    }
}

fn closed(reason: CloseReason) -> engineio_proto::server::Event {
    engineio_proto::server::Event::Closed(reason)
}
