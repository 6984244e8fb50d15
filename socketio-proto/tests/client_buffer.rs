//! What is emitted while there is no connection.

mod client_support;

use client_support::{Script, engine, ms, secs};
use engineio_proto::client::Transports;
use socketio_proto::client::{EmitError, SocketKey};

/// A client that has lost its session.
fn offline(script: &mut Script) {
    script.lose();
    script.log();
}

/// The next session, with the socket in the main namespace.
fn online(script: &mut Script) {
    script.advance(secs(5));
    script.open();
    script.say(r#"0{"sid":"again"}"#);
}

#[test]
fn what_waits_goes_out_in_order_before_what_comes_later() {
    let mut script = Script::new(|_| {});
    let key = script.connect("/");
    let a = script.connect("/a");
    script.emit(key, "one", ()).unwrap();
    script.emit(a, "other", ()).unwrap();
    script.ask(key, "two", None).unwrap();
    script.open();
    script.emit(key, "three", ()).unwrap();
    assert_eq!(script.hear(), ["0", "0/a,"]);
    script.say(r#"0{"sid":"x"}"#);
    script.emit(key, "four", ()).unwrap();
    assert_eq!(
        script.hear(),
        [r#"2["one"]"#, r#"20["two"]"#, r#"2["three"]"#, r#"2["four"]"#]
    );
    script.say(r#"0/a,{"sid":"y"}"#);
    assert_eq!(script.hear(), [r#"2/a,["other"]"#]);
    assert_eq!(script.client.buffered_bytes(), 0);
}

#[test]
fn what_waits_when_the_connection_is_lost_again_waits_on_and_is_sent_once() {
    let (mut script, key) = Script::connected();
    offline(&mut script);
    script.emit(key, "one", ()).unwrap();
    script.advance(secs(1));
    script.lose();
    script.advance(secs(2));
    script.open();
    script.lose();
    online(&mut script);
    assert_eq!(script.hear(), ["0", "0", r#"2["one"]"#]);
    offline(&mut script);
    online(&mut script);
    assert_eq!(script.hear(), ["0"]);
}

#[test]
fn what_is_not_acknowledged_in_time_is_not_sent_any_more() {
    let (mut script, key) = Script::connected();
    offline(&mut script);
    script.emit(key, "one", ()).unwrap();
    script.ask(key, "two", Some(ms(500))).unwrap();
    script.ask(key, "three", Some(secs(60))).unwrap();
    let before = script.client.buffered_bytes();
    script.advance(ms(500));
    assert_eq!(script.log(), ["ack-failed 0 0 operation has timed out"]);
    assert!(script.client.buffered_bytes() < before);
    online(&mut script);
    assert_eq!(script.hear(), ["0", r#"2["one"]"#, r#"21["three"]"#]);
}

#[test]
fn what_waits_does_not_fail_when_the_connection_is_lost() {
    let (mut script, key) = Script::connected();
    script.ask(key, "sent", None).unwrap();
    script.lose();
    script.ask(key, "waits", None).unwrap();
    script.advance(secs(1));
    script.lose();
    assert_eq!(
        script.log(),
        [
            "ack-failed 0 0 socket has been disconnected",
            "disconnected 0 transport close",
            "reconnecting 1 1000",
            "connect-error 0 transport error: the WebSocket failed",
            "reconnecting 2 2000",
        ]
    );
    online(&mut script);
    script.say("31[]");
    assert_eq!(script.log().last().unwrap(), "ack 0 1 ");
}

#[test]
fn a_server_cannot_acknowledge_what_it_was_not_sent() {
    let (mut script, key) = Script::connected_with(|config| {
        config.engine = engine(|engine| {
            engine.transports = Transports::WebSocket;
            engine.send_capacity = 300;
        });
    });
    offline(&mut script);
    for _ in 0..3 {
        script.ask(key, &"x".repeat(100), None).unwrap();
    }
    script.advance(secs(1));
    script.open();
    script.writable = false;
    script.say(r#"0{"sid":"again"}"#);
    script.log();
    script.say("32[]");
    assert_eq!(script.log().len(), 0);
    script.writable = true;
    script.pump();
    script.say("32[]");
    assert_eq!(script.log(), ["ack 0 2 "]);
}

#[test]
fn what_is_awaited_no_more_is_sent_all_the_same() {
    let (mut script, key) = Script::connected();
    offline(&mut script);
    let id = script.ask(key, "one", Some(ms(500))).unwrap();
    script.forget(key, id);
    online(&mut script);
    assert_eq!(script.hear(), ["0", r#"20["one"]"#]);
}

#[test]
fn so_much_waits_and_no_more() {
    let (mut script, key) = Script::connected_with(|config| config.buffer_capacity = 1_000);
    offline(&mut script);
    let mut taken = 0;
    while script.emit(key, "x", ("y".repeat(100),)).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 5, "each costs 100 bytes, a few, and 64");
    assert!(script.client.buffered_bytes() <= 1_000);
    assert!(
        matches!(script.emit(key, "small", ()), Err(EmitError::Full)),
        "not before the one that was refused"
    );
    assert!(matches!(script.ask(key, "small", None), Err(EmitError::Full)));
    assert!(matches!(script.insist(key, "small"), Err(EmitError::Full)));
    assert_eq!(script.log().len(), 0);
    online(&mut script);
    assert_eq!(script.log().last().unwrap(), "drained");
    assert_eq!(script.hear().len(), 1 + taken);
    assert_eq!(script.client.buffered_bytes(), 0);
}

#[test]
fn whoever_waits_for_room_is_told_once_connected_though_others_are_not() {
    let (mut script, key) = Script::connected_with(|config| config.buffer_capacity = 1_000);
    let a = script.join("/a");
    script.say("1/a,"); // it is not connected again by itself
    script.emit(a, "waits", ("y".repeat(600),)).unwrap();
    offline(&mut script);
    script.emit(key, "x", ("y".repeat(200),)).unwrap();
    assert!(matches!(
        script.emit(key, "x", ("y".repeat(200),)),
        Err(EmitError::Full)
    ));
    script.log();
    online(&mut script);
    assert_eq!(script.log().last().unwrap(), "drained");
    assert!(script.client.buffered_bytes() > 500, "not half of it is free");
    for _ in 0..10 {
        script.emit(key, "x", ("y".repeat(200),)).unwrap();
    }
}

#[test]
fn whoever_waits_for_fewer_acknowledgements_is_told_when_the_server_makes_a_socket_leave() {
    let (mut script, key) = Script::connected_with(|config| config.max_pending_acks = 2);
    let a = script.join("/a");
    for _ in 0..2 {
        script.ask(a, "x", None).unwrap();
    }
    assert!(matches!(script.ask(key, "x", None), Err(EmitError::Full)));
    script.log();
    script.say("1/a,"); // nothing that it awaited will come
    assert_eq!(script.log().last().unwrap(), "drained");
    script.ask(key, "x", None).unwrap();
}

#[test]
fn a_single_packet_may_be_larger_than_all_that_may_wait() {
    let (mut script, key) = Script::connected_with(|config| config.buffer_capacity = 1_000);
    offline(&mut script);
    script.emit(key, "x", ("y".repeat(5_000),)).unwrap();
    assert!(matches!(script.emit(key, "x", ()), Err(EmitError::Full)));
    online(&mut script);
    assert_eq!(script.log().last().unwrap(), "drained");
    script.emit(key, "x", ()).unwrap();
}

#[test]
fn without_buffering_nothing_waits() {
    let (mut script, key) = Script::connected_with(|config| config.buffering = false);
    script.emit(key, "sent", ()).unwrap();
    offline(&mut script);
    assert!(matches!(script.emit(key, "x", ()), Err(EmitError::NotConnected)));
    assert!(matches!(script.ask(key, "x", None), Err(EmitError::NotConnected)));
    online(&mut script);
    assert_eq!(script.hear(), [r#"2["sent"]"#, "0"]);
    script.ask(key, "x", None).unwrap();
    assert_eq!(script.hear(), [r#"20["x"]"#]);
}

#[test]
fn a_volatile_event_is_worth_emitting_only_now() {
    let mut script = Script::new(|_| {});
    let key = script.connect("/");
    assert!(!script.client.is_writable(key));
    script.open();
    assert!(!script.client.is_writable(key));
    script.say(r#"0{"sid":"x"}"#);
    assert!(script.client.is_writable(key));
    script.writable = false;
    script.emit(key, "large", ("x".repeat(100_000),)).unwrap();
    assert!(!script.client.is_writable(key));
    script.writable = true;
    script.pump();
    assert!(script.client.is_writable(key));
    script.lose();
    assert!(!script.client.is_writable(key));
}

#[test]
fn what_a_socket_has_waiting_goes_with_it() {
    let (mut script, key) = Script::connected();
    let a = script.join("/a");
    offline(&mut script);
    script.emit(key, "x", ()).unwrap();
    script.ask(key, "y", None).unwrap();
    script.insist(key, "z").unwrap();
    script.emit(a, "stays", ()).unwrap();
    script.disconnect(key);
    assert_eq!(
        script.log(),
        [
            "ack-failed 0 0 socket has been disconnected",
            "ack-failed 0 1 socket has been disconnected"
        ]
    );
    script.advance(secs(1));
    script.open();
    script.say(r#"0/a,{"sid":"a"}"#);
    assert_eq!(script.hear(), ["0/a,", r#"2/a,["stays"]"#]);
    assert_eq!(script.client.buffered_bytes(), 0);
}

fn small_session() -> (Script, SocketKey) {
    Script::connected_with(|config| {
        config.engine = engine(|engine| {
            engine.transports = Transports::WebSocket;
            engine.send_capacity = 1_000;
        });
    })
}

#[test]
fn a_server_that_does_not_keep_up_is_not_written_to_without_end() {
    let (mut script, key) = small_session();
    script.writable = false;
    let mut taken = 0;
    while script.emit(key, "x", ("y".repeat(100),)).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 5);
    assert_eq!(
        script.client.buffered_bytes(),
        0,
        "there is a connection: nothing waits for one"
    );
    script.writable = true;
    script.pump();
    assert_eq!(script.log(), ["drained"]);
    assert_eq!(script.hear().len(), taken);
}

#[test]
fn what_waits_for_a_slow_server_keeps_its_order() {
    let (mut script, key) = small_session();
    offline(&mut script);
    for n in 0..20 {
        script.emit(key, "x", (n, "y".repeat(100))).unwrap();
    }
    script.advance(secs(1));
    script.open();
    script.writable = false;
    script.say(r#"0{"sid":"again"}"#);
    script.emit(key, "x", (20, "")).unwrap();
    assert!(script.client.queued_bytes() <= 1_000);
    assert!(script.client.buffered_bytes() > 2_000);
    script.writable = true;
    script.pump();
    let heard: Vec<_> = script.hear().split_off(1);
    let numbers: Vec<u32> = heard
        .iter()
        .map(|packet| packet.split(',').nth(1).unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers, (0..=20).collect::<Vec<_>>());
    assert_eq!(
        script.log(),
        ["open 1", "connected 0 again"],
        "nobody was told that it is full"
    );
}

#[test]
fn whoever_waits_for_room_is_told_when_the_connection_is_lost() {
    let (mut script, key) = small_session();
    script.writable = false;
    while script.emit(key, "x", ("y".repeat(100),)).is_ok() {}
    script.lose();
    assert_eq!(
        script.log(),
        ["drained", "disconnected 0 transport close", "reconnecting 1 1000"]
    );
    script.emit(key, "x", ()).unwrap();
}

#[test]
fn a_leave_for_which_there_is_no_room_is_said_later() {
    let (mut script, key) = small_session();
    script.writable = false;
    let a = script.join("/a");
    while script.emit(key, "x", ("y".repeat(100),)).is_ok() {}
    script.disconnect(a);
    script.connect("/a");
    script.writable = true;
    script.pump();
    let heard = script.hear();
    assert_eq!(heard[heard.len() - 2..], ["1/a,", "0/a,"]);
    script.say(r#"0/a,{"sid":"a"}"#);
    assert_eq!(
        script.log(),
        ["disconnected 1 io client disconnect", "drained", "connected 2 a"]
    );
}

#[test]
fn what_is_emitted_after_a_loss_that_nobody_has_heard_of_waits() {
    let (mut script, key) = Script::connected();
    script.eager = false;
    script.lose();
    script.emit(key, "x", ()).unwrap();
    script.ask(key, "y", None).unwrap();
    script.eager = true;
    script.pump();
    assert_eq!(script.log(), ["disconnected 0 transport close", "reconnecting 1 1000"]);
    online(&mut script);
    assert_eq!(script.hear(), ["0", r#"2["x"]"#, r#"20["y"]"#]);
}

#[test]
fn a_leave_for_which_there_was_no_room_is_not_said_on_the_next_session() {
    let (mut script, key) = small_session();
    script.writable = false;
    let a = script.join("/a");
    while script.emit(key, "x", ("y".repeat(100),)).is_ok() {}
    script.disconnect(a);
    script.lose();
    script.writable = true;
    online(&mut script);
    script.emit(key, "y", ()).unwrap();
    assert_eq!(script.hear(), ["0", r#"2["y"]"#]);
}

#[test]
fn nothing_of_a_namespace_overtakes_a_leave_that_waits() {
    let (mut script, key) = small_session();
    script.writable = false;
    let a = script.join("/a");
    while script.emit(key, "x", ("y".repeat(100),)).is_ok() {}
    script.disconnect(a);
    script.eager = false;
    while script.client.poll_transmit(true).is_some() {} // there is room, and nobody has heard of it yet
    script.connect("/a");
    script.writable = true;
    script.pump();
    assert_eq!(script.hear(), ["1/a,", "0/a,"]);
}
