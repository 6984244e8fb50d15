//! A text message costs no memory of its own on its way through a client.

#[path = "support/counting.rs"]
mod counting;
mod support;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use counting::allocations;
use engineio_proto::client::{Event, Response, Transmit};
use engineio_proto::{ExchangeId, Frame, Message};
use support::client::Client;

/// Messages as a WebSocket's reader has them: slices of the buffer that it reads into.
fn received(count: usize) -> Vec<Message> {
    let mut buffer = BytesMut::new();
    let message = b"4[\"chat message\",\"hello\"]";
    for _ in 0..count {
        buffer.extend_from_slice(message);
    }
    let slice = |_| ByteString::try_from(buffer.split_to(message.len()).freeze()).unwrap();
    (0..count).map(slice).map(Message::Text).collect()
}

/// A session that has been used for a while.
fn warm() -> (Client, ExchangeId) {
    let (mut client, socket) = Client::websocket();
    for message in received(8) {
        client.message(socket, message);
        client.send("warm");
    }
    client.events();
    client.frames(socket);
    (client, socket)
}

#[test]
fn receiving_a_text_message_allocates_nothing() {
    let (mut client, socket) = warm();
    let messages = received(1_000);
    let now = client.now;
    let connection = &mut client.connection;
    let mut bytes = 0;
    let count = allocations(|| {
        for message in messages {
            connection.handle_message(now, socket, message);
            while let Some(Event::Message(message)) = connection.poll_event() {
                bytes += message.len();
            }
        }
    });
    assert_eq!(bytes, 1_000 * 24);
    assert_eq!(count, 0);
}

#[test]
fn receiving_bytes_allocates_nothing() {
    let (mut client, socket) = warm();
    let bytes = Bytes::from_static(&[1, 2, 3]);
    let now = client.now;
    let connection = &mut client.connection;
    let count = allocations(|| {
        for _ in 0..1_000 {
            connection.handle_message(now, socket, Message::Binary(bytes.clone()));
            assert!(connection.poll_event().is_some());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn sending_a_frame_allocates_nothing() {
    let (mut client, _) = warm();
    let frame = Frame::text("again and again");
    drop(frame.clone()); // the first clone of a fresh buffer makes it a shared one
    let connection = &mut client.connection;
    let count = allocations(|| {
        for _ in 0..1_000 {
            connection.send(frame.clone()).unwrap();
            assert!(matches!(connection.poll_transmit(true), Some(Transmit::Frame { .. })));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_heartbeat_allocates_nothing() {
    let (mut client, socket) = warm();
    let ping = support::text("2");
    drop(ping.clone());
    let now = client.now;
    let connection = &mut client.connection;
    let count = allocations(|| {
        for _ in 0..1_000 {
            connection.handle_message(now, socket, ping.clone());
            assert!(matches!(connection.poll_transmit(true), Some(Transmit::Frame { .. })));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn fetching_a_message_of_a_polling_body_allocates_nothing() {
    let mut client = Client::polling();
    client.answer(client.get(), "4warm");
    client.events();
    client.eager = false;
    client.answer(client.get(), ["4hello"; 1_000].join("\u{1e}"));
    let connection = &mut client.connection;
    connection.poll_event();
    let mut messages = 1;
    let count = allocations(|| {
        while connection.poll_event().is_some() {
            messages += 1;
        }
    });
    assert_eq!(messages, 1_000);
    assert_eq!(count, 0);
}

/// A request costs its query and its body, however many messages are in it.
#[test]
fn a_post_of_a_thousand_messages_costs_no_more_than_one_of_two() {
    let mut client = Client::polling_with(|config| config.max_packets_per_post = 1_000);
    let frame = Frame::text("again and again");
    let now = client.now;
    let connection = &mut client.connection;
    let mut post = |size: usize| {
        for _ in 0..size {
            connection.send(frame.clone()).unwrap();
        }
        let mut transmit = None;
        let count = allocations(|| transmit = connection.poll_transmit(true));
        let Some(Transmit::Request { id, .. }) = transmit else {
            panic!("{transmit:?}");
        };
        let body = Bytes::new();
        connection.handle_response(
            now,
            id,
            Response {
                status: 200,
                binary: false,
                body,
            },
        );
        count
    };
    assert_eq!(post(1_000), post(2));
}
