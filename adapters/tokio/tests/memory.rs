//! What is kept of what has come. A process of its own: others would take and give back memory meanwhile.
#![cfg(target_os = "linux")]

mod support;

use support::{Running, reports, resident};

#[test]
fn small_events_that_wait_do_not_keep_the_large_messages_that_they_came_in() {
    const EVENTS: usize = 60;
    let server = Running::new();
    let (begun, begins) = reports();
    server.io.of("/").on("wait", move |_: u8| {
        begun(());
        std::future::pending::<()>()
    });
    let mut client = server.join();
    let before = resident();
    let packet = format!(r#"2["wait",1{}]"#, " ".repeat(900_000));
    for _ in 0..EVENTS {
        client.send(&packet);
        begins.next();
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < EVENTS * 900_000 / 4, "{} MB more", grown >> 20);
    drop(client);
    server.runtime.shutdown_background();
}
