//! Where a server listens, and for what.

mod support;

use serde_json::json;
use socketio_tokio::Ack;
use support::Client;

#[test]
fn it_listens_at_a_path_and_to_transports_of_its_own() {
    let server = support::Running::with(|builder| {
        builder.path("/realtime/").transports(socketio_tokio::Transports {
            polling: false,
            websocket: true,
        })
    });
    server
        .io
        .of("/")
        .on("echo", async |value: serde_json::Value, ack: Ack| ack.send(value));
    let mut client = Client::open_at(server.address, "/realtime/?EIO=4&transport=websocket");
    client.join("/");
    client.emit_with_ack(1, "echo", json!([{"a": [1, null]}]));
    client.expect(r#"31[{"a":[1,null]}]"#);
    assert_eq!(server.http().get("/realtime/?EIO=4&transport=polling").status, 400);
    assert_eq!(server.http().get("/socket.io/?EIO=4&transport=polling").status, 404);
    assert_eq!(server.http().get("/realtime?EIO=4&transport=polling").status, 404);
}

#[test]
fn the_slash_at_the_end_of_the_path_may_be_left_away_if_that_is_allowed() {
    let server = support::Running::with(|builder| builder.add_trailing_slash(false));
    let engine = support::RunningEngine::with(|builder| builder.add_trailing_slash(false));
    for (http, path) in [(server.http(), "/socket.io"), (engine.http(), "/engine.io")] {
        let open = "EIO=4&transport=polling";
        for (path, status) in [
            (format!("{path}?{open}"), 200),
            (format!("{path}/?{open}"), 200),
            (format!("{path}x?{open}"), 404),
            (format!("/x{path}?{open}"), 404),
        ] {
            assert_eq!(http.get(&path).status, status, "{path}");
        }
    }
    let mut client = Client::open_at(server.address, "/socket.io?EIO=4&transport=websocket");
    client.join("/");

    let (server, engine) = (support::Running::new(), support::RunningEngine::new());
    assert_eq!(server.http().get("/socket.io?EIO=4&transport=polling").status, 404);
    assert_eq!(engine.http().get("/engine.io?EIO=4&transport=polling").status, 404);
}
