//! Sessions: who may use one, what it costs, and that it ends.

mod support;

use std::io::Write;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use socketio_tokio::{Ack, Socket};
use support::{Response, Running, eventually, polling, remember, reports};
use tungstenite::Message as Frame;

#[test]
fn the_public_id_of_a_socket_opens_no_session() {
    let server = Running::new();
    let mut client = server.open();
    let id = client.join("/");
    assert_ne!(id, client.sid);
    for sid in [&*id, "AAAAAAAAAAAAAAAAAAAA"] {
        let answer = server.http().poll(sid);
        assert_eq!(
            (answer.status, &*answer.body),
            (400, r#"{"code":1,"message":"Session ID unknown"}"#)
        );
    }
    let debug = format!("{:?}", server.io.of("/").sockets());
    assert!(debug.contains(&id) && !debug.contains(&client.sid));
}

#[test]
fn headers_are_kept_only_if_asked_for() {
    for keep in [false, true] {
        let server = Running::with(|builder| builder.keep_headers(keep));
        let (report, reported) = reports();
        server.io.of("/").on_connect(move |socket: Socket| {
            let handshake = socket.handshake();
            let cookie = handshake
                .headers()
                .map(|headers| headers["cookie"].to_str().unwrap().to_owned());
            assert!(handshake.address().unwrap().ip().is_loopback());
            assert!(
                handshake
                    .query_pairs()
                    .any(|(name, value)| name == "room" && value == "a b")
            );
            assert!(!format!("{handshake:?}").contains("crumbs"));
            report(cookie);
            async {}
        });
        let http = server.http();
        let path = "/socket.io/?EIO=4&transport=polling&room=a%20b";
        let open = http.request("GET", path, &[("Cookie", "crumbs")], "").body;
        let sid = &open.split('"').nth(3).unwrap();
        assert_eq!(http.post(sid, "40").body, "ok");
        assert_eq!(reported.next(), keep.then(|| "crumbs".to_owned()));
    }
}

#[test]
fn a_websocket_that_breaks_at_any_moment_leaves_no_session() {
    let server = Running::new();
    let http = server.http();
    let upgrade = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for round in 0..50 {
        let stream = http.send("GET", "/socket.io/?EIO=4&transport=websocket", &upgrade, "");
        if round % 2 == 0 {
            stream.shutdown(Shutdown::Both).unwrap();
        }
        drop(stream);
        let mut client = server.open();
        if round % 3 == 0 {
            client.join("/");
        }
        drop(client);
    }
    eventually("every session is over", || {
        (server.io.session_count(), server.io.socket_count()) == (0, 0)
    });
}

#[test]
fn one_limit_holds_for_messages_and_bodies() {
    let server = Running::with(|builder| builder.max_http_buffer_size(1000));
    let (report, reported) = reports();
    server
        .io
        .of("/")
        .on("size", async |text: String, ack: Ack| ack.send(text.len()))
        .on_disconnect(move |_: Socket, reason| {
            report(reason.to_string());
            async {}
        });
    // `420["size","…"]` is 14 characters longer than what it carries.
    let fits = "x".repeat(986);
    let mut client = server.join();
    client.emit_with_ack(0, "size", json!([fits]));
    client.expect("30[986]");
    client.emit_with_ack(0, "size", json!([fits.clone() + "x"]));
    assert!(client.rest().is_empty());
    assert!(reported.next().contains("transport error"));

    let http = server.http();
    let sid = http.open();
    http.post(&sid, "40");
    assert!(http.poll(&sid).body.starts_with("40"));
    assert_eq!(http.post(&sid, &format!(r#"420["size","{fits}"]"#)).body, "ok");
    assert_eq!(http.poll(&sid).body, "430[986]");
    assert_eq!(http.post(&sid, &format!(r#"420["size","{fits}x"]"#)).status, 413);
    // A body without a length, of which the end never comes.
    let mut stream = http.send(
        "POST",
        &polling(&sid),
        &[("Transfer-Encoding", "chunked"), ("Content-Length", "")],
        "",
    );
    let _ = stream.write_all(format!("3e9\r\n{}\r\n", "x".repeat(1001)).as_bytes());
    assert!(matches!(Response::read(stream).status, 400 | 413));
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for_longer_than_the_session_lives() {
    let server = Running::with(|builder| {
        builder
            .ping_interval(Duration::from_millis(30))
            .ping_timeout(Duration::from_millis(30))
    });
    let http = server.http();
    let sid = http.open();
    let stream = http.send("POST", &polling(&sid), &[("Content-Length", "10")], "40");
    assert_eq!(Response::read(stream).status, 400);
    eventually("the session is over", || server.io.session_count() == 0);
}

#[test]
fn a_poll_that_is_given_up_ends_the_session() {
    let server = Running::new();
    let (http, arrivals) = server.watched();
    let sid = http.open();
    http.post(&sid, "40");
    assert!(http.poll(&sid).body.starts_with("40"));
    let poll = http.send("GET", &polling(&sid), &[], "");
    for _ in 0..4 {
        arrivals.next();
    }
    drop(poll);
    eventually("the session is over", || {
        (server.io.session_count(), server.io.socket_count()) == (0, 0)
    });
}

#[test]
fn nothing_is_left_of_clients_that_come_and_go() {
    // Whoever vanishes while the answer to a poll is on its way is found out by the heartbeat.
    let second = Duration::from_secs(1);
    let server = Running::with(|builder| builder.ping_interval(second).ping_timeout(second));
    let token = Arc::new(());
    remember(&server.io, &token);
    let before = Arc::strong_count(&token);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for round in 0..50 {
                    come_and_go(server, thread + round);
                }
            });
        }
    });
    eventually("all are out", || {
        (server.io.session_count(), server.io.socket_count()) == (0, 0)
    });
    eventually("their sockets are freed", || Arc::strong_count(&token) == before);
}

/// One client, which ends in one of many ways.
fn come_and_go(server: &Running, kind: usize) {
    let http = server.http();
    match kind % 8 {
        0 => drop(server.open()),
        1 => drop(server.join()),
        2 => {
            let mut client = server.join();
            client.send("1");
            client.send_packet("1");
        }
        3 => {
            let mut client = server.join();
            let _ = client.websocket.close(None);
            client.rest();
        }
        4 => {
            // What was sent and is not read makes the operating system reset the connection.
            let mut client = server.join();
            client.emit("own", json!([]));
            client.websocket.get_ref().shutdown(Shutdown::Both).unwrap();
        }
        5 => {
            let sid = http.open();
            http.post(&sid, "40");
            assert!(http.poll(&sid).body.starts_with("40"));
            http.post(&sid, "1");
        }
        6 => {
            let sid = http.open();
            http.post(&sid, "40");
            assert!(http.poll(&sid).body.starts_with("40"));
            drop(http.send("GET", &polling(&sid), &[], ""));
        }
        _ => {
            // From long-polling to a WebSocket, which then breaks.
            let sid = http.open();
            let path = format!("/socket.io/?EIO=4&transport=websocket&sid={sid}");
            let stream = std::net::TcpStream::connect(server.address).unwrap();
            let (mut websocket, _) = tungstenite::client(format!("ws://{}{path}", server.address), stream).unwrap();
            websocket.send(Frame::text("2probe")).unwrap();
            assert_eq!(websocket.read().unwrap(), Frame::text("3probe"));
            websocket.send(Frame::text("5")).unwrap();
            websocket.send(Frame::text("40")).unwrap();
            assert!(websocket.read().unwrap().to_text().unwrap().starts_with("40"));
        }
    }
}
