//! How a session begins, and how a request for one is refused.

mod support;

use std::sync::Arc;

use engineio_proto::server::{Route, Server};
use engineio_proto::{CloseReason, Config, ErrorCode, Exchange, Refusal, Revision, TransportKind};
use support::{FIRST, Session, body, config, ms, request, sid, text};

/// A server with one session.
fn server(config: Config) -> Server<()> {
    let mut server = Server::new(Arc::new(config));
    server.insert(sid(), Revision::V4, ()).unwrap();
    server
}

/// The code with which a default server refuses a request; none if it does not.
fn refusal(method: &str, query: &str, websocket: bool) -> Option<ErrorCode> {
    let query = query.replace("SID", sid().as_str());
    match server(Config::default()).route(&request(method, &query, websocket)) {
        Route::Refuse(refusal) => Some(refusal.code()),
        Route::Incoming(_) | Route::Connection(..) => None,
    }
}

#[test]
fn the_transport_is_checked_before_all_else() {
    for query in [
        "",
        "EIO=4",
        "EIO=4&transport=",
        "EIO=4&transport=carrier-pigeon",
        "EIO=4&transport=Polling",
        "EIO=4&transport=webtransport",
        "EIO=3&transport=nope&sid=nope",
        "transport=polling&transport=nope",
    ] {
        for method in ["GET", "POST", "PUT"] {
            assert_eq!(
                refusal(method, query, false),
                Some(ErrorCode::TransportUnknown),
                "{method} {query}"
            );
        }
    }
}

#[test]
fn a_transport_that_is_switched_off_is_unknown() {
    let polling_only = server(config(|config| config.transports.websocket = false));
    let websocket_only = server(config(|config| config.transports.polling = false));
    let refused = |server: &Server<()>, query, websocket| {
        let route = server.route(&request("GET", query, websocket));
        matches!(route, Route::Refuse(refusal) if refusal.code() == ErrorCode::TransportUnknown)
    };
    assert!(refused(&polling_only, "EIO=4&transport=websocket", true));
    assert!(!refused(&polling_only, "EIO=4&transport=polling", false));
    assert!(refused(&websocket_only, "EIO=4&transport=polling", false));
    assert!(!refused(&websocket_only, "EIO=4&transport=websocket", true));
}

#[test]
fn then_a_sid_must_be_known() {
    for sid in ["AAAAAAAAAAAAAAAAAAAA", "short", "not%20a%20session%21%21", "SIDx"] {
        for (method, eio, transport, websocket) in [
            ("GET", "4", "polling", false),
            ("POST", "4", "polling", false),
            ("PUT", "3", "polling", false),
            ("GET", "4", "websocket", true),
            ("GET", "3", "websocket", false),
        ] {
            let query = format!("EIO={eio}&transport={transport}&sid={sid}");
            assert_eq!(
                refusal(method, &query, websocket),
                Some(ErrorCode::SessionUnknown),
                "{method} {query}"
            );
        }
    }
}

#[test]
fn then_a_request_must_fit_its_session() {
    for (method, query, websocket) in [
        ("PUT", "EIO=4&transport=polling&sid=SID", false),
        ("HEAD", "EIO=4&transport=polling&sid=SID", false),
        ("OPTIONS", "EIO=4&transport=polling&sid=SID", false),
        ("POST", "EIO=4&transport=websocket&sid=SID", false),
        ("GET", "EIO=4&transport=websocket&sid=SID", false),
        ("GET", "EIO=4&transport=polling&sid=SID", true),
        ("GET", "EIO=3&transport=polling&sid=SID", false),
        ("POST", "transport=polling&sid=SID", false),
        ("GET", "EIO=3&transport=websocket&sid=SID", true),
    ] {
        assert_eq!(
            refusal(method, query, websocket),
            Some(ErrorCode::BadRequest),
            "{method} {query}"
        );
    }
    assert_eq!(refusal("GET", "EIO=4&transport=polling&sid=SID", false), None);
    assert_eq!(refusal("POST", "EIO=4&transport=polling&sid=SID", false), None);
    assert_eq!(refusal("GET", "EIO=4&transport=websocket&sid=SID", true), None);
}

