//! Clients that do not read.

mod support;

use engineio_proto::SendError;
use socketio_proto::server::EmitError;
use socketio_proto::{Encoded, Json};
use support::{Client, TRANSPORTS, config, engine, secs};

const CAPACITY: usize = 2_000;

/// A client that reads nothing from now on, and whose buffer is small.
fn deaf(transport: engineio_proto::TransportKind) -> Client {
    let engine = engine(|engine| (engine.send_capacity, engine.volatile_capacity) = (CAPACITY, CAPACITY / 2));
    let mut client = Client::joined_with(transport, config(|_| {}), engine);
    client.reading = false;
    client.emit(client.key(0), "ends the poll that waits", ()).unwrap();
    client.hear();
    client
}

/// Sends until not a byte is left.
fn fill(client: &mut Client) {
    let send = |client: &mut Client, text: usize| {
        let packet = Encoded::event("/", None, "x", &("x".repeat(text),)).unwrap();
        client.connection.send(client.key(0), &packet)
    };
    const COST: usize = 64 + r#"42["x",""]"#.len();
    while client.connection.queued_bytes() + COST + 200 <= CAPACITY {
        send(client, 100).unwrap();
    }
    send(client, CAPACITY - client.connection.queued_bytes() - COST).unwrap();
    assert_eq!(client.connection.queued_bytes(), CAPACITY);
    assert_eq!(send(client, 0), Err(SendError::Full(())));
}

#[test]
fn an_emit_that_finds_no_room_says_so_and_hears_when_there_is() {
    for transport in TRANSPORTS {
        let mut client = deaf(transport);
        fill(&mut client);
        assert!(!client.connection.is_writable());
        assert!(matches!(
            client.emit(client.key(0), "x", ("x".repeat(100),)),
            Err(EmitError::Full)
        ));
        client.reading = true;
        client.pump();
        assert_eq!(client.log(), ["drained"], "once");
        client.emit(client.key(0), "again", ()).unwrap();
        assert_eq!(client.hear().last().unwrap(), r#"2["again"]"#);
    }
}

#[test]
fn an_application_that_keeps_out_of_it_does_not_lose_the_connection() {
    for transport in TRANSPORTS {
        let mut client = deaf(transport);
        fill(&mut client);
        for _ in 0..100 {
            client.say(r#"20["ask"]"#);
            let reply = client.reply();
            assert!(matches!(client.ack(reply, "x".repeat(100)), Err(EmitError::Full)));
        }
        assert!(!client.connection.is_closed());
    }
}

#[test]
fn an_emit_that_finds_no_room_does_not_stand_in_the_way_of_the_protocols_own_answers() {
    for transport in TRANSPORTS {
        let mut client = deaf(transport);
        client.emit(client.key(0), "waits", ()).unwrap();
        assert!(matches!(
            client.emit(client.key(0), "large", ("x".repeat(3_000),)),
            Err(EmitError::Full)
        ));
        client.say("0/a,");
        client.accept(client.key(1)).unwrap();
        client.disconnect(client.key(1), false);
        client.say("0/b,");
        client.refuse(client.key(2), "no", None).unwrap();
        client.reading = true;
        client.pump();
        let heard = client.hear();
        let answers = [
            r#"2["waits"]"#,
            r#"0/a,{"sid":"id-1"}"#,
            "1/a,",
            r#"4/b,{"message":"no"}"#,
        ];
        assert_eq!(heard[heard.len() - 4..], answers);
        let log = [
            "connect 1 /a",
            "disconnect 1 server namespace disconnect",
            "connect 2 /b",
            "drained",
        ];
        assert_eq!(client.log(), log);
    }
}

#[test]
fn a_client_that_asks_and_does_not_read_the_answers_is_closed() {
    for transport in TRANSPORTS {
        let mut client = deaf(transport);
        let mut asked = 0;
        while !client.log().iter().any(|line| line.starts_with("disconnect")) {
            asked += 1;
            client.say("0/no,");
            client.refuse(client.key(asked), "no", None).unwrap();
            assert!(asked < 100, "2,000 bytes hold no 100 answers");
        }
        assert!(client.connection.queued_bytes() <= CAPACITY);
        // It is told so when it reads again, or given up.
        client.advance(secs(30));
        assert_eq!(client.log(), ["closed forced close"]);
        assert_eq!(client.connection.queued_bytes(), 0);
    }
}

#[test]
fn each_answer_that_finds_no_room_ends_it_with_a_reason() {
    for transport in TRANSPORTS {
        type Answer = fn(&mut Client);
        let answers: [(Answer, &[&str]); 3] = [
            (
                |client| client.accept(client.key(2)).unwrap(),
                &[
                    "disconnect 0 forced close: answers are not read",
                    "disconnect 1 forced close: answers are not read",
                    "disconnect 2 forced close: answers are not read",
                ],
            ),
            (
                |client| {
                    let data = Json::encode(&"x".repeat(200)).unwrap();
                    client.refuse(client.key(2), "no", Some(&data)).unwrap();
                },
                &[
                    "disconnect 0 forced close: answers are not read",
                    "disconnect 1 forced close: answers are not read",
                ],
            ),
            (
                |client| client.disconnect(client.key(1), true),
                &[
                    "disconnect 0 server namespace disconnect",
                    "disconnect 1 forced close: answers are not read",
                ],
            ),
        ];
        for (answer, log) in answers {
            let mut client = deaf(transport);
            client.reading = true;
            client.pump();
            client.join("/a");
            client.say("0/b,");
            client.reading = false;
            client.emit(client.key(0), "ends the poll that waits", ()).unwrap();
            fill(&mut client);
            client.log();
            answer(&mut client);
            assert_eq!(client.log(), log);
        }
    }
}

#[test]
fn a_packet_for_a_closed_session_is_no_lack_of_room() {
    for transport in TRANSPORTS {
        let mut client = deaf(transport);
        fill(&mut client);
        client.eager = false;
        client.vanish();
        let packet = Encoded::event("/", None, "x", &()).unwrap();
        assert_eq!(
            client.connection.send(client.key(0), &packet),
            Err(SendError::Closed(()))
        );
        client.pump();
        let log = client.log();
        assert!(log[0].starts_with("disconnect 0 transport"), "{log:?}");
        assert!(log[1].starts_with("closed transport"), "{log:?}");
        assert_eq!(log.len(), 2, "{log:?}");
    }
}
