//! The client and the server together, over a network in virtual time.

mod support;

use std::time::Duration;

use bytes::Bytes;
use engineio_proto::client::{self, Transports};
use engineio_proto::{CloseReason, Config, ErrorCode, Frame, Message, Revision, TransportFault, TransportKind};
use proptest::prelude::*;
use support::client::client_config;
use support::pair::{Pair, numbered};
use support::{cases, config, ms, text};

const HOUR: Duration = Duration::from_secs(3_600);

/// What both can be set to: revision, transports, base64.
fn variants() -> Vec<(client::Config, Config)> {
    let mut variants = Vec::new();
    for revision in [Revision::V4, Revision::V3] {
        for transports in [
            Transports::Polling,
            Transports::WebSocket,
            Transports::PollingThenWebSocket,
        ] {
            for base64 in [false, true] {
                let client = client_config(|config| {
                    config.revision = revision;
                    config.transports = transports;
                    config.base64 = base64;
                });
                variants.push((client, config(|config| config.allow_eio3 = true)));
            }
        }
    }
    variants
}

fn upgrading() -> Pair {
    Pair::new(client::Config::default(), Config::default())
}

fn upgraded() -> Pair {
    let pair = Pair::settled(client::Config::default(), Config::default());
    assert!(pair.is_upgraded());
    pair
}

fn polling() -> Pair {
    let client = client_config(|config| config.transports = Transports::Polling);
    Pair::settled(client, Config::default())
}

#[test]
fn they_understand_each_other() {
    for (client, server) in variants() {
        let name = format!("{client:?}");
        let wanted = client.transports;
        let mut pair = Pair::settled(client, server);
        let transport = match wanted {
            Transports::Polling => TransportKind::Polling,
            Transports::WebSocket | Transports::PollingThenWebSocket => TransportKind::WebSocket,
        };
        let server = pair.server.as_ref().unwrap();
        assert_eq!(
            (pair.client.transport(), server.transport()),
            (transport, transport),
            "{name}"
        );
        assert_eq!(pair.client.sid().unwrap().as_str(), server.sid().as_str());
        assert_eq!(pair.client.revision(), server.revision());
        let messages = [
            text("hello"),
            text(""),
            text("€😀\u{2028}\"\\n"),
            Message::Binary(Bytes::new()),
            Message::Binary((0..=255).collect::<Vec<u8>>().into()),
            text(&"x".repeat(100_000)),
            Message::Binary(vec![7; 100_000].into()),
        ];
        for message in &messages {
            pair.client.send(Frame::from(message.clone())).unwrap();
            pair.server
                .as_mut()
                .unwrap()
                .send(Frame::from(message.clone()))
                .unwrap();
        }
        pair.pump();
        pair.advance(ms(1_000));
        assert_eq!(pair.client_messages(), messages, "{name}");
        assert_eq!(pair.server_messages(), messages, "{name}");
    }
}

/// As much in each direction as there is room for, all the way through the passage.
#[test]
fn ten_thousand_messages_in_order_across_the_passage() {
    for (client, server) in variants() {
        let name = format!("{client:?}");
        let mut pair = Pair::new(client, server);
        let (mut up, mut down) = (0, 0);
        while up < 10_000 || down < 10_000 {
            for _ in 0..50 {
                if up < 10_000 && pair.client.send(Frame::text(&up.to_string())).is_ok() {
                    up += 1;
                }
                if let Some(server) = pair.server.as_mut().filter(|_| down < 10_000) {
                    if server.send(Frame::text(&down.to_string())).is_ok() {
                        down += 1;
                    }
                }
            }
            pair.pump();
            let end = pair.now + HOUR;
            assert!(pair.step_before(end), "{name}: nothing happens");
        }
        pair.advance(ms(60_000));
        assert!(pair.client_messages() == numbered(0..10_000), "{name}");
        assert!(pair.server_messages() == numbered(0..10_000), "{name}");
        assert_eq!((pair.client_reason(), pair.server_reason()), (None, None));
    }
}

#[test]
fn a_message_of_either_side_at_every_step_of_the_passage() {
    for revision in [Revision::V4, Revision::V3] {
        let client = client_config(|config| config.revision = revision);
        let mut pair = Pair::new(client, config(|config| config.allow_eio3 = true));
        let (mut up, mut down) = (0, 0);
        for _ in 0..200 {
            pair.client_send(&up.to_string());
            up += 1;
            if pair.server.is_some() {
                pair.server_send(&down.to_string());
                down += 1;
            }
            let end = pair.now + HOUR;
            pair.step_before(end);
        }
        pair.advance(ms(1_000));
        assert!(pair.is_upgraded());
        assert_eq!(pair.client_messages(), numbered(0..down));
        assert_eq!(pair.server_messages(), numbered(0..up));
    }
}

