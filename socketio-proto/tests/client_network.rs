//! The client against our own server, over every transport and both revisions.

mod client_support;

use bytes::Bytes;
use client_support::network::{Network, jitter, over};
use client_support::{config, ms, secs};
use engineio_proto::client::Transports;
use engineio_proto::{Revision, TransportKind};
use socketio_proto::Parser;
use socketio_proto::client::Config;

const TRANSPORTS: [Transports; 3] = [
    Transports::Polling,
    Transports::WebSocket,
    Transports::PollingThenWebSocket,
];

/// Every way to connect.
fn ways() -> impl Iterator<Item = Config> {
    let revisions = [Revision::V4, Revision::V3];
    let ways = revisions
        .into_iter()
        .flat_map(|revision| TRANSPORTS.map(|transports| over(transports, revision)));
    let msgpack = TRANSPORTS.map(|transports| {
        let mut config = over(transports, Revision::V4);
        config.parser = Parser::msgpack();
        config
    });
    ways.chain(msgpack)
}

#[test]
fn every_way_leads_into_namespaces_and_events_go_both_ways() {
    for config in ways() {
        let mut network = Network::new(config);
        let key = network.connect("/");
        let chat = network.connect("/chat");
        network.emit(key, "echo", (1, "early")).unwrap();
        network.advance(secs(1));
        network
            .emit(chat, "echo", ("two", Bytes::from_static(&[1, 2, 3])))
            .unwrap();
        network.ask(key, ("three", 4), None).unwrap();
        network.advance(secs(1));
        let log = network.log();
        for line in [
            r#"event 0 echo 1,"early""#,
            r#"event 1 echo "two",{"_placeholder":true,"num":0} b"\x01\x02\x03""#,
            r#"ack 0 0 "three",4"#,
        ] {
            assert!(log.iter().any(|other| other == line), "{line} is not in {log:?}");
        }
        assert_eq!(network.server_sockets(), 2);
        network.close();
        network.advance(secs(1));
        assert_eq!(network.log().last().unwrap(), "closed");
        assert_eq!(network.server_sockets(), 0);
        assert!(network.server_is_empty());
    }
}

#[test]
fn thousands_of_events_keep_their_order_across_an_upgrade() {
    for revision in [Revision::V4, Revision::V3] {
        let mut network = Network::with_latency(over(Transports::PollingThenWebSocket, revision), jitter(3, 40));
        let key = network.connect("/");
        for n in 0..2_000 {
            network.emit(key, "echo", (n,)).unwrap();
            network.advance(ms(1));
        }
        network.advance(secs(5));
        let log = network.log();
        assert!(log.contains(&"upgraded".to_owned()));
        assert_eq!(network.client.transport(), Some(TransportKind::WebSocket));
        let echoes: Vec<_> = log
            .iter()
            .filter_map(|line| line.strip_prefix("event 0 echo "))
            .collect();
        let expected: Vec<_> = (0..2_000).map(|n| n.to_string()).collect();
        assert_eq!(echoes, expected);
        assert_eq!(network.received("echo"), expected);
    }
}

#[test]
fn a_server_that_restarts_gets_what_waited_once_and_in_order() {
    for config in ways() {
        let mut network = Network::new(config);
        let key = network.connect("/");
        network.advance(secs(2));
        network.emit(key, "news", (0,)).unwrap();
        network.advance(secs(1));
        network.reachable = false;
        network.restart();
        for n in 1..20 {
            network.emit(key, "news", (n,)).unwrap();
            network.advance(ms(300));
        }
        network.reachable = true;
        network.advance(secs(10));
        network.emit(key, "news", (20,)).unwrap();
        network.advance(secs(1));
        let expected: Vec<_> = (0..=20).map(|n| n.to_string()).collect();
        assert_eq!(network.received("news"), expected);
        assert_eq!(network.server_sockets(), 1);
    }
}

#[test]
fn a_network_that_breaks_again_and_again_loses_nothing_that_is_insisted_on() {
    for config in ways() {
        let mut config = config;
        config.retries = 1_000;
        let mut network = Network::with_latency(config, jitter(9, 30));
        let key = network.connect("/");
        for n in 0..40 {
            network.insist(key, (n,)).unwrap();
            network.advance(ms(230));
            if n % 4 == 0 {
                network.cut();
            }
        }
        network.advance(secs(60));
        assert_eq!(network.observer.awaited(), 0);
        assert!(network.observer.answered.values().all(Result::is_ok));
        let mut received: Vec<u64> = network.received("insist").iter().map(|n| n.parse().unwrap()).collect();
        assert!(received.is_sorted(), "{received:?}");
        received.dedup();
        assert_eq!(received, (0..40).collect::<Vec<_>>());
    }
}

