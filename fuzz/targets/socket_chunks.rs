//! The same messages in one POST, in a POST each, and on a WebSocket: the same happens.

#![no_main]

#[path = "../../socketio-proto/tests/support/mod.rs"]
mod support;

use engineio_proto::{Message, TransportKind};
use libfuzzer_sys::fuzz_target;
use socketio_fuzz::messages;
use support::Client;

fuzz_target!(|data: &[u8]| {
    // A separator is none inside of a WebSocket's message, and cannot be inside of a polling body's: the input has none elsewhere.
    let messages: Vec<_> = messages(data).collect();
    let together = run(TransportKind::Polling, &[&messages]);
    let one_by_one: Vec<_> = messages.chunks(1).collect();
    assert_eq!(together, run(TransportKind::Polling, &one_by_one));
    assert_eq!(together, run(TransportKind::WebSocket, &one_by_one));
});

/// What happens to an application that accepts whoever asks.
fn run(transport: TransportKind, messages: &[&[Message]]) -> Vec<String> {
    let mut client = Client::over(transport);
    client.eager = false;
    let mut happened = Vec::new();
    for messages in messages {
        if !client.connection.is_closed() {
            client.send_all(messages);
        }
        fetch(&mut client, &mut happened);
    }
    happened
}

fn fetch(client: &mut Client, happened: &mut Vec<String>) {
    while client.pump_event() {
        for line in client.log() {
            // An end is told of when the client has been told, which depends on the transport.
            if !line.starts_with("closed") {
                happened.push(line);
            }
            if happened.last().is_some_and(|line| line.starts_with("connect ")) {
                let key = client.key(client.asked() - 1);
                client.accept(key).expect("it has just asked");
            }
        }
    }
}