/// How many things happen until the passage is over and for a while after it.
const STEPS: usize = 24;

#[test]
fn the_client_may_close_at_every_step() {
    for (client, server) in variants() {
        for step in 0..STEPS {
            let mut pair = Pair::new(client.clone(), server.clone());
            for _ in 0..step {
                pair.step_before(pair.now + ms(1_000));
            }
            let has_session = pair.server.is_some();
            pair.client_send("last words");
            pair.client_close();
            pair.advance(ms(60_000));
            assert_eq!(
                pair.client_reason(),
                Some(CloseReason::ForcedClose),
                "{client:?} at step {step}"
            );
            assert_eq!(
                pair.server_reason(),
                Some(CloseReason::TransportClose),
                "{client:?} at step {step}"
            );
            assert_eq!(pair.server_messages(), [text("last words")]);
            assert!(has_session || step < 3);
        }
    }
}

#[test]
fn the_client_may_close_without_a_word_at_every_step() {
    for (client, server) in variants() {
        for step in 0..STEPS {
            let mut pair = Pair::new(client.clone(), server.clone());
            for _ in 0..step {
                pair.step_before(pair.now + ms(1_000));
            }
            pair.client_close();
            pair.advance(ms(60_000));
            assert_eq!(pair.client_reason(), Some(CloseReason::ForcedClose));
            if pair.server.is_some() {
                let reason = pair.server_reason().unwrap();
                assert_eq!(reason, CloseReason::TransportClose, "{client:?} at step {step}");
            }
        }
    }
}

#[test]
fn the_server_may_close_at_every_step() {
    for (client, server) in variants() {
        for step in 1..STEPS {
            let mut pair = Pair::new(client.clone(), server.clone());
            for _ in 0..step {
                pair.step_before(pair.now + ms(1_000));
            }
            if pair.server.is_none() {
                continue;
            }
            pair.server_send("last words");
            pair.server_close();
            pair.advance(ms(60_000));
            assert_eq!(
                pair.server_reason(),
                Some(CloseReason::ForcedClose),
                "{client:?} at step {step}"
            );
            assert_eq!(
                pair.client_reason(),
                Some(CloseReason::TransportClose),
                "{client:?} at step {step}"
            );
            assert_eq!(
                pair.client_messages(),
                [text("last words")],
                "{client:?} at step {step}"
            );
        }
    }
}

#[test]
fn both_may_close_at_once() {
    for (client, server) in variants() {
        for step in 4..STEPS {
            let mut pair = Pair::new(client.clone(), server.clone());
            for _ in 0..step {
                pair.step_before(pair.now + ms(1_000));
            }
            pair.client_close();
            pair.server_close();
            pair.advance(ms(60_000));
            for reason in [pair.client_reason(), pair.server_reason()] {
                let reason = reason.expect("both ended");
                let expected = [CloseReason::ForcedClose, CloseReason::TransportClose];
                assert!(expected.contains(&reason), "{reason} {client:?} at step {step}");
            }
        }
    }
}

#[test]
fn a_session_lives_for_days() {
    for (client, server) in variants() {
        let name = format!("{client:?}");
        let mut pair = Pair::settled(client, server);
        for hour in 0..24 {
            pair.advance(HOUR);
            pair.client_send(&hour.to_string());
            pair.server_send(&hour.to_string());
        }
        pair.advance(ms(1_000));
        assert_eq!((pair.client_reason(), pair.server_reason()), (None, None), "{name}");
        assert_eq!(pair.client_messages(), numbered(0..24));
        assert_eq!(pair.server_messages(), numbered(0..24));
    }
}

#[test]
fn a_network_that_is_gone_is_noticed_by_both() {
    for (client, server) in variants() {
        let name = format!("{client:?}");
        let mut pair = Pair::settled(client, server);
        pair.connected = false;
        pair.client_send("into the void");
        pair.advance(ms(45_000));
        assert_eq!(pair.client_reason(), Some(CloseReason::PingTimeout), "{name}");
        assert_eq!(pair.server_reason(), Some(CloseReason::PingTimeout), "{name}");
    }
}