#[test]
fn a_refusal_leaves_other_namespaces_alone() {
    for config in ways() {
        let mut network = Network::new(config);
        let no = network.connect("/no");
        network.connect("/");
        network.advance(secs(2));
        assert!(network.log().iter().any(|line| line == "connect-error 0 no"));
        assert!(!network.client.is_active(no));
        assert_eq!(network.server_sockets(), 1);
    }
}

#[test]
fn whoever_leaves_and_joins_again_and_again_breaks_no_rule() {
    for transports in TRANSPORTS {
        let mut network = Network::with_latency(over(transports, Revision::V4), jitter(5, 20));
        network.connect("/");
        for round in 0..50 {
            let key = network.connect("/room");
            network.advance(ms(round));
            network.emit(key, "hello", (round,)).unwrap();
            network.disconnect(key);
        }
        network.advance(secs(2));
        let log = network.log();
        assert!(log.iter().all(|line| !line.starts_with("disconnected 0")), "{log:?}");
        assert_eq!(
            network.server_sockets(),
            1,
            "the server would close the connection of whoever breaks one"
        );
    }
}

#[test]
fn a_server_that_says_goodbye_is_left_alone() {
    for config in ways() {
        let mut network = Network::new(config);
        let key = network.connect("/");
        network.connect("/a");
        network.advance(secs(2));
        network.log();
        network.dismiss(true);
        network.advance(secs(60));
        let log = network.log();
        assert!(
            log.contains(&"disconnected 0 io server disconnect".to_owned()),
            "{log:?}"
        );
        assert!(
            log.contains(&"disconnected 1 io server disconnect".to_owned()),
            "{log:?}"
        );
        assert!(!network.client.is_active(key));
        assert!(network.server_is_empty());
    }
}

#[test]
fn a_day_of_silence_is_nothing() {
    for transports in TRANSPORTS {
        let mut network = Network::new(over(transports, Revision::V4));
        network.connect("/");
        network.advance(secs(2));
        network.log();
        network.advance(secs(24 * 3_600));
        assert_eq!(network.log().len(), 0);
        assert_eq!(network.server_sockets(), 1);
    }
}

#[test]
fn chance_spreads_the_attempts() {
    let mut network = Network::new(config(|config| config.randomization_factor = 0.5));
    network.reachable = false;
    network.connect("/");
    network.advance(secs(60));
    let log = network.log();
    let delays: Vec<u64> = log
        .iter()
        .filter_map(|line| line.strip_prefix("reconnecting ")?.split(' ').nth(1)?.parse().ok())
        .collect();
    assert!(delays.len() > 10, "{delays:?}");
    assert!(delays.iter().all(|delay| (500..=5_000).contains(delay)), "{delays:?}");
    assert!(delays.iter().any(|delay| delay % 1_000 != 0), "{delays:?}");
}

/// The numbers of the events named `news` in a log: none of them has anything behind it but the offset, which was taken off.
fn news(log: &[String]) -> Vec<u32> {
    let news = log.iter().filter_map(|line| line.strip_prefix("event 0 news "));
    news.map(|args| args.split_once(" @").expect("there is an offset").0.parse().unwrap())
        .collect()
}

#[test]
fn whoever_comes_back_is_recovered_and_misses_nothing() {
    for transports in TRANSPORTS {
        let mut network = Network::with_latency(over(transports, Revision::V4), jitter(4, 30)).with_recovery();
        network.connect("/");
        network.advance(secs(3));
        for n in 0..200 {
            network.publish("news", &(n,));
            network.advance(ms(100));
            if n % 40 == 20 {
                network.cut();
            }
        }
        network.advance(secs(10));
        let log = network.log();
        assert_eq!(news(&log), (0..200).collect::<Vec<_>>(), "each once, in order");
        let connected: Vec<_> = log.iter().filter(|line| line.starts_with("connected")).collect();
        assert_eq!(connected[0], "connected 0 member-1");
        assert_eq!(connected.len(), 6);
        assert!(
            connected[1..]
                .iter()
                .all(|line| *line == "connected 0 member-1 recovered"),
            "{connected:?}"
        );
    }
}

#[test]
fn whoever_leaves_on_purpose_or_stays_away_too_long_is_not_recovered() {
    let mut network = Network::new(over(Transports::WebSocket, Revision::V4)).with_recovery();
    let key = network.connect("/");
    network.advance(secs(1));
    network.publish("news", &(0,));
    network.advance(secs(1));
    network.reachable = false;
    network.cut();
    network.advance(secs(125));
    network.reachable = true;
    network.advance(secs(10));
    network.dismiss(false);
    network.advance(secs(1));
    network.connect("/");
    network.advance(secs(1));
    network.disconnect(key);
    network.connect("/");
    network.advance(secs(1));
    let log = network.log();
    let connected: Vec<_> = log.iter().filter(|line| line.starts_with("connected")).collect();
    assert_eq!(
        connected,
        [
            "connected 0 member-1",
            "connected 0 member-2",
            "connected 0 member-3",
            "connected 1 member-4"
        ]
    );
}
