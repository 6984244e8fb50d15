//! Which session a request goes to.

mod support;

use std::sync::Arc;

use engineio_proto::server::{Request, Route, Server, SidTaken};
use engineio_proto::{Config, ErrorCode, Exchange, Gone, Revision, Sid};
use support::{Session, UNKNOWN, request, sid, text};

fn numbered(number: u8) -> Sid {
    Sid::from_entropy([number; 15])
}

fn server() -> Server<u8> {
    let mut server = Server::new(Arc::new(Config::default()));
    for number in [3, 1, 2] {
        server.insert(numbered(number), Revision::V4, number).unwrap();
    }
    server
}

/// Where a request of a session goes, or why it goes nowhere.
fn route(
    server: &Server<u8>,
    method: &str,
    transport: &str,
    sid: Sid,
    websocket: bool,
) -> Result<(u8, Exchange), ErrorCode> {
    let query = format!("sid={}&EIO=4&t=x&transport={transport}", sid.as_str());
    match server.route(&request(method, &query, websocket)) {
        Route::Connection(number, exchange) => Ok((*number, exchange)),
        Route::Refuse(refusal) => Err(refusal.code()),
        Route::Incoming(_) => panic!("{query} names a session"),
    }
}

#[test]
fn a_request_reaches_the_session_that_it_names() {
    let server = server();
    for number in [1, 2, 3] {
        let sid = numbered(number);
        assert_eq!(
            route(&server, "GET", "polling", sid, false),
            Ok((number, Exchange::Poll))
        );
        assert_eq!(
            route(&server, "POST", "polling", sid, false),
            Ok((number, Exchange::Post { binary: false }))
        );
        assert_eq!(
            route(&server, "GET", "websocket", sid, true),
            Ok((number, Exchange::WebSocket { base64: false }))
        );
    }
}

#[test]
fn a_query_may_be_escaped() {
    let server = server();
    let sid = numbered(2)
        .as_str()
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect::<String>();
    let query = format!("%73id={sid}&E%49O=%34&transport=p%6Flling");
    let Route::Connection(number, exchange) = server.route(&request("GET", &query, false)) else {
        panic!("{query} names a session");
    };
    assert_eq!((*number, exchange), (2, Exchange::Poll));
}

#[test]
fn a_post_says_whether_it_is_binary() {
    let server = server();
    let query = format!("EIO=4&transport=polling&sid={}", numbered(1).as_str());
    let route = server.route(&Request {
        method: "POST",
        query: &query,
        websocket: false,
        binary: true,
    });
    assert!(
        matches!(route, Route::Connection(1, Exchange::Post { binary: true })),
        "{route:?}"
    );
}

#[test]
fn a_sid_belongs_to_one_session() {
    let mut server = server();
    assert_eq!(server.insert(numbered(2), Revision::V4, 9), Err(SidTaken(9)));
    assert_eq!(server.len(), 3);
    assert_eq!(
        route(&server, "GET", "polling", numbered(2), false),
        Ok((2, Exchange::Poll))
    );
}

#[test]
fn a_forgotten_session_is_unknown() {
    let mut server = server();
    assert_eq!(server.forget(&numbered(2)), Some(2));
    assert_eq!(server.forget(&numbered(2)), None);
    assert_eq!(
        route(&server, "GET", "polling", numbered(2), false),
        Err(ErrorCode::SessionUnknown)
    );
    assert_eq!(server.insert(numbered(2), Revision::V4, 4), Ok(()));
    assert_eq!(
        route(&server, "GET", "polling", numbered(2), false),
        Ok((4, Exchange::Poll))
    );
}

#[test]
fn the_sessions_come_in_the_order_of_their_sids() {
    let mut server = server();
    assert_eq!(server.connections().copied().collect::<Vec<_>>(), [1, 2, 3]);
    assert!(!server.is_empty());
    for number in [1, 2, 3] {
        server.forget(&numbered(number));
    }
    assert!(server.is_empty());
    assert_eq!(server.len(), 0);
}

#[test]
fn a_connection_ignores_what_it_does_not_know() {
    let mut session = Session::polling();
    let waiting = session.get();
    session.body(UNKNOWN, "4hello");
    session.body(waiting, "4hello");
    session.message(UNKNOWN, text("4hello"));
    session.message(waiting, text("4hello"));
    session.gone(UNKNOWN, Gone::Closed);
    assert_eq!(session.events(), []);
    assert!(session.is_waiting(waiting));
    assert!(session.connection.is_open());
}

#[test]
fn the_body_of_an_answered_post_is_ignored() {
    let mut session = Session::polling();
    let post = session.post("4once");
    session.body(post, "4twice");
    assert_eq!(session.messages(), [text("once")]);
}

#[test]
fn a_connection_does_not_print_its_sid() {
    let session = Session::accepted(Config::default(), request("GET", "EIO=4&transport=polling", false));
    assert_ne!(
        session.connection.queued_bytes(),
        0,
        "the open packet, which contains it, waits"
    );
    let printed = format!("{:?}", session.connection);
    assert!(!printed.contains(sid().as_str()), "{printed}");
    assert!(printed.contains("Sid(secret)"));
}

#[test]
fn a_bad_request_is_told_from_another() {
    let server = server();
    let context = |method, query: &str, websocket| match server.route(&request(method, query, websocket)) {
        Route::Refuse(refusal) => {
            assert_eq!(refusal.code(), ErrorCode::BadRequest);
            refusal.context()
        }
        other => panic!("{other:?}"),
    };
    let session = |more: &str| format!("sid={}&{more}", numbered(1).as_str());
    let contexts = [
        context("GET", "EIO=4&transport=websocket", false),
        context("GET", &session("EIO=3&transport=polling"), false),
        context("PUT", &session("EIO=4&transport=polling"), false),
    ];
    assert!(contexts.iter().all(Option::is_some), "{contexts:?}");
    assert!(contexts[0] != contexts[1] && contexts[1] != contexts[2] && contexts[2] != contexts[0]);
    assert_eq!(context("GET", &session("EIO=4&transport=polling"), true), contexts[0]);
}
