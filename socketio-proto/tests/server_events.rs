//! Events, both ways.

mod support;

use engineio_proto::TransportKind;
use socketio_proto::server::{EmitError, Event};
use socketio_proto::{Args, EncodeError, Encoded, Json};
use support::{Client, TRANSPORTS};

#[test]
fn events_arrive_in_the_order_in_which_they_were_sent() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        let packets: Vec<_> = (0..100)
            .map(|n| format!(r#"2{}["n",{n}]"#, if n % 3 == 0 { "/a," } else { "" }))
            .collect();
        client.say_all(&packets.iter().map(String::as_str).collect::<Vec<_>>());
        let expected: Vec<_> = (0..100)
            .map(|n| format!("event {} n {n}", u8::from(n % 3 == 0)))
            .collect();
        assert_eq!(client.log(), expected);

        for n in 0..100 {
            client.emit(client.key(usize::from(n % 3 == 0)), "n", (n,)).unwrap();
        }
        assert_eq!(client.hear(), packets);
    }
}

#[test]
fn nothing_is_lost_or_overtaken_on_the_way_to_a_websocket() {
    let mut client = Client::joined(TransportKind::Polling);
    client.say(r#"2["n",0]"#);
    client.emit(client.key(0), "n", (0,)).unwrap();
    client.reading = false; // the client polls no more, and changes over
    for n in 1..50 {
        client.emit(client.key(0), "n", (n,)).unwrap();
        client.say(&format!(r#"2["n",{n}]"#));
    }
    client.reading = true;
    client.upgrade();
    for n in 50..100 {
        client.emit(client.key(0), "n", (n,)).unwrap();
        client.say(&format!(r#"2["n",{n}]"#));
    }
    let (mut log, heard) = (client.log(), client.hear());
    log.retain(|line| line != "upgraded");
    assert_eq!(log, (0..100).map(|n| format!("event 0 n {n}")).collect::<Vec<_>>());
    assert_eq!(heard, (0..100).map(|n| format!(r#"2["n",{n}]"#)).collect::<Vec<_>>());
    assert_eq!(client.connection.transport(), TransportKind::WebSocket);
}

#[test]
fn an_event_can_come_alone() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say(r#"2["alone"]"#);
        let Event::Event { args, reply: None, .. } = client.event() else {
            panic!("it asks for no reply")
        };
        assert!(args.is_empty());
        client.emit(client.key(0), "alone", ()).unwrap();
        client.emit(client.key(0), "alone", args).unwrap();
        assert_eq!(client.hear(), [r#"2["alone"]"#, r#"2["alone"]"#]);
    }
}

#[test]
fn names_are_read_and_written_whatever_is_in_them() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        for (json, name) in [
            (r#""""#, ""),
            (r#""\"quoted\" \\ \n""#, "\"quoted\" \\ \n"),
            (r#""€ 😀""#, "€ 😀"),
            (r#""message""#, "message"),
            (r#""error""#, "error"),
        ] {
            client.say(&format!("2[{json},1]"));
            let Event::Event { name: read, .. } = client.event() else {
                panic!("{json} is an event")
            };
            assert_eq!(read, name);
            client.emit(client.key(0), &read, (1,)).unwrap();
            assert_eq!(client.hear(), [format!("2[{json},1]")]);
        }
        client.say(r#"2["\u20ac \ud83d\ude00"]"#);
        assert_eq!(client.log(), ["event 0 € 😀"]);
        client.say("2[42,true]");
        assert_eq!(
            client.log(),
            ["event 0 42 true"],
            "JavaScript can name an event by a number"
        );
    }
}

#[test]
fn arguments_pass_through_as_they_are() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        let json = r#"{"big":123456789012345678901234567890,"deep":[[[[{}]]]],"é":"\u0000"},null,1e400"#;
        client.say(&format!(r#"2["echo",{json}]"#));
        let Event::Event { args, .. } = client.event() else {
            panic!("it is an event")
        };
        client.emit(client.key(0), "echo", &args).unwrap();
        assert_eq!(client.hear(), [format!(r#"2["echo",{json}]"#)]);
    }
}

#[test]
fn what_cannot_be_said_is_the_callers_error_and_nothing_is_sent() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        let key = client.key(0);
        for name in [
            "connect",
            "connect_error",
            "disconnect",
            "disconnecting",
            "newListener",
            "removeListener",
        ] {
            let error = client.emit(key, name, ()).unwrap_err();
            assert!(
                matches!(error, EmitError::Encode(EncodeError::ReservedEvent(_))),
                "{error}"
            );
        }
        let no_json = std::collections::BTreeMap::from([((1, 2), 3)]);
        let error = client.emit(key, "map", (no_json,)).unwrap_err();
        assert!(matches!(error, EmitError::Encode(EncodeError::Value(_))), "{error}");
        assert_eq!(client.hear(), [""; 0]);
    }
}

#[test]
fn one_encoding_goes_to_many() {
    let packet = Encoded::event("/a", None, "news", &("for all", 7)).unwrap();
    for transport in TRANSPORTS {
        for _ in 0..3 {
            let mut client = Client::over(transport);
            let key = client.join("/a");
            client.connection.send(key, &packet).unwrap();
            client.pump();
            assert_eq!(client.hear(), [r#"2/a,["news","for all",7]"#]);
        }
    }
}

#[test]
fn a_packet_is_read_when_its_event_is_fetched_and_not_before() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.eager = false;
        client.say_all(&[r#"2["one"]"#, r#"2["two"]"#, "nonsense"]);
        assert!(client.pump_event());
        assert_eq!(client.log(), ["event 0 one"]);
        assert_eq!(client.connection.sockets().count(), 1, "nobody has read the nonsense");
        assert!(client.pump_event());
        assert_eq!(client.connection.sockets().count(), 1);
        assert!(client.pump_event());
        assert_eq!(client.connection.sockets().count(), 0);
        client.pump();
        assert_eq!(
            client.log(),
            [
                "event 0 two",
                "disconnect 0 parse error: unknown packet type 'n'",
                "closed forced close"
            ]
        );
    }
}

#[test]
fn what_the_application_keeps_outlives_the_connection() {
    let mut client = Client::joined(TransportKind::WebSocket);
    client.say(r#"2["keep",{"a":[1,2]},"b"]"#);
    let Event::Event { name, args, .. } = client.event() else {
        panic!("it is an event")
    };
    drop(client);
    let relayed = Args::clone(&args);
    drop(args);
    assert_eq!((&*name, relayed.as_json()), ("keep", r#"{"a":[1,2]},"b""#));
    assert_eq!(
        Json::new(relayed.get(0).unwrap().as_json()).unwrap().as_str(),
        r#"{"a":[1,2]}"#
    );
}
