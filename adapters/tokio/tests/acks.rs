//! Acknowledgements that the server asks for.

mod support;

use std::time::Duration;

use serde_json::json;
use socketio_tokio::{AckError, Args, Server, Socket};
use support::{PATIENCE, Running, eventually};

fn only_socket(io: &Server) -> Socket {
    let mut sockets = io.of("/").sockets();
    assert_eq!(sockets.len(), 1);
    sockets.remove(0)
}

#[test]
fn an_acknowledgement_brings_the_arguments_of_the_client() {
    let server = Running::new();
    let mut client = server.join();
    let socket = only_socket(&server.io);
    let answer = socket.emit_with_ack("who are you", "?").unwrap();
    client.expect(r#"20["who are you","?"]"#);
    client.send(r#"30["ada",36]"#);
    let args = server.block_on(answer).unwrap();
    assert_eq!(args.parse::<(String, u8)>().unwrap(), ("ada".to_owned(), 36));
    client.send(r#"30["again"]"#); // nobody waits any more
    let answer = socket.emit_with_ack("next", ()).unwrap();
    client.expect(r#"21["next"]"#);
    client.send("31[]");
    assert_eq!(server.block_on(answer).unwrap(), Args::new());
}

#[test]
fn an_acknowledgement_that_does_not_come_in_time_is_given_up() {
    let server = Running::new();
    let mut client = server.join();
    let socket = only_socket(&server.io);
    let answer = socket
        .timeout(Duration::from_millis(20))
        .emit_with_ack("hello?", ())
        .unwrap();
    assert_eq!(server.block_on(answer).unwrap_err(), AckError::TimedOut);
    client.expect(r#"20["hello?"]"#);
    client.send("30[]");
    socket.emit("still there", ()).unwrap();
    client.expect_event("still there", json!([]));
}

#[test]
fn a_client_that_leaves_fails_what_was_awaited_from_it_at_once() {
    let server = Running::new();
    let mut client = server.join();
    let socket = only_socket(&server.io);
    let answers = [(); 3].map(|()| socket.timeout(PATIENCE * 10).emit_with_ack("hello?", ()).unwrap());
    client.expect(r#"20["hello?"]"#);
    drop(client);
    for answer in answers {
        assert_eq!(server.block_on(answer).unwrap_err(), AckError::Disconnected);
    }
    assert!(socket.emit_with_ack("hello?", ()).is_err());
}

#[test]
fn an_acknowledgement_that_nobody_waits_for_is_forgotten() {
    let server = Running::new();
    let mut client = server.join();
    let socket = only_socket(&server.io);
    // More than may be awaited at a time: see `socketio_proto::server::Config::max_pending_acks`.
    for _ in 0..3 {
        for _ in 0..5_000 {
            drop(socket.emit_with_ack("hello?", ()).expect("there is room"));
        }
        for _ in 0..5_000 {
            client.next();
        }
    }
    let answer = socket.emit_with_ack("well?", ()).unwrap();
    client.expect(r#"215000["well?"]"#);
    client.send("3100[]");
    client.send("315000[]");
    server.block_on(answer).unwrap();
}

#[test]
fn a_broadcast_collects_the_answers_of_all() {
    let server = Running::new();
    let [mut a, mut b, mut c] = std::array::from_fn(|_| server.join());
    let namespace = server.io.of("/");
    let answers = namespace
        .everyone()
        .timeout(Duration::from_millis(300))
        .emit_with_ack("count", ())
        .unwrap();
    for client in [&mut a, &mut b, &mut c] {
        client.expect(r#"20["count"]"#);
    }
    a.send("30[1,\"extra\"]");
    b.websocket.get_ref().shutdown(std::net::Shutdown::Both).unwrap();
    let mut answers: Vec<_> = server
        .block_on(answers.into_future())
        .into_iter()
        .map(|(_, answer)| answer.map(|args| args.as_json().to_owned()))
        .collect();
    answers.sort_by_key(|answer| format!("{answer:?}"));
    assert_eq!(
        answers,
        [
            Err(AckError::Disconnected),
            Err(AckError::TimedOut),
            Ok("1,\"extra\"".to_owned()),
        ]
    );
    drop((a, c));
    eventually("everyone is out", || server.io.socket_count() == 0);
    assert!(
        server
            .block_on(namespace.emit_with_ack("count", ()).unwrap().into_future())
            .is_empty()
    );
}

#[test]
fn a_broadcast_brings_the_answers_as_they_come() {
    let server = Running::new();
    let [mut slow, mut quick, mut quicker] = std::array::from_fn(|_| server.join());
    let mut answers = server
        .io
        .of("/")
        .timeout(PATIENCE * 10)
        .emit_with_ack("count", ())
        .unwrap();
    assert_eq!(answers.len(), 3);
    for client in [&mut slow, &mut quick, &mut quicker] {
        client.expect(r#"20["count"]"#);
    }
    let args = |answer: Option<(Socket, Result<Args, AckError>)>| answer.unwrap().1.unwrap().as_json().to_owned();
    quicker.send("30[1]");
    assert_eq!(args(server.block_on(answers.next())), "1");
    quick.send("30[2]");
    // As a stream, too.
    let next = futures_util::StreamExt::next(&mut answers);
    assert_eq!(args(server.block_on(next)), "2");
    assert_eq!(answers.len(), 1);
    assert!(
        futures_util::FutureExt::now_or_never(answers.next()).is_none(),
        "one is slow"
    );
    slow.send("30[3]");
    let rest = server.block_on(answers.into_future());
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].1.as_ref().unwrap().as_json(), "3");
    let mut nobody = server.io.of("/").to("nobody").emit_with_ack("count", ()).unwrap();
    assert!(nobody.is_empty() && server.block_on(nobody.next()).is_none());
}

#[test]
fn answers_to_a_broadcast_that_nobody_waits_for_are_forgotten() {
    let server = Running::new();
    let mut client = server.join();
    let nsp = server.io.of("/");
    // More than may be awaited at a time: see `socketio_proto::server::Config::max_pending_acks`.
    for _ in 0..3 {
        for _ in 0..5_000 {
            drop(nsp.timeout(PATIENCE * 10).emit_with_ack("hello?", ()).unwrap());
        }
        for _ in 0..5_000 {
            client.next();
        }
    }
    let mut answers = nsp.emit_with_ack("well?", ()).unwrap();
    client.expect(r#"215000["well?"]"#);
    client.send("315000[]");
    assert!(server.block_on(answers.next()).unwrap().1.is_ok());
}
