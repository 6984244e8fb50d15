//! What waits to be sent is bounded, and says so.

mod support;

use bytes::Bytes;
use engineio_proto::server::Event;
use engineio_proto::{Config, Frame, Message, SendError};
use support::{FIRST, Session, config};

/// What a frame costs beside its bytes.
const COST: usize = 64;

/// Room for exactly ten frames of 36 bytes.
fn room_for_ten() -> Config {
    config(|config| config.send_capacity = 10 * (36 + COST))
}

fn frame(mark: u8) -> Frame {
    Frame::binary(Bytes::from(vec![mark; 36]))
}

/// A WebSocket session whose reader has stalled and whose buffer is full.
fn full() -> Session {
    let mut session = Session::websocket_with(room_for_ten());
    session.reading = false;
    for mark in 0..10 {
        session.try_send(frame(mark)).unwrap();
    }
    session
}

#[test]
fn a_full_buffer_hands_the_frame_back() {
    let mut session = full();
    assert_eq!(session.connection.queued_bytes(), 1_000);
    assert_eq!(session.try_send(frame(10)), Err(SendError::Full(frame(10))));
    assert_eq!(session.try_send(Frame::text("")), Err(SendError::Full(Frame::text(""))));
    assert_eq!(session.connection.queued_bytes(), 1_000);
}

#[test]
fn nothing_taken_is_lost() {
    let mut session = full();
    session.try_send(frame(10)).unwrap_err();
    session.reading = true;
    session.pump();
    let marks: Vec<_> = session.frames(FIRST).into_iter().collect();
    let expected: Vec<_> = (0..10).map(|mark| frame(mark).into_message()).collect();
    assert_eq!(marks, expected);
    assert_eq!(session.connection.queued_bytes(), 0);
}

#[test]
fn a_full_polling_buffer_waits_for_the_next_get() {
    let mut session = Session::polling_with(room_for_ten());
    for mark in 0..10 {
        session.try_send(frame(mark)).unwrap();
    }
    session.try_send(frame(10)).unwrap_err();
    session.get();
    assert_eq!(session.events(), [Event::Drained]);
    session.try_send(frame(10)).unwrap();
}

#[test]
fn drained_is_said_once_when_half_of_it_is_free() {
    let mut session = full();
    for _ in 0..3 {
        session.try_send(frame(10)).unwrap_err();
    }
    session.reading = true;
    session.eager = false;
    for _ in 0..4 {
        assert!(session.pump_transmit());
        assert!(!session.pump_event(), "less than half is free");
    }
    session.pump();
    assert_eq!(session.events(), [Event::Drained]);
    assert_eq!(session.frames(FIRST).len(), 10);
}

#[test]
fn drained_is_said_again_after_the_next_refusal() {
    let mut session = full();
    for _ in 0..3 {
        session.try_send(frame(10)).unwrap_err();
        session.reading = true;
        session.pump();
        assert_eq!(session.events(), [Event::Drained]);
        session.reading = false;
        while session.try_send(frame(0)).is_ok() {}
    }
}

#[test]
fn nobody_who_was_not_refused_hears_of_room() {
    let mut session = full();
    session.reading = true;
    session.pump();
    assert_eq!(session.events(), []);
}

#[test]
fn a_closed_session_has_no_room_to_speak_of() {
    let mut session = full();
    session.try_send(frame(10)).unwrap_err();
    session.close();
    session.reading = true;
    session.pump();
    assert!(!session.events().contains(&Event::Drained));
}

#[test]
fn one_large_message_is_taken_when_nothing_waits() {
    let mut session = Session::websocket_with(room_for_ten());
    session.reading = false;
    let large = Frame::binary(Bytes::from(vec![0; 1_000_000]));
    session.try_send(large.clone()).unwrap();
    assert_eq!(session.try_send(frame(0)), Err(SendError::Full(frame(0))));
    session.reading = true;
    session.pump();
    assert_eq!(session.frames(FIRST), [large.clone().into_message()]);
    assert_eq!(session.events(), [Event::Drained]);

    session.reading = false;
    session.try_send(frame(0)).unwrap();
    assert_eq!(session.try_send(large.clone()), Err(SendError::Full(large)));
}

