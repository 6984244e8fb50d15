//! Joining namespaces: what is asked for, what the server may answer, and leaving them again.

mod client_support;

use client_support::{Script, json, ms, secs};
use engineio_proto::Instant;
use socketio_proto::client::{Auth, ConnectError, Event, JoinError};

#[test]
fn a_socket_is_connected_when_the_server_says_so() {
    let mut script = Script::new(|_| {});
    let key = script.connect("/");
    assert_eq!(script.client.socket_id(key), None);
    script.open();
    assert_eq!(script.log(), ["open"]);
    assert_eq!(script.hear(), ["0"]);
    script.say(r#"0{"sid":"abc"}"#);
    assert_eq!(script.log(), ["connected 0 abc"]);
    assert_eq!(script.client.socket_id(key).unwrap().as_str(), "abc");
    assert_eq!(script.client.sockets().collect::<Vec<_>>(), [key]);
    assert_eq!(script.dials, 1);
}

#[test]
fn nothing_happens_before_there_is_a_socket() {
    let mut script = Script::new(|_| {});
    script.advance(secs(60));
    script.pump();
    assert_eq!(script.dials, 0);
    assert_eq!(script.client.poll_timeout(), None);
}

#[test]
fn many_namespaces_share_a_session_whether_they_come_before_it_or_after() {
    let mut script = Script::new(|_| {});
    script.connect("/");
    script.connect("/a");
    script.open();
    script.connect("/b");
    assert_eq!(script.hear(), ["0", "0/a,", "0/b,"]);
    script.say(r#"0/b,{"sid":"b"}"#);
    script.say(r#"0/a,{"sid":"a"}"#);
    script.say(r#"2/a,["hello"]"#);
    assert_eq!(
        script.log(),
        ["open", "connected 2 b", "connected 1 a", "event 1 hello"]
    );
    assert_eq!(script.dials, 1);
}

#[test]
fn credentials_are_said_each_time() {
    let mut script = Script::new(|_| {});
    script.connect_with("/a", json(r#"{"token":1}"#));
    script.open();
    assert_eq!(script.hear(), [r#"0/a,{"token":1}"#]);
    script.lose();
    script.advance(secs(1));
    script.open();
    assert_eq!(script.hear(), [r#"0/a,{"token":1}"#]);
    script.connect_with("/a", json(r#"{"token":2}"#)); // for the next time
    assert_eq!(script.hear().len(), 0);
    script.lose();
    script.advance(secs(1));
    script.open();
    assert_eq!(script.hear(), [r#"0/a,{"token":2}"#]);
}

#[test]
fn credentials_may_be_asked_for_each_time() {
    let mut script = Script::new(|_| {});
    let key = script.connect_with("/a", Auth::OnDemand);
    script.open();
    assert_eq!(script.log(), ["open", "authenticate 0"]);
    assert_eq!(script.hear().len(), 0);
    assert_eq!(
        script.client.authenticate(key, Some(&json("[1]"))),
        Err(JoinError::Auth)
    );
    script.client.authenticate(key, Some(&json(r#"{"token":1}"#))).unwrap();
    script.pump();
    assert_eq!(script.hear(), [r#"0/a,{"token":1}"#]);
    assert_eq!(script.client.authenticate(key, None), Err(JoinError::NotAsked));
    script.say(r#"0/a,{"sid":"x"}"#);
    script.lose();
    assert_eq!(script.client.authenticate(key, None), Err(JoinError::NotAsked));
    script.advance(secs(1));
    script.log();
    script.open();
    assert_eq!(script.log(), ["open 1", "authenticate 0"]);
    script.client.authenticate(key, None).unwrap();
    script.pump();
    assert_eq!(script.hear(), ["0/a,"]);
}

#[test]
fn an_answer_that_comes_when_the_session_is_gone_is_too_late() {
    let mut script = Script::new(|_| {});
    let key = script.connect_with("/", Auth::OnDemand);
    script.open();
    script.lose();
    assert_eq!(script.client.authenticate(key, None), Err(JoinError::NotAsked));
    assert_eq!(
        script.log(),
        [
            "open",
            "authenticate 0",
            "connect-error 0 transport close",
            "reconnecting 1 1000"
        ]
    );
}

#[test]
fn what_is_no_namespace_or_no_object_is_refused_at_once() {
    let mut script = Script::new(|_| {});
    let now = Instant::ORIGIN;
    for namespace in ["", "a", "/a,b"] {
        assert_eq!(
            script.client.connect(now, namespace, Auth::None),
            Err(JoinError::Namespace)
        );
    }
    for auth in ["[]", "1", "null", "\"x\""] {
        assert_eq!(script.client.connect(now, "/", json(auth)), Err(JoinError::Auth));
    }
    script.pump();
    assert_eq!(script.dials, 0);
}

#[test]
fn a_refusal_has_a_message_and_data_and_is_not_tried_again() {
    let mut script = Script::new(|_| {});
    let a = script.connect("/a");
    script.connect("/");
    script.open();
    script.say(r#"4/a,{"data" : {"code":[1, 2]}, "message":"not \"you\""}"#);
    assert_eq!(script.log(), ["open", r#"connect-error 0 not "you" {"code":[1, 2]}"#]);
    assert!(!script.client.is_active(a));
    script.hear();
    script.lose();
    script.advance(secs(1));
    script.open();
    assert_eq!(script.hear(), ["0"]);
}

#[test]
fn a_refusal_is_understood_whatever_it_is() {
    for (payload, line) in [
        (r#"{"message":"no"}"#, "connect-error 0 no"),
        (r#""no""#, "connect-error 0 no"),
        (r#"{"message":7}"#, r#"connect-error 0  {"message":7}"#),
        (r#"{}"#, "connect-error 0  {}"),
    ] {
        let mut script = Script::new(|_| {});
        script.connect("/");
        script.open();
        script.say(&format!("4{payload}"));
        assert_eq!(script.log(), ["open", line]);
    }
}

#[test]
fn who_was_refused_is_tried_again_when_somebody_asks_and_keeps_what_waits() {
    let mut script = Script::new(|_| {});
    let key = script.connect("/");
    script.emit(key, "early", ()).unwrap();
    script.open();
    script.say(r#"4{"message":"no"}"#);
    assert!(script.hung_up, "no socket needs the session");
    script.emit(key, "later", ()).unwrap();
    script.advance(secs(60));
    assert_eq!(script.dials, 1);
    script.hear();
    assert_eq!(script.connect_with("/", json(r#"{"token":"better"}"#)), key);
    script.open();
    script.say(r#"0{"sid":"x"}"#);
    assert_eq!(
        script.hear(),
        [r#"0{"token":"better"}"#, r#"2["early"]"#, r#"2["later"]"#]
    );
    assert_eq!(script.log(), ["open", "connect-error 0 no", "open", "connected 0 x"]);
}

#[test]
fn a_server_that_is_too_old_is_told_from_others() {
    for consent in ["0", r#"0{"sid":7}"#, &format!(r#"0{{"sid":"{}"}}"#, "x".repeat(5_000))] {
        let mut script = Script::new(|_| {});
        script.connect("/");
        script.open();
        script.say(consent);
        let events = script.events();
        let Event::ConnectError { error, .. } = &events[1] else {
            panic!("{events:?}")
        };
        assert_eq!(*error, ConnectError::OldServer);
        assert!(script.hung_up);
    }
}

#[test]
fn who_leaves_tells_the_server_and_the_last_one_closes_the_session() {
    let (mut script, key) = Script::connected();
    let a = script.join("/a");
    script.disconnect(a);
    assert_eq!(script.log(), ["disconnected 1 io client disconnect"]);
    assert_eq!(script.hear(), ["1/a,"]);
    assert!(!script.hung_up);
    script.emit(key, "last", ()).unwrap();
    script.disconnect(key);
    assert_eq!(script.log(), ["disconnected 0 io client disconnect"]);
    assert_eq!(script.hear(), [r#"2["last"]"#, "1"]);
    assert!(script.hung_up);
    script.advance(secs(60));
    assert_eq!(script.dials, 1);
}

#[test]
fn a_socket_that_has_left_is_no_more_and_the_namespace_gets_a_new_one() {
    let (mut script, key) = Script::connected();
    script.disconnect(key);
    assert!(script.client.emit(key, "x", ()).is_err());
    assert!(script.client.emit_with_retries(script.now, key, "x", ()).is_err());
    script.disconnect(key);
    let new = script.connect("/");
    assert_ne!(new, key);
    script.open();
    script.say(r#"0{"sid":"again"}"#);
    assert_eq!(
        script.log(),
        ["disconnected 0 io client disconnect", "open", "connected 1 again"]
    );
}

#[test]
fn a_server_that_makes_a_socket_leave_does_not_get_it_back_by_itself() {
    let (mut script, key) = Script::connected();
    let a = script.join("/a");
    script.say("1/a,");
    assert_eq!(script.log(), ["disconnected 1 io server disconnect"]);
    assert!(!script.client.is_active(a));
    assert!(!script.hung_up);
    script.say("2/a,[\"late\"]");
    script.say("1");
    assert_eq!(script.log(), ["disconnected 0 io server disconnect"]);
    assert!(!script.client.is_active(key));
    assert!(script.hung_up, "no socket needs the session");
    script.advance(secs(60));
    assert_eq!(script.dials, 1);
    assert_eq!(script.connect("/a"), a);
    script.open();
    assert_eq!(script.hear(), ["0/a,"]);
}

#[test]
fn who_leaves_before_the_answer_takes_leave_after_it() {
    let (mut script, _) = Script::connected();
    let a = script.connect("/a");
    script.disconnect(a);
    assert_eq!(
        script.hear(),
        ["0/a,"],
        "the server would not understand a DISCONNECT yet"
    );
    script.connect("/a");
    assert_eq!(script.hear().len(), 0, "nor another CONNECT");
    script.say(r#"0/a,{"sid":"first"}"#);
    assert_eq!(script.hear(), ["1/a,", "0/a,"]);
    assert_eq!(script.log().len(), 0);
    script.say(r#"2/a,["for the first"]"#);
    script.say(r#"0/a,{"sid":"second"}"#);
    assert_eq!(script.log(), ["connected 2 second"]);

    let b = script.connect("/b");
    script.disconnect(b);
    script.connect("/b");
    script.hear();
    script.say(r#"4/b,{"message":"not the first"}"#);
    assert_eq!(script.hear(), ["0/b,"]);
    assert_eq!(script.log().len(), 0);
}

#[test]
fn an_attempt_that_nobody_wants_any_more_is_given_up() {
    let mut script = Script::new(|_| {});
    let key = script.connect("/");
    script.disconnect(key);
    assert!(script.hung_up);
    assert_eq!(script.log().len(), 0);
    script.advance(secs(60));
    assert_eq!(script.dials, 1);
}

#[test]
fn closing_takes_leave_everywhere_and_is_the_end() {
    let (mut script, key) = Script::connected();
    let a = script.join("/a");
    script.connect("/pending");
    script.emit(a, "last", ()).unwrap();
    script.ask(key, "question", None).unwrap();
    script.hear();
    script.close();
    assert_eq!(script.hear(), ["1", "1/a,"]);
    assert_eq!(
        script.log(),
        [
            "ack-failed 0 0 socket has been disconnected",
            "disconnected 0 io client disconnect",
            "disconnected 1 io client disconnect",
            "closed"
        ]
    );
    assert!(script.hung_up);
    assert!(script.observer.is_over());
    script.close();
    assert!(script.client.emit(key, "x", ()).is_err());
    assert_eq!(
        script.client.connect(script.now, "/", Auth::None),
        Err(JoinError::Closed)
    );
    script.advance(secs(60));
}

#[test]
fn closing_says_what_was_sent_first() {
    let (mut script, key) = Script::connected();
    script.writable = false;
    script.emit(key, "last", ()).unwrap();
    script.close();
    assert_eq!(script.hear(), [r#"2["last"]"#, "1"], "it is written to the end");
    assert_eq!(script.log(), ["disconnected 0 io client disconnect", "closed"]);
}

#[test]
fn closing_what_never_began_is_the_end_at_once() {
    let mut script = Script::new(|_| {});
    script.close();
    assert_eq!(script.log(), ["closed"]);
}

#[test]
fn closing_between_two_attempts_ends_them() {
    let (mut script, _) = Script::connected();
    script.lose();
    script.log();
    script.close();
    assert_eq!(script.log(), ["closed"]);
    script.advance(secs(60));
    assert_eq!(script.dials, 1);
}

#[test]
fn what_makes_no_sense_is_ignored() {
    let (mut script, key) = Script::connected();
    let pending = script.connect("/pending");
    script.hear();
    for packet in [
        r#"0{"sid":"another"}"#,
        r#"4{"message":"no"}"#,
        r#"0/b,{"sid":"b"}"#,
        r#"4/b,{"message":"no"}"#,
        "1/b,",
        r#"2/b,["x"]"#,
        "3/b,1[]",
        "37[]",
        "1/pending,",
        "3/pending,1[]",
    ] {
        script.say(packet);
        assert_eq!(script.log().len(), 0, "{packet}");
    }
    assert_eq!(script.hear().len(), 0);
    assert_eq!(script.client.socket_id(key).unwrap().as_str(), "id");
    assert!(script.client.is_active(pending));
}

#[test]
fn what_is_no_packet_ends_the_session_which_is_tried_again() {
    for packet in [
        "9",
        "2",
        "x",
        "0[]",
        "51-[\"no attachment\",{\"_placeholder\":true,\"num\":1}]",
    ] {
        let (mut script, key) = Script::connected();
        script.say(packet);
        let log = script.log();
        assert!(log[0].starts_with("disconnected 0 parse error: "), "{log:?}");
        assert_eq!(log[1], "reconnecting 1 1000");
        assert!(script.hung_up);
        assert!(script.client.is_active(key));
        script.advance(ms(1_000));
        script.open();
        script.say(r#"0{"sid":"again"}"#);
        assert_eq!(script.log(), ["open 1", "connected 0 again"]);
    }
}

#[test]
fn what_the_server_says_before_it_has_heard_of_a_leave_is_for_nobody() {
    let (mut script, _) = Script::connected();
    let a = script.join("/a");
    script.disconnect(a);
    script.connect("/a");
    script.log();
    script.say(r#"2/a,["for the one before"]"#);
    script.say("1/a,"); // at the same time, the server has sent that one away
    script.say(r#"0/a,{"sid":"new"}"#);
    script.say(r#"2/a,["for the new one"]"#);
    assert_eq!(script.log(), ["connected 2 new", "event 2 for the new one"]);
}

#[test]
fn what_comes_before_a_later_consent_is_held_again() {
    let (mut script, _) = Script::connected();
    let a = script.join("/a");
    script.disconnect(a);
    script.join("/a");
    script.say("1/a,");
    script.connect("/a");
    script.log();
    script.say(r#"2/a,["early"]"#);
    script.say(r#"0/a,{"sid":"third"}"#);
    assert_eq!(script.log(), ["connected 2 third", "event 2 early"]);
}

#[test]
fn who_left_before_the_answer_is_forgotten_with_the_session() {
    let (mut script, _) = Script::connected();
    let a = script.connect("/a");
    script.disconnect(a);
    script.lose();
    script.connect("/a");
    script.advance(secs(1));
    script.hear();
    script.open();
    assert_eq!(script.hear(), ["0", "0/a,"]);
    script.log();
    script.say(r#"0/a,{"sid":"a"}"#);
    assert_eq!(script.log(), ["connected 2 a"]);
}

#[test]
fn whoever_closes_waits_for_no_room() {
    let (mut script, key) = Script::connected();
    script.writable = false;
    while script.emit(key, "x", ("y".repeat(100_000),)).is_ok() {}
    script.close();
    assert_eq!(script.log(), ["disconnected 0 io client disconnect", "closed"]);
}
