//! A runtime that ends under its sessions.

mod support;

use std::sync::Arc;

use serde_json::json;
use socketio_tokio::Socket;
use support::{Client, Running, eventually, remember};

#[test]
fn nothing_is_left_when_the_runtime_is_shut_down() {
    let Running { io, address, runtime } = Running::new();
    let token = Arc::new(());
    remember(&io, &token);
    io.of("/").on("forever", async |socket: Socket| {
        std::future::pending::<()>().await;
        drop(socket);
    });
    let before = Arc::strong_count(&token);
    let mut clients = [(); 3].map(|()| Client::open(address));
    for client in &mut clients {
        client.join("/");
        client.emit("forever", json!([]));
        client.emit_with_ack(1, "nothing else?", json!([]));
        while client.next() != "31[]" {}
    }
    assert!(Arc::strong_count(&token) > before);
    drop(runtime);
    eventually("all are out", || (io.session_count(), io.socket_count()) == (0, 0));
    assert_eq!(Arc::strong_count(&token), before);
    for client in &mut clients {
        assert!(client.rest().is_empty());
    }
}
