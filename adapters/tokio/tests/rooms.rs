//! Emitting to many.

mod support;

use serde_json::json;
use socketio_tokio::{Ack, Broadcast, Rest, Socket};
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
            let others = socket.broadcast();
            rooms.into_iter().fold(others, Broadcast::to).emit("news", args)
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
