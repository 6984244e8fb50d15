//! How many sessions there may be, how much of what a client brings is kept, and the limits that have settings.

mod support;

use std::sync::{Arc, Barrier};
use std::time::Duration;

use serde_json::json;
use socketio_tokio::{Ack, ConnectError, EmitError, Socket};
use support::{
    Client, ENGINE, Http, PATIENCE, Response, Running, RunningEngine, SOCKET, UPGRADE, eventually, polling, reports,
};
use tokio::sync::Semaphore;

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

#[test]
fn one_namespace_too_many_ends_the_connection() {
    let server = Running::with(|builder| builder.max_namespaces(2));
    server.io.of_matching(|name| name.starts_with("/room-"));
    let mut client = server.join();
    client.join("/room-1");
    client.send("0/room-2,");
    assert!(client.rest().is_empty());
}

#[test]
fn one_acknowledgement_too_many_is_not_asked_for() {
    let server = Running::with(|builder| builder.max_pending_acks(1));
    let mut client = server.join();
    let socket = server.io.of("/").sockets().remove(0);
    let first = socket.emit_with_ack("first", ()).unwrap();
    assert!(matches!(socket.emit_with_ack("second", ()), Err(EmitError::Full)));
    let asked = client.next();
    let id = asked.strip_prefix('2').and_then(|rest| rest.split('[').next());
    client.send(&format!("3{}[]", id.unwrap()));
    server.block_on(first).unwrap();
    assert!(socket.emit_with_ack("third", ()).is_ok());
}

#[test]
fn no_more_is_read_than_may_wait() {
    for (capacity, reads_on) in [(1, false), (1 << 20, true)] {
        let server = Running::with(|builder| builder.max_handlers(1).receive_capacity(capacity));
        let gate = Arc::new(Semaphore::new(0));
        server.io.of("/").on("wait", {
            let gate = Arc::clone(&gate);
            move || {
                let gate = Arc::clone(&gate);
                async move { drop(gate.acquire().await) }
            }
        });
        let http = server.http();
        let sid = http.open();
        http.post(&sid, "40");
        http.post(&sid, r#"42["wait"]"#); // handled, until the gate opens
        let second = http.send("POST", &polling(&sid), &[], r#"42["wait"]"#);
        second.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        assert_eq!(second.peek(&mut [0]).is_ok(), reads_on, "{capacity}");
        gate.add_permits(2);
        second.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(Response::read(second).body, "ok");
    }
}

#[test]
fn a_volatile_event_is_dropped_behind_as_much_as_its_setting_says() {
    for (capacity, arrives) in [(0, false), (1 << 10, true)] {
        let server = Running::with(|builder| builder.volatile_capacity(capacity));
        let main = server.io.of("/");
        main.on("go", async |socket: Socket| {
            socket.emit("kept", ())?; // nobody writes it while this handler runs
            socket.volatile().emit("volatile", ())
        });
        main.on("nothing else?", async |ack: Ack| ack.send(()));
        let mut client = server.join();
        client.emit("go", json!([]));
        client.expect_event("kept", json!([]));
        if arrives {
            client.expect_event("volatile", json!([]));
        }
        client.expect_nothing();
    }
}
