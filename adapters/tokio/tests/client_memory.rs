//! What a client keeps of what has come. A process of its own: others would take and give back memory meanwhile.
#![cfg(target_os = "linux")]

mod support;

use socketio_tokio::Client;
use support::{Running, reports, resident};

#[test]
fn handlers_that_wait_do_not_keep_the_messages_that_called_them() {
    const EVENTS: usize = 16; // whose arguments are less than `handler_capacity`
    const EVENT: &str = "an event whose name is too long to be kept in place";
    let server = Running::new();
    let (begun, begins) = reports();
    let client = Client::builder(format!("http://{}/", server.address)).build().unwrap();
    client.on(EVENT, move |_: u8| {
        begun(());
        std::future::pending::<()>()
    });
    server.block_on(client.open()).unwrap();
    let main = server.io.of("/");
    let large = "x".repeat(900_000);
    let before = resident();
    for _ in 0..EVENTS {
        main.emit(EVENT, (1, &large)).unwrap();
        begins.next();
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < EVENTS * large.len() / 2, "{} MB more", grown >> 20);
    drop(client);
    server.runtime.shutdown_background();
}