#[test]
fn without_a_sid_the_method_is_checked_first() {
    for method in ["POST", "PUT", "HEAD", "OPTIONS", "DELETE", "get"] {
        for query in [
            "EIO=4&transport=polling",
            "EIO=3&transport=polling",
            "EIO=4&transport=websocket",
        ] {
            assert_eq!(
                refusal(method, query, false),
                Some(ErrorCode::BadHandshakeMethod),
                "{method} {query}"
            );
        }
    }
}

#[test]
fn then_whether_the_request_is_an_upgrade_when_it_should_be() {
    for eio in ["4", "3"] {
        let websocket = format!("EIO={eio}&transport=websocket");
        assert_eq!(refusal("GET", &websocket, false), Some(ErrorCode::BadRequest));
        let polling = format!("EIO={eio}&transport=polling");
        assert_eq!(refusal("GET", &polling, true), Some(ErrorCode::BadRequest));
    }
}

#[test]
fn then_the_revision() {
    for query in [
        "transport=polling",
        "EIO=&transport=polling",
        "EIO=3&transport=polling",
        "EIO=5&transport=polling",
        "EIO=04&transport=polling",
        "EIO=4&EIO=3&transport=polling",
    ] {
        assert_eq!(
            refusal("GET", query, false),
            Some(ErrorCode::UnsupportedProtocolVersion),
            "{query}"
        );
    }
    assert_eq!(
        refusal("GET", "EIO=3&transport=websocket", true),
        Some(ErrorCode::UnsupportedProtocolVersion)
    );
}

