//! Emitting to many.

mod support;

use serde_json::json;
use socketio_tokio::{Ack, ConnectError, JoinError, Rest, RoomLimits, Socket};
use support::Running;

/// A server whose clients join rooms and emit to them as they like.
fn server() -> Running {
    let server = Running::new();
    server
        .io
        .of("/")
        .on("join", async |socket: Socket, room: String, ack: Ack| {
            socket.join(room).unwrap();
            ack.send(())
        })
        .on("leave", async |socket: Socket, room: String, ack: Ack| {
            socket.leave(room);
            ack.send(())
        })
        .on("to", async |socket: Socket, rooms: Vec<String>, Rest(args): Rest| {
            socket.to(rooms).emit("news", args)
        })
        .on("except", async |socket: Socket, room: String| {
            socket.namespace().except(room).emit("news", "except")
        })
        .on("nothing else?", async |ack: Ack| ack.send(()));
    server
}

fn join(client: &mut support::Client, room: &str) {
    client.emit_with_ack(7, "join", json!([room]));
    client.expect("37[]");
}

#[test]
fn everyone_in_one_of_the_rooms_is_reached_once_and_the_sender_not() {
    let server = server();
    let [mut a, mut b, mut c] = std::array::from_fn(|_| server.join());
    join(&mut a, "x");
    join(&mut b, "x");
    join(&mut b, "y");
    a.emit("to", json!([["x", "y"], 1]));
    b.expect_event("news", json!([1]));
    a.expect_nothing();
    b.expect_nothing();
    c.expect_nothing();
    b.emit_with_ack(8, "leave", json!(["x"]));
    b.expect("38[]");
    c.emit("to", json!([["x"], 2]));
    a.expect_event("news", json!([2]));
    b.expect_nothing();
    c.emit("to", json!([[], 3]));
    a.expect_event("news", json!([3]));
    b.expect_event("news", json!([3]));
    c.expect_nothing();
}

#[test]
fn a_room_can_be_left_out_and_an_id_is_a_room() {
    let server = server();
    let mut a = server.open();
    let id = a.join("/");
    let mut b = server.join();
    join(&mut a, "muted");
    a.emit("except", json!(["muted"]));
    b.expect_event("news", json!(["except"]));
    a.expect_nothing();
    b.emit("to", json!([[id], "you"]));
    a.expect_event("news", json!(["you"]));
    b.expect_nothing();
}

#[test]
fn the_application_emits_from_outside_of_any_handler() {
    let server = server();
    let [mut a, mut b] = std::array::from_fn(|_| server.join());
    join(&mut a, "x");
    let namespace = server.io.of("/");
    namespace.emit("all", vec![1, 2]).unwrap();
    namespace.to("x").emit("some", ()).unwrap();
    namespace.to("nobody").emit("none", ()).unwrap();
    namespace.volatile().emit("now", ()).unwrap();
    a.expect_event("all", json!([[1, 2]]));
    a.expect_event("some", json!([]));
    b.expect_event("all", json!([[1, 2]]));
    a.expect_event("now", json!([]));
    b.expect_event("now", json!([]));
    namespace.to("x").join("y").unwrap();
    let rooms = namespace.to("y").sockets()[0].rooms();
    assert!(rooms.contains(&"x".to_owned()) && rooms.contains(&"y".to_owned()) && rooms.len() == 3);
    namespace.to("y").leave("x");
    assert!(namespace.to("x").is_empty());
    namespace.to("y").disconnect(false);
    a.expect("1");
    b.expect_nothing();
    assert_eq!(namespace.len(), 1);
}

