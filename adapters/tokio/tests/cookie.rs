//! A cookie that carries the session id.

mod support;

use std::time::Duration;

use socketio_tokio::{Cookie, EngineConfig, SameSite};
use support::{ENGINE, Response, Running, RunningEngine, SOCKET, UPGRADE, polling, sid_in};

fn cookie(response: &Response) -> Option<&str> {
    response.header("set-cookie")
}

#[test]
fn the_answer_to_a_long_polling_handshake_sets_it_and_no_other() {
    let server = Running::with(|builder| builder.cookie(Cookie::default()));
    let http = server.http();
    let open = http.get(SOCKET);
    let sid = sid_in(&open.body);
    let expected = format!("io={sid}; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(cookie(&open), Some(&*expected));
    let post = http.post(&sid, "40");
    assert_eq!((&*post.body, cookie(&post)), ("ok", None));
    let poll = http.poll(&sid);
    assert!(poll.body.starts_with("40"));
    assert_eq!(cookie(&poll), None);
    assert_eq!(cookie(&http.get(&polling("unknown"))), None);
    assert_eq!(cookie(&http.get("/socket.io/?EIO=4&transport=pigeon")), None);
}

#[test]
fn a_websocket_does_not_set_it() {
    let server = Running::with(|builder| builder.cookie(Cookie::default()));
    let path = SOCKET.replace("polling", "websocket");
    let mut stream = server.http().send("GET", &path, &UPGRADE, "");
    let response = Response::read_head(&mut stream);
    assert_eq!((response.status, cookie(&response)), (101, None));
}

#[test]
fn it_is_as_the_application_wants_it() {
    let crumb = Cookie::new("crumb")
        .path("/chat")
        .http_only(false)
        .same_site(SameSite::None)
        .secure(true)
        .max_age(Duration::from_secs(3600));
    let mut config = EngineConfig::default();
    config.allow_eio3 = true;
    let engine = RunningEngine::with(|builder| builder.config(config).cookie(crumb));
    let open = engine.http().get(ENGINE);
    let expected = |sid| format!("crumb={sid}; Max-Age=3600; Path=/chat; Secure; SameSite=None");
    assert_eq!(cookie(&open), Some(&*expected(sid_in(&open.body))));
    let old = engine.http().get("/engine.io/?EIO=3&transport=polling");
    let (_, packet) = old.body.split_once(':').unwrap();
    assert_eq!(cookie(&old), Some(&*expected(sid_in(packet))));
}

#[test]
fn without_it_none_is_set() {
    let (server, engine) = (Running::new(), RunningEngine::new());
    assert_eq!(cookie(&server.http().get(SOCKET)), None);
    assert_eq!(cookie(&engine.http().get(ENGINE)), None);
}
