//! A text message costs no memory of its own on its way through a connection.

#[path = "support/counting.rs"]
mod counting;
mod support;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use counting::allocations;
use engineio_proto::server::{Event, Transmit};
use engineio_proto::{Frame, Message};
use support::{FIRST, Session};

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
fn warm() -> Session {
    let mut session = Session::websocket();
    for message in received(8) {
        session.message(FIRST, message);
        session.send("warm");
    }
    session.events();
    session.frames(FIRST);
    session
}

#[test]
fn counting_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![0u8; 100]))), 1);
}

#[test]
fn receiving_a_text_message_allocates_nothing() {
    let mut session = warm();
    let messages = received(1_000);
    let now = session.now;
    let connection = &mut session.connection;
    let mut bytes = 0;
    let count = allocations(|| {
        for message in messages {
            connection.handle_message(now, FIRST, message);
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
    let mut session = warm();
    let bytes = Bytes::from_static(&[1, 2, 3]);
    let now = session.now;
    let connection = &mut session.connection;
    let count = allocations(|| {
        for _ in 0..1_000 {
            connection.handle_message(now, FIRST, Message::Binary(bytes.clone()));
            assert!(connection.poll_event().is_some());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn sending_a_shared_frame_allocates_nothing() {
    let mut session = warm();
    let frame = Frame::text("to all of you");
    drop(frame.clone()); // the first clone of a fresh buffer makes it a shared one
    let connection = &mut session.connection;
    let count = allocations(|| {
        for _ in 0..1_000 {
            connection.send(frame.clone()).unwrap();
            assert!(matches!(connection.poll_transmit(true), Some(Transmit::Frame { .. })));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_burst_of_shared_frames_allocates_nothing_but_its_queue() {
    let mut session = warm();
    let frame = Frame::text("to all of you");
    let connection = &mut session.connection;
    let count = allocations(|| {
        for _ in 0..1_000 {
            connection.send(frame.clone()).unwrap();
        }
        while connection.poll_transmit(true).is_some() {}
    });
    assert!(count < 16, "{count} allocations for 1000 frames");
}

#[test]
fn a_poll_answered_with_one_text_message_shares_it() {
    let mut session = Session::polling();
    let frame = Frame::text("to all of you");
    for _ in 0..3 {
        let get = session.get();
        session.try_send(frame.clone()).unwrap();
        let Message::Text(text) = frame.as_message() else {
            panic!("it is text");
        };
        assert_eq!(session.response(get).body.as_ptr(), text.as_bytes().as_ptr());
    }
}

#[test]
fn fetching_a_message_of_a_polling_body_allocates_nothing() {
    let mut session = Session::polling();
    session.post("4warm");
    session.events();
    session.eager = false;
    let body = ["4hello"; 1_000].join("\u{1e}");
    session.post(body);
    session.connection.poll_event();
    let connection = &mut session.connection;
    let mut messages = 1;
    let count = allocations(|| {
        while connection.poll_event().is_some() {
            messages += 1;
        }
    });
    assert_eq!(messages, 1_000);
    assert_eq!(count, 0);
}
