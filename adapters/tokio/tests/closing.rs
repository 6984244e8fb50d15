//! A server that stops.

mod support;

use std::time::{Duration, Instant};

use socketio_tokio::{DisconnectReason, Socket};
use support::{Response, Running, eventually, reports};

#[test]
fn clients_are_told_and_the_server_waits_for_them() {
    let server = Running::new();
    let (report, reported) = reports();
    server
        .io
        .of("/")
        .on_disconnect(move |_: Socket, reason: DisconnectReason| {
            report(reason);
            async {}
        });
    let (http, arrivals) = server.watched();
    let mut client = server.join();
    let sid = http.open();
    http.post(&sid, "40");
    assert!(http.poll(&sid).body.starts_with("40"));
    let poll = http.send("GET", &support::polling(&sid), &[], "");
    for _ in 0..4 {
        arrivals.next();
    }

    server.block_on(server.io.close());
    assert_eq!(reported.next(), DisconnectReason::ServerShuttingDown);
    assert_eq!(reported.next(), DisconnectReason::ServerShuttingDown);
    assert!(client.rest().iter().all(|packet| packet == "41" || packet == "1"));
    assert_eq!(Response::read(poll).body, "1");
    assert_eq!(server.io.session_count(), 0);
    eventually("nobody is connected", || server.io.socket_count() == 0);
}

#[test]
fn a_server_that_is_closed_serves_no_more() {
    let server = Running::new();
    let serving = server.io.clone();
    let (listener, address) = support::listener();
    let served = server.runtime.spawn(async move { serving.serve(listener).await });
    drop(support::Client::open(address));
    server.block_on(server.io.close());
    server.block_on(served).unwrap().unwrap();
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn no_session_begins_on_a_connection_that_was_there_before() {
    let server = Running::new();
    let runtime = &server.runtime;
    let router = axum::Router::new().fallback_service(server.io.service());
    let (listener, address) = support::listener();
    listener.set_nonblocking(true).unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, router).await
    });
    server.block_on(server.io.close());
    let refused = support::Http::new(address).get("/socket.io/?EIO=4&transport=polling");
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(support::Client::try_open_at(address, "/socket.io/?EIO=4&transport=websocket").is_none());
    server.block_on(server.io.close()); // again
}

#[test]
fn a_client_that_cannot_be_told_is_waited_for_only_for_a_while() {
    let server = Running::with(|builder| builder.close_timeout(Duration::from_millis(100)));
    let sid = server.http().open(); // and it does not poll
    let begun = Instant::now();
    server.block_on(server.io.close());
    assert!(begun.elapsed() >= Duration::from_millis(100));
    assert_eq!(server.io.session_count(), 1);
    drop(sid);
}
