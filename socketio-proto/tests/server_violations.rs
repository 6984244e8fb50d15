//! Clients that break the rules: the connection ends, its sockets learn why, and nothing that comes later counts.

mod support;

use support::{Client, EngineConfig, TRANSPORTS, config, text};

/// What becomes of a client that is in `/` and `/in`, has asked for `/pending`, and says `packets`.
fn after(packets: &[&str], why: &str) {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/in");
        client.say("0/pending,");
        client.log();
        client.hear();
        let mut said = packets.to_vec();
        said.extend([r#"2["too late"]"#, "0/too-late,", "nonsense"]);
        client.say_all(&said);
        assert_eq!(
            client.log(),
            [
                format!("disconnect 0 {why}"),
                format!("disconnect 1 {why}"),
                "closed forced close".to_owned(),
            ],
            "{packets:?}"
        );
        assert_eq!(client.hear(), [""; 0], "no packet tells the client");
        assert!(client.is_hung_up());
        assert!(client.connection.is_closed());
    }
}

#[test]
fn an_event_for_a_namespace_that_was_not_joined() {
    after(
        &[r#"2/out,["hello"]"#],
        "forced close: a packet for a namespace that was not joined",
    );
}

#[test]
fn an_event_before_the_application_has_accepted() {
    after(
        &[r#"2/pending,["hello"]"#],
        "forced close: a packet for a namespace that was not joined",
    );
}

#[test]
fn an_event_behind_a_refusal() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say("0/a,");
        client.refuse(client.key(1), "no", None).unwrap();
        client.say(r#"2/a,["hello"]"#);
        assert_eq!(
            client.log()[1..],
            [
                "disconnect 0 forced close: a packet for a namespace that was not joined",
                "closed forced close"
            ]
        );
    }
}

#[test]
fn an_event_behind_the_own_disconnect() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say_all(&["1", r#"2["hello"]"#]);
        assert_eq!(
            client.log(),
            ["disconnect 0 client namespace disconnect", "closed forced close"]
        );
    }
}

#[test]
fn an_acknowledgement_or_a_disconnect_for_a_namespace_that_was_not_joined() {
    let why = "forced close: a packet for a namespace that was not joined";
    after(&["3/out,0[]"], why);
    after(&["1/out,"], why);
    after(&["1/pending,"], why);
}

#[test]
fn a_first_packet_that_is_not_connect() {
    for transport in TRANSPORTS {
        for packet in [r#"2["hello"]"#, "3/a,1[]", "1", "4{}"] {
            let mut client = Client::over(transport);
            client.say(packet);
            assert_eq!(client.log(), ["closed forced close"], "{packet}");
            assert!(client.is_hung_up());
        }
    }
}

#[test]
fn a_second_connect() {
    after(&["0"], "forced close: a namespace joined twice");
    after(&["0/in,{}"], "forced close: a namespace joined twice");
}

#[test]
fn a_packet_that_only_a_server_sends() {
    after(
        &[r#"4{"message":"no"}"#],
        "forced close: a packet that only a server sends",
    );
    after(
        &[r#"4/out,{"message":"no"}"#],
        "forced close: a packet that only a server sends",
    );
}

#[test]
fn what_is_no_packet() {
    after(&["9"], "parse error: unknown packet type '9'");
    after(&["2"], "parse error: Event packet without a payload");
    after(&[r#"2["a""#], "parse error: invalid payload");
    after(&["2{}"], "parse error: Event packet with a payload of another shape");
    after(&[r#"2["connect"]"#], "parse error: an event with a reserved name");
    after(&[r#"2["\u0063onnect"]"#], "parse error: an event with a reserved name");
    after(&["0[]"], "parse error: Connect packet with a payload of another shape");
    after(&["3[]"], "parse error: an acknowledgement without an id");
}

#[test]
fn attachments_that_were_not_announced_and_text_where_one_was() {
    after(
        &[r#"51-["a",{"_placeholder":true,"num":0}]"#, "2[\"b\"]"],
        "parse error: a text message where an attachment was expected",
    );
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say_with(r#"2["a"]"#, &[b"what for?"]);
        assert_eq!(
            client.log(),
            [
                "event 0 a",
                "disconnect 0 parse error: a binary message that is no attachment",
                "closed forced close"
            ]
        );
    }
}

#[test]
fn more_attachments_than_there_may_be() {
    for transport in TRANSPORTS {
        let config = config(|config| config.max_attachments = 2);
        let mut client = Client::joined_with(transport, config, EngineConfig::default());
        client.say(r#"53-["a"]"#);
        assert_eq!(
            client.log()[0],
            "disconnect 0 parse error: a packet of more than 2 attachments"
        );
    }
}

#[test]
fn an_empty_message() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.send_all(&[text("")]);
        assert_eq!(client.log()[0], "disconnect 0 parse error: an empty packet");
    }
}

#[test]
fn a_fault_of_the_engine_disconnects_the_sockets_with_the_engines_reason() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/in");
        match transport {
            engineio_proto::TransportKind::Polling => drop(client.post("?")),
            engineio_proto::TransportKind::WebSocket => client.frame(engineio_proto::ExchangeId(1), "?".into()),
        }
        let why = "parse error: unknown packet type '?'";
        assert_eq!(
            client.log(),
            [
                format!("disconnect 0 {why}"),
                format!("disconnect 1 {why}"),
                format!("closed {why}")
            ]
        );
    }
}

#[test]
fn what_came_before_the_fault_counts_and_what_came_behind_it_does_not_even_if_the_client_left() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.eager = false;
        client.say_all(&[r#"2["before"]"#, "?", "0/after,"]);
        client.vanish();
        client.pump();
        let log = client.log();
        assert_eq!(log.len(), 3, "{log:?}");
        assert_eq!(
            log[..2],
            ["event 0 before", "disconnect 0 parse error: unknown packet type '?'"]
        );
        assert!(log[2].starts_with("closed "), "{log:?}");
    }
}
