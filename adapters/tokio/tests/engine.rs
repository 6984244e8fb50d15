//! A plain Engine.IO server.

mod support;

use std::net::SocketAddr;

use socketio_tokio::{CloseReason, EngineServer, EngineSocket, Frame, Message, SendError};
use support::{Client, PATIENCE, Reports, RunningEngine, eventually, reports};

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

#[test]
fn it_listens_below_a_path_of_its_own() {
    let engine = RunningEngine::with(|builder| builder.path("/messages/"));
    engine
        .engine
        .on_message(async |socket: EngineSocket, message: Message| socket.send(message));
    let mut client = Client::open_at(engine.address, "/messages/?EIO=4&transport=websocket");
    client.send("hello");
    client.expect("hello");
    let http = engine.http();
    for (path, status) in [
        ("/messages/", 200),
        ("/messages", 404),
        ("/engine.io/", 404),
        ("/", 404),
    ] {
        let response = http.get(&format!("{path}?EIO=4&transport=polling"));
        assert_eq!(response.status, status, "{path}");
    }
}

#[test]
fn its_clients_are_told_when_it_is_closed() {
    let runtime = support::runtime();
    let server = EngineServer::new(Default::default());
    let (report, closed) = reports();
    server
        .on_message(async |socket: EngineSocket, message: Message| socket.send(message))
        .on_close(move |_, reason| {
            report(reason);
            async {}
        });
    let (listener, address) = support::listener();
    let serving = server.clone();
    let served = runtime.spawn(async move { serving.serve(listener).await });
    let mut client = Client::open_at(address, "/engine.io/?EIO=4&transport=websocket");
    client.send("hello");
    client.expect("hello");
    runtime.block_on(async {
        let closing = async {
            server.close().await;
            served.await.unwrap().unwrap();
        };
        tokio::time::timeout(PATIENCE, closing).await.unwrap();
    });
    assert!(client.rest().is_empty());
    assert_eq!(closed.next(), CloseReason::ForcedClose);
    assert_eq!(server.session_count(), 0);
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_handler_that_fails_is_reported() {
    let (report, reported) = reports();
    let engine = RunningEngine::with(|builder| {
        builder.on_handler_error(move |socket, handler, error| {
            report((socket.is_open(), handler.to_owned(), error.to_string()));
            panic!("and this harms nobody");
        })
    });
    engine
        .engine
        .on_connect(|_| -> std::future::Ready<()> { panic!("now") })
        .on_message(async |_, _| Err::<(), _>("no"))
        .on_close(async |_, _| -> () {
            tokio::task::yield_now().await;
            panic!("later")
        });
    let mut client = engine.open();
    client.send("hello");
    let is =
        |open, handler: &str, error: &str| assert_eq!(reported.next(), (open, handler.to_owned(), error.to_owned()));
    is(true, "connect", "panicked: now");
    is(true, "message", "no");
    drop(client);
    is(false, "close", "panicked: later");
    eventually("none is left", || engine.engine.session_count() == 0);
}

#[test]
fn a_message_is_encoded_once_for_many_clients() {
    let engine = RunningEngine::new();
    let (report, sockets) = reports();
    engine.engine.on_connect(move |socket: EngineSocket| {
        report(socket);
        async {}
    });
    let mut clients = [engine.open(), engine.open()];
    let frame = Frame::text("hello");
    for client in &mut clients {
        let socket = sockets.next();
        socket.send_frame(frame.clone()).unwrap();
        client.expect("hello");
    }
    let socket = engine_socket(&engine, &sockets);
    assert!(matches!(socket.send_frame(frame.clone()), Err(SendError::Closed(unsent)) if unsent == frame));
}

#[test]
fn it_keeps_headers_if_asked_to() {
    for keep in [false, true] {
        let engine = RunningEngine::with(|builder| builder.keep_headers(keep));
        let (report, kept) = reports();
        engine.engine.on_connect(move |socket: EngineSocket| {
            report(socket.handshake().headers().is_some());
            async {}
        });
        engine.http().open_engine();
        assert_eq!(kept.next(), keep);
    }
}

/// The server's side of a client that has left.
fn engine_socket(engine: &RunningEngine, sockets: &Reports<EngineSocket>) -> EngineSocket {
    drop(engine.open());
    let socket = sockets.next();
    eventually("it has left", || !socket.is_open());
    socket
}
