//! Leaving: by the client, by the server, and what was on its way meanwhile.

mod support;

use engineio_proto::TransportKind;
use socketio_proto::server::EmitError;
use support::{Client, TRANSPORTS, secs};

#[test]
fn a_client_leaves_one_namespace_and_keeps_the_others() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        client.say("1/a,");
        assert_eq!(client.log(), ["disconnect 1 client namespace disconnect"]);
        assert_eq!(client.hear(), [""; 0], "it needs no answer");
        assert!(matches!(
            client.emit(client.key(1), "hello", ()),
            Err(EmitError::NotConnected)
        ));
        client.say(r#"2["hello"]"#);
        assert_eq!(client.log(), ["event 0 hello"]);
    }
}

#[test]
fn a_client_that_has_left_everything_may_stay() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say("1");
        client.advance(secs(300));
        client.join("/a");
        assert_eq!(client.log(), ["disconnect 0 client namespace disconnect"]);
    }
}

#[test]
fn the_server_makes_a_client_leave_one_namespace() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        client.disconnect(client.key(1), false);
        assert_eq!(client.log(), ["disconnect 1 server namespace disconnect"]);
        assert_eq!(client.hear(), ["1/a,"]);
        assert!(matches!(
            client.emit(client.key(1), "hello", ()),
            Err(EmitError::NotConnected)
        ));
        client.emit(client.key(0), "hello", ()).unwrap();
        assert_eq!(client.hear(), [r#"2["hello"]"#]);
        assert!(!client.is_hung_up());
    }
}

#[test]
fn the_server_ends_the_whole_connection() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        client.say("0/pending,");
        client.join("/b");
        client.disconnect(client.key(3), false);
        client.log();
        client.hear();
        client.emit(client.key(1), "last words", ()).unwrap();
        client.disconnect(client.key(1), true);
        let log = [
            "disconnect 0 server namespace disconnect",
            "disconnect 1 server namespace disconnect",
            "closed forced close",
        ];
        assert_eq!(client.log(), log);
        assert_eq!(
            client.hear(),
            [r#"2/a,["last words"]"#, "1", "1/a,"],
            "each namespace is told, in its order"
        );
        assert!(client.is_hung_up());
        assert!(
            client.accept(client.key(2)).is_err(),
            "who was pending has gone with it"
        );
    }
}

#[test]
fn what_the_client_sent_before_it_learned_of_it_is_no_offence() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        client.ask(client.key(1), 0, "q", (), None).unwrap();
        client.disconnect(client.key(1), false);
        client.log();
        client.say_all(&[r#"2/a,["crossing"]"#, "3/a,0[]", r#"2/a,5["crossing"]"#, "1/a,"]);
        client.say_with(r#"51-/a,["crossing",{"_placeholder":true,"num":0}]"#, &[b"bytes"]);
        client.say(r#"2["hello"]"#);
        assert_eq!(client.log(), ["event 0 hello"]);
    }
}

#[test]
fn a_client_that_was_sent_away_may_come_back_with_a_new_key_and_id() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.disconnect(client.key(0), false);
        client.say_all(&[r#"2["crossing"]"#, "0"]);
        assert_eq!(
            client.log(),
            ["disconnect 0 server namespace disconnect", "connect 1 /"]
        );
        assert_ne!(client.key(0), client.key(1));
        client.accept(client.key(1)).unwrap();
        client.say(r#"2["hello"]"#);
        assert_eq!(client.log(), ["event 1 hello"]);
        assert_eq!(client.hear(), ["1", r#"0{"sid":"id-1"}"#]);
    }
}

#[test]
fn unread_events_of_a_socket_that_was_sent_away_are_not_delivered() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.eager = false;
        client.say_all(&[r#"2["one"]"#, r#"2["two"]"#]);
        assert!(client.pump_event());
        client.disconnect(client.key(0), false);
        client.pump();
        assert_eq!(
            client.log(),
            ["event 0 one", "disconnect 0 server namespace disconnect"]
        );
    }
}

#[test]
fn a_stale_key_disconnects_nobody() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say("0/a,");
        client.disconnect(client.key(1), true);
        client.accept(client.key(1)).unwrap();
        client.disconnect(client.key(1), false);
        for close in [false, true] {
            client.disconnect(client.key(1), close);
        }
        client.say_all(&["1", "0"]);
        for close in [false, true] {
            client.disconnect(client.key(0), close);
        }
        client.accept(client.key(2)).unwrap();
        client.say(r#"2["hello"]"#);
        assert_eq!(
            client.log(),
            [
                "connect 1 /a",
                "disconnect 1 server namespace disconnect",
                "disconnect 0 client namespace disconnect",
                "connect 2 /",
                "event 2 hello",
            ]
        );
    }
}

#[test]
fn after_a_client_has_vanished_every_socket_leaves_once_and_the_end_comes_last() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        client.join("/b");
        client.say("0/pending,");
        client.disconnect(client.key(1), false);
        client.log();
        client.vanish();
        let why = match transport {
            TransportKind::Polling => "transport error: a waiting poll was dropped",
            TransportKind::WebSocket => "transport close",
        };
        assert_eq!(
            client.log(),
            [
                format!("disconnect 0 {why}"),
                format!("disconnect 2 {why}"),
                format!("closed {why}")
            ]
        );
        client.disconnect(client.key(0), true);
        client.close();
        client.advance(secs(1000));
        assert_eq!(client.log(), [""; 0]);
    }
}

#[test]
fn a_silent_client_is_given_up() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.alive = false;
        client.advance(secs(45));
        assert_eq!(client.log(), ["disconnect 0 ping timeout", "closed ping timeout"]);
    }
}

#[test]
fn a_client_that_answers_its_pings_stays() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.advance(secs(24 * 3600));
        client.say(r#"2["hello"]"#);
        assert_eq!(client.log(), ["event 0 hello"]);
    }
}