#[test]
fn rooms_joined_in_a_middleware_are_the_socket_s_once_it_is_admitted() {
    let server = server();
    let nsp = server.io.of("/");
    let (report, reported) = support::reports();
    let connected = report.clone();
    nsp.with_middleware(async |socket: Socket| {
        assert_eq!(socket.rooms(), [socket.id().as_str()]);
        socket
            .join(["x", "y", "z"])
            .map_err(|error| ConnectError::new(error.to_string()))?;
        socket.leave("z");
        Ok(())
    });
    nsp.with_middleware(move |socket: Socket| {
        let report = report.clone();
        async move {
            socket.leave(["nowhere", "z"]);
            report(socket.rooms().len());
            report(socket.namespace().to("x").sockets().len());
            let auth: serde_json::Value = socket.auth()?;
            if auth["own"] == false {
                socket.leave(socket.id());
                report(socket.rooms().len());
            }
            if auth["refuse"] == true {
                Err(ConnectError::new("no"))
            } else {
                Ok(())
            }
        }
    });
    nsp.on_connect(move |socket: Socket| {
        connected(socket.rooms().len());
        async {}
    });
    let mut a = server.open();
    a.join("/");
    // Its own and two more; nobody is in them yet; when it is connected it is in all three.
    assert_eq!(reported.so_far(), [3, 0, 3]);
    for room in ["x", "y"] {
        nsp.to(room).emit("news", room).unwrap();
        a.expect_event("news", json!([room]));
    }
    assert!(nsp.to("z").is_empty());

    let mut refused = server.open();
    refused.ask_to_join("/", &json!({ "refuse": true }));
    refused.expect(r#"4{"message":"no"}"#);
    assert_eq!(nsp.to(["x", "y"]).sockets().len(), 1);
    assert_eq!(reported.so_far(), [3, 1]);

    let mut without_own = server.open();
    without_own.ask_to_join("/", &json!({ "own": false }));
    assert!(without_own.next().starts_with('0'));
    assert_eq!([(); 4].map(|()| reported.next()), [3, 1, 2, 2]);
    drop((a, refused, without_own));
    support::eventually("the rooms are empty", || nsp.to(["x", "y"]).is_empty());
}

#[test]
fn a_socket_joins_as_many_rooms_as_it_may_before_and_after_it_is_admitted() {
    let server = server();
    let nsp = server.io.of("/");
    let (report, reported) = support::reports();
    nsp.with_middleware(move |socket: Socket| {
        let many: Vec<String> = (0..9_999).map(|room| format!("room {room}")).collect();
        assert!(matches!(
            socket.join(["x".repeat(2000), "x".to_owned()]),
            Err(JoinError::NameTooLong { .. })
        ));
        assert!(socket.rooms().contains(&"x".to_owned()), "it is in the other");
        socket.join(many).unwrap();
        let one_more = socket.join("one more");
        report((socket.rooms().len(), one_more));
        std::future::ready(Ok(()))
    });
    let _client = server.join();
    let full = Err(JoinError::TooManyRooms { limit: 10_000 });
    assert_eq!(reported.next(), (10_001, full));
    let socket = nsp.sockets().remove(0);
    assert_eq!(socket.rooms().len(), 10_001);
    assert_eq!(socket.join(["x", "one more", "room 1"]), full);
    socket.leave(["room 1", "room 2"]);
    assert_eq!(nsp.everyone().join(["a", "b", "c"]), full);
    assert_eq!(nsp.to(["a", "b", "c"]).sockets().len(), 1);
    nsp.everyone().leave(["a", "b"]);
    assert_eq!(socket.rooms().len(), 9_999);
}

#[test]
fn a_socket_that_has_left_is_in_no_room_and_joins_none() {
    let server = server();
    let client = server.join();
    let nsp = server.io.of("/");
    let socket = nsp.sockets().remove(0);
    socket.join("x").unwrap();
    drop(client);
    support::eventually("it is out", || nsp.is_empty());
    socket.join("y").unwrap();
    assert!(socket.rooms().is_empty() && nsp.to(["x", "y"]).is_empty());
}

#[test]
fn who_is_in_a_room_can_be_counted() {
    let server = server();
    let nsp = server.io.of("/");
    let [mut a, mut b, _c] = std::array::from_fn(|_| server.join());
    join(&mut a, "x");
    join(&mut b, "x");
    join(&mut b, "y");
    assert_eq!((nsp.len(), nsp.to("x").len(), nsp.to(["x", "y"]).len()), (3, 2, 2));
    assert_eq!((nsp.except("x").len(), nsp.to("nobody's").len()), (1, 0));
}

#[test]
fn what_cannot_be_encoded_is_sent_to_nobody() {
    let server = server();
    let mut client = server.join();
    let unspeakable = std::collections::BTreeMap::from([([1, 2], 3)]);
    assert!(server.io.of("/").emit("map", (&unspeakable,)).is_err());
    client.expect_nothing();
}

#[test]
fn a_volatile_event_is_dropped_while_a_polling_client_does_not_wait() {
    let server = server();
    let http = server.http();
    let sid = http.open();
    http.post(&sid, "40");
    assert!(http.poll(&sid).body.starts_with("40"));
    server.io.of("/").volatile().emit("lost", ()).unwrap();
    server.io.of("/").emit("kept", ()).unwrap();
    assert_eq!(http.poll(&sid).body, r#"42["kept"]"#);
}

#[test]
fn the_rooms_of_a_socket_have_limits_of_ones_own() {
    let mut limits = RoomLimits::default();
    (limits.rooms_per_member, limits.name_bytes) = (2, 4);
    let server = Running::with(|builder| builder.room_limits(limits));
    let _client = server.join();
    let socket = server.io.of("/").sockets().remove(0);
    assert!(matches!(socket.join("large"), Err(JoinError::NameTooLong { .. })));
    socket.join(["one", "two"]).unwrap();
    assert!(matches!(socket.join("more"), Err(JoinError::TooManyRooms { .. })));
}
