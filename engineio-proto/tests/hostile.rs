//! What is meant to do harm: to exhaust the memory or the time of whoever reads it.
//!
//! It is as large as a body may be, so what takes the square of its size does not end.

#[path = "support/counting.rs"]
mod counting;
mod support;

use bytes::Bytes;
use counting::peak;
use engineio_proto::server::{Event, Request, Route, Server};
use engineio_proto::{CloseReason, Config, Frame, Gone, Handshake, Message, Packet, Payload, revision_3};
use support::{FIRST, Session, binary, config, ms};

/// The largest body that is taken by default.
const LARGEST: usize = 1_000_000;

/// What a session may take beside what it was sent, whatever its size.
const ANYWAY: usize = 4_096;

/// As much of `unit` as there may be in a body, between `before` and `behind`.
fn filled(before: &str, unit: &str, behind: &str) -> Bytes {
    let count = (LARGEST - before.len() - behind.len()) / unit.len();
    [before, &unit.repeat(count), behind].concat().into()
}

/// The bodies of revision 4 that ask for the most work.
fn bodies() -> Vec<(&'static str, Bytes)> {
    vec![
        ("one message", filled("4", "a", "")),
        ("empty messages", filled("4", "\u{1e}4", "")),
        ("empty bytes", filled("b", "\u{1e}b", "")),
        ("what means nothing", filled("6", "\u{1e}6", "")),
        ("pongs", filled("3", "\u{1e}3", "")),
        ("open packets", filled("0{}", "\u{1e}0{", "")),
        ("base64", filled("b", "AAAA", "")),
        ("bad base64", filled("b", "AAAA", "=")),
        ("separators", filled("4", "\u{1e}", "")),
        ("a ping", filled("2", "a", "")),
        ("an unknown packet", filled("x", "a", "")),
    ]
}

/// Those of revision 3 that are text.
fn bodies_3() -> Vec<(&'static str, Bytes)> {
    vec![
        ("empty packets", filled("", "0:", "")),
        ("empty messages", filled("", "1:4", "")),
        ("pings", filled("", "1:2", "")),
        ("long pings", filled("", "9:2probe123", "")),
        ("digits", filled("", "9", "")),
        ("digits and a packet", filled("", "9", ":4")),
        ("zeros and a packet", filled("", "0", "1:4")),
        ("a length beyond the body", filled("99999999999999999999:4", "a", "")),
        ("wide characters", filled("499988:4", "😀", "")),
        ("half of a wide character", filled("400001:4", "😀", "")),
        ("colons", filled("", ":", "")),
    ]
}

#[test]
fn a_body_waits_in_no_more_memory_than_its_own() {
    for (what, body) in bodies() {
        let mut session = Session::polling();
        session.eager = false;
        let post = session.begin_post();
        let (now, connection) = (session.now, &mut session.connection);
        let taken = peak(|| connection.handle_body(now, post, body));
        assert!(taken <= ANYWAY, "{what}: {taken} bytes");
        assert!(connection.unread_bytes() <= LARGEST + 64);
        // Reading it gives slices of it, or what base64 stands for.
        let taken = peak(|| while connection.poll_event().is_some() {});
        assert!(taken <= LARGEST * 3 / 4 + ANYWAY, "{what}: {taken} bytes");
    }
}

#[test]
fn a_body_of_revision_3_waits_in_no_more_memory_than_its_own() {
    for (what, body) in bodies_3() {
        // Pings are answered within the bounds of what may wait for a client.
        let mut session = Session::polling_3(
            config(|config| (config.allow_eio3, config.send_capacity) = (true, 10_000)),
            "",
        );
        session.eager = false;
        let post = session.begin_post();
        let (now, connection) = (session.now, &mut session.connection);
        let taken = peak(|| connection.handle_body(now, post, body));
        assert!(taken <= 2 * 10_000 + ANYWAY, "{what}: {taken} bytes");
        assert!(connection.queued_bytes() <= 10_000);
        let taken = peak(|| while connection.poll_event().is_some() {});
        assert!(taken <= ANYWAY, "{what}: {taken} bytes");
    }
}

