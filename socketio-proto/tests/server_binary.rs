//! Binary data, both ways.

mod support;

use bytes::Bytes;
use engineio_proto::TransportKind;
use socketio_proto::server::{EmitError, Event};
use support::{Client, TRANSPORTS, engine};

#[test]
fn a_packet_comes_with_the_last_of_its_attachments() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say_with(
            r#"52-9["up",{"a":{"_placeholder":true,"num":1}},"x",{"_placeholder":true,"num":0}]"#,
            &[&[1, 2, 3], &[]],
        );
        let Event::Event {
            name,
            args,
            reply: Some(reply),
            ..
        } = client.event()
        else {
            panic!("an event came")
        };
        assert_eq!(name, "up");
        assert_eq!(args.attachments(), [&[1, 2, 3][..], &[]]);
        assert_eq!(args.get(2).unwrap().as_bytes().unwrap(), &[1, 2, 3][..]);

        // And back, as it came.
        client.ack(reply, &args).unwrap();
        assert_eq!(
            client.hear(),
            [
                r#"62-9[{"a":{"_placeholder":true,"num":1}},"x",{"_placeholder":true,"num":0}]"#,
                "<010203>",
                "<>"
            ]
        );
    }
}

#[test]
fn a_packet_whose_attachments_do_not_come_is_no_event() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.say_with(r#"52-["up",{"_placeholder":true,"num":1}]"#, &[&[1]]);
        assert_eq!(client.log(), [""; 0]);
        client.vanish();
        assert!(client.log()[0].starts_with("disconnect 0 transport"));
    }
}

#[test]
fn pings_may_come_between_a_packet_and_its_attachments() {
    let mut client = Client::joined(TransportKind::WebSocket);
    client.say(r#"51-["up",{"_placeholder":true,"num":0}]"#);
    client.advance(std::time::Duration::from_secs(60));
    client.send_all(&[engineio_proto::Message::Binary(Bytes::from_static(b"late"))]);
    assert_eq!(client.log(), [r#"event 0 up {"_placeholder":true,"num":0} b"late""#]);
}

#[test]
fn the_server_sends_bytes_and_awaits_bytes() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        let bytes = Bytes::from_static(&[0xff, 0]);
        client.ask(client.key(1), 3, "bin", ("x", &bytes), None).unwrap();
        assert_eq!(
            client.hear(),
            [r#"51-/a,3["bin","x",{"_placeholder":true,"num":0}]"#, "<ff00>"]
        );
        client.say_with(r#"61-/a,3[{"_placeholder":true,"num":0}]"#, &[b"yes"]);
        let Event::Ack { args, .. } = client.event() else {
            panic!("an answer came")
        };
        assert_eq!(args.parse::<(Bytes,)>().unwrap().0, "yes");
    }
}

#[test]
fn a_packet_and_its_attachments_are_taken_together_or_not_at_all() {
    for transport in TRANSPORTS {
        // Room for one packet with both of its attachments beside what is waiting, and not for two.
        let engine = engine(|engine| engine.send_capacity = 1_000);
        let mut client = Client::joined_with(transport, Default::default(), engine);
        let key = client.key(0);
        client.reading = false;
        client.emit(key, "ends the poll that waits", ()).unwrap();
        client.emit(key, "waits", ()).unwrap();
        let (a, b) = (Bytes::from(vec![1; 200]), Bytes::from(vec![2; 200]));
        client.emit(key, "bin", (&a, &b)).unwrap();
        let before = client.connection.queued_bytes();
        assert!(matches!(client.emit(key, "bin", (&a, &b)), Err(EmitError::Full)));
        assert_eq!(client.connection.queued_bytes(), before);
        client.reading = true;
        client.pump();
        assert_eq!(client.log(), ["drained"]);
        client.emit(key, "small", ()).unwrap();
        let heard = client.hear();
        let names: Vec<_> = heard
            .iter()
            .filter(|packet| !packet.starts_with('<'))
            .map(|packet| &packet[..8])
            .collect();
        assert_eq!(names, [r#"2["ends "#, r#"2["waits"#, r#"52-["bin"#, r#"2["small"#]);
        assert_eq!(heard.len(), 6);
    }
}
