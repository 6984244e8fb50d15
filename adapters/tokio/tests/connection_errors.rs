//! Requests that are refused, and who hears of it.

mod support;

use socketio_tokio::http::Method;
use socketio_tokio::{ErrorCode, Refusal, RequestHead};
use support::{ENGINE, Http, Reports, Running, RunningEngine, SOCKET, polling, reports};

type Seen = (Method, String, Refusal);

/// A hook that reports what it hears.
fn hook() -> (impl Fn(&RequestHead, &Refusal) + Send + Sync + 'static, Reports<Seen>) {
    let (report, seen) = reports();
    let hook = move |head: &RequestHead, refusal: &Refusal| {
        assert!(head.address().unwrap().ip().is_loopback());
        assert!(!format!("{head:?}").contains("sid"), "{head:?}");
        report((head.method().clone(), head.uri().to_string(), refusal.clone()));
    };
    (hook, seen)
}

#[track_caller]
fn expect(http: Http, seen: &Reports<Seen>, method: &str, path: &str, code: ErrorCode) -> Refusal {
    let response = http.request(method, path, &[], "");
    let (seen_method, uri, refusal) = seen.next();
    assert_eq!((seen_method.as_str(), &*uri, refusal.code()), (method, path, code));
    assert_eq!(response.body.as_bytes(), refusal.response().body);
    refusal
}

#[test]
fn each_refusal_is_told_of_with_its_request() {
    let (on_error, seen) = hook();
    let server = Running::with(|builder| builder.on_connection_error(on_error).max_sessions(1));
    let http = server.http();
    let at = |query: &str| format!("/socket.io/?{query}");
    for (method, query, code) in [
        ("GET", "EIO=4&transport=pigeon", ErrorCode::TransportUnknown),
        ("GET", "EIO=4&transport=polling&sid=nobody", ErrorCode::SessionUnknown),
        ("POST", "EIO=4&transport=polling", ErrorCode::BadHandshakeMethod),
        ("GET", "EIO=4&transport=websocket", ErrorCode::BadRequest),
        ("GET", "EIO=3&transport=polling", ErrorCode::UnsupportedProtocolVersion),
    ] {
        expect(http, &seen, method, &at(query), code);
    }
    let client = server.open();
    let full = expect(http, &seen, "GET", SOCKET, ErrorCode::Forbidden);
    assert_eq!(full.message(), "too many sessions");
    // What only the session can know.
    let mismatch = expect(http, &seen, "GET", &polling(&client.sid), ErrorCode::BadRequest);
    assert!(mismatch.context().is_some());
    assert!(seen.so_far().is_empty());
}

#[test]
fn the_plain_server_tells_too() {
    let (on_error, seen) = hook();
    let engine = RunningEngine::with(|builder| {
        builder
            .on_connection_error(on_error)
            .allow_request(async |_| Err("nope"))
    });
    let refusal = expect(engine.http(), &seen, "GET", ENGINE, ErrorCode::Forbidden);
    assert_eq!(refusal.message(), "nope");
}

#[test]
fn what_is_not_refused_is_not_told_of() {
    let (on_error, seen) = hook();
    let server = Running::with(|builder| builder.on_connection_error(on_error));
    let http = server.http();
    drop(server.join());
    let sid = http.open();
    assert_eq!(http.post(&sid, "40").body, "ok");
    assert_eq!(http.poll(&sid).status, 200);
    assert_eq!(http.get("/elsewhere").status, 404);
    assert!(seen.so_far().is_empty());
}

#[test]
fn a_hook_that_panics_harms_nobody() {
    let server = Running::with(|builder| builder.on_connection_error(|_, _| panic!("as told")));
    let response = server.http().get(&polling("nobody"));
    assert_eq!(
        (response.status, &*response.body),
        (400, r#"{"code":1,"message":"Session ID unknown"}"#)
    );
    drop(server.join());
}
