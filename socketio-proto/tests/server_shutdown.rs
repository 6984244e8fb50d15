//! The server stops.

mod support;

use socketio_proto::server::{EmitError, NotWaiting};
use support::{Client, TRANSPORTS, secs};

#[test]
fn the_sockets_leave_and_the_transport_is_closed_without_a_word() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        client.say("0/pending,");
        client.ask(client.key(1), 0, "q", (), None).unwrap();
        client.log();
        client.hear();
        client.close();
        assert_eq!(
            client.log(),
            [
                "disconnect 0 server shutting down",
                "ack-failed 1 0 socket has been disconnected",
                "disconnect 1 server shutting down",
                "closed forced close"
            ]
        );
        assert_eq!(client.hear(), [""; 0]);
        assert!(client.is_hung_up());
        assert_eq!(client.accept(client.key(2)), Err(NotWaiting));
        assert!(matches!(
            client.emit(client.key(0), "hello", ()),
            Err(EmitError::NotConnected)
        ));
    }
}

#[test]
fn what_was_sent_before_still_goes_out() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.reading = false;
        for n in 0..3 {
            client.emit(client.key(0), "n", (n,)).unwrap();
        }
        client.close();
        client.reading = true;
        client.pump();
        assert_eq!(client.hear(), [r#"2["n",0]"#, r#"2["n",1]"#, r#"2["n",2]"#]);
        assert_eq!(
            client.log(),
            ["disconnect 0 server shutting down", "closed forced close"]
        );
    }
}

#[test]
fn a_client_that_does_not_come_for_it_is_waited_for_only_so_long() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.reading = false;
        client.emit(client.key(0), "n", ()).unwrap(); // ends a poll that waits
        client.emit(client.key(0), "n", ()).unwrap();
        client.close();
        assert_eq!(client.log(), ["disconnect 0 server shutting down"]);
        client.advance(secs(29));
        assert_eq!(client.log(), [""; 0]);
        client.advance(secs(1));
        assert_eq!(client.log(), ["closed forced close"]);
    }
}

#[test]
fn what_arrives_meanwhile_does_not_count() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.eager = false;
        client.say_all(&[r#"2["unread"]"#, "0/unread,"]);
        client.close();
        client.say_all(&[r#"2["late"]"#, "0/late,", "nonsense"]);
        client.close();
        client.pump();
        assert_eq!(
            client.log(),
            ["disconnect 0 server shutting down", "closed forced close"]
        );
    }
}

#[test]
fn a_client_that_has_left_by_itself_is_not_asked_again() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.eager = false;
        client.say_all(&[r#"2["unread"]"#, "0/unread,"]);
        client.vanish();
        client.close();
        client.pump();
        let log = client.log();
        assert_eq!(log[0], "disconnect 0 server shutting down");
        assert!(log[1].starts_with("closed transport "), "{log:?}");
        assert_eq!(log.len(), 2, "{log:?}");
    }
}

#[test]
fn a_client_without_a_namespace_is_closed_as_well() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.close();
        assert_eq!(client.log(), ["closed forced close"]);
    }
}
