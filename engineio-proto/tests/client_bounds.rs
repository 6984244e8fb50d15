//! What a client keeps in memory is bounded, whatever the server and the application do.

mod support;

use bytes::Bytes;
use engineio_proto::client::{Config, Event, Method};
use engineio_proto::{Frame, SendError};
use support::client::{Client, client_config, open_packet};
use support::{ms, text};

fn frame(size: usize) -> Frame {
    Frame::binary(Bytes::from(vec![0; size]))
}

fn narrow(config: &mut Config) {
    config.send_capacity = 1_000;
    config.volatile_capacity = 100;
}

#[test]
fn a_full_queue_hands_the_frame_back() {
    let mut client = Client::new(client_config(narrow));
    client.try_send(frame(500)).unwrap();
    client.try_send(frame(300)).unwrap();
    assert_eq!(client.connection.queued_bytes(), 800 + 2 * 64);
    assert_eq!(client.try_send(frame(9)), Err(SendError::Full(frame(9))));
    assert_eq!(
        client.try_send(frame(0)),
        Err(SendError::Full(frame(0))),
        "nothing overtakes it"
    );
}

#[test]
fn there_is_room_again_when_half_of_it_is_free() {
    let (mut client, socket) = Client::websocket_with(narrow);
    client.writable = false;
    client.try_send(frame(400)).unwrap();
    client.try_send(frame(400)).unwrap();
    client.try_send(frame(400)).unwrap_err();
    client.writable = true;
    client.pump();
    assert_eq!(client.frames(socket).len(), 2);
    assert_eq!(client.events(), [Event::Drained]);
    client.try_send(frame(400)).unwrap();
    assert_eq!(client.events(), []);
}

#[test]
fn over_long_polling_there_is_room_when_a_post_has_taken_what_waits() {
    let mut client = Client::new(client_config(narrow));
    client.try_send(frame(900)).unwrap();
    client.try_send(frame(900)).unwrap_err();
    client.answer(client.get(), open_packet("", 1_000_000));
    assert!(matches!(client.events()[..], [Event::Open(_), Event::Drained]));
    assert_eq!(client.connection.queued_bytes(), 0);
}

#[test]
fn frames_that_belong_together_are_taken_together() {
    let mut client = Client::new(client_config(narrow));
    client.try_send(frame(100)).unwrap();
    let frames = [frame(500), frame(500)];
    let result = client.connection.send_all(frames.iter().cloned());
    assert!(matches!(result, Err(SendError::Full(back)) if back.clone().eq(frames.iter().cloned())));
    client
        .connection
        .send_owed([frame(10)].into_iter())
        .map_err(|_| ())
        .unwrap();
    assert_eq!(client.connection.queued_bytes(), 100 + 10 + 2 * 64);
    client.close();
    let result = client.connection.send_all([frame(1)].into_iter());
    assert!(matches!(result, Err(SendError::Closed(_))));
    let result = client.connection.send_owed([frame(1)].into_iter());
    assert!(matches!(result, Err(SendError::Closed(_))));
}

#[test]
fn one_message_may_be_larger_than_the_queue() {
    let mut client = Client::new(client_config(narrow));
    client.try_send(frame(5_000)).unwrap();
    client.try_send(frame(1)).unwrap_err();
}

#[test]
fn a_message_that_is_only_worth_sending_now_is_not_when_much_waits() {
    let (mut client, _) = Client::websocket_with(narrow);
    assert!(client.connection.is_writable());
    client.writable = false;
    client.try_send(frame(36)).unwrap();
    assert!(client.connection.is_writable());
    client.try_send(frame(0)).unwrap();
    assert!(!client.connection.is_writable());
}

#[test]
fn messages_that_nobody_fetches_are_counted() {
    let (mut client, socket) = Client::websocket_with(|config| config.receive_capacity = 200);
    client.eager = false;
    client.say(socket, "4hello");
    assert_eq!(client.connection.unread_bytes(), 5 + 64);
    client.say(socket, "4hello");
    assert!(!client.connection.is_saturated());
    client.say(socket, "4hello");
    assert!(client.connection.is_saturated());
    client.pump();
    assert_eq!(client.messages().len(), 3);
    assert_eq!(client.connection.unread_bytes(), 0);
}

#[test]
fn a_body_of_many_packets_costs_no_more_than_itself() {
    let mut client = Client::polling();
    client.eager = false;
    let body = ["4"; 50_000].join("\u{1e}");
    let size = body.len();
    client.answer(client.get(), body);
    assert_eq!(client.connection.unread_bytes(), size + 64);
    client.pump();
    assert_eq!(client.messages().len(), 50_000);
}

#[test]
fn there_is_never_more_than_one_get_whatever_the_server_does() {
    let mut client = Client::polling();
    for _ in 0..100 {
        client.answer(client.get(), "6");
    }
    assert_eq!(client.exchanges(), 102);
    client.advance(ms(1_000));
    assert_eq!(client.exchanges(), 102);
    assert_eq!(client.waiting(Method::Post), None);
}

#[test]
fn an_end_frees_what_waited() {
    let (mut client, socket) = Client::websocket();
    client.writable = false;
    client.send("one");
    client.say(socket, "1");
    assert_eq!(client.connection.queued_bytes(), 0);
    assert!(!client.connection.is_writable());
    assert_eq!(client.connection.websocket(), None);
    client.say(socket, "4late");
    assert_eq!(client.events().len(), 1);
    assert_eq!(
        client.try_send(Frame::from(text("x"))),
        Err(SendError::Closed(Frame::text("x")))
    );
}