#[test]
fn frames_that_belong_together_are_taken_together_or_not_at_all() {
    let mut session = Session::websocket_with(room_for_ten());
    session.reading = false;
    for mark in 0..8 {
        session.try_send(frame(mark)).unwrap();
    }
    let three = [frame(8), frame(9), frame(10)];
    let Err(SendError::Full(back)) = session.connection.send_all(three.iter().cloned()) else {
        panic!("there is room for two");
    };
    assert_eq!(back.collect::<Vec<_>>(), three);
    assert_eq!(session.connection.queued_bytes(), 800);
    session.reading = true;
    session.pump();
    assert!(session.connection.send_all(three.iter().cloned()).is_ok());
    session.pump();
    let expected: Vec<_> = (0..11).map(|mark| frame(mark).into_message()).collect();
    assert_eq!(session.frames(FIRST), expected);
}

#[test]
fn a_small_message_does_not_overtake_a_large_one_that_was_refused() {
    let mut session = Session::websocket_with(room_for_ten());
    session.reading = false;
    session.try_send(frame(0)).unwrap();
    let large = Frame::binary(vec![1; 950].into());
    assert_eq!(session.try_send(large.clone()), Err(SendError::Full(large.clone())));
    assert_eq!(
        session.try_send(frame(2)),
        Err(SendError::Full(frame(2))),
        "though there is room for it"
    );
    session.reading = true;
    session.pump();
    assert_eq!(session.events(), [Event::Drained]);
    session.try_send(large.clone()).unwrap();
    session.pump();
    assert_eq!(session.frames(FIRST), [frame(0).into_message(), large.into_message()]);
}

#[test]
fn a_client_is_saturated_while_more_waits_than_the_application_fetches() {
    let mut session = Session::websocket_with(config(|config| config.receive_capacity = 500));
    session.eager = false;
    for _ in 0..5 {
        assert!(!session.connection.is_saturated());
        session.message(FIRST, Message::Binary(vec![0; 40].into()));
    }
    let connection = &mut session.connection;
    assert_eq!(
        (connection.unread_bytes(), connection.is_saturated()),
        (5 * (40 + COST), true)
    );
    assert!(matches!(connection.poll_event(), Some(Event::Message(_))));
    assert_eq!(
        (connection.unread_bytes(), connection.is_saturated()),
        (4 * (40 + COST), false)
    );
    while connection.poll_event().is_some() {}
    assert_eq!(connection.unread_bytes(), 0);
}

#[test]
fn a_polling_body_waits_as_a_whole_until_its_last_message_is_fetched() {
    let mut session = Session::polling_with(config(|config| config.receive_capacity = 100));
    session.eager = false;
    session.post(["4a"; 20].join("\u{1e}"));
    let connection = &mut session.connection;
    for _ in 0..20 {
        assert!(connection.is_saturated());
        assert!(matches!(connection.poll_event(), Some(Event::Message(_))));
    }
    assert_eq!(connection.poll_event(), None);
    assert_eq!((connection.unread_bytes(), connection.is_saturated()), (0, false));
}

#[test]
fn frames_that_belong_together_are_taken_when_nothing_waits_however_many_they_are() {
    let mut session = Session::websocket_with(room_for_ten());
    session.reading = false;
    let many = (0..50).map(frame);
    assert!(session.connection.send_all(many).is_ok());
    assert!(session.try_send(frame(0)).is_err());
}

#[test]
fn the_heartbeat_has_room_in_a_full_buffer() {
    let mut session = full();
    session.advance(support::ms(25_000));
    session.reading = true;
    session.pump();
    assert_eq!(session.frames(FIRST).len(), 11);
}

#[test]
fn a_websocket_that_keeps_up_is_writable() {
    let mut session = Session::websocket_with(config(|config| config.volatile_capacity = 100));
    assert!(session.connection.is_writable());
    session.reading = false;
    session.try_send(frame(0)).unwrap();
    assert!(session.connection.is_writable());
    session.try_send(frame(0)).unwrap();
    assert!(!session.connection.is_writable());
    session.reading = true;
    session.pump();
    assert!(session.connection.is_writable());
    session.close();
    assert!(!session.connection.is_writable());
}

#[test]
fn a_poller_is_writable_while_its_get_waits() {
    let mut session = Session::polling();
    assert!(!session.connection.is_writable());
    session.get();
    assert!(session.connection.is_writable());
    session.send("hello");
    assert!(!session.connection.is_writable());
}

#[test]
fn a_refused_frame_keeps_its_reason_when_it_becomes_something_else() {
    assert_eq!(SendError::Full(1).map(|one| one + 1), SendError::Full(2));
    assert_eq!(SendError::Closed(1).map(|one| one + 1), SendError::Closed(2));
}