#[test]
fn a_server_that_is_never_reached_is_given_up() {
    for (client, server) in variants() {
        let mut pair = Pair::new(client, server);
        pair.connected = false;
        // What is on its way already still arrives, but no answer does.
        pair.advance(ms(20_000));
        let timeout = CloseReason::TransportError(TransportFault::Timeout);
        assert_eq!(pair.client_reason(), Some(timeout));
    }
}

#[test]
fn a_websocket_that_is_lost_ends_the_session() {
    let mut pair = upgraded();
    pair.client_send("arrives");
    pair.advance(ms(100));
    pair.lose_websocket();
    assert_eq!(pair.client_reason(), Some(CloseReason::TransportClose));
    assert_eq!(pair.server_reason(), Some(CloseReason::TransportClose));
    assert_eq!(pair.server_messages(), [text("arrives")]);
}

#[test]
fn a_session_that_the_server_has_forgotten_is_told_so() {
    let mut pair = polling();
    // The server gives the session up, and nothing of what it says to that arrives.
    pair.connected = false;
    pair.server_close();
    pair.advance(ms(100));
    pair.connected = true;
    pair.client_send("anyone there?");
    pair.advance(ms(100));
    let code = Some(ErrorCode::SessionUnknown);
    let fault = TransportFault::Refused { status: 400, code };
    assert_eq!(pair.client_reason(), Some(CloseReason::TransportError(fault)));
    assert_eq!(pair.client.rejection().unwrap().message(), Some("Session ID unknown"));
}

#[test]
fn a_server_that_does_not_speak_the_revision_says_so() {
    let client = client_config(|config| config.revision = Revision::V3);
    let mut pair = Pair::new(client, Config::default());
    pair.advance(ms(100));
    assert!(pair.server.is_none());
    let rejection = pair.client.rejection().unwrap();
    assert_eq!(rejection.code(), Some(ErrorCode::UnsupportedProtocolVersion));
    assert_eq!(rejection.message(), Some("Unsupported protocol version"));
}

#[test]
fn a_server_that_offers_no_websocket_is_spoken_with_all_the_same() {
    let mut pair = Pair::settled(
        client::Config::default(),
        config(|config| config.allow_upgrades = false),
    );
    pair.client_send("up");
    pair.server_send("down");
    pair.advance(ms(100));
    assert_eq!(pair.client.transport(), TransportKind::Polling);
    assert_eq!(pair.server_messages(), [text("up")]);
    assert_eq!(pair.client_messages(), [text("down")]);
}

#[test]
fn a_slow_passage_fails_and_leaves_the_session_alone() {
    let client = client_config(|config| config.upgrade_timeout = ms(35));
    let mut pair = Pair::new(client, Config::default());
    for round in 0..100 {
        pair.client_send(&round.to_string());
        if pair.server.is_some() {
            pair.server_send("down");
        }
        pair.advance(ms(1));
    }
    pair.advance(ms(1_000));
    let failed = client::Event::UpgradeFailed(TransportFault::Timeout);
    assert!(pair.client_events.contains(&failed));
    assert_eq!(pair.client.transport(), TransportKind::Polling);
    assert_eq!(pair.server.as_ref().unwrap().transport(), TransportKind::Polling);
    assert_eq!(pair.server_messages(), numbered(0..100));
    assert_eq!((pair.client_reason(), pair.server_reason()), (None, None));
}

#[test]
fn a_burst_is_posted_in_bodies_that_the_server_takes() {
    for revision in [Revision::V4, Revision::V3] {
        let client = client_config(|config| {
            config.revision = revision;
            config.transports = Transports::Polling;
        });
        let limit = 10_000;
        let server = config(|config| {
            config.allow_eio3 = true;
            config.max_payload = limit;
        });
        let mut pair = Pair::settled(client, server);
        let message = |size: usize| Message::Binary(vec![0; size].into());
        let sizes = (0..1_000).map(|index| index * 7 % 5_000);
        for size in sizes.clone() {
            pair.client.send(Frame::from(message(size))).unwrap();
        }
        pair.pump();
        pair.advance(ms(60_000));
        assert_eq!(pair.client_reason(), None);
        assert!(pair.server_messages().into_iter().eq(sizes.map(message)));
        assert!(pair.posts.iter().all(|size| *size <= limit));
        let half = pair.posts.iter().filter(|size| **size > limit / 2).count();
        assert!(
            half * 3 > pair.posts.len() * 2,
            "bodies are not cut smaller than needed"
        );
    }
}

