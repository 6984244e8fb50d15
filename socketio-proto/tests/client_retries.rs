//! Events that are sent again until they are acknowledged.

mod client_support;

use client_support::{Script, engine, ms, secs};
use engineio_proto::client::Transports;
use socketio_proto::AckId;
use socketio_proto::client::SocketKey;

/// Two retries, 1 s each.
fn connected() -> (Script, SocketKey) {
    Script::connected_with(|config| {
        config.retries = 2;
        config.ack_timeout = Some(secs(1));
    })
}

#[test]
fn one_is_in_flight_and_the_next_goes_out_when_it_is_acknowledged() {
    let (mut script, key) = connected();
    script.insist(key, "one").unwrap();
    script.insist(key, "two").unwrap();
    script.insist(key, "three").unwrap();
    script.emit(key, "beside", ()).unwrap();
    assert_eq!(script.hear(), [r#"20["one"]"#, r#"2["beside"]"#]);
    script.say(r#"30["done"]"#);
    assert_eq!(script.log(), [r#"ack 0 0 "done""#]);
    assert_eq!(script.hear(), [r#"21["two"]"#]);
    script.say("32[]");
    assert_eq!(script.log().len(), 0, "it was not sent");
    script.say("31[]");
    script.say("32[]");
    assert_eq!(script.log(), ["ack 0 1 ", "ack 0 2 "]);
    assert_eq!(script.client.buffered_bytes(), 0);
}

#[test]
fn it_is_sent_three_times_and_then_given_up() {
    let (mut script, key) = connected();
    script.insist(key, "one").unwrap();
    script.insist(key, "two").unwrap();
    script.advance(ms(999));
    assert_eq!(script.hear(), [r#"20["one"]"#]);
    script.advance(ms(1));
    assert_eq!(script.hear(), [r#"20["one"]"#]);
    script.advance(secs(1));
    assert_eq!(script.hear(), [r#"20["one"]"#]);
    assert_eq!(script.log().len(), 0);
    script.advance(secs(1));
    assert_eq!(script.log(), ["ack-failed 0 0 operation has timed out"]);
    assert_eq!(script.hear(), [r#"21["two"]"#]);
    script.say("30[]");
    assert_eq!(script.log().len(), 0);
    script.say("31[]");
    assert_eq!(script.log(), ["ack 0 1 "]);
}

#[test]
fn an_acknowledgement_that_comes_late_is_one() {
    let (mut script, key) = connected();
    script.insist(key, "one").unwrap();
    script.advance(secs(1));
    assert_eq!(script.hear().len(), 2);
    script.say("30[]");
    assert_eq!(script.log(), ["ack 0 0 "]);
    script.say("30[]");
    script.advance(secs(10));
    assert_eq!(script.log().len(), 0, "the second one is for nobody");
    assert_eq!(script.hear().len(), 0);
}

#[test]
fn it_is_sent_again_after_a_reconnection() {
    let (mut script, key) = connected();
    script.insist(key, "one").unwrap();
    script.insist(key, "two").unwrap();
    script.lose();
    assert_eq!(script.log(), ["disconnected 0 transport close", "reconnecting 1 1000"]);
    script.emit(key, "waited", ()).unwrap();
    script.advance(secs(1));
    script.open();
    script.hear();
    script.say(r#"0{"sid":"again"}"#);
    assert_eq!(script.hear(), [r#"2["waited"]"#, r#"20["one"]"#]);
    script.say("30[]");
    assert_eq!(script.hear(), [r#"21["two"]"#]);
}

#[test]
fn a_connection_that_is_lost_counts_and_time_without_one_does_not() {
    let (mut script, key) = connected();
    script.insist(key, "one").unwrap();
    for sends in 1..=3 {
        assert_eq!(script.hear().pop().unwrap(), r#"20["one"]"#, "{sends}");
        script.log();
        script.lose();
        if sends == 3 {
            break;
        }
        script.advance(secs(1));
        script.lose();
        script.advance(secs(10)); // within which a connection could be made, and is not
        script.open();
        script.say(r#"0{"sid":"again"}"#);
    }
    assert_eq!(
        script.log(),
        [
            "ack-failed 0 0 socket has been disconnected",
            "disconnected 0 transport close",
            "reconnecting 1 1000"
        ]
    );
    script.advance(secs(1));
    script.open();
    script.say(r#"0{"sid":"again"}"#);
    assert_eq!(script.hear(), ["0"]);
    assert_eq!(script.client.buffered_bytes(), 0);
}

#[test]
fn what_is_emitted_without_a_connection_waits_even_if_other_events_do_not() {
    let mut script = Script::new(|config| config.buffering = false);
    let key = script.connect("/");
    script.insist(key, "one").unwrap();
    assert!(script.emit(key, "other", ()).is_err());
    script.open();
    script.say(r#"0{"sid":"x"}"#);
    assert_eq!(script.hear(), ["0", r#"20["one"]"#]);
}

#[test]
fn without_a_timeout_it_is_sent_again_only_after_a_reconnection() {
    let (mut script, key) = Script::connected_with(|config| config.ack_timeout = None);
    script.insist(key, "one").unwrap();
    script.advance(secs(20));
    assert_eq!(script.hear().len(), 1);
    script.lose();
    script.advance(secs(1));
    script.open();
    script.say(r#"0{"sid":"again"}"#);
    assert_eq!(script.hear(), ["0", r#"20["one"]"#]);
}

#[test]
fn without_retries_it_is_sent_once() {
    let (mut script, key) = Script::connected_with(|config| config.retries = 0);
    script.insist(key, "one").unwrap();
    script.advance(secs(10));
    assert_eq!(script.log(), ["ack-failed 0 0 operation has timed out"]);
    assert_eq!(script.hear().len(), 1);
}

#[test]
fn what_is_awaited_no_more_is_sent_until_it_arrives() {
    let (mut script, key) = connected();
    let id = script.insist(key, "one").unwrap();
    script.insist(key, "two").unwrap();
    script.forget(key, id);
    script.advance(secs(1));
    assert_eq!(script.hear().len(), 2);
    script.say("30[]");
    assert_eq!(script.log().len(), 0);
    assert_eq!(script.hear(), [r#"21["two"]"#]);
}

#[test]
fn ids_are_shared_with_other_events_that_are_acknowledged() {
    let (mut script, key) = connected();
    assert_eq!(script.insist(key, "one").unwrap(), AckId(0));
    assert_eq!(script.ask(key, "two", None).unwrap(), AckId(1));
    assert_eq!(script.insist(key, "three").unwrap(), AckId(2));
}

#[test]
fn sockets_do_not_wait_for_each_other() {
    let (mut script, key) = connected();
    let a = script.join("/a");
    script.insist(key, "one").unwrap();
    script.insist(a, "other").unwrap();
    assert_eq!(script.hear(), [r#"20["one"]"#, r#"2/a,0["other"]"#]);
}

#[test]
fn what_there_was_no_room_for_is_not_acknowledged() {
    let (mut script, key) = Script::connected_with(|config| {
        config.engine = engine(|engine| {
            engine.transports = Transports::WebSocket;
            engine.send_capacity = 1_000;
        });
    });
    script.writable = false;
    while script.emit(key, "x", ("y".repeat(100),)).is_ok() {}
    script.insist(key, "one").unwrap();
    script.say("30[]");
    script.advance(secs(20));
    assert_eq!(script.log().len(), 0);
    script.writable = true;
    script.pump();
    assert_eq!(script.hear().pop().unwrap(), r#"20["one"]"#);
    script.say("30[]");
    assert_eq!(script.log(), ["drained", "ack 0 0 "]);
}
