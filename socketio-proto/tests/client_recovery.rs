//! Connection state recovery: what a client remembers, and what it takes off the arguments of events.

mod client_support;

use client_support::{Script, json, ms, secs};

/// The session is lost, and the next one is open. Returns the CONNECT.
fn reconnect(script: &mut Script) -> String {
    script.lose();
    script.advance(secs(1));
    script.open();
    script.log();
    script.hear().pop().unwrap()
}

/// The lines that these events are.
fn lines(script: &mut Script, packets: &[&str]) -> Vec<String> {
    for packet in packets {
        script.say(packet);
    }
    script.log()
}

#[test]
fn a_socket_comes_back_as_who_it_was_and_hears_what_it_missed() {
    let (mut script, _) = Script::recoverable();
    assert_eq!(
        lines(&mut script, &[r#"2["news",1,"Q7wat1o.0"]"#]),
        ["event 0 news 1 @Q7wat1o.0"]
    );
    assert_eq!(reconnect(&mut script), r#"0{"pid":"secret","offset":"Q7wat1o.0"}"#);
    script.say(r#"2["news",2,"Q7wat1z"]"#);
    script.say(r#"2["news",3,"Q7wat2A"]"#);
    assert_eq!(
        script.log().len(),
        0,
        "they are held until the server has said who this is"
    );
    script.say(r#"0{"sid":"id","pid":"secret"}"#);
    assert_eq!(
        script.log(),
        [
            "connected 0 id recovered",
            "event 0 news 2 @Q7wat1z",
            "event 0 news 3 @Q7wat2A"
        ]
    );
    assert_eq!(reconnect(&mut script), r#"0{"pid":"secret","offset":"Q7wat2A"}"#);
}

#[test]
fn what_waits_goes_out_when_the_socket_is_back() {
    let (mut script, key) = Script::recoverable();
    script.lose();
    script.emit(key, "mine", ()).unwrap();
    script.advance(secs(1));
    script.open();
    script.hear();
    script.say(r#"2["news",2,"Q7wat1z"]"#);
    assert_eq!(script.hear().len(), 0);
    script.say(r#"0{"sid":"id","pid":"secret"}"#);
    assert_eq!(script.hear(), [r#"2["mine"]"#]);
}

#[test]
fn a_socket_that_is_not_restored_is_a_new_one() {
    let (mut script, _) = Script::recoverable();
    lines(&mut script, &[r#"2["news","Q7wat1o.0"]"#]);
    reconnect(&mut script);
    script.say(r#"0{"sid":"other","pid":"another"}"#);
    assert_eq!(script.log(), ["connected 0 other"]);
    assert_eq!(
        reconnect(&mut script),
        r#"0{"pid":"another"}"#,
        "the offset belonged to the one before"
    );
    script.say(r#"0{"sid":"other"}"#);
    assert_eq!(script.log(), ["connected 0 other"]);
    assert_eq!(reconnect(&mut script), "0", "the server does it no more");
}

#[test]
fn who_it_was_goes_with_the_credentials_which_count_more() {
    let mut script = Script::new(|_| {});
    script.connect_with("/", json(r#" { "token" : "}" } "#));
    script.open();
    script.say(r#"0{"sid":"id","pid":"sec\"ret"}"#);
    script.hear();
    assert_eq!(reconnect(&mut script), r#"0{"pid":"sec\"ret","token" : "}" }"#);
    script.say(r#"0{"sid":"id","pid":"sec\"ret"}"#);
    script.connect_with("/", json("{ }"));
    assert_eq!(reconnect(&mut script), r#"0{"pid":"sec\"ret"}"#);
}

#[test]
fn without_a_private_name_nothing_is_taken_off() {
    let (mut script, _) = Script::connected();
    assert_eq!(
        lines(
            &mut script,
            &[r#"2["news",1,"Q7wat1o.0"]"#, r#"2["news","x7Gk_2Qa.1f"]"#]
        ),
        [r#"event 0 news 1,"Q7wat1o.0""#, r#"event 0 news "x7Gk_2Qa.1f""#]
    );
    assert_eq!(reconnect(&mut script), "0");
}

#[test]
fn nothing_is_taken_off_an_event_that_asks_for_an_acknowledgement() {
    let (mut script, _) = Script::recoverable();
    assert_eq!(
        lines(&mut script, &[r#"27["news",1,"Q7wat1o.0"]"#]),
        [r#"event 0 news 1,"Q7wat1o.0" ?7"#]
    );
    assert_eq!(reconnect(&mut script), r#"0{"pid":"secret"}"#);
}

#[test]
fn strings_of_the_application_stay() {
    let (mut script, _) = Script::recoverable();
    // A volatile event has no offset, and ends with whatever the application said last.
    for text in [
        "hello",
        "message",
        "Patrick",
        "Player1",
        "database.db",
        "",
        "a\\\"b",
        "507f1f77bcf86cd799439011",
    ] {
        assert_eq!(
            lines(&mut script, &[&format!(r#"2["typing","{text}"]"#)]),
            [format!(r#"event 0 typing "{text}""#)]
        );
    }
    assert_eq!(
        lines(
            &mut script,
            &[
                r#"2["chat","hi","Q7wat1o"]"#,
                r#"2["typing","Patrick"]"#,
                r#"2["typing","Player1"]"#,
                r#"2["code","R7kd93Z"]"#,
                r#"2["again","Q7wat1o"]"#,
                r#"2["numbers",1,2]"#,
                r#"2["none"]"#,
                r#"2["chat","hi","Q7wat3x"]"#,
            ]
        ),
        [
            r#"event 0 chat "hi" @Q7wat1o"#,
            r#"event 0 typing "Patrick""#,
            r#"event 0 typing "Player1""#,
            r#"event 0 code "R7kd93Z""#,
            r#"event 0 again "Q7wat1o""#,
            "event 0 numbers 1,2",
            "event 0 none",
            r#"event 0 chat "hi" @Q7wat3x"#,
        ]
    );
    assert_eq!(
        reconnect(&mut script),
        r#"0{"pid":"secret","offset":"Q7wat3x"}"#,
        "none of those is sent back"
    );
}

#[test]
fn offsets_of_all_kinds_are_taken_off() {
    for offsets in [
        ["Q7wat1o", "Q7wat1o.0", "Q7wat1o.1", "Q7wbt1o"],
        ["x7Gk_2Qa.9", "x7Gk_2Qa.a", "x7Gk_2Qa.f", "x7Gk_2Qa.10"],
        [
            "1712345678901-0",
            "1712345678901-1",
            "1712345678911-0",
            "1712345679000-0",
        ],
    ] {
        let (mut script, _) = Script::recoverable();
        for offset in offsets {
            script.advance(ms(100));
            assert_eq!(
                lines(&mut script, &[&format!(r#"2["news", [1, "2"] , "{offset}" ]"#)]),
                [format!(r#"event 0 news [1, "2"] @{offset}"#)]
            );
        }
        assert_eq!(
            reconnect(&mut script),
            format!(r#"0{{"pid":"secret","offset":"{}"}}"#, offsets[3])
        );
    }
}

#[test]
fn the_offset_is_the_only_argument_or_comes_behind_attachments() {
    let (mut script, _) = Script::recoverable();
    script.say(r#"2["news","Q7wat1o.0"]"#);
    script.say_with(r#"51-["file",{"_placeholder":true,"num":0},"Q7wat1z.1"]"#, &[&[7]]);
    assert_eq!(
        script.log(),
        [
            "event 0 news @Q7wat1o.0",
            r#"event 0 file {"_placeholder":true,"num":0} b"\x07" @Q7wat1z.1"#
        ]
    );
}

#[test]
fn a_wrong_first_guess_is_corrected() {
    let (mut script, _) = Script::recoverable();
    assert_eq!(
        lines(
            &mut script,
            &[
                r#"2["code","R7kd93Z"]"#, // nothing tells it from an offset
                r#"2["chat","Q7wat1o"]"#,
                r#"2["chat","Q7wat1z"]"#,
                r#"2["chat","Q7wat2o"]"#,
            ]
        ),
        [
            "event 0 code @R7kd93Z",
            r#"event 0 chat "Q7wat1o""#,
            "event 0 chat @Q7wat1z",
            "event 0 chat @Q7wat2o",
        ]
    );
}

#[test]
fn offsets_of_a_form_that_nobody_knows_stay_and_are_sent_back() {
    let (mut script, _) = Script::recoverable();
    assert_eq!(
        lines(&mut script, &[r#"2["news",1,"event:7"]"#, r#"2["news",1,"event:8"]"#]),
        [r#"event 0 news 1,"event:7""#, r#"event 0 news 1,"event:8""#]
    );
    assert_eq!(reconnect(&mut script), r#"0{"pid":"secret","offset":"event:8"}"#);
}

#[test]
fn they_stay_if_the_application_wants_that() {
    let mut script = Script::new(|config| config.strip_offsets = false);
    script.connect("/");
    script.open();
    script.say(r#"0{"sid":"id","pid":"secret"}"#);
    script.log();
    assert_eq!(
        lines(&mut script, &[r#"2["news","Q7wat1o"]"#]),
        [r#"event 0 news "Q7wat1o""#]
    );
    assert_eq!(reconnect(&mut script), r#"0{"pid":"secret","offset":"Q7wat1o"}"#);
}

#[test]
fn a_name_or_an_offset_without_end_is_not_kept() {
    let mut script = Script::new(|_| {});
    script.connect("/");
    script.open();
    script.say(&format!(r#"0{{"sid":"id","pid":"{}"}}"#, "x".repeat(257)));
    script.hear();
    assert_eq!(reconnect(&mut script), "0");
    script.say(r#"0{"sid":"id","pid":"short"}"#);
    script.say(&format!(r#"2["news","{}"]"#, "x".repeat(257)));
    assert_eq!(reconnect(&mut script), r#"0{"pid":"short"}"#);
}

#[test]
fn whoever_is_flooded_while_it_is_restored_asks_for_that_no_more() {
    let mut script = Script::new(|config| config.held_capacity = 500);
    script.connect("/");
    script.open();
    script.say(r#"0{"sid":"id","pid":"secret"}"#);
    assert_eq!(reconnect(&mut script), r#"0{"pid":"secret"}"#);
    script.say(&format!(r#"2["news","{}","Q7wat1o"]"#, "x".repeat(600)));
    assert!(script.hung_up);
    script.advance(secs(1));
    script.open();
    assert_eq!(script.hear(), ["0"]);
}

#[test]
fn names_are_not_written_to_logs() {
    let (mut script, _) = Script::recoverable();
    script.connect_with("/a", json(r#"{"token":"hidden"}"#));
    let text = format!("{:?}", script.client);
    assert!(!text.contains("secret\"") && !text.contains("hidden"), "{text}");
}

#[test]
fn strings_that_follow_each_other_are_no_offsets_while_there_are_real_ones() {
    let (mut script, _) = Script::recoverable();
    let log = lines(
        &mut script,
        &[
            r#"2["chat","Q7wat1o"]"#,
            r#"2["code","R7kd93Z"]"#,
            r#"2["chat","Q7wat1z"]"#,
            r#"2["code","R7kd94Z"]"#,
            r#"2["chat","Q7wat2o"]"#,
        ],
    );
    assert_eq!(
        log,
        [
            "event 0 chat @Q7wat1o",
            r#"event 0 code "R7kd93Z""#,
            "event 0 chat @Q7wat1z",
            r#"event 0 code "R7kd94Z""#,
            "event 0 chat @Q7wat2o",
        ]
    );
}