#[test]
fn a_message_that_the_server_does_not_take_ends_the_session_and_says_why() {
    for transports in [Transports::Polling, Transports::WebSocket] {
        let client = client_config(|config| config.transports = transports);
        let mut pair = Pair::settled(client, config(|config| config.max_payload = 100));
        pair.client_send(&"x".repeat(100));
        pair.advance(ms(100));
        let expected = match transports {
            Transports::Polling => CloseReason::TransportError(TransportFault::Refused {
                status: 413,
                code: None,
            }),
            _ => CloseReason::TransportClose,
        };
        assert_eq!(pair.client_reason(), Some(expected));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Up,
    Down,
    Network(usize),
    Wait(u64),
}

#[derive(Clone, Debug)]
struct Run {
    variant: usize,
    /// The delays of what is sent, in turns, in milliseconds.
    delays: Vec<u64>,
    steps: Vec<Step>,
    /// Who closes at the end, if anyone.
    close: Option<bool>,
}

fn run() -> impl Strategy<Value = Run> {
    let step = prop_oneof![
        4 => Just(Step::Up),
        4 => Just(Step::Down),
        6 => (1..6usize).prop_map(Step::Network),
        1 => (0..3_000u64).prop_map(Step::Wait),
    ];
    let delays = prop::collection::vec(prop_oneof![3 => 0..50u64, 1 => 0..500u64], 1..12);
    let steps = prop::collection::vec(step, 0..150);
    (0..variants().len(), delays, steps, any::<Option<bool>>()).prop_map(|(variant, delays, steps, close)| Run {
        variant,
        delays,
        steps,
        close,
    })
}

proptest! {
    #![proptest_config(cases(600))]

    /// Whatever is sent arrives, once and in order, however the network shuffles what belongs to different requests.
    #[test]
    fn nothing_is_lost_or_doubled_or_overtaken(run in run()) {
        let (client, server) = variants().swap_remove(run.variant);
        let mut delays = run.delays.clone().into_iter().cycle();
        let mut pair = Pair::with_latency(client, server, move || ms(delays.next().unwrap()));
        let (mut up, mut down) = (0, 0);
        for step in &run.steps {
            match step {
                Step::Up => {
                    pair.client_send(&up.to_string());
                    up += 1;
                }
                Step::Down if pair.server.is_some() => {
                    pair.server_send(&down.to_string());
                    down += 1;
                }
                Step::Down => {}
                Step::Network(count) => {
                    for _ in 0..*count {
                        pair.step_before(pair.now + ms(1_000));
                    }
                }
                Step::Wait(time) => pair.advance(ms(*time)),
            }
        }
        match run.close {
            Some(true) => pair.client_close(),
            Some(false) if pair.server.is_some() => pair.server_close(),
            _ => {}
        }
        pair.advance(ms(60_000));
        let closed_by_client = run.close == Some(true);
        let closed_by_server = run.close == Some(false) && pair.server_reason().is_some();
        if closed_by_client {
            prop_assert_eq!(pair.client_reason(), Some(CloseReason::ForcedClose));
        } else if closed_by_server {
            // A POST that comes too late may be refused before the poll brings the close packet.
            let code = Some(ErrorCode::SessionUnknown);
            let refused = CloseReason::TransportError(TransportFault::Refused { status: 400, code });
            let reason = pair.client_reason();
            prop_assert!(reason == Some(CloseReason::TransportClose) || reason == Some(refused), "{:?}", reason);
        } else {
            prop_assert_eq!((pair.client_reason(), pair.server_reason()), (None, None));
        }
        let (from_server, from_client) = (pair.client_messages(), pair.server_messages());
        // Who closes does not listen any more; the other one gets everything.
        let all_up = !closed_by_server || from_client.len() == up;
        prop_assert_eq!(&from_client, &numbered(0..from_client.len()));
        prop_assert_eq!(&from_server, &numbered(0..from_server.len()));
        prop_assert!(closed_by_server || all_up && from_client.len() == up);
        prop_assert!(closed_by_client || from_server.len() == down);
    }
}

#[test]
fn a_passage_takes_no_longer_than_its_round_trips() {
    let mut pair = upgrading();
    while !pair.is_upgraded() {
        let end = pair.now + HOUR;
        assert!(pair.step_before(end));
    }
    // The handshake, the WebSocket and the probe, then the last word.
    assert_eq!(pair.now.since_origin(), ms(3 * 20 + 10));
}
