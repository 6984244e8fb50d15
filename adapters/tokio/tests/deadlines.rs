//! Clients that take their time.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use socketio_tokio::{CloseReason, DisconnectReason, EngineConfig, EngineSocket, Message, Socket};
use support::{ENGINE, PATIENCE, Response, Running, RunningEngine, UPGRADE, eventually, polling, reports};

const SHORT: Duration = Duration::from_millis(100);

/// Begins a POST whose body is ten bytes, of which two are sent.
fn begin(server: &Running, sid: &str) -> TcpStream {
    server
        .http()
        .send("POST", &polling(sid), &[("Content-Length", "10")], "42")
}

#[test]
fn a_body_that_takes_too_long_ends_its_session_and_no_other() {
    let server = Running::with(|builder| builder.body_timeout(SHORT));
    let (report, reported) = reports();
    server.io.of("/").on_disconnect(move |_: Socket, reason| {
        report(reason);
        async {}
    });
    let http = server.http();
    let (slow, other) = (http.open(), http.open());
    for sid in [&slow, &other] {
        assert_eq!(http.post(sid, "40").body, "ok");
        assert!(http.poll(sid).body.starts_with("40"));
    }
    let mut stream = begin(&server, &slow);
    // It is not enough that something comes now and then.
    let mut dripping = stream.try_clone().unwrap();
    let drip = std::thread::spawn(move || {
        (0..7).all(|_| {
            sleep(SHORT / 3);
            dripping.write_all(b"x").is_ok()
        })
    });
    let answer = Response::read_head(&mut stream);
    assert_eq!(answer.status, 408);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let DisconnectReason::Session(CloseReason::TransportError(fault)) = reported.next() else {
        panic!("the session was closed for another reason");
    };
    assert_eq!(fault.to_string(), "a POST was dropped before its end");
    eventually("only that session is over", || server.io.session_count() == 1);
    assert_eq!(http.poll(&slow).status, 400);
    assert_eq!(http.post(&other, "42[\"x\"]").body, "ok");
    drop(stream);
    let _ = drip.join().unwrap();
}

#[test]
fn a_body_in_pieces_is_welcome_in_time() {
    let server = Running::new();
    let sid = server.http().open();
    let mut stream = server
        .http()
        .send("POST", &polling(&sid), &[("Content-Length", "10")], "40");
    for piece in ["{\"", "a\":", "1}", " "] {
        sleep(SHORT / 10);
        stream.write_all(piece.as_bytes()).unwrap();
    }
    assert_eq!(Response::read(stream).body, "ok");
}

#[test]
fn the_time_that_a_body_waits_for_its_turn_does_not_count() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let mut config = EngineConfig::default();
    config.receive_capacity = 1;
    let engine = RunningEngine::with(|builder| builder.config(config).body_timeout(SHORT));
    let (report, reported) = reports();
    let waiting = Arc::clone(&gate);
    engine.engine.on_message(move |_: EngineSocket, message: Message| {
        let (gate, report) = (Arc::clone(&waiting), report.clone());
        async move {
            gate.acquire().await.unwrap().forget();
            report(message);
        }
    });
    let http = engine.http();
    let path = format!("{ENGINE}&sid={}", http.open_engine());
    // One message is being handled, one waits to be: there is no room for a third.
    assert_eq!(http.request("POST", &path, &[], "4one\u{1e}4two").body, "ok");
    let stream = http.send("POST", &path, &[], "4three");
    sleep(3 * SHORT);
    gate.add_permits(3);
    assert_eq!(Response::read(stream).body, "ok");
    for text in ["one", "two", "three"] {
        assert_eq!(reported.next(), Message::Text(text.into()));
    }
}

/// What comes on a connection until the server closes it.
fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    match stream.read_to_end(&mut rest) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("the connection is still open"),
        _ => rest,
    }
}

#[test]
fn a_connection_without_a_whole_head_is_closed() {
    let server = Running::with(|builder| builder.header_timeout(SHORT));
    let engine = RunningEngine::with(|builder| builder.header_timeout(SHORT));
    for address in [server.address, engine.address] {
        for head in ["", "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: test\r\n"] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            let answer = String::from_utf8(rest(stream)).unwrap();
            assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    }
}

#[test]
fn so_is_one_that_is_idle_but_none_that_waits() {
    let server = Running::with(|builder| builder.header_timeout(SHORT));
    let http = server.http();
    let sid = http.open();
    http.post(&sid, "40");
    assert!(http.poll(&sid).body.starts_with("40"));
    let mut client = server.join();
    // A poll that lasts longer than a head may.
    let mut poll = http.send("GET", &polling(&sid), &[("Connection", "keep-alive")], "");
    sleep(3 * SHORT);
    server.io.of("/").emit("hello", ()).unwrap();
    assert_eq!(Response::read_head(&mut poll).status, 200);
    assert_eq!(
        rest(poll),
        br#"42["hello"]"#,
        "its connection is closed some time after the answer"
    );
    client.expect(r#"2["hello"]"#);
}

#[test]
fn a_head_may_take_for_ever_or_no_time_at_all() {
    let server = Running::with(|builder| builder.header_timeout(Duration::MAX));
    assert_eq!(server.http().get("/elsewhere").status, 404);
    let mut client = server.join();
    server.io.of("/").emit("hello", ()).unwrap();
    client.expect(r#"2["hello"]"#);
    let server = Running::with(|builder| builder.header_timeout(Duration::ZERO));
    assert_eq!(rest(TcpStream::connect(server.address).unwrap()), b"");
}

/// Nobody is there any more to whom its request could go.
#[test]
fn half_a_head_does_not_keep_its_connection_when_the_server_has_stopped() {
    let server = Running::with(|builder| builder.header_timeout(SHORT).close_timeout(SHORT / 4));
    let mut streams: Vec<_> = (0..3).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    for stream in &mut streams {
        stream.write_all(b"GET /socket.io/?EIO=4&trans").unwrap();
    }
    // It has accepted them, since it has answered one that came later.
    assert_eq!(server.http().get("/elsewhere").status, 404);
    server.block_on(server.io.close());
    for stream in streams {
        assert_eq!(rest(stream), b"");
    }
}

/// Each that is waited for costs something whenever the session has something to do.
#[test]
fn few_websockets_of_a_session_are_waited_for_to_say_goodbye() {
    const LINGER: Duration = Duration::from_secs(5);
    let server = Running::new();
    let http = server.http();
    let sid = http.open();
    let path = polling(&sid).replace("=polling", "=websocket");
    let begin = Instant::now();
    // The first may be the session's. The others are closed, and say nothing to that.
    let mut websockets: Vec<_> = (0..60)
        .map(|_| {
            let mut websocket = http.send("GET", &path, &UPGRADE, "");
            assert_eq!(Response::read_head(&mut websocket).status, 101);
            websocket
        })
        .collect();
    for mut websocket in websockets.drain(1..31) {
        eventually("nobody reads it", || websocket.write_all(b"x").is_err());
    }
    assert!(begin.elapsed() < LINGER, "they were waited for");
    websockets[0].write_all(&[0x81, 0x86, 0, 0, 0, 0]).unwrap();
    websockets[0].write_all(b"2probe").unwrap();
    let mut answer = [0; 8];
    websockets[0].read_exact(&mut answer).unwrap();
    assert_eq!(answer, *b"\x81\x063probe");
}
