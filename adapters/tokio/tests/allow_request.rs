//! Who may begin a session.

mod support;

use std::sync::Arc;

use socketio_tokio::RequestHead;
use support::{Client, ENGINE, Http, Response, Running, RunningEngine, SOCKET, UPGRADE, reports};

const NOPE: &str = r#"{"code":4,"message":"nope"}"#;

fn refused(response: &Response) -> (u16, &str) {
    (response.status, &response.body)
}

#[test]
fn a_request_is_refused_in_the_words_of_the_application() {
    let nobody = async |_: RequestHead| Err("nope");
    let server = Running::with(|builder| builder.allow_request(nobody));
    let engine = RunningEngine::with(|builder| builder.allow_request(nobody));
    for (http, open) in [(server.http(), SOCKET), (engine.http(), ENGINE)] {
        assert_eq!(refused(&http.get(open)), (403, NOPE));
        let websocket = open.replace("polling", "websocket");
        let response = http.request("GET", &websocket, &UPGRADE, "");
        assert_eq!(refused(&response), (403, NOPE));
    }
    assert_eq!((server.io.session_count(), engine.engine.session_count()), (0, 0));
}

#[test]
fn it_sees_the_request() {
    let (report, seen) = reports();
    let server = Running::with(|builder| {
        builder.allow_request(move |request: RequestHead| {
            let debug = format!("{request:?}");
            assert!(!debug.contains("crumbs") && !debug.contains("room"), "{debug}");
            assert!(request.query_pairs().any(|pair| pair == ("room".into(), "a b".into())));
            report((
                request.method().clone(),
                request.uri().path().to_owned(),
                request.headers()["cookie"].to_str().unwrap().to_owned(),
                request.address().unwrap(),
            ));
            async { Ok::<_, String>(()) }
        })
    });
    let path = format!("{SOCKET}&room=a%20b");
    let stream = server.http().send("GET", &path, &[("Cookie", "crumbs")], "");
    let address = stream.local_addr().unwrap();
    assert_eq!(Response::read(stream).status, 200);
    let (method, path, cookie, from) = seen.next();
    assert_eq!(
        (method.as_str(), &*path, &*cookie, from),
        ("GET", "/socket.io/", "crumbs", address)
    );
}

#[test]
fn only_the_first_request_of_a_session_is_asked_about() {
    let (report, seen) = reports();
    let server = Running::with(|builder| {
        builder.allow_request(move |_| {
            report(());
            async { Ok::<_, String>(()) }
        })
    });
    let http = server.http();
    let sid = http.open();
    seen.next();
    assert_eq!(http.post(&sid, "40").body, "ok");
    assert!(http.poll(&sid).body.starts_with("40"));
    let upgrade = format!("/socket.io/?EIO=4&transport=websocket&sid={sid}");
    let mut stream = http.send("GET", &upgrade, &UPGRADE, "");
    assert_eq!(Response::read_head(&mut stream).status, 101);
    assert_eq!(http.get("/socket.io/?EIO=4&transport=polling&sid=unknown").status, 400);
    assert!(seen.so_far().is_empty());
}

#[test]
fn others_do_not_wait_for_a_decision() {
    let (report, seen) = reports();
    let decision = Arc::new(tokio::sync::Semaphore::new(0));
    let deciding = Arc::clone(&decision);
    let server = Running::with(|builder| {
        builder.allow_request(move |request: RequestHead| {
            report(());
            let deciding = Arc::clone(&deciding);
            async move {
                if request.query().contains("slow") {
                    deciding.acquire().await.unwrap().forget();
                    return Err("nope");
                }
                Ok(())
            }
        })
    });
    let http = server.http();
    let slow: Vec<_> = (0..8)
        .map(|_| http.send("GET", &format!("{SOCKET}&slow"), &[], ""))
        .collect();
    slow.iter().for_each(|_| seen.next());
    let mut client = server.join();
    client.send_packet("1");
    assert!(client.rest().is_empty());
    let sid = http.open();
    assert_eq!(http.post(&sid, "40").body, "ok");
    decision.add_permits(slow.len());
    for stream in slow {
        assert_eq!(refused(&Response::read(stream)), (403, NOPE));
    }
}

#[test]
fn a_decision_that_nobody_waits_for_any_more_is_dropped() {
    struct Dropped<F: Fn(())>(F);
    impl<F: Fn(())> Drop for Dropped<F> {
        fn drop(&mut self) {
            (self.0)(());
        }
    }
    let (report, seen) = reports();
    let (dropped, drops) = reports();
    let server = Running::with(|builder| {
        builder.allow_request(move |_| {
            report(());
            let guard = Dropped(dropped.clone());
            async move {
                let _guard = guard;
                std::future::pending::<Result<(), String>>().await
            }
        })
    });
    let stream = server.http().send("GET", SOCKET, &[], "");
    seen.next();
    drop(stream);
    drops.next();
    assert_eq!(server.io.session_count(), 0);
}

#[test]
fn no_session_begins_if_the_server_is_closed_meanwhile() {
    let (report, seen) = reports();
    let decision = Arc::new(tokio::sync::Semaphore::new(0));
    let deciding = Arc::clone(&decision);
    let server = Running::with(|builder| {
        builder.allow_request(move |_| {
            report(());
            let deciding = Arc::clone(&deciding);
            async move { deciding.acquire().await.map(drop).map_err(|_| "nope") }
        })
    });
    let stream = server.http().send("GET", SOCKET, &[], "");
    seen.next();
    server.block_on(server.io.close());
    decision.add_permits(1);
    let closed = r#"{"code":4,"message":"server shutting down"}"#;
    assert_eq!(refused(&Response::read(stream)), (403, closed));
    assert_eq!(server.io.session_count(), 0);
}

#[test]
fn a_hook_that_panics_refuses() {
    let server = Running::with(|builder| {
        builder.allow_request(|request: RequestHead| {
            assert!(!request.query().contains("now"), "as told");
            async move {
                assert!(!request.query().contains("later"), "as told");
                Ok::<_, String>(())
            }
        })
    });
    let http: Http = server.http();
    for when in ["now", "later"] {
        let response = http.get(&format!("{SOCKET}&{when}"));
        assert_eq!(refused(&response), (403, r#"{"code":4,"message":"Forbidden"}"#));
    }
    assert!(Client::try_open_at(server.address, "/socket.io/?EIO=4&transport=websocket").is_some());
}
