//! A client that speaks revision 3: it pings, and writes bodies in other clothes.

mod support;

use engineio_proto::client::{Config, Event, Method, Transports};
use engineio_proto::{CloseReason, DecodeError, ExchangeId, Revision};
use support::client::{Client, SID, client_config, open_packet};
use support::{binary, ms, text};

fn config(change: impl FnOnce(&mut Config)) -> Config {
    client_config(|config| {
        config.revision = Revision::V3;
        change(config);
    })
}

/// The body of these packets, as text.
fn payload(packets: &[&str]) -> String {
    let with_length = |packet: &&str| format!("{}:{packet}", packet.encode_utf16().count());
    packets.iter().map(with_length).collect()
}

fn polling_with(max_payload: usize, change: impl FnOnce(&mut Config)) -> Client {
    Client::accepted(config(change), &payload(&[&open_packet("", max_payload)]))
}

fn polling() -> Client {
    polling_with(1_000_000, |_| {})
}

fn websocket(change: impl FnOnce(&mut Config)) -> (Client, ExchangeId) {
    Client::websocket_with(|config| {
        config.revision = Revision::V3;
        change(config);
    })
}

#[test]
fn a_session_begins_with_a_length() {
    let client = polling();
    assert_eq!(
        client.query(client.get()),
        format!("EIO=3&transport=polling&t=0-1&sid={SID}")
    );
    let mut client = Client::new(config(|_| {}));
    client.answer(client.get(), open_packet("", 1));
    assert_eq!(client.closed(), CloseReason::ParseError(DecodeError::Length));
    let mut client = Client::new(config(|_| {}));
    client.answer(client.get(), "");
    assert_eq!(client.closed(), CloseReason::ParseError(DecodeError::Empty));
    let mut client = Client::new(config(|_| {}));
    client.respond(client.get(), 200, true, &b"\x01\x01\xff\x04"[..]);
    assert_eq!(client.closed(), CloseReason::ParseError(DecodeError::Handshake));
}

#[test]
fn lengths_are_those_of_javascript() {
    let mut client = polling();
    client.answer(client.get(), payload(&["4€😀", "4", "6", "b4AQI="]));
    assert_eq!(client.messages(), [text("€😀"), text(""), binary(&[1, 2])]);
    client.send("€😀");
    assert_eq!(client.posted(), "4:4€😀");
}

#[test]
fn bytes_come_as_they_are() {
    let mut client = polling();
    client.respond(
        client.get(),
        200,
        true,
        &b"\x00\x04\xff4\xe2\x82\xac\x01\x03\xff\x04\x01\x02"[..],
    );
    assert_eq!(client.messages(), [text("€"), binary(&[1, 2])]);
}

#[test]
fn bytes_go_as_they_are_and_text_beside_them() {
    let mut client = polling();
    client.eager = false;
    client.send("€");
    client.send_bytes(&[1, 2]);
    client.pump();
    let request = client.request(client.post());
    assert_eq!(request.content_type, Some("application/octet-stream"));
    assert_eq!(request.body, &b"\x00\x04\xff4\xe2\x82\xac\x01\x03\xff\x04\x01\x02"[..]);
    client.answer(client.post(), "ok");
    client.eager = true;
    client.send("text");
    assert_eq!(
        client.request(client.post()).content_type,
        Some("text/plain;charset=UTF-8")
    );
}

#[test]
fn a_client_may_ask_for_base64() {
    let mut client = Client::new(config(|config| config.base64 = true));
    assert_eq!(client.query(client.get()), "EIO=3&transport=polling&t=0-0&b64=1");
    client.answer(client.get(), payload(&[&open_packet("\"websocket\"", 1_000)]));
    assert!(!client.query(client.get()).contains("b64"), "once is enough");
    assert!(
        client.query(client.socket()).contains("&b64=1"),
        "a WebSocket says it itself"
    );
    client.send_bytes(&[1, 2, 3, 4]);
    assert_eq!(client.posted(), "10:b4AQIDBA==");
    let (mut client, socket) = websocket(|config| config.base64 = true);
    assert_eq!(client.query(socket), "EIO=3&transport=websocket&b64=1");
    client.send_bytes(&[1, 2, 3, 4]);
    assert_eq!(client.texts(socket), ["b4AQIDBA=="]);
}

#[test]
fn in_revision_4_there_is_nothing_to_ask_for() {
    let client = Client::new(client_config(|config| config.base64 = true));
    assert_eq!(client.query(client.get()), "EIO=4&transport=polling&t=0-0");
}

#[test]
fn bytes_on_a_websocket_have_their_type_in_front() {
    let (mut client, socket) = websocket(|_| {});
    client.send_bytes(&[1, 2]);
    client.send("€");
    assert_eq!(client.frames(socket), [binary(&[4, 1, 2]), text("4€")]);
    client.message(socket, binary(&[4, 3]));
    client.say(socket, "b4AQ==");
    assert_eq!(client.messages(), [binary(&[3]), binary(&[1])]);
    client.message(socket, binary(&[5, 3]));
    assert_eq!(
        client.closed(),
        CloseReason::ParseError(DecodeError::UnknownType('\u{5}'))
    );
}

#[test]
fn the_client_pings() {
    let (mut client, socket) = websocket(|_| {});
    for _ in 0..1_000 {
        client.advance(ms(24_999));
        assert_eq!(client.frames(socket), []);
        client.advance(ms(1));
        assert_eq!(client.texts(socket), ["2"]);
        client.advance(ms(19_999));
        client.say(socket, "3");
    }
    assert!(client.connection.is_open());
    let mut client = polling();
    client.advance(ms(25_000));
    assert_eq!(client.posted(), "1:2");
    client.answer(client.get(), "1:3");
    client.advance(ms(25_000));
    assert_eq!(client.posted(), "1:2");
}

