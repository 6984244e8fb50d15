//! The server pings, the client answers, and notices when the pings stop.

mod support;

use engineio_proto::client::{Event, Method};
use engineio_proto::{CloseReason, Frame, SendError};
use support::client::Client;
use support::{ms, text};

#[test]
fn a_ping_is_answered() {
    let mut client = Client::polling();
    client.answer(client.get(), "2");
    assert_eq!(client.posted(), "3");
    let (mut client, socket) = Client::websocket();
    client.say(socket, "2");
    assert_eq!(client.texts(socket), ["3"]);
    assert_eq!(client.events(), []);
}

#[test]
fn a_server_that_pings_lives() {
    let (mut client, socket) = Client::websocket();
    for _ in 0..1_000 {
        client.advance(ms(25_000));
        client.say(socket, "2");
        assert_eq!(client.texts(socket), ["3"]);
    }
    assert!(client.connection.is_open());
}

#[test]
fn a_server_that_does_not_ping_is_dead_after_an_interval_and_a_timeout() {
    let (mut client, socket) = Client::websocket();
    client.advance(ms(44_999));
    client.say(socket, "2");
    client.texts(socket);
    client.advance(ms(44_999));
    assert!(client.connection.is_open());
    client.say(socket, "4no ping, and does not count as one");
    client.messages();
    client.advance(ms(1));
    assert_eq!(client.closed(), CloseReason::PingTimeout);
    assert_eq!(client.close_of(socket), Some(None));
}

#[test]
fn over_long_polling_as_well() {
    let mut client = Client::polling();
    client.send("hello");
    client.advance(ms(45_000));
    assert_eq!(client.closed(), CloseReason::PingTimeout);
    assert_eq!(client.forgotten(), []);
}

#[test]
fn an_answer_does_not_wait_behind_what_else_is_to_be_said() {
    let (mut client, socket) = Client::websocket();
    client.writable = false;
    client.send("one");
    client.send("two");
    client.say(socket, "2");
    client.writable = true;
    client.pump();
    assert_eq!(client.texts(socket), ["3", "4one", "4two"]);
    let mut client = Client::polling();
    client.send("one");
    client.send("two");
    client.answer(client.get(), "2");
    assert_eq!(client.posted(), "4one");
    assert_eq!(client.posted(), "3\u{1e}4two");
}

#[test]
fn there_is_always_room_for_an_answer_and_only_for_one() {
    let (mut client, socket) = Client::websocket_with(|config| config.send_capacity = 1_000);
    client.writable = false;
    let large = Frame::text(&"x".repeat(900));
    client.try_send(large.clone()).unwrap();
    assert_eq!(client.try_send(large.clone()), Err(SendError::Full(large)));
    let before = client.connection.queued_bytes();
    for _ in 0..1_000 {
        client.say(socket, "2");
    }
    assert_eq!(client.connection.queued_bytes(), before + 65);
    client.writable = true;
    client.pump();
    assert_eq!(client.texts(socket)[0], "3");
    assert_eq!(client.texts(socket).len(), 0);
    assert_eq!(client.events(), [Event::Drained]);
}

#[test]
fn many_pings_in_one_body_are_answered_once() {
    let mut client = Client::polling();
    client.answer(client.get(), ["2"; 1_000].join("\u{1e}"));
    assert_eq!(client.posted(), "3");
    assert_eq!(client.waiting(Method::Post), None);
}

#[test]
fn pongs_mean_nothing() {
    let (mut client, socket) = Client::websocket();
    client.say(socket, "3");
    client.say(socket, "3probe");
    client.say(socket, "4hello");
    assert_eq!(client.messages(), [text("hello")]);
    client.advance(ms(45_000));
    assert_eq!(client.closed(), CloseReason::PingTimeout);
}

#[test]
fn a_timeout_that_comes_early_or_often_changes_nothing() {
    let (mut client, socket) = Client::websocket();
    client.advance(ms(44_999));
    for _ in 0..10 {
        client.timeout();
    }
    assert_eq!(client.events(), []);
    assert_eq!(client.frames(socket), []);
    client.advance(ms(1));
    assert_eq!(client.closed(), CloseReason::PingTimeout);
    client.timeout();
    assert_eq!(client.events(), []);
}
