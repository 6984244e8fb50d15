//! Session ids that the application makes.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use socketio_tokio::{RequestHead, Sid};
use support::{ENGINE, Response, Running, RunningEngine, SOCKET, UPGRADE, reports, sid_in};

const BAD_REQUEST: (u16, &str) = (400, r#"{"code":3,"message":"Bad request"}"#);

/// The id that a request asks for.
fn wanted(request: &RequestHead) -> Option<Sid> {
    let (_, id) = request.query_pairs().find(|(name, _)| name == "id")?;
    Sid::parse(&id)
}

fn refused(response: &Response) -> (u16, &str) {
    (response.status, &response.body)
}

#[test]
fn a_session_has_the_id_that_was_made_for_it() {
    let server = Running::with(|builder| builder.generate_id(wanted));
    let engine = RunningEngine::with(|builder| builder.generate_id(wanted));
    let id = "node-7_aaaaaaaaaaaaa";
    for (http, open) in [(server.http(), SOCKET), (engine.http(), ENGINE)] {
        assert_eq!(sid_in(&http.get(&format!("{open}&id={id}")).body), id);
    }
    assert_eq!(server.http().post(id, "40").body, "ok");
}

#[test]
fn without_an_id_there_is_no_session() {
    let server = Running::with(|builder| {
        builder.generate_id(|request| {
            assert!(!request.query().contains("panic"), "as told");
            wanted(request)
        })
    });
    let http = server.http();
    for query in ["", "&id=too-short", "&id=not%20of%20the%20alphabet", "&panic"] {
        assert_eq!(refused(&http.get(&format!("{SOCKET}{query}"))), BAD_REQUEST, "{query}");
        let websocket = format!("/socket.io/?EIO=4&transport=websocket{query}");
        assert_eq!(
            refused(&http.request("GET", &websocket, &UPGRADE, "")),
            BAD_REQUEST,
            "{query}"
        );
    }
    assert_eq!(server.io.session_count(), 0);
}

#[test]
fn an_id_that_is_taken_is_not_given_again() {
    let (report, made) = reports();
    let server = Running::with(|builder| {
        builder.generate_id(move |_| {
            report(());
            Some(Sid::from_entropy([7; 15]))
        })
    });
    let http = server.http();
    let sid = http.open();
    assert_eq!(made.so_far().len(), 1);
    assert_eq!(refused(&http.get(SOCKET)), BAD_REQUEST);
    assert_eq!(made.so_far().len(), 3, "it is tried a few times");
    assert_eq!(http.post(&sid, "40").body, "ok");
    assert!(
        http.poll(&sid).body.starts_with("40"),
        "the first session does not notice"
    );
    http.post(&sid, "1");
    support::eventually("it is over", || server.io.session_count() == 0);
    assert_eq!(http.open(), sid, "now it is free");
}

#[test]
fn another_is_made_if_one_is_taken() {
    let count = AtomicUsize::new(0);
    let server = Running::with(|builder| {
        builder.generate_id(move |_| {
            let count = count.fetch_add(1, Ordering::SeqCst);
            Some(Sid::from_entropy([u8::try_from(count / 2).unwrap(); 15]))
        })
    });
    let http = server.http();
    let sids = [http.open(), http.open(), http.open()];
    assert!(sids[0] != sids[1] && sids[1] != sids[2] && sids[2] != sids[0]);
    assert_eq!(server.io.session_count(), 3);
}
