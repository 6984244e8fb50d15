//! Acknowledgements, both ways.

mod support;

use engineio_proto::{Instant, SendError};
use socketio_proto::server::{EmitError, Event};
use socketio_proto::{AckId, EventBody};
use support::{Client, EngineConfig, TRANSPORTS, config, ms, secs};

#[test]
fn the_server_acknowledges_what_asks_for_it() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        client.say(r#"27["add",1,2]"#);
        let reply = client.reply();
        assert_eq!((reply.socket(), reply.id()), (client.key(0), AckId(7)));
        client.ack(reply, (3,)).unwrap();
        client.say(r#"2/a,0["nothing"]"#);
        let reply = client.reply();
        client.ack(reply, ()).unwrap();
        client.say(&format!(r#"2{}["last"]"#, u64::MAX));
        let reply = client.reply();
        client.ack(reply, ("a", [1, 2], "b")).unwrap();
        let last = format!(r#"3{}["a",[1,2],"b"]"#, u64::MAX);
        assert_eq!(client.hear(), [r#"37[3]"#, "3/a,0[]", &last]);
    }
}

#[test]
fn acknowledgements_may_come_late_and_in_any_order() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say_all(&[r#"20["a"]"#, r#"21["b"]"#, r#"22["c"]"#]);
        let mut replies: Vec<_> = client
            .events()
            .into_iter()
            .map(|event| match event {
                Event::Event { reply: Some(reply), .. } => reply,
                other => panic!("{other:?}"),
            })
            .collect();
        client.advance(secs(3600));
        while let Some(reply) = replies.pop() {
            let id = reply.id().0;
            client.ack(reply, (id,)).unwrap();
        }
        assert_eq!(client.hear(), ["32[2]", "31[1]", "30[0]"]);
    }
}

#[test]
fn an_acknowledgement_whose_socket_has_left_is_an_error() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say(r#"20["a"]"#);
        let reply = client.reply();
        client.say_all(&["1", "0"]);
        client.accept(client.key(1)).unwrap();
        client.hear();
        let error = client.ack(reply, ()).unwrap_err();
        assert!(
            matches!(error, EmitError::NotConnected),
            "not even if the client has come back"
        );
        assert_eq!(client.hear(), [""; 0]);
    }
}

#[test]
fn the_client_acknowledges_what_asks_for_it() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        let (root, a) = (client.key(0), client.join("/a"));
        // Ids count per namespace: the same one may be awaited in both.
        client.ask(root, 0, "who", ("are", "you"), None).unwrap();
        client.ask(a, 0, "who", (), None).unwrap();
        client.ask(root, 1, "what", (), None).unwrap();
        assert_eq!(
            client.hear(),
            [r#"20["who","are","you"]"#, r#"2/a,0["who"]"#, r#"21["what"]"#]
        );
        client.say_all(&["31[]", r#"3/a,0[{"a":1},2]"#, r#"30["me"]"#]);
        assert_eq!(client.log(), ["ack 0 1 ", r#"ack 1 0 {"a":1},2"#, r#"ack 0 0 "me""#]);
        assert_eq!(client.awaited(), 0);
    }
}

#[test]
fn an_acknowledgement_that_nobody_awaits_is_ignored() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        client.ask(client.key(0), 5, "q", (), None).unwrap();
        client.say_all(&["30[]", "36[]", "3/a,5[]", "35[1]", "35[2]"]);
        assert_eq!(client.log(), ["ack 0 5 1"], "and a second one as well");
    }
}

#[test]
fn an_acknowledgement_that_does_not_come_in_time_is_given_up() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        let key = client.key(0);
        client.ask(key, 0, "q", (), Some(ms(700))).unwrap();
        client.ask(key, 1, "q", (), Some(ms(500))).unwrap();
        client.ask(key, 2, "q", (), Some(ms(500))).unwrap();
        client.ask(key, 3, "q", (), None).unwrap();
        assert_eq!(client.connection.poll_timeout(), Some(Instant::ORIGIN + ms(500)));
        client.advance(ms(499));
        assert_eq!(client.log(), [""; 0]);
        client.say("31[]");
        client.advance(ms(1));
        assert_eq!(client.log(), ["ack 0 1 ", "ack-failed 0 2 operation has timed out"]);
        client.advance(ms(300));
        assert_eq!(client.log(), ["ack-failed 0 0 operation has timed out"]);
        client.say_all(&["30[]", "32[]", "33[]"]);
        assert_eq!(client.log(), ["ack 0 3 "], "what comes late is as good as unknown");
    }
}

#[test]
fn deadlines_that_passed_together_fail_in_the_order_of_their_times() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        for (id, timeout) in [(4, 300), (3, 100), (2, 200), (1, 200)] {
            client.ask(client.key(0), id, "q", (), Some(ms(timeout))).unwrap();
        }
        client.jump(ms(300));
        let order: Vec<_> = [3, 1, 2, 4]
            .iter()
            .map(|id| format!("ack-failed 0 {id} operation has timed out"))
            .collect();
        assert_eq!(client.log(), order);
    }
}

#[test]
fn what_is_awaited_fails_before_its_socket_leaves_and_only_that() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        let (root, a) = (client.key(0), client.join("/a"));
        client.ask(root, 9, "q", (), None).unwrap();
        client.ask(root, 0, "q", (), Some(secs(1))).unwrap();
        client.ask(a, 0, "q", (), None).unwrap();
        client.say("1");
        assert_eq!(
            client.log(),
            [
                "ack-failed 0 0 socket has been disconnected",
                "ack-failed 0 9 socket has been disconnected",
                "disconnect 0 client namespace disconnect",
            ]
        );
        client.advance(secs(2));
        assert_eq!(client.log(), [""; 0], "its deadline has gone with it");
        client.disconnect(a, false);
        assert_eq!(
            client.log(),
            [
                "ack-failed 1 0 socket has been disconnected",
                "disconnect 1 server namespace disconnect"
            ]
        );
    }
}

