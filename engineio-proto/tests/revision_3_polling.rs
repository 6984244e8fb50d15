//! Long-polling in revision 3: how a session begins, and what its bodies look like.

mod support;

use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::revision_3::Payload;
use engineio_proto::server::{Event, Route, Server};
use engineio_proto::{CloseReason, Config, DecodeError, ErrorCode, Frame, Packet, Revision, TransportFault};
use support::{FIRST, Session, binary, body, config, request, sid, text};

fn session() -> Session {
    Session::polling_3(Session::eio3(), "")
}

fn send_bytes(session: &mut Session, bytes: &[u8]) {
    session.try_send(Frame::binary(Bytes::copy_from_slice(bytes))).unwrap();
}

/// What becomes of a request: its revision, or why it is refused.
fn route(config: Config, query: &str) -> Result<Revision, ErrorCode> {
    let server: Server<()> = Server::new(Arc::new(config));
    match server.route(&request("GET", query, query.contains("websocket"))) {
        Route::Incoming(incoming) => Ok(incoming.revision()),
        Route::Refuse(refusal) => Err(refusal.code()),
        Route::Connection(..) => panic!("there is no session"),
    }
}

#[test]
fn it_is_refused_unless_it_is_allowed() {
    for transport in ["polling", "websocket"] {
        for eio in ["EIO=3&", "", "EIO=&"] {
            let query = format!("{eio}transport={transport}");
            assert_eq!(route(Session::eio3(), &query), Ok(Revision::V3), "{query}");
            let refused = Err(ErrorCode::UnsupportedProtocolVersion);
            assert_eq!(route(Config::default(), &query), refused, "{query}");
        }
    }
}

#[test]
fn allowing_it_changes_nothing_for_others() {
    assert_eq!(route(Session::eio3(), "EIO=4&transport=polling"), Ok(Revision::V4));
    for eio in ["2", "5", "03", "abc"] {
        let query = format!("EIO={eio}&transport=polling");
        assert_eq!(
            route(Session::eio3(), &query),
            Err(ErrorCode::UnsupportedProtocolVersion)
        );
    }
}

#[test]
fn the_open_packet_is_that_of_revision_4_behind_its_length() {
    let session = session();
    let mut payload = Payload::text(session.response(FIRST).body.clone()).unwrap();
    let Some(Ok(Packet::Open(handshake))) = payload.next() else {
        panic!("{}", session.answer(FIRST));
    };
    assert_eq!((handshake.sid, handshake.upgrade_to_websocket), (sid().into(), true));
    assert_eq!(handshake.max_payload, Config::default().max_payload);
    assert_eq!(payload.next(), None);
    assert_eq!(session.connection.revision(), Revision::V3);
}

#[test]
fn a_session_keeps_its_revision() {
    let sessions = [
        (Revision::V3, "EIO=4"),
        (Revision::V4, "EIO=3"),
        (Revision::V4, ""),
        (Revision::V3, "EIO=5"),
    ];
    for (revision, eio) in sessions {
        let mut server = Server::new(Arc::new(Session::eio3()));
        server.insert(sid(), revision, ()).unwrap();
        for (method, transport) in [("GET", "polling"), ("POST", "polling"), ("GET", "websocket")] {
            let query = format!("{eio}&transport={transport}&sid={}", sid().as_str());
            match server.route(&request(method, &query, transport == "websocket")) {
                Route::Refuse(refusal) => assert_eq!(refusal.code(), ErrorCode::BadRequest),
                other => panic!("{query}: {other:?}"),
            }
        }
    }
}

#[test]
fn messages_go_out_behind_their_lengths() {
    let mut session = session();
    session.send("hello");
    session.send("€😀");
    let get = session.get();
    assert_eq!(session.answer(get), "6:4hello4:4€😀");
    assert_eq!(session.response(get).content_type, Some("text/plain; charset=UTF-8"));
}

#[test]
fn a_batch_with_bytes_is_bytes() {
    let mut session = session();
    session.send("a");
    send_bytes(&mut session, &[1, 2, 3]);
    let get = session.get();
    let response = session.response(get);
    assert_eq!(response.content_type, Some("application/octet-stream"));
    assert_eq!(response.body, &b"\x00\x02\xff4a\x01\x04\xff\x04\x01\x02\x03"[..]);
}

