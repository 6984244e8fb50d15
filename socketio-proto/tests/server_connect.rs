//! Joining namespaces: the request, the answer, and who may ask how often.

mod support;

use bytes::Bytes;
use engineio_proto::TransportKind;
use socketio_proto::Json;
use socketio_proto::server::{Event, NotWaiting};
use support::{Client, EngineConfig, TRANSPORTS, config, sid};

#[test]
fn a_client_joins_and_is_told_its_id() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.say("0");
        assert_eq!(client.log(), ["connect 0 /"]);
        assert_eq!(client.hear(), [""; 0], "nobody has said yet that it may");
        assert_eq!(client.connection.socket_id(client.key(0)), None);

        client.accept(client.key(0)).unwrap();
        assert_eq!(client.hear(), [r#"0{"sid":"id-0"}"#]);
        assert_eq!(client.log(), [""; 0]);
        assert_eq!(client.connection.socket_id(client.key(0)), Some(&Client::id(0)));
        assert_eq!(client.connection.sockets().collect::<Vec<_>>(), [client.key(0)]);
    }
}

#[test]
fn what_the_client_brings_is_handed_over_unread() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.say(r#"0{"token": "secret", "n":1e400}"#);
        let Event::Connect { auth: Some(auth), .. } = client.event() else {
            panic!("the client brings something")
        };
        assert_eq!(auth.as_str(), r#"{"token": "secret", "n":1e400}"#);
        client.say(r#"0/admin,{"role":"root"}"#);
        assert_eq!(client.log(), [r#"connect 1 /admin {"role":"root"}"#]);
    }
}

/// A socket may keep it for hours.
#[test]
fn what_the_client_brings_does_not_keep_what_it_came_with() {
    let mut client = Client::over(TransportKind::Polling);
    let body = Bytes::from(format!("40{{\"token\":1}}\u{1e}6{}", "x".repeat(100_000)));
    client.post(body.clone());
    let Event::Connect { auth: Some(auth), .. } = client.event() else {
        panic!("the client brings something")
    };
    assert_eq!(auth.as_str(), r#"{"token":1}"#);
    assert!(!body.as_ptr_range().contains(&auth.as_str().as_ptr()));
}

#[test]
fn what_the_client_brings_and_who_it_is_are_not_written_to_logs() {
    let mut client = Client::over(TransportKind::Polling);
    client.say(r#"0{"token":"hidden"}"#);
    let event = client.event();
    let key = client.key(0);
    let written = format!("{event:?} {:?}", client.connection);
    assert!(!written.contains("hidden") && written.contains("Connect"), "{written}");
    client.say(r#"0/admin,{"token":"hidden"}"#); // not fetched yet
    client.accept(key).unwrap();
    assert!(!format!("{:?}", client.connection).contains("hidden"));
}

#[test]
fn a_refused_client_learns_why_and_may_try_again() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.say(r#"0/admin,{"token":1}"#);
        let data = Json::new(r#"{"code":401}"#).unwrap();
        client.refuse(client.key(0), "not \"you\"", Some(&data)).unwrap();
        assert_eq!(
            client.hear(),
            [r#"4/admin,{"message":"not \"you\"","data":{"code":401}}"#]
        );

        client.say(r#"0/admin,{"token":2}"#);
        client.refuse(client.key(1), "no", None).unwrap();
        assert_eq!(client.hear(), [r#"4/admin,{"message":"no"}"#]);

        client.say(r#"0/admin,{"token":3}"#);
        client.accept(client.key(2)).unwrap();
        assert_eq!(client.hear(), [r#"0/admin,{"sid":"id-2"}"#]);
        let log = client.log();
        let asked = [
            r#"connect 0 /admin {"token":1}"#,
            r#"connect 1 /admin {"token":2}"#,
            r#"connect 2 /admin {"token":3}"#,
        ];
        assert_eq!(log, asked, "a refusal is no disconnection");
    }
}

#[test]
fn an_unknown_namespace_is_the_applications_to_refuse() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.say("0/a?x=1,");
        assert_eq!(client.log(), ["connect 0 /a?x=1"], "a query is part of the name");
        client.refuse(client.key(0), "Invalid namespace", None).unwrap();
        assert_eq!(client.hear(), [r#"4/a?x=1,{"message":"Invalid namespace"}"#]);
    }
}

#[test]
fn an_answer_is_given_once() {
    let mut client = Client::over(TransportKind::WebSocket);
    client.say_all(&["0", "0/a,"]);
    client.accept(client.key(0)).unwrap();
    client.refuse(client.key(1), "no", None).unwrap();
    for key in [client.key(0), client.key(1)] {
        assert_eq!(client.accept(key), Err(NotWaiting));
        assert_eq!(client.refuse(key, "no", None), Err(NotWaiting));
    }
    client.vanish();
    client.say("0/b,");
    assert_eq!(client.asked(), 2, "nobody is there to ask");
}

#[test]
fn a_client_that_vanishes_while_it_waits_gets_no_answer_and_no_disconnect() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.say("0");
        client.vanish();
        let log = client.log();
        assert_eq!(log.len(), 2, "{log:?}");
        assert_eq!(log[0], "connect 0 /");
        assert!(log[1].starts_with("closed transport "));
        assert_eq!(client.accept(client.key(0)), Err(NotWaiting));
        assert_eq!(client.refuse(client.key(0), "no", None), Err(NotWaiting));
    }
}

#[test]
fn events_sent_right_behind_connect_wait_for_an_application_that_answers_at_once() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        // One POST, or messages that were read together: the application fetches one event at a time.
        client.eager = false;
        client.say_all(&["0", r#"2["early",1]"#, r#"2["early",2]"#]);
        assert!(client.pump_event());
        client.accept(client.key(0)).unwrap();
        client.pump();
        assert_eq!(client.log(), ["connect 0 /", "event 0 early 1", "event 0 early 2"]);
    }
}

#[test]
fn a_client_that_asks_again_before_it_is_answered_is_answered_once() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say("0/slow,");
        client.say(r#"0/slow,{"token":"newer"}"#);
        assert_eq!(
            client.log(),
            ["connect 1 /slow", r#"connect 2 /slow {"token":"newer"}"#]
        );
        assert_eq!(client.accept(client.key(1)), Err(NotWaiting));
        client.accept(client.key(2)).unwrap();
        client.say(r#"2/slow,["hello"]"#);
        assert_eq!(client.log(), ["event 2 hello"]);
    }
}

#[test]
fn events_of_others_do_not_wait_for_a_pending_socket() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say_all(&["0/slow,", r#"2["hello"]"#]);
        assert_eq!(client.log(), ["connect 1 /slow", "event 0 hello"]);
        client.accept(client.key(1)).unwrap();
        client.say(r#"2/slow,["hello"]"#);
        assert_eq!(client.log(), ["event 1 hello"]);
    }
}

#[test]
fn the_id_of_a_socket_is_the_one_it_was_given_and_never_the_sid() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        let ids: Vec<_> = client
            .connection
            .sockets()
            .map(|key| client.connection.socket_id(key))
            .collect();
        assert_eq!(ids, [Some(&Client::id(0)), Some(&Client::id(1))]);
        assert_eq!(client.connection.sid(), sid());
        assert!(
            !client
                .into_trace()
                .concat()
                .contains(&format!(r#"{{\"sid\":\"{}\"}}"#, sid().as_str()))
        );
    }
}

#[test]
fn who_leaves_and_comes_back_is_somebody_else() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        let first = client.key(0);
        client.say_all(&["1", "0"]);
        let second = client.key(1);
        assert_ne!(first, second);
        client.accept(second).unwrap();
        assert_eq!(
            client.log(),
            ["disconnect 0 client namespace disconnect", "connect 1 /"]
        );
        assert_eq!(client.hear(), [r#"0{"sid":"id-1"}"#]);
        assert!(client.emit(first, "hello", ()).is_err());
        client.emit(second, "hello", ()).unwrap();
        assert_eq!(client.hear(), [r#"2["hello"]"#]);
    }
}

#[test]
fn a_client_may_be_in_so_many_namespaces_and_no_more() {
    for transport in TRANSPORTS {
        let mut client = Client::with(transport, config(|c| c.max_namespaces = 3), EngineConfig::default());
        for namespace in ["/a", "/b", "/c"] {
            client.join(namespace);
        }
        // A place is free again when a client leaves, is refused, or is sent away.
        client.say("1/a,");
        client.say("0/d,");
        client.refuse(client.key(3), "no", None).unwrap();
        client.join("/e");
        client.disconnect(client.key(1), false);
        client.join("/f");
        client.log();
        client.say("0/g,");
        assert_eq!(
            client.log()[..3],
            [
                "disconnect 2 forced close: too many namespaces",
                "disconnect 4 forced close: too many namespaces",
                "disconnect 5 forced close: too many namespaces",
            ]
        );
        assert_eq!(client.asked(), 6);
    }
}

#[test]
fn to_be_sent_away_again_and_again_costs_no_place() {
    for transport in TRANSPORTS {
        let mut client = Client::joined_with(transport, config(|c| c.max_namespaces = 3), EngineConfig::default());
        for round in 0..20 {
            let key = client.join(&format!("/round-{round}"));
            client.disconnect(key, false);
            client.say(&format!(r#"2/round-{round},["crossing"]"#));
        }
        client.say(r#"2["still here"]"#);
        assert_eq!(client.log().last().unwrap(), "event 0 still here");
    }
}