#[test]
fn a_server_that_does_not_answer_a_ping_is_dead() {
    let (mut client, socket) = websocket(|_| {});
    client.advance(ms(44_999));
    assert_eq!(client.texts(socket), ["2"]);
    client.say(socket, "4hello");
    client.messages();
    client.advance(ms(1));
    assert_eq!(client.closed(), CloseReason::PingTimeout);
    let mut client = polling();
    client.advance(ms(45_000));
    assert_eq!(client.closed(), CloseReason::PingTimeout);
    assert_eq!(client.forgotten(), []);
}

#[test]
fn a_ping_goes_first() {
    let (mut client, socket) = websocket(|_| {});
    client.writable = false;
    client.send("one");
    client.advance(ms(25_000));
    client.writable = true;
    client.pump();
    assert_eq!(client.texts(socket), ["2", "4one"]);
}

#[test]
fn pings_of_the_server_and_pongs_that_nobody_asked_for_mean_nothing() {
    let (mut client, socket) = websocket(|_| {});
    client.advance(ms(20_000));
    for packet in ["2", "2probe", "3", "3late"] {
        client.say(socket, packet);
    }
    assert_eq!(client.frames(socket), []);
    client.advance(ms(5_000));
    assert_eq!(client.texts(socket), ["2"]);
    assert_eq!(client.events(), []);
}

#[test]
fn the_passage_is_that_of_revision_4() {
    let body = payload(&[&open_packet("\"websocket\"", 1_000_000)]);
    let mut client = Client::accepted(config(|_| {}), &body);
    let socket = client.socket();
    client.open(socket);
    client.say(socket, "3probe");
    client.send_bytes(&[1]);
    client.answer(client.get(), "1:6");
    assert_eq!(client.frames(socket), [text("2probe"), text("5"), binary(&[4, 1])]);
    assert_eq!(client.events(), [Event::Upgraded]);
    client.advance(ms(25_000));
    assert_eq!(client.texts(socket), ["2"], "the heartbeat goes on");
}

/// Its answer may be the first thing that comes over the WebSocket.
#[test]
fn a_ping_that_was_sent_before_the_passage_has_its_full_time_after_it() {
    let body = payload(&[&open_packet("\"websocket\"", 1_000_000)]);
    let mut client = Client::accepted(config(|config| config.upgrade_timeout = ms(60_000)), &body);
    let socket = client.socket();
    client.advance(ms(25_000));
    assert_eq!(client.posted(), "1:2");
    client.advance(ms(15_000));
    client.open(socket);
    client.say(socket, "3probe");
    client.answer(client.get(), "1:6");
    assert_eq!(client.events(), [Event::Upgraded]);
    client.advance(ms(19_999));
    assert_eq!(client.events(), []);
    client.advance(ms(1));
    assert_eq!(client.closed(), CloseReason::PingTimeout);
}

#[test]
fn a_close_says_so() {
    let mut client = polling();
    client.close();
    assert_eq!(client.posted(), "1:1");
    assert_eq!(client.closed(), CloseReason::ForcedClose);
    let mut client = polling();
    client.answer(client.get(), payload(&["4one", "1", "4two"]));
    let end = Event::Closed(CloseReason::TransportClose);
    assert_eq!(client.events(), [Event::Message(text("one")), end]);
}

#[test]
fn bodies_are_cut_to_what_the_server_takes_in_either_form() {
    // 54 bytes take 1 + 2 + 1 + 55 as they are, and 3 + 2 + 72 as base64.
    for (base64, limit, expected) in [
        (false, 118, vec![2, 2, 1]),
        (false, 117, vec![1; 5]),
        (true, 154, vec![2, 2, 1]),
        (true, 153, vec![1; 5]),
    ] {
        let mut client = polling_with(limit, |config| config.base64 = base64);
        client.eager = false;
        for _ in 0..5 {
            client.send_bytes(&[7; 54]);
        }
        client.eager = true;
        client.pump();
        let mut counts = Vec::new();
        while let Some(post) = client.waiting(Method::Post) {
            let request = client.request(post);
            assert!(request.body.len() <= limit);
            let binary = request.content_type == Some("application/octet-stream");
            let packets = if binary {
                engineio_proto::revision_3::Payload::binary(request.body.clone())
            } else {
                engineio_proto::revision_3::Payload::text(request.body.clone())
            };
            counts.push(packets.unwrap().count());
            client.answer(post, "ok");
        }
        assert_eq!(counts, expected);
    }
}

#[test]
fn what_is_no_packet_ends_it_after_what_came_before() {
    for (wrong, error) in [
        ("9:4x", DecodeError::Length),
        ("1:x", DecodeError::UnknownType('x')),
        ("4", DecodeError::Length),
    ] {
        let mut client = polling();
        client.answer(client.get(), format!("4:4one{wrong}"));
        let end = Event::Closed(CloseReason::ParseError(error));
        assert_eq!(client.events(), [Event::Message(text("one")), end]);
    }
}

#[test]
fn a_websocket_from_the_start() {
    let mut client = Client::new(config(|config| config.transports = Transports::WebSocket));
    let socket = client.socket();
    assert_eq!(client.query(socket), "EIO=3&transport=websocket");
    client.open(socket);
    client.say(socket, &open_packet("", 1));
    assert!(client.connection.is_open());
}