#[test]
fn every_refusal_has_its_body() {
    for (code, expected) in [
        (
            ErrorCode::TransportUnknown,
            r#"{"code":0,"message":"Transport unknown"}"#,
        ),
        (
            ErrorCode::SessionUnknown,
            r#"{"code":1,"message":"Session ID unknown"}"#,
        ),
        (
            ErrorCode::BadHandshakeMethod,
            r#"{"code":2,"message":"Bad handshake method"}"#,
        ),
        (ErrorCode::BadRequest, r#"{"code":3,"message":"Bad request"}"#),
        (ErrorCode::Forbidden, r#"{"code":4,"message":"Forbidden"}"#),
        (
            ErrorCode::UnsupportedProtocolVersion,
            r#"{"code":5,"message":"Unsupported protocol version"}"#,
        ),
    ] {
        let response = Refusal::new(code).response();
        assert_eq!(response.status, if code == ErrorCode::Forbidden { 403 } else { 400 });
        assert_eq!(response.content_type, Some("application/json"));
        assert_eq!(body(&response), expected);
        assert_eq!(response.refusal, Some(code));
    }
}

#[test]
fn a_refusal_says_in_particular_what_is_wrong_but_not_to_the_client() {
    let refusal = Refusal::new(ErrorCode::BadRequest);
    assert_eq!((refusal.message(), refusal.context()), ("Bad request", None));
    let particular = refusal.clone().with_context("the moon is full");
    assert_eq!(particular.context(), Some("the moon is full"));
    assert_eq!(particular.response(), refusal.response());
}

#[test]
fn the_application_refuses_with_words_of_its_own() {
    let refusal = Refusal::forbidden("not \"you\"\n");
    assert_eq!(refusal.code(), ErrorCode::Forbidden);
    assert_eq!(refusal.to_string(), "not \"you\"\n");
    let response = refusal.response();
    assert_eq!(response.status, 403);
    assert_eq!(body(&response), r#"{"code":4,"message":"not \"you\"\n"}"#);
}

#[test]
fn an_empty_sid_counts_as_none_and_the_last_of_several_values_counts() {
    let server = server(Config::default());
    for query in [
        "EIO=4&transport=polling&sid=",
        "sid=&transport=polling&EIO=4&t=abc",
        "EIO=3&EIO=4&transport=nope&transport=polling&sid=AAAA&sid=",
        "EIO=4&transport=polling&sidx=AAAA&xsid=AAAA",
    ] {
        let route = server.route(&request("GET", query, false));
        assert!(matches!(route, Route::Incoming(_)), "{query}: {route:?}");
    }
}

#[test]
fn the_open_packet_over_polling() {
    let session = Session::polling();
    let expected = format!(
        r#"0{{"sid":"{}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#,
        sid().as_str()
    );
    assert_eq!(session.answer(FIRST), expected);
    assert_eq!(session.response(FIRST).content_type, Some("text/plain; charset=UTF-8"));
    assert_eq!(session.connection.transport(), TransportKind::Polling);
    assert_eq!(session.connection.sid(), sid());
}

#[test]
fn the_open_packet_over_a_websocket_offers_no_upgrade() {
    let mut session = Session::accepted(Config::default(), request("GET", "EIO=4&transport=websocket", true));
    session.first_request(Exchange::WebSocket { base64: false });
    assert!(session.is_upgraded(FIRST));
    let expected = format!(
        r#"0{{"sid":"{}","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#,
        sid().as_str()
    );
    assert_eq!(session.texts(FIRST), [expected]);
    assert_eq!(session.connection.transport(), TransportKind::WebSocket);
}

#[test]
fn no_upgrade_is_offered_where_none_would_succeed() {
    for config in [
        config(|config| config.allow_upgrades = false),
        config(|config| config.transports.websocket = false),
    ] {
        let session = Session::polling_with(config);
        assert!(session.answer(FIRST).contains(r#""upgrades":[],"#));
    }
}

#[test]
fn the_settings_are_in_the_open_packet() {
    let session = Session::polling_with(config(|config| {
        config.ping_interval = ms(300);
        config.ping_timeout = ms(200);
        config.max_payload = 123;
    }));
    let open = session.answer(FIRST);
    assert!(
        open.ends_with(r#""pingInterval":300,"pingTimeout":200,"maxPayload":123}"#),
        "{open}"
    );
}

/// The JavaScript server answers the first request with the open packet alone, and there are clients that read nothing behind it.
#[test]
fn a_greeting_follows_the_open_packet_in_the_next_body() {
    let mut session = Session::accepted(Config::default(), request("GET", "EIO=4&transport=polling", false));
    session.send("welcome");
    session.first_request(Exchange::Poll);
    let body = session.answer(FIRST);
    assert!(body.starts_with("0{") && body.ends_with('}'), "{body}");
    session.send("again");
    let get = session.get();
    assert_eq!(session.answer(get), "4welcome\u{1e}4again");

    let mut session = Session::accepted(Session::eio3(), request("GET", "EIO=3&transport=polling&b64=1", false));
    session.send("welcome");
    session.first_request(Exchange::Poll);
    let body = session.answer(FIRST);
    assert!(body.ends_with('}'), "{body}");
    let get = session.get();
    assert_eq!(session.answer(get), "8:4welcome");
}

#[test]
fn a_greeting_follows_the_open_packet_on_a_websocket() {
    let mut session = Session::accepted(Config::default(), request("GET", "EIO=4&transport=websocket", true));
    session.send("welcome");
    session.first_request(Exchange::WebSocket { base64: false });
    let frames = session.frames(FIRST);
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[1], text("4welcome"));
}

#[test]
fn a_session_that_is_closed_before_its_first_request_still_says_so() {
    let mut session = Session::accepted(Config::default(), request("GET", "EIO=4&transport=websocket", true));
    session.send("goodbye");
    session.close();
    assert_eq!(session.events(), []);
    session.first_request(Exchange::WebSocket { base64: false });
    assert_eq!(session.texts(FIRST)[1], "4goodbye");
    assert_eq!(session.close_of(FIRST), Some(None));
    assert_eq!(session.closed(), CloseReason::ForcedClose);

    let mut session = Session::accepted(Config::default(), request("GET", "EIO=4&transport=polling", false));
    session.close();
    session.first_request(Exchange::Poll);
    assert!(session.answer(FIRST).starts_with("0{"));
    let get = session.get();
    assert_eq!(session.answer(get), "1");
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn what_an_incoming_request_asks_for() {
    for (query, websocket, transport, exchange) in [
        ("EIO=4&transport=polling", false, TransportKind::Polling, Exchange::Poll),
        (
            "EIO=4&transport=websocket",
            true,
            TransportKind::WebSocket,
            Exchange::WebSocket { base64: false },
        ),
    ] {
        let server = server(Config::default());
        let Route::Incoming(incoming) = server.route(&request("GET", query, websocket)) else {
            panic!("{query} asks for a session");
        };
        assert_eq!(incoming.transport(), transport);
        assert_eq!(incoming.exchange(), exchange);
    }
}
