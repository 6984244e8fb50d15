//! Servers of Socket.IO 1.x and 2.x.

mod client_support;

use client_support::{Script, json, secs};
use engineio_proto::{Instant, Revision};
use socketio_proto::client::{Auth, JoinError};

fn script() -> Script {
    Script::of_revision(Revision::V3, |_| {})
}

#[test]
fn the_main_namespace_comes_without_being_asked_for() {
    let mut script = script();
    let key = script.connect_with("/", json(r#"{"there":"is no place for this"}"#));
    script.emit(key, "early", ()).unwrap();
    script.open();
    assert_eq!(script.hear().len(), 0);
    script.say("0");
    assert_eq!(script.log(), ["open", "connected 0 engine"]);
    assert_eq!(script.hear(), [r#"2["early"]"#]);
    script.say(r#"2["news",1]"#);
    assert_eq!(script.log(), ["event 0 news 1"]);
}

#[test]
fn other_namespaces_are_asked_for_with_a_query() {
    let mut script = script();
    script.connect_with(
        "/a",
        json(r#"{"token":"a b,c","list":[1,"x"],"deep":{"y":true},"none":null}"#),
    );
    script.connect("/b");
    script.connect_with("/c", json("{}"));
    script.open();
    assert_eq!(
        script.hear(),
        [
            "0/a?deep=%7B%22y%22%3Atrue%7D&list=1&list=x&none=null&token=a+b%2Cc,",
            "0/b,",
            "0/c,"
        ]
    );
    script.say("0");
    script.say("0/a,");
    script.say("0/b?x=1,");
    assert_eq!(script.log(), ["open", "connected 0 /a#engine", "connected 1 /b#engine"]);
    script.say(r#"2/a,7["hello"]"#);
    let reply = script.reply();
    script.ack(reply, ("there",)).unwrap();
    assert_eq!(script.hear(), [r#"3/a,7["there"]"#]);
}

#[test]
fn credentials_may_be_asked_for_where_they_have_a_place() {
    let mut script = script();
    script.connect_with("/", Auth::OnDemand);
    let a = script.connect_with("/a", Auth::OnDemand);
    script.open();
    assert_eq!(script.log(), ["open", "authenticate 1"]);
    script.client.authenticate(a, Some(&json(r#"{"token":1}"#))).unwrap();
    script.pump();
    assert_eq!(script.hear(), ["0/a?token=1,"]);
}

#[test]
fn a_refusal_is_a_string_or_whatever_the_application_says() {
    for (payload, line) in [
        (r#""not \"authorized\"""#, r#"connect-error 0 not "authorized""#),
        (r#"{"code":7}"#, r#"connect-error 0  {"code":7}"#),
        (
            r#"{"message":"Invalid namespace"}"#,
            "connect-error 0 Invalid namespace",
        ),
    ] {
        let mut script = script();
        let key = script.connect("/a");
        script.open();
        script.say(&format!("4/a,{payload}"));
        assert_eq!(script.log(), ["open", line]);
        assert!(!script.client.is_active(key));
    }
    let mut script = script();
    script.connect("/");
    script.open();
    script.say(r#"4"no""#);
    assert_eq!(script.log(), ["open", "connect-error 0 no"]);
    assert!(script.hung_up);
}

#[test]
fn whoever_does_not_want_the_main_namespace_hears_nothing_of_it() {
    let mut script = script();
    script.connect("/a");
    script.open();
    script.say("0");
    script.say(r#"2["news"]"#);
    script.say("0/a,");
    assert_eq!(script.log(), ["open", "connected 0 /a#engine"]);
    script.connect("/");
    assert_eq!(script.log(), ["connected 1 engine"], "it is there already");
}

#[test]
fn the_main_namespace_can_be_left_and_comes_back_with_the_next_session() {
    let mut script = script();
    script.connect("/a");
    let key = script.connect("/");
    script.open();
    script.say("0");
    script.say("0/a,");
    script.hear();
    script.disconnect(key);
    assert_eq!(script.hear(), ["1"]);
    script.connect("/");
    script.log();
    script.lose();
    script.advance(secs(1));
    script.open();
    script.say("0");
    assert_eq!(
        script.log(),
        [
            "disconnected 0 transport close",
            "connect-error 2 transport close",
            "reconnecting 1 1000",
            "open 1",
            "connected 2 engine"
        ]
    );
}

#[test]
fn whoever_leaves_the_main_namespace_before_it_has_come_is_in_it_when_it_comes() {
    let mut script = script();
    script.connect("/a");
    let key = script.connect("/");
    script.open();
    script.disconnect(key);
    script.hear();
    script.say("0");
    script.connect("/");
    assert_eq!(script.hear().len(), 0);
    assert_eq!(script.log(), ["open", "connected 2 engine"]);
}

#[test]
fn a_server_that_makes_the_main_namespace_end_ends_it() {
    let mut script = script();
    let key = script.connect("/");
    script.open();
    script.say("0");
    script.say("1");
    assert_eq!(
        script.log(),
        ["open", "connected 0 engine", "disconnected 0 io server disconnect"]
    );
    assert!(!script.client.is_active(key));
    assert!(script.hung_up);
    script.connect("/");
    script.open();
    script.say("0");
    assert_eq!(script.log(), ["open", "connected 0 engine"]);
}

#[test]
fn there_is_no_query_in_a_namespace_but_that_of_the_credentials() {
    let mut script = script();
    let error = script.client.connect(Instant::ORIGIN, "/a?x=1", Auth::None);
    assert_eq!(error, Err(JoinError::Namespace));
    let mut deep = "[".repeat(200);
    deep += &"]".repeat(200);
    let auth = json(&format!(r#"{{"a":{deep}}}"#));
    assert_eq!(script.client.connect(Instant::ORIGIN, "/a", auth), Err(JoinError::Auth));
}

#[test]
fn a_main_namespace_that_ends_unseen_is_not_joined_later() {
    let mut script = script();
    script.connect("/a");
    script.open();
    script.say("0");
    script.say("0/a,");
    script.say("1");
    script.connect("/");
    assert_eq!(script.log(), ["open", "connected 0 /a#engine"]);
}
