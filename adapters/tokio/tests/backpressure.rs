//! A client that does not read.

mod support;

use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use serde_json::json;
use socketio_tokio::{Ack, EmitError, EngineConfig, EngineServer, EngineSocket, Message, Socket};
use support::{Client, Running, eventually, reports};
use tungstenite::Message as Frame;

const CAPACITY: usize = 256 << 10;

fn server() -> Running {
    let server = Running::with(|builder| builder.send_capacity(CAPACITY));
    server.io.of("/").on("nothing else?", async |ack: Ack| ack.send(()));
    server
}

/// Emits until the client takes no more, and says how much that was.
fn fill(socket: &Socket, chunk: &str) -> usize {
    let mut sent = 0;
    loop {
        match socket.emit("flood", chunk) {
            Err(EmitError::Full) if stays_full(socket, chunk) => return sent,
            Ok(()) | Err(EmitError::Full) => sent += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(sent < 100_000, "nothing bounds what waits");
    }
}

/// The session's task may just be about to write.
fn stays_full(socket: &Socket, chunk: &str) -> bool {
    (0..50).all(|_| {
        std::thread::sleep(Duration::from_millis(2));
        socket.emit("flood", chunk).is_err()
    })
}

#[test]
fn an_emit_says_that_the_client_does_not_keep_up_and_one_that_waits_resumes() {
    let server = server();
    let (mut slow, mut quick) = (server.join(), server.join());
    let (socket, _) = first_and_second(&server);
    let chunk = "x".repeat(16 << 10);
    let sent = fill(&socket, &chunk);
    socket.volatile().emit("volatile", ()).unwrap(); // dropped
    quick.expect_nothing(); // nobody else notices
    let waiting = server.runtime.spawn({
        let socket = socket.clone();
        async move { socket.emit_when_ready("at last", ()).await }
    });
    for _ in 0..sent {
        assert!(slow.next().starts_with(r#"2["flood","#));
    }
    slow.expect_event("at last", json!([]));
    server.block_on(waiting).unwrap().unwrap();
    slow.expect_nothing();
}

#[test]
fn who_has_waited_for_room_longest_is_sent_first() {
    let server = server();
    let mut slow = server.join();
    let socket = server.io.of("/").sockets().remove(0);
    let chunk = "x".repeat(16 << 10);
    let sent = fill(&socket, &chunk);
    let mut context = Context::from_waker(Waker::noop());
    let mut first = pin!(socket.emit_when_ready("first", ()));
    let mut given_up = Box::pin(socket.emit_when_ready("given up", ()));
    let mut second = pin!(socket.emit_when_ready("second", ()));
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(given_up.as_mut().poll(&mut context).is_pending());
    for _ in 0..sent {
        assert!(slow.next().starts_with(r#"2["flood","#));
    }
    assert!(second.as_mut().poll(&mut context).is_pending(), "it is not its turn");
    drop(given_up);
    assert!(first.as_mut().poll(&mut context).is_ready());
    assert!(second.as_mut().poll(&mut context).is_ready());
    slow.expect_event("first", json!([]));
    slow.expect_event("second", json!([]));
}

#[test]
fn an_acknowledgement_waits_for_room() {
    let server = server();
    server
        .io
        .of("/")
        .on("echo", async |text: String, ack: Ack| ack.send_when_ready(text).await);
    let mut slow = server.join();
    let text = "x".repeat(100_000);
    for id in 0..200 {
        slow.emit_with_ack(id, "echo", json!([text]));
    }
    for id in 0..200 {
        assert!(slow.next().starts_with(&format!(r#"3{id}["x"#)));
    }
}

#[test]
fn a_client_that_is_not_read_any_more_and_leaves_is_noticed() {
    let server = server();
    server.io.of("/").on("echo", async |socket: Socket, text: String| {
        socket.emit_when_ready("echo", text).await
    });
    let mut client = server.join();
    let text = "x".repeat(100_000);
    client
        .websocket
        .get_ref()
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let event = format!("42{}", json!(["echo", text]));
    while client.websocket.send(Frame::text(event.clone())).is_ok() {}
    drop(client); // what it has not read makes that a reset
    eventually("it is gone", || server.io.session_count() == 0);
}

#[test]
fn an_emit_that_waits_for_a_client_that_leaves_fails() {
    let server = server();
    let client = server.join();
    let (socket, chunk) = (server.io.of("/").sockets().remove(0), "x".repeat(16 << 10));
    fill(&socket, &chunk);
    let waiting = server.runtime.spawn({
        let socket = socket.clone();
        async move { socket.emit_when_ready("too late", ()).await }
    });
    drop(client);
    assert!(matches!(
        server.block_on(waiting).unwrap(),
        Err(EmitError::NotConnected)
    ));
}

#[test]
fn a_broadcast_disconnects_whoever_does_not_keep_up() {
    let server = server();
    let (slow, mut quick) = (server.join(), server.join());
    let (socket, _) = first_and_second(&server);
    let chunk = "x".repeat(16 << 10);
    fill(&socket, &chunk);
    let namespace = server.io.of("/");
    while namespace.len() == 2 {
        namespace.emit("news", &chunk).unwrap();
        assert!(quick.next().starts_with(r#"2["news","#));
    }
    assert!(!socket.is_connected());
    quick.expect_nothing();
    drop(slow);
    eventually("one is left", || server.io.session_count() == 1);
}

#[test]
fn a_patient_broadcast_waits_and_then_disconnects() {
    let server = server();
    let (_slow, mut quick) = (server.join(), server.join());
    let (socket, _) = first_and_second(&server);
    fill(&socket, &"x".repeat(16 << 10));
    let news = server.io.of("/").everyone();
    // Something small may still fit.
    while socket.is_connected() {
        server
            .block_on(news.emit_when_ready("news", (), Duration::from_millis(20)))
            .unwrap();
        quick.expect_event("news", json!([]));
    }
    quick.expect_nothing();
}

#[test]
fn handlers_that_wait_for_room_are_woken_even_if_no_more_may_start() {
    let server = Running::with(|builder| builder.send_capacity(CAPACITY).max_handlers(1));
    server
        .io
        .of("/")
        .on("pour", async |socket: Socket, count: u32, ack: Ack| {
            let chunk = "x".repeat(16 << 10);
            for _ in 0..count {
                socket.emit_when_ready("chunk", &chunk).await?;
            }
            ack.send(())
        });
    let mut client = server.join();
    client.emit_with_ack(1, "pour", json!([1000]));
    client.emit_with_ack(2, "pour", json!([1]));
    for _ in 0..1000 {
        assert!(client.next().starts_with(r#"2["chunk","#));
    }
    client.expect("31[]");
    client.next();
    client.expect("32[]");
}

#[test]
fn an_engine_handler_that_waits_for_room_is_woken() {
    let runtime = support::runtime();
    let _guard = runtime.enter();
    let mut config = EngineConfig::default();
    config.send_capacity = CAPACITY;
    let engine = EngineServer::new(config);
    engine.on_message(async |socket: EngineSocket, _: Message| {
        for _ in 0..500 {
            socket
                .send_when_ready(Message::Text("x".repeat(16 << 10).into()))
                .await?;
        }
        socket.send(Message::Text("done".into()))
    });
    let (listener, address) = support::listener();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let router = axum::Router::new().fallback_service(engine.service());
    runtime.spawn(async move { axum::serve(listener, router).await });
    let mut client = Client::open_at(address, "/?EIO=4&transport=websocket");
    for _ in 0..2 {
        client.send("go");
    }
    for _ in 0..2 {
        for _ in 0..500 {
            assert_eq!(client.next().len(), 16 << 10);
        }
        client.expect("done");
    }
}

#[test]
fn pings_that_are_not_read_answers_to_do_not_keep_others_from_being_read() {
    let server = server();
    let (report, reported) = reports();
    server.io.of("/").on("behind", move || {
        report(());
        async {}
    });
    let mut client = server.join();
    for _ in 0..1000 {
        client.websocket.write(Frame::Ping(vec![0; 125].into())).unwrap();
    }
    client.emit("behind", json!([]));
    reported.next();
    // The answers come, though not to each: the last ping is what counts.
    assert!(matches!(client.websocket.read().unwrap(), Frame::Pong(_)));
}

#[test]
fn a_client_that_only_pings_and_does_not_read_is_not_read_either() {
    let server = server();
    let client = server.join();
    let stream = client.websocket.get_ref();
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let ping = [&[0x89, 0x80 | 125, 0, 0, 0, 0][..], &[7; 125]].concat();
    let pings = ping.repeat(500);
    let mut written = 0;
    let error = loop {
        match (&*stream).write(&pings[written % pings.len()..]) {
            Ok(count) => written += count,
            Err(error) => break error,
        }
        assert!(written < 256 << 20, "the answers to {written} bytes fill the memory");
    };
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    server.join().expect_nothing();
    drop(client);
    eventually("it is out", || server.io.session_count() == 0);
}

/// The sockets in the order in which they came.
fn first_and_second(server: &Running) -> (Socket, Socket) {
    let mut sockets = server.io.of("/").sockets();
    assert_eq!(sockets.len(), 2);
    let second = sockets.remove(1);
    (sockets.remove(0), second)
}