#[test]
fn what_is_awaited_fails_when_the_client_vanishes() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.ask(client.key(0), 0, "q", (), Some(secs(5))).unwrap();
        client.vanish();
        let log = client.log();
        assert_eq!(log[0], "ack-failed 0 0 socket has been disconnected");
        assert!(log[1].starts_with("disconnect 0 transport "), "{log:?}");
        assert!(log[2].starts_with("closed transport "), "{log:?}");
    }
}

#[test]
fn only_so_many_are_awaited_and_half_of_them_are_to_be_done_before_there_is_room() {
    for transport in TRANSPORTS {
        let config = config(|config| config.max_pending_acks = 4);
        let mut client = Client::joined_with(transport, config, EngineConfig::default());
        let (root, a) = (client.key(0), client.join("/a"));
        for id in 0..3 {
            client
                .ask(root, id, "q", (), Some(secs(u64::from(id == 2)) + secs(1)))
                .unwrap();
        }
        client.ask(a, 0, "q", (), None).unwrap();
        client.hear();
        let error = client.ask(a, 1, "q", (), None).unwrap_err();
        assert!(matches!(error, EmitError::Full));
        client.emit(a, "no question", ()).unwrap();
        assert_eq!(
            client.hear(),
            [r#"2/a,["no question"]"#],
            "of the refused one, nothing was sent"
        );

        client.say("30[]");
        assert_eq!(client.log(), ["ack 0 0 "]);
        client.advance(secs(1));
        assert_eq!(client.log(), ["ack-failed 0 1 operation has timed out", "drained"]);
        client.ask(a, 1, "q", (), None).unwrap();
        client.say_all(&["3/a,0[]", "3/a,1[]", "32[]"]);
        assert_eq!(
            client.log(),
            ["ack 1 0 ", "ack 1 1 ", "ack 0 2 "],
            "there was room all the time"
        );
    }
}

#[test]
fn a_broadcast_awaits_an_answer_of_each() {
    for transport in TRANSPORTS {
        let body = EventBody::new("vote", &("now",)).unwrap();
        let packet = body.encode("/", Some(AckId(12)));
        for answers in [true, false] {
            let mut client = Client::joined(transport);
            let key = client.key(0);
            let deadline = client.now + secs(1);
            client
                .connection
                .send_with_ack(key, AckId(12), &packet, Some(deadline))
                .unwrap();
            client.events();
            assert_eq!(client.connection.poll_timeout(), Some(deadline));
            client.pump();
            assert_eq!(client.hear(), [r#"212["vote","now"]"#]);
            client.eager = false; // the harness did not see the question
            if answers {
                client.say("312[\"yes\"]");
                assert!(matches!(
                    client.connection.poll_event(),
                    Some(Event::Ack { id: AckId(12), .. })
                ));
            } else {
                client.now = deadline;
                client.connection.handle_timeout(deadline);
                assert!(matches!(
                    client.connection.poll_event(),
                    Some(Event::AckFailed { id: AckId(12), .. })
                ));
            }
            assert!(client.connection.poll_event().is_none());
        }
    }
}

#[test]
fn a_question_to_a_socket_that_has_left_is_an_error_even_when_there_is_no_room() {
    for transport in TRANSPORTS {
        let config = config(|config| config.max_pending_acks = 1);
        let mut client = Client::joined_with(transport, config, EngineConfig::default());
        let (root, a) = (client.key(0), client.join("/a"));
        client.disconnect(a, false);
        client.ask(root, 0, "q", (), None).unwrap();
        let packet = EventBody::new("q", &()).unwrap().encode("/a", Some(AckId(0)));
        let error = client.connection.send_with_ack(a, AckId(0), &packet, None);
        assert_eq!(error, Err(SendError::Closed(())));
    }
}