#[test]
fn a_client_that_reads_no_bytes_gets_base64() {
    let mut session = Session::polling_3(Session::eio3(), "&b64=1");
    session.send("a");
    send_bytes(&mut session, &[1, 2, 3, 4]);
    let get = session.get();
    assert_eq!(session.answer(get), "2:4a10:b4AQIDBA==");
    assert_eq!(session.response(get).content_type, Some("text/plain; charset=UTF-8"));
}

#[test]
fn messages_come_in_behind_their_lengths() {
    let mut session = session();
    let post = session.post("6:4hello0:4:4€😀10:b4AQIDBA==1:62:4x");
    assert_eq!(session.answer(post), "ok");
    let expected = [text("hello"), text("€😀"), binary(&[1, 2, 3, 4]), text("x")];
    assert_eq!(session.messages(), expected);
}

#[test]
fn a_post_may_be_bytes() {
    let mut session = session();
    let post = session.post_bytes(b"\x00\x05\xff4a\xe2\x82\xac\x01\x04\xff\x04\x01\x02\x03");
    assert_eq!(session.answer(post), "ok");
    assert_eq!(session.messages(), [text("a€"), binary(&[1, 2, 3])]);
}

#[test]
fn a_body_that_is_none_ends_the_session() {
    let bad: [(&[u8], bool, DecodeError); 6] = [
        (b"", false, DecodeError::Empty),
        (b"4hello", false, DecodeError::Length),
        (b"9:4", false, DecodeError::Length),
        (b"1:x", false, DecodeError::UnknownType('x')),
        (b"", true, DecodeError::Empty),
        (b"1:4", true, DecodeError::UnknownType('1')),
    ];
    for (body, bytes, error) in bad {
        let mut session = session();
        let post = if bytes {
            session.post_bytes(body)
        } else {
            session.post(body)
        };
        assert_eq!(session.status(post), 400, "{body:?}");
        assert_eq!(session.closed(), CloseReason::ParseError(error), "{body:?}");
    }
}

#[test]
fn what_came_before_an_error_counts() {
    let mut session = session();
    session.post("2:4a0:1:x2:4b");
    let reason = CloseReason::ParseError(DecodeError::UnknownType('x'));
    assert_eq!(session.events(), [Event::Message(text("a")), Event::Closed(reason)]);
}

#[test]
fn noops_and_closes_have_lengths_too() {
    let mut session = session();
    let get = session.get();
    session.post("1:1");
    assert_eq!(session.answer(get), "1:6");
    assert_eq!(session.closed(), CloseReason::TransportClose);

    let mut session = self::session();
    let get = session.get();
    session.close();
    assert_eq!(session.answer(get), "1:1");
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn a_poll_is_ended_by_a_noop_when_a_websocket_has_probed() {
    let mut session = session();
    let get = session.get();
    let socket = session.probe();
    assert_eq!(session.answer(get), "1:6");
    session.say(socket, "5");
    assert_eq!(session.events(), [Event::Upgraded]);
    session.send("over there");
    assert_eq!(session.texts(socket), ["4over there"]);
}

#[test]
fn errors_are_those_of_revision_4() {
    let mut session = session();
    let (first, second) = (session.get(), session.get());
    assert_eq!((session.answer(first), session.status(second)), ("1:1", 400));
    assert_eq!(
        session.closed(),
        CloseReason::TransportError(TransportFault::PollOverlap)
    );
    let late = session.get();
    assert_eq!(
        body(session.response(late)),
        r#"{"code":1,"message":"Session ID unknown"}"#
    );
}

#[test]
fn a_body_that_is_too_large_is_refused_and_the_session_goes_on() {
    let mut session = Session::polling_3(
        config(|config| (config.allow_eio3, config.max_payload) = (true, 10)),
        "",
    );
    let post = session.post("11:4aaaaaaaaaa");
    assert_eq!(session.status(post), 413);
    let post = session.post("7:4aaaaaa");
    assert_eq!((session.status(post), session.messages()), (200, vec![text("aaaaaa")]));
}
