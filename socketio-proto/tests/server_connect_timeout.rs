//! A client that joins nothing does not stay.

mod support;

use engineio_proto::Instant;
use socketio_proto::server::NotWaiting;
use support::{Client, EngineConfig, TRANSPORTS, config, ms, secs};

const LOG: [&str; 1] = ["closed forced close"];

#[test]
fn after_45_seconds_without_a_namespace_the_session_is_closed() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.advance(secs(45) - ms(1));
        assert_eq!(client.log(), [""; 0]);
        client.advance(ms(1));
        assert_eq!(client.log(), LOG);
        assert!(client.is_hung_up());
    }
}

#[test]
fn the_time_is_a_setting() {
    for transport in TRANSPORTS {
        let mut client = Client::with(
            transport,
            config(|c| c.connect_timeout = ms(300)),
            EngineConfig::default(),
        );
        assert_eq!(client.connection.poll_timeout(), Some(Instant::ORIGIN + ms(300)));
        client.advance(ms(300));
        assert_eq!(client.log(), LOG);
    }
}

#[test]
fn the_first_namespace_that_is_accepted_ends_the_wait_for_good() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.advance(secs(44));
        client.join("/a");
        client.advance(secs(100));
        client.say("1/a,");
        client.advance(secs(100));
        assert_eq!(
            client.log(),
            ["disconnect 0 client namespace disconnect"],
            "nobody is thrown out for leaving"
        );
    }
}

#[test]
fn to_ask_and_to_be_refused_is_not_to_join() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.say("0");
        client.say("0/b,");
        client.refuse(client.key(0), "no", None).unwrap();
        client.advance(secs(45));
        assert_eq!(client.log(), ["connect 0 /", "connect 1 /b", "closed forced close"]);
        assert_eq!(client.accept(client.key(1)), Err(NotWaiting), "it came too late");
    }
}

#[test]
fn a_client_that_is_gone_has_no_deadline_left() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.vanish();
        assert_eq!(client.connection.poll_timeout(), None);
        client.advance(secs(100));
        assert_eq!(client.log().len(), 1, "closed once, for the first reason");
    }
}
