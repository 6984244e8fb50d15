//! WebSockets in revision 3.

mod support;

use bytes::Bytes;
use engineio_proto::server::Event;
use engineio_proto::{CloseReason, DecodeError, Exchange, Frame, Message};
use support::{FIRST, Session, binary, request, text};

fn session() -> Session {
    Session::websocket_3(Session::eio3(), "")
}

fn send_bytes(session: &mut Session, bytes: &[u8]) {
    session.try_send(Frame::binary(Bytes::copy_from_slice(bytes))).unwrap();
}

#[test]
fn text_is_as_in_revision_4() {
    let mut session = session();
    session.say(FIRST, "4hello");
    session.send("€");
    assert_eq!(session.messages(), [text("hello")]);
    assert_eq!(session.texts(FIRST), ["4€"]);
}

#[test]
fn bytes_have_their_type_in_front() {
    let mut session = session();
    session.message(FIRST, binary(&[4, 1, 2, 3]));
    session.message(FIRST, binary(&[4]));
    assert_eq!(session.messages(), [binary(&[1, 2, 3]), binary(&[])]);
    send_bytes(&mut session, &[5, 6]);
    assert_eq!(session.frames(FIRST), [binary(&[4, 5, 6])]);
}

#[test]
fn bytes_may_be_base64_text() {
    let mut session = Session::websocket_3(Session::eio3(), "&b64=1");
    session.say(FIRST, "b4AQIDBA==");
    assert_eq!(session.messages(), [binary(&[1, 2, 3, 4])]);
    send_bytes(&mut session, &[1, 2, 3, 4]);
    assert_eq!(session.texts(FIRST), ["b4AQIDBA=="]);
}

#[test]
fn revision_4_may_ask_for_base64_too() {
    let query = "EIO=4&transport=websocket&b64=1";
    let mut session = Session::accepted(Session::eio3(), request("GET", query, true));
    session.first_request(Exchange::WebSocket { base64: true });
    session.frames(FIRST);
    send_bytes(&mut session, &[1, 2, 3, 4]);
    send_bytes(&mut session, &[]);
    session.send("text");
    assert_eq!(session.texts(FIRST), ["bAQIDBA==", "b", "4text"]);
    session.message(FIRST, binary(&[1]));
    session.say(FIRST, "bAg==");
    assert_eq!(session.messages(), [binary(&[1]), binary(&[2])]);
}

#[test]
fn a_frame_is_the_same_for_both_revisions() {
    let frame = Frame::binary(Bytes::from_static(&[1, 2]));
    let mut old = session();
    let mut new = Session::accepted(Session::eio3(), request("GET", "EIO=4&transport=websocket", true));
    new.first_request(Exchange::WebSocket { base64: false });
    for session in [&mut old, &mut new] {
        session.frames(FIRST);
        session.try_send(frame.clone()).unwrap();
    }
    assert_eq!(old.frames(FIRST), [binary(&[4, 1, 2])]);
    assert_eq!(new.frames(FIRST), [binary(&[1, 2])]);
}

#[test]
fn what_is_no_packet_ends_the_session() {
    let bad: [(Message, DecodeError); 6] = [
        (text(""), DecodeError::Empty),
        (text("x"), DecodeError::UnknownType('x')),
        (text("bAQID"), DecodeError::UnknownType('A')),
        (text("b4A"), DecodeError::Base64),
        (binary(&[]), DecodeError::Empty),
        (binary(&[2, 1]), DecodeError::UnknownType('\u{2}')),
    ];
    for (message, error) in bad {
        let mut session = session();
        session.message(FIRST, message);
        assert_eq!(session.closed(), CloseReason::ParseError(error));
    }
}

#[test]
fn the_passage_from_polling_is_that_of_revision_4() {
    let mut session = Session::polling_3(Session::eio3(), "");
    send_bytes(&mut session, &[1]);
    let socket = session.probe();
    session.say(socket, "5");
    assert_eq!(session.events(), [Event::Upgraded]);
    assert_eq!(session.frames(socket), [binary(&[4, 1])]);
    session.message(socket, binary(&[4, 2]));
    assert_eq!(session.messages(), [binary(&[2])]);
}

/// Node's client cannot read bytes from a poll, but from a WebSocket it can.
#[test]
fn a_websocket_says_itself_whether_it_reads_bytes() {
    for (more, expected) in [("", binary(&[4, 1])), ("&b64=1", text("b4AQ=="))] {
        let mut session = Session::polling_3(Session::eio3(), "&b64=1");
        let socket = session.request("GET", &format!("websocket{more}"), true, false);
        for packet in ["2probe", "5"] {
            session.say(socket, packet);
        }
        assert_eq!(session.texts(socket), ["3probe"]);
        send_bytes(&mut session, &[1]);
        assert_eq!(session.frames(socket), [expected]);
    }
}

#[test]
fn a_close_packet_ends_it() {
    let mut session = session();
    session.say(FIRST, "1");
    assert_eq!(session.closed(), CloseReason::TransportClose);
}
