//! How many sessions there may be, and how much of what a client brings is kept.

mod support;

use std::sync::Barrier;

use serde_json::json;
use socketio_tokio::{Ack, ConnectError};
use support::{Client, ENGINE, Http, Running, RunningEngine, SOCKET, UPGRADE, eventually, reports};

const FULL: (u16, &str) = (403, r#"{"code":4,"message":"too many sessions"}"#);

fn is_full(http: Http, open: &str) {
    let response = http.get(open);
    assert_eq!((response.status, &*response.body), FULL);
    let websocket = open.replace("polling", "websocket");
    let response = http.request("GET", &websocket, &UPGRADE, "");
    assert_eq!((response.status, &*response.body), FULL);
}

#[test]
fn one_session_too_many_is_refused_and_the_others_go_on() {
    let server = Running::with(|builder| builder.max_sessions(2));
    let http = server.http();
    let mut client = server.join();
    let sid = http.open();
    for _ in 0..3 {
        is_full(http, SOCKET);
    }
    assert_eq!(http.post(&sid, "40").body, "ok");
    assert!(http.poll(&sid).body.starts_with("40"));
    client.send_packet("1");
    assert!(client.rest().is_empty());
    eventually("there is room again", || server.io.session_count() == 1);
    drop(server.join());
}

#[test]
fn the_plain_server_has_the_same_limit() {
    let engine = RunningEngine::with(|builder| builder.max_sessions(1));
    let client = engine.open();
    is_full(engine.http(), ENGINE);
    drop(client);
    eventually("there is room again", || engine.engine.session_count() == 0);
    engine.http().open_engine();
}

#[test]
fn nobody_slips_in_beside_another() {
    const CLIENTS: usize = 16;
    let server = Running::with(|builder| builder.max_sessions(5));
    for _ in 0..20 {
        let start = Barrier::new(CLIENTS);
        let clients: Vec<_> = std::thread::scope(|scope| {
            let clients = [(); CLIENTS].map(|()| {
                scope.spawn(|| {
                    start.wait();
                    Client::try_open_at(server.address, "/socket.io/?EIO=4&transport=websocket")
                })
            });
            clients
                .into_iter()
                .filter_map(|client| client.join().unwrap())
                .collect()
        });
        assert_eq!((clients.len(), server.io.session_count()), (5, 5));
        drop(clients);
        eventually("they are gone", || server.io.session_count() == 0);
    }
}

/// Asks for ten namespaces and brings 90,000 bytes for each. Says how many it got into, or might.
fn bring_much(client: &mut Client, namespace: impl Fn(usize) -> String) -> usize {
    const MANY: usize = 10;
    for number in 0..MANY {
        client.ask_to_join(&namespace(number), &json!({"token": "x".repeat(90_000)}));
    }
    client.emit_with_ack(1, "nothing else?", json!([]));
    let answers = std::iter::repeat_with(|| client.next()).take_while(|answer| answer != "31[]");
    MANY - answers
        .filter(|answer| answer.contains("too large credentials"))
        .count()
}

fn narrow() -> Running {
    let server = Running::with(|builder| builder.max_http_buffer_size(200_000));
    server.io.of("/").on("nothing else?", async |ack: Ack| ack.send(()));
    server
}

#[test]
fn what_a_client_brings_to_be_recognised_by_is_bounded_while_it_is_looked_at() {
    let server = narrow();
    let (report, reported) = reports();
    server.io.of("/slow").with_middleware(move |_| {
        report(());
        std::future::pending::<Result<(), ConnectError>>()
    });
    assert_eq!(bring_much(&mut server.join(), |_| "/slow".to_owned()), 2);
    assert_eq!(reported.so_far().len(), 2);
}

#[test]
fn what_a_client_brings_to_be_recognised_by_is_bounded_while_its_sockets_keep_it() {
    let server = narrow();
    server.io.of_matching(|name| name.starts_with("/room-"));
    let mut client = server.join();
    assert_eq!(bring_much(&mut client, |number| format!("/room-{number}")), 2);
    client.send("1/room-0,"); // and then there is room for another
    assert_eq!(bring_much(&mut client, |number| format!("/room-{}", 100 + number)), 1);
}
