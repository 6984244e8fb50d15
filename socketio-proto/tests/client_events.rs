//! Events and acknowledgements, both ways.

mod client_support;

use bytes::Bytes;
use client_support::{Script, ms, secs};
use socketio_proto::client::{EmitError, Event};
use socketio_proto::{AckId, Encoded};

#[test]
fn events_go_both_ways() {
    let (mut script, key) = Script::connected();
    let a = script.join("/a");
    script.emit(key, "hello", (1, "two")).unwrap();
    script.emit(a, "nothing", ()).unwrap();
    assert_eq!(script.hear(), [r#"2["hello",1,"two"]"#, r#"2/a,["nothing"]"#]);
    script.say(r#"2["news",{"a":[1]},null]"#);
    script.say(r#"2/a,["nothing"]"#);
    assert_eq!(script.log(), [r#"event 0 news {"a":[1]},null"#, "event 1 nothing"]);
}

#[test]
fn attachments_go_both_ways() {
    let (mut script, key) = Script::connected();
    script
        .emit(
            key,
            "file",
            ("name", Bytes::from_static(&[1, 2]), Bytes::from_static(&[3])),
        )
        .unwrap();
    assert_eq!(
        script.hear(),
        [
            r#"52-["file","name",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
            "<0102>",
            "<03>"
        ]
    );
    script.say_with(r#"51-7["file",{"data":{"_placeholder":true,"num":0}}]"#, &[&[4, 5]]);
    let reply = match script.events().pop() {
        Some(Event::Event {
            args,
            reply: Some(reply),
            ..
        }) => {
            assert_eq!(args.attachments(), [Bytes::from_static(&[4, 5])]);
            reply
        }
        other => panic!("{other:?}"),
    };
    script.ack(reply, (Bytes::from_static(&[6]),)).unwrap();
    assert_eq!(script.hear(), [r#"61-7[{"_placeholder":true,"num":0}]"#, "<06>"]);
}

#[test]
fn what_was_encoded_before_is_sent_as_it_is() {
    let (mut script, key) = Script::connected();
    let packet = Encoded::event("/", None, "x", &(1,)).unwrap();
    script.client.send(key, &packet).unwrap();
    script.client.send(key, &packet).unwrap();
    script.pump();
    assert_eq!(script.hear(), [r#"2["x",1]"#, r#"2["x",1]"#]);
}

#[test]
fn reserved_names_are_not_emitted() {
    let (mut script, key) = Script::connected();
    assert!(matches!(script.emit(key, "connect", ()), Err(EmitError::Encode(_))));
    assert!(matches!(script.ask(key, "disconnect", None), Err(EmitError::Encode(_))));
    assert!(matches!(script.insist(key, "newListener"), Err(EmitError::Encode(_))));
    assert_eq!(script.ask(key, "fine", None).unwrap(), AckId(0));
}

#[test]
fn the_server_acknowledges() {
    let (mut script, key) = Script::connected();
    let a = script.join("/a");
    assert_eq!(script.ask(key, "one", None).unwrap(), AckId(0));
    assert_eq!(script.ask(key, "two", Some(secs(1))).unwrap(), AckId(1));
    assert_eq!(script.ask(a, "other", None).unwrap(), AckId(0));
    assert_eq!(script.hear(), [r#"20["one"]"#, r#"21["two"]"#, r#"2/a,0["other"]"#]);
    script.say(r#"31["b"]"#);
    script.say("3/a,0[]");
    script.say(r#"30["a",1]"#);
    script.say(r#"30["again"]"#);
    script.say("39[]");
    assert_eq!(script.log(), [r#"ack 0 1 "b""#, "ack 1 0 ", r#"ack 0 0 "a",1"#]);
    script.advance(secs(10));
    assert_eq!(script.log().len(), 0);
}

#[test]
fn the_client_acknowledges() {
    let (mut script, _) = Script::connected();
    script.join("/a");
    script.say(r#"2/a,12["question"]"#);
    let reply = script.reply();
    assert_eq!(reply.id(), AckId(12));
    script.ack(reply, ("yes", 1)).unwrap();
    assert_eq!(script.hear(), [r#"3/a,12["yes",1]"#]);
}

#[test]
fn an_acknowledgement_that_takes_too_long_fails_and_nobody_hears_of_it_later() {
    let (mut script, key) = Script::connected();
    script.ask(key, "slow", Some(ms(500))).unwrap();
    script.advance(ms(499));
    assert_eq!(script.log().len(), 0);
    script.advance(ms(1));
    assert_eq!(script.log(), ["ack-failed 0 0 operation has timed out"]);
    script.say("30[]");
    assert_eq!(script.log().len(), 0);
}

#[test]
fn what_was_sent_fails_when_the_connection_is_lost() {
    let (mut script, key) = Script::connected();
    script.ask(key, "one", None).unwrap();
    script.ask(key, "two", Some(secs(60))).unwrap();
    script.lose();
    assert_eq!(
        script.log(),
        [
            "ack-failed 0 0 socket has been disconnected",
            "ack-failed 0 1 socket has been disconnected",
            "disconnected 0 transport close",
            "reconnecting 1 1000"
        ]
    );
}

#[test]
fn what_is_awaited_no_more_is_not_heard_of() {
    let (mut script, key) = Script::connected();
    let id = script.ask(key, "one", Some(secs(1))).unwrap();
    script.forget(key, id);
    script.say("30[]");
    script.advance(secs(2));
    assert_eq!(script.log().len(), 0);
}

#[test]
fn so_many_acknowledgements_may_be_awaited_and_no_more() {
    let (mut script, key) = Script::connected_with(|config| config.max_pending_acks = 4);
    for _ in 0..4 {
        script.ask(key, "x", None).unwrap();
    }
    assert!(matches!(script.ask(key, "x", None), Err(EmitError::Full)));
    script.emit(key, "without", ()).unwrap();
    script.say("30[]");
    assert_eq!(script.log(), ["ack 0 0 "]);
    script.say("31[]");
    assert_eq!(script.log(), ["ack 0 1 ", "drained"], "half is free");
    assert_eq!(script.ask(key, "x", None).unwrap(), AckId(4));
}

#[test]
fn a_reply_belongs_to_the_connection_that_its_event_came_on() {
    let (mut script, key) = Script::connected();
    script.say(r#"27["question"]"#);
    let reply = script.reply();
    script.lose();
    script.advance(secs(1));
    script.open();
    script.say(r#"0{"sid":"again"}"#);
    script.hear();
    assert!(matches!(script.ack(reply, ()), Err(EmitError::NotConnected)));
    assert_eq!(script.hear().len(), 0, "7 is another event now, or none");

    script.say(r#"27["question"]"#);
    let reply = script.reply();
    script.disconnect(key);
    assert!(matches!(script.ack(reply, ()), Err(EmitError::NotConnected)));
}

#[test]
fn events_before_the_consent_are_held_until_it_comes() {
    let mut script = Script::new(|_| {});
    script.connect("/");
    script.open();
    script.say(r#"2["one"]"#);
    script.say(r#"27["two",2]"#);
    script.say_with(r#"51-["three",{"_placeholder":true,"num":0}]"#, &[&[3]]);
    assert_eq!(script.log(), ["open"]);
    script.say(r#"0{"sid":"x"}"#);
    script.say(r#"2["four"]"#);
    assert_eq!(
        script.log(),
        [
            "connected 0 x",
            "event 0 one",
            "event 0 two 2 ?7",
            r#"event 0 three {"_placeholder":true,"num":0} b"\x03""#,
            "event 0 four"
        ]
    );
}

#[test]
fn so_much_is_held_and_no_more() {
    let mut script = Script::new(|config| config.held_capacity = 1_000);
    script.connect("/");
    script.connect("/b");
    script.open();
    script.say(r#"0/b,{"sid":"b"}"#);
    for _ in 0..9 {
        script.say(&format!(r#"2["x","{}"]"#, "y".repeat(30)));
    }
    script.log();
    script.say_with(r#"51-["x",{"_placeholder":true,"num":0}]"#, &[&[0; 500]]);
    assert_eq!(
        script.log(),
        [
            "connect-error 0 forced close: too many events before the answer to CONNECT",
            "disconnected 1 forced close: too many events before the answer to CONNECT",
            "reconnecting 1 1000"
        ]
    );
    assert!(script.hung_up);
}

#[test]
fn so_many_attachments_may_come_and_no_more() {
    let (mut script, _) = Script::connected_with(|config| config.max_attachment_bytes = 100);
    script.say("511-[\"x\"]");
    assert_eq!(
        script.log()[0],
        "disconnected 0 parse error: a packet of more than 10 attachments"
    );
    let (mut script, _) = Script::connected_with(|config| config.max_attachment_bytes = 100);
    script.say_with(
        r#"52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
        &[&[0; 60], &[0; 60]],
    );
    assert_eq!(
        script.log()[0],
        "disconnected 0 parse error: a packet whose attachments exceed 100 bytes"
    );
}

#[test]
fn a_packet_that_waits_for_attachments_does_not_outlive_its_session() {
    let (mut script, _) = Script::connected();
    script.say(r#"51-["x",{"_placeholder":true,"num":0}]"#);
    script.lose();
    script.advance(secs(1));
    script.open();
    script.say(r#"0{"sid":"again"}"#);
    assert_eq!(script.log().last().unwrap(), "connected 0 again");
}

#[test]
fn whoever_takes_no_more_events_reads_no_more_packets() {
    let (mut script, key) = Script::connected();
    script.eager = false;
    script.say(r#"2["one"]"#);
    script.ask(key, "x", Some(ms(10))).unwrap();
    script.advance(ms(10));
    assert!(matches!(script.client.poll_own_event(), Some(Event::AckFailed { .. })));
    assert!(script.client.poll_own_event().is_none());
    assert!(matches!(script.client.poll_event(), Some(Event::Event { .. })));
    script.observer.forgets(key, AckId(0));
}
