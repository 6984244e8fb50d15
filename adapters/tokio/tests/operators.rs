//! Whom to emit to, and how.

mod support;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use socketio_tokio::{Ack, AckError, EmitError, Socket};
use support::{PATIENCE, Running};

fn server() -> Running {
    let server = Running::new();
    server.io.of("/").on("nothing else?", async |ack: Ack| ack.send(()));
    server
}

/// A client and its socket, in `rooms`.
fn join(server: &Running, rooms: &[&str]) -> (support::Client, Socket) {
    let mut client = server.open();
    let id = client.join("/");
    let socket = server.io.of("/").to(&id).sockets().remove(0);
    socket.join(rooms).unwrap();
    (client, socket)
}

#[test]
fn rooms_are_named_one_at_a_time_or_several_at_once() {
    let server = server();
    let nsp = server.io.of("/");
    let (_a, a) = join(&server, &["x"]);
    let (_b, b) = join(&server, &["y"]);
    let (_c, c) = join(&server, &["x", "y"]);
    let (_d, d) = join(&server, &[]);
    let ids = |sockets: Vec<Socket>| sockets.iter().map(|socket| socket.id().to_string()).collect::<Vec<_>>();
    let of = |sockets: &[&Socket]| sockets.iter().map(|socket| socket.id().to_string()).collect::<Vec<_>>();
    let name = "x".to_owned();
    let both = vec![name.clone(), "y".to_owned()];
    for choice in [
        nsp.to("x"),
        nsp.to(&name),
        nsp.to(name.clone()),
        nsp.to(Arc::<str>::from("x")),
        nsp.within("x"),
        nsp.everyone().within(["x"]),
        nsp.to(["x", "x"]).local(),
        nsp.local().to("x"),
    ] {
        assert_eq!(ids(choice.sockets()), of(&[&a, &c]));
    }
    for choice in [
        nsp.to("x").to("y"),
        nsp.to(["x", "y"]),
        nsp.to(vec!["x", "y"]),
        nsp.to(&["x".to_owned(), "y".to_owned()]),
        nsp.to(&both),
        nsp.to(&both[..]),
        nsp.except(d.id()),
    ] {
        assert_eq!(ids(choice.sockets()), of(&[&a, &b, &c]));
    }
    assert_eq!(ids(nsp.except(["x", "y"]).sockets()), of(&[&d]));
    assert_eq!(ids(nsp.to(["x", "y"]).except("y").sockets()), of(&[&a]));
    assert_eq!(ids(nsp.to(Vec::<String>::new()).sockets()), of(&[&a, &b, &c, &d]));
    // From a socket, it is left out.
    assert_eq!(ids(a.to(["x", "y"]).sockets()), of(&[&b, &c]));
    assert_eq!(ids(a.within("x").sockets()), of(&[&c]));
    assert_eq!(ids(a.except("y").sockets()), of(&[&d]));
    assert_eq!(ids(a.local().sockets()), of(&[&b, &c, &d]));
    assert_eq!(ids(a.volatile().to("x").sockets()), of(&[&c]));
    assert_eq!(ids(a.compress(false).except(["x"]).sockets()), of(&[&b, &d]));
    assert_eq!(ids(a.volatile().local().within(["y"]).sockets()), of(&[&b, &c]));
}

#[test]
fn an_operator_leaves_what_it_is_called_on_as_it_is() {
    let server = server();
    let (mut a, socket) = join(&server, &["x"]);
    let (mut b, _) = join(&server, &["y"]);
    let everyone = server.io.of("/").compress(false);
    let x = everyone.clone().to("x");
    let not_y = everyone.clone().except("y").volatile();
    everyone.emit("everyone", ()).unwrap();
    x.emit("x", ()).unwrap();
    not_y.emit("not y", ()).unwrap();
    socket.timeout(PATIENCE).compress(true).emit("own", ()).unwrap();
    server
        .block_on(socket.compress(false).emit_when_ready("own", ()))
        .unwrap();
    for event in ["everyone", "x", "not y", "own", "own"] {
        a.expect_event(event, json!([]));
    }
    b.expect_event("everyone", json!([]));
    a.expect_nothing();
    b.expect_nothing();
}

#[test]
fn a_volatile_emit_to_one_is_dropped_while_a_polling_client_does_not_wait() {
    let server = server();
    let http = server.http();
    let sid = http.open();
    http.post(&sid, "40");
    assert!(http.poll(&sid).body.starts_with("40"));
    let socket = server.io.of("/").sockets().remove(0);
    let (mut other, from) = join(&server, &[]);
    socket.volatile().emit("lost", ()).unwrap();
    server.block_on(socket.volatile().emit_when_ready("lost", ())).unwrap();
    assert!(matches!(
        socket.volatile().emit_with_ack("lost", ()),
        Err(EmitError::Full)
    ));
    from.volatile().broadcast().emit("lost", ()).unwrap();
    let answers = server
        .io
        .of("/")
        .volatile()
        .to(socket.id())
        .emit_with_ack("lost", ())
        .unwrap();
    let answers = server.block_on(answers.into_future());
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].1, Err(AckError::Disconnected), "it was not asked");
    from.broadcast().emit("kept", ()).unwrap();
    assert_eq!(http.poll(&sid).body, r#"42["kept"]"#);
    other.expect_nothing();
}

#[test]
fn a_broadcast_that_does_not_say_how_long_waits_as_long_as_the_server_is_told_to() {
    let server = Running::with(|builder| builder.ack_timeout(Duration::from_millis(50)));
    let nsp = server.io.of("/");
    let (mut client, socket) = join(&server, &["x"]);
    let patient = socket.emit_with_ack("one", ()).unwrap();
    let told = nsp.timeout(PATIENCE * 10).emit_with_ack("told", ()).unwrap();
    let asked = nsp.to("x").emit_with_ack("all", ()).unwrap();
    let answers = server.block_on(asked.into_future());
    assert_eq!(answers[0].1, Err(AckError::TimedOut));
    client.expect(r#"20["one"]"#);
    client.expect(r#"21["told"]"#);
    client.expect(r#"22["all"]"#);
    client.send("30[]");
    client.send("31[]");
    assert!(server.block_on(patient).is_ok());
    assert!(server.block_on(told.into_future())[0].1.is_ok());
}
