//! A plain Engine.IO server.

mod support;

use std::net::SocketAddr;

use socketio_tokio::{CloseReason, EngineServer, EngineSocket, Message};
use support::{Client, Reports, eventually, reports};

struct Engine {
    server: EngineServer,
    address: SocketAddr,
    closed: Reports<CloseReason>,
    _runtime: tokio::runtime::Runtime,
}

fn echo() -> Engine {
    let runtime = support::runtime();
    let server = EngineServer::new(Default::default());
    let (report, closed) = reports();
    server
        .on_connect(async |socket: EngineSocket| {
            tokio::task::yield_now().await;
            socket.send(Message::Text("welcome".into()))
        })
        .on_message(async |socket: EngineSocket, message: Message| {
            match &message {
                Message::Text(text) if text == "!close" => socket.close(),
                Message::Text(text) if text == "!panic" => panic!("as told"),
                Message::Text(text) if text == "!later" => tokio::task::yield_now().await,
                _ => {}
            }
            socket.send(message)
        })
        .on_close(move |_, reason| {
            report(reason);
            async {}
        });
    let router = axum::Router::new().nest_service("/engine", server.service());
    let (listener, address) = support::listener();
    listener.set_nonblocking(true).unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, router).await
    });
    Engine {
        server,
        address,
        closed,
        _runtime: runtime,
    }
}

fn open(engine: &Engine) -> Client {
    let mut client = Client::open_at(engine.address, "/engine/?EIO=4&transport=websocket");
    client.expect("welcome");
    client
}

#[test]
fn messages_come_back_in_order() {
    let engine = echo();
    let mut client = open(&engine);
    for number in 0..100 {
        client.send(if number % 10 == 0 { "!later" } else { "hello" });
    }
    for number in 0..100 {
        client.expect(if number % 10 == 0 { "!later" } else { "hello" });
    }
    client
        .websocket
        .send(tungstenite::Message::binary(vec![1, 2, 3]))
        .unwrap();
    assert_eq!(client.websocket.read().unwrap().into_data(), vec![1, 2, 3]);
    assert_eq!(engine.server.session_count(), 1);
}

#[test]
fn a_session_that_ends_is_told_of_once() {
    let engine = echo();
    drop(open(&engine));
    assert_eq!(engine.closed.next(), CloseReason::TransportClose);
    let mut client = open(&engine);
    client.send("!close");
    assert!(client.rest().is_empty());
    assert_eq!(engine.closed.next(), CloseReason::ForcedClose);
    eventually("none is left", || engine.server.session_count() == 0);
    assert!(engine.closed.so_far().is_empty());
}

#[test]
fn a_handler_that_panics_ends_alone() {
    let engine = echo();
    let mut client = open(&engine);
    client.send("!panic");
    client.send("hello");
    client.expect("hello");
}
