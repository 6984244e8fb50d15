//! How a client's session begins, and how it fails to.

mod support;

use engineio_proto::client::{Event, Method, Transports};
use engineio_proto::{CloseReason, DecodeError, ErrorCode, Gone, Revision, TransportFault, TransportKind};
use support::client::{Client, SID, client_config, open_packet};
use support::{binary, ms, text};

const REFUSED: fn(u16, Option<ErrorCode>) -> CloseReason =
    |status, code| CloseReason::TransportError(TransportFault::Refused { status, code });

fn websocket_only() -> Client {
    Client::new(client_config(|config| config.transports = Transports::WebSocket))
}

#[test]
fn the_first_request_is_a_poll_without_a_session() {
    let client = Client::new(client_config(|_| {}));
    let first = client.get();
    assert_eq!(client.request(first).method, Method::Get);
    assert_eq!(client.query(first), "EIO=4&transport=polling&t=0-0");
    assert!(!client.connection.is_open());
    assert_eq!(client.connection.sid(), None);
}

#[test]
fn the_handshake_opens_the_session() {
    let mut client = Client::new(client_config(|_| {}));
    client.answer(client.get(), open_packet("", 1_000));
    let events = client.events();
    let [Event::Open(handshake)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(handshake.sid.as_str(), SID);
    assert_eq!((handshake.ping_interval, handshake.max_payload), (ms(25_000), 1_000));
    assert_eq!(client.connection.handshake(), Some(handshake));
    assert!(client.connection.is_open());
    assert_eq!(client.connection.transport(), TransportKind::Polling);
    assert_eq!(
        client.query(client.get()),
        format!("EIO=4&transport=polling&t=0-1&sid={SID}")
    );
}

#[test]
fn a_websocket_from_the_start_needs_no_poll() {
    let mut client = websocket_only();
    let socket = client.socket();
    assert_eq!(client.query(socket), "EIO=4&transport=websocket");
    client.send("early");
    client.open(socket);
    assert_eq!(client.frames(socket), [], "nothing before the handshake");
    client.say(socket, &open_packet("", 1_000));
    assert!(matches!(client.events()[..], [Event::Open(_)]));
    assert_eq!(client.texts(socket), ["4early"]);
    assert_eq!(client.connection.websocket(), Some(socket));
    assert_eq!(client.exchanges(), 1);
}

#[test]
fn the_query_of_the_url_stands_in_front() {
    let mut client = Client::new(client_config(|config| config.query = "token=a%20b&x=1".into()));
    assert_eq!(
        client.query(client.get()),
        "token=a%20b&x=1&EIO=4&transport=polling&t=0-0"
    );
    client.answer(client.get(), open_packet("\"websocket\"", 1_000));
    let query = format!("token=a%20b&x=1&EIO=4&transport=websocket&sid={SID}");
    assert_eq!(client.query(client.socket()), query);
}

#[test]
fn no_two_polls_have_the_same_address() {
    let mut client = Client::polling();
    let mut queries = vec![client.query(client.get()).to_owned()];
    for _ in 0..20 {
        client.answer(client.get(), "6");
        client.send("hello");
        client.posted();
        queries.push(client.query(client.get()).to_owned());
    }
    let count = queries.len();
    queries.sort();
    queries.dedup();
    assert_eq!(queries.len(), count);
}

#[test]
fn the_parameter_against_caches_has_any_name_or_none() {
    for (param, query) in [
        (Some("now".into()), "EIO=4&transport=polling&now=0-0"),
        (None, "EIO=4&transport=polling"),
    ] {
        let client = Client::new(client_config(|config| config.timestamp_param = param));
        assert_eq!(client.query(client.get()), query);
    }
}

#[test]
fn an_id_goes_into_the_query_whatever_it_is_made_of() {
    let mut client = Client::new(client_config(|_| {}));
    client.answer(
        client.get(),
        r#"0{"sid":"a&b=c+d/é","upgrades":[],"pingInterval":1,"pingTimeout":1}"#,
    );
    assert_eq!(client.closed(), CloseReason::ParseError(DecodeError::Handshake));
    let mut client = Client::new(client_config(|_| {}));
    client.answer(
        client.get(),
        r#"0{"sid":"a&b=c+d/#","upgrades":[],"pingInterval":1,"pingTimeout":1}"#,
    );
    assert!(client.query(client.get()).ends_with("&sid=a%26b%3Dc%2Bd%2F%23"));
}

#[test]
fn messages_may_come_with_the_handshake() {
    let mut client = Client::new(client_config(|_| {}));
    let body = format!("{}\u{1e}4one\u{1e}bAQI=\u{1e}6", open_packet("", 1_000));
    client.answer(client.get(), body);
    let events = client.events();
    assert!(matches!(events[0], Event::Open(_)));
    assert_eq!(
        events[1..],
        [Event::Message(text("one")), Event::Message(binary(&[1, 2]))]
    );
}

#[test]
fn what_is_sent_before_the_handshake_waits_for_it() {
    let mut client = Client::new(client_config(|_| {}));
    client.send("one");
    client.send("two");
    assert_eq!(client.waiting(Method::Post), None);
    client.answer(client.get(), open_packet("", 1_000));
    assert_eq!(client.posted(), "4one\u{1e}4two");
}

#[test]
fn transports_that_nobody_knows_are_not_tried() {
    for (offered, tried) in [
        ("", 0),
        ("\"webtransport\",\"pigeon\"", 0),
        ("\"pigeon\",\"websocket\"", 1),
    ] {
        let client = Client::accepted(client_config(|_| {}), &open_packet(offered, 1_000));
        assert_eq!(client.exchanges(), 2 + tried, "{offered}");
    }
}

#[test]
fn a_client_that_wants_long_polling_stays_with_it() {
    let config = client_config(|config| config.transports = Transports::Polling);
    let client = Client::accepted(config, &open_packet("\"websocket\"", 1_000));
    assert_eq!(client.exchanges(), 2);
}

#[test]
fn what_is_no_handshake_ends_it() {
    let handshake = |sid: &str, interval: &str, timeout: &str| {
        format!(r#"0{{"sid":{sid},"upgrades":[],"pingInterval":{interval},"pingTimeout":{timeout}}}"#)
    };
    let long = format!("\"{}\"", "x".repeat(257));
    for wrong in [
        "0",
        "0{}",
        "0null",
        "4hello",
        "6",
        "3probe",
        &handshake("null", "1", "1"),
        &handshake("\"\"", "1", "1"),
        &handshake(&long, "1", "1"),
        &handshake("\"two words\"", "1", "1"),
        &handshake("\"x\"", "0", "1"),
        &handshake("\"x\"", "1", "0"),
        &handshake("\"x\"", "-1", "1"),
        &handshake("\"x\"", "2147483648", "1"),
        &handshake("\"x\"", "1", "18446744073709551615"),
        &format!("0{}", "[".repeat(100_000)),
    ] {
        let mut client = Client::new(client_config(|_| {}));
        client.answer(client.get(), wrong.to_owned());
        assert_eq!(
            client.closed(),
            CloseReason::ParseError(DecodeError::Handshake),
            "{wrong:.60}"
        );
        let mut client = websocket_only();
        let socket = client.socket();
        client.open(socket);
        client.say(socket, wrong);
        assert_eq!(
            client.closed(),
            CloseReason::ParseError(DecodeError::Handshake),
            "{wrong:.60}"
        );
        assert_eq!(client.close_of(socket), Some(None));
    }
}

#[test]
fn what_is_no_packet_ends_it() {
    for (wrong, error) in [
        (&b""[..], DecodeError::Handshake),
        (b"<html>", DecodeError::Handshake),
        (b"\xff", DecodeError::Utf8),
    ] {
        let mut client = Client::new(client_config(|_| {}));
        client.answer(client.get(), wrong);
        assert_eq!(client.closed(), CloseReason::ParseError(error));
    }
    let mut client = websocket_only();
    let socket = client.socket();
    client.open(socket);
    client.message(socket, binary(b"0{}"));
    assert_eq!(client.closed(), CloseReason::ParseError(DecodeError::Handshake));
}

#[test]
fn a_server_that_refuses_says_why() {
    for (status, body, code, message) in [
        (
            400,
            r#"{"code":1,"message":"Session ID unknown"}"#,
            Some(ErrorCode::SessionUnknown),
            Some("Session ID unknown"),
        ),
        (
            403,
            r#"{"code":4,"message":"caf\u00e9 closed"}"#,
            Some(ErrorCode::Forbidden),
            Some("café closed"),
        ),
        (400, r#"{"code":99,"message":"new"}"#, None, Some("new")),
        (401, r#"{"message":"who are you?"}"#, None, Some("who are you?")),
        (400, r#""Invalid session""#, None, Some("Invalid session")),
        (502, "<html>Bad Gateway</html>", None, None),
        (500, "", None, None),
        (301, "", None, None),
        (204, "", None, None),
    ] {
        for websocket in [false, true] {
            let mut client = if websocket {
                websocket_only()
            } else {
                Client::new(client_config(|_| {}))
            };
            let first = if websocket { client.socket() } else { client.get() };
            client.respond(first, status, false, body);
            assert_eq!(client.closed(), REFUSED(status, code), "{body}");
            let rejection = client.connection.rejection().unwrap();
            assert_eq!((rejection.status(), rejection.code()), (status, code));
            assert_eq!(rejection.message(), message);
            assert_eq!(client.forgotten(), []);
        }
    }
}

#[test]
fn a_refusal_tells_a_person_what_happened() {
    let mut client = Client::new(client_config(|_| {}));
    client.respond(client.get(), 400, false, r#"{"code":0,"message":"Transport unknown"}"#);
    let reason = client.closed();
    assert_eq!(reason.as_str(), "transport error");
    assert_eq!(
        reason.to_string(),
        "transport error: the server answered 400: Transport unknown"
    );
    assert_eq!(client.connection.rejection().unwrap().to_string(), "Transport unknown");
    let mut client = Client::new(client_config(|_| {}));
    client.respond(client.get(), 502, false, "<html>");
    assert_eq!(client.closed().to_string(), "transport error: the server answered 502");
    assert_eq!(
        client.connection.rejection().unwrap().to_string(),
        "the server answered 502"
    );
}

#[test]
fn a_refusal_of_great_length_is_not_read() {
    let mut client = Client::new(client_config(|_| {}));
    let body = format!(r#"{{"code":1,"message":"{}"}}"#, "x".repeat(1 << 20));
    client.respond(client.get(), 400, false, body);
    assert_eq!(client.closed(), REFUSED(400, None));
    assert_eq!(client.connection.rejection().unwrap().message(), None);
}

#[test]
fn a_server_that_is_not_reached_ends_it() {
    let mut client = Client::new(client_config(|_| {}));
    client.gone(client.get(), Gone::Closed);
    assert_eq!(client.closed(), CloseReason::TransportError(TransportFault::Request));
    for gone in [Gone::Closed, Gone::Failed { code: 1002 }] {
        let mut client = websocket_only();
        client.gone(client.socket(), gone);
        assert_eq!(client.closed(), CloseReason::TransportError(TransportFault::WebSocket));
        assert_eq!(client.close_of(client.socket()), None);
    }
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    for websocket in [false, true] {
        let mut client = if websocket {
            websocket_only()
        } else {
            Client::new(client_config(|_| {}))
        };
        client.advance(ms(19_999));
        assert_eq!(client.events(), []);
        client.advance(ms(1));
        assert_eq!(client.closed(), CloseReason::TransportError(TransportFault::Timeout));
        assert_eq!(client.forgotten(), []);
    }
}

#[test]
fn a_websocket_that_opens_and_says_nothing_is_given_up() {
    let mut client = websocket_only();
    let socket = client.socket();
    client.open(socket);
    client.advance(ms(20_000));
    assert_eq!(client.closed(), CloseReason::TransportError(TransportFault::Timeout));
    assert_eq!(client.close_of(socket), Some(None));
}

#[test]
fn the_server_may_close_as_its_first_word() {
    let mut client = websocket_only();
    let socket = client.socket();
    client.open(socket);
    client.say(socket, "1");
    assert_eq!(client.closed(), CloseReason::TransportClose);
    let mut client = Client::new(client_config(|_| {}));
    client.answer(
        client.get(),
        format!("{}\u{1e}4bye\u{1e}1\u{1e}4late", open_packet("", 1)),
    );
    let events = client.events();
    assert!(matches!(events[0], Event::Open(_)));
    let end = Event::Closed(CloseReason::TransportClose);
    assert_eq!(events[1..], [Event::Message(text("bye")), end]);
}

#[test]
fn a_second_handshake_means_nothing() {
    let (mut client, socket) = Client::websocket();
    let other = r#"0{"sid":"other","upgrades":["websocket"],"pingInterval":1,"pingTimeout":1}"#;
    for second in [other, "0", "0garbage"] {
        client.say(socket, second);
        assert_eq!(client.events(), []);
        assert_eq!(client.connection.sid().unwrap().as_str(), SID);
        assert_eq!(client.exchanges(), 1);
    }
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    let mut client = Client::polling();
    let get = client.get();
    client.answer(get, "4once");
    let response = |body: &'static str| engineio_proto::client::Response {
        status: 400,
        binary: false,
        body: body.into(),
    };
    for id in [get, support::UNKNOWN] {
        client.connection.handle_response(client.now, id, response("4twice"));
        client.connection.handle_open(client.now, id);
        client.connection.handle_message(client.now, id, text("4twice"));
        client.connection.handle_gone(client.now, id, Gone::Closed);
    }
    client.pump();
    assert_eq!(client.messages(), [text("once")]);
    assert!(client.connection.is_open());
}

#[test]
fn secrets_are_not_written_to_logs() {
    let config = client_config(|config| config.query = "token=classified".into());
    let mut client = Client::accepted(config, &open_packet("\"websocket\"", 1_000));
    client.send("hello");
    let connection = format!("{:?}", client.connection);
    let trace = format!("{:?}", client.into_trace());
    for secret in [SID, "classified"] {
        assert!(!connection.contains(secret), "{connection}");
        assert!(!trace.contains(secret), "{trace}");
    }
}

#[test]
fn the_revision_is_that_of_the_settings() {
    assert_eq!(Client::polling().connection.revision(), Revision::V4);
    let client = Client::new(client_config(|config| config.revision = Revision::V3));
    assert_eq!(client.connection.revision(), Revision::V3);
    assert_eq!(client.query(client.get()), "EIO=3&transport=polling&t=0-0");
}