#[test]
fn a_body_of_bytes_that_lies_about_its_lengths_is_refused_for_nothing() {
    let nines = |count: usize| [&[1][..], &vec![9; count], &[0xff, 4]].concat();
    for body in [
        nines(1),
        nines(19),
        nines(20),
        nines(310),
        nines(311),
        nines(LARGEST - 3),
        vec![1; LARGEST],
        vec![0; LARGEST],
    ] {
        let mut session = Session::polling_3(Session::eio3(), "");
        session.eager = false;
        let post = session.begin_binary_post();
        let (now, connection) = (session.now, &mut session.connection);
        let body = Bytes::from(body);
        let taken = peak(|| connection.handle_body(now, post, body));
        assert!(taken <= ANYWAY, "{taken} bytes");
        session.pump();
        assert!(matches!(session.closed(), CloseReason::ParseError(_)));
    }
    let empty = Bytes::from([1, 1, 0xff, 4].repeat(LARGEST / 4));
    let packets = revision_3::Payload::binary(empty).unwrap();
    let taken = peak(|| assert_eq!(packets.count(), LARGEST / 4));
    assert!(taken <= ANYWAY, "{taken} bytes");
}

#[test]
fn a_form_takes_a_few_copies_of_itself() {
    for form in [
        filled("d=", "%31:4", ""),
        filled("d=", "1:4", ""),
        filled("d=", "\\n", ""),
        filled("d=", "\\\\n", ""),
        filled("", "&", ""),
        filled("", "a=&", "d=1:6"),
        filled("", "%64", ""),
        filled("d=", "+", ""),
    ] {
        let mut session = Session::polling_3(Session::eio3(), "&j=0");
        session.eager = false;
        let post = session.begin_post();
        let (now, connection) = (session.now, &mut session.connection);
        let taken = peak(|| connection.handle_body(now, post, form));
        assert!(taken <= 4 * LARGEST + ANYWAY, "{taken} bytes");
        while connection.poll_event().is_some() {}
    }
}

#[test]
fn a_payload_is_read_in_no_memory_of_its_own() {
    for (what, body) in bodies() {
        let base64 = what.contains("base64");
        let taken = peak(|| {
            if let Ok(payload) = Payload::new(body) {
                payload.for_each(drop);
            }
        });
        assert!(base64 || taken <= ANYWAY, "{what}: {taken} bytes");
    }
}

#[test]
fn a_handshake_of_any_depth_and_length_is_just_wrong() {
    for json in [
        filled(r#"{"x":"#, "[", ""),
        filled(r#"{"upgrades":["#, r#""x","#, "0"),
        filled(r#"{"sid":""#, r"\u0041", r#""}"#),
        filled(r#"{"pingInterval":"#, "9", "}"),
    ] {
        let text = std::str::from_utf8(&json).unwrap();
        assert!(Handshake::decode(text).is_err());
        assert!(Packet::decode(Message::Text(format!("0{text}").into())).is_err());
    }
}

#[test]
fn a_query_is_routed_in_no_memory_of_its_own() {
    let server = Server::<()>::new(std::sync::Arc::new(Session::eio3()));
    for query in [
        filled("EIO=4", "&", ""),
        filled("EIO=4", "&a", ""),
        filled("EIO=4", "&sid=", ""),
        filled("EIO=4&transport=polling&sid=", "A", ""),
        filled("EIO=3&transport=polling&b64=", "A", ""),
        filled("transport=", "polling", ""),
    ] {
        let query = std::str::from_utf8(&query).unwrap();
        let request = Request {
            method: "GET",
            query,
            websocket: false,
            binary: false,
        };
        let taken = peak(|| assert!(!matches!(server.route(&request), Route::Connection(..))));
        assert!(taken <= ANYWAY, "{taken} bytes");
    }
}

#[test]
fn websockets_that_probe_and_leave_are_forgotten() {
    let mut session = Session::polling();
    let storm = |session: &mut Session| {
        for _ in 0..1_000 {
            let socket = session.open_websocket();
            session.say(socket, "2probe");
            session.gone(socket, Gone::Closed);
        }
    };
    storm(&mut session);
    // The harness remembers every request; the connection none.
    let connection = format!("{:?}", session.connection);
    storm(&mut session);
    assert_eq!(format!("{:?}", session.connection), connection);
    assert!(session.connection.is_open());
    assert_eq!(session.events(), []);
}

#[test]
fn a_client_that_reads_nothing_and_answers_nothing_holds_what_it_may_and_no_longer_than_it_may() {
    let mut session = Session::websocket_with(Config::default());
    session.reading = false;
    let frame = Frame::binary(vec![0; 10_000].into());
    let capacity = Config::default().send_capacity;
    while session.try_send(frame.clone()).is_ok() {
        assert!(session.connection.queued_bytes() <= capacity);
    }
    session.message(FIRST, binary(&[1]));
    session.events();
    session.advance(ms(45_000));
    assert_eq!(session.events(), [Event::Closed(CloseReason::PingTimeout)]);
    assert_eq!(session.connection.queued_bytes(), 0);
}
