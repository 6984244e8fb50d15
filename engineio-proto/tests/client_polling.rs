//! A client's long-polling: one GET that waits, one POST at a time.

mod support;

use bytes::Bytes;
use engineio_proto::client::{Event, Method};
use engineio_proto::{CloseReason, DecodeError, ErrorCode, Frame, Gone, SendError, TransportFault};
use support::client::{Client, client_config, open_packet};
use support::{binary, text};

/// A session whose server takes bodies of so many bytes.
fn limited(max_payload: usize) -> Client {
    Client::accepted(client_config(|_| {}), &open_packet("", max_payload))
}

/// The bodies in which all that waits goes out.
fn bodies(client: &mut Client) -> Vec<String> {
    client.eager = true;
    client.pump();
    let mut bodies = Vec::new();
    while client.waiting(Method::Post).is_some() {
        bodies.push(client.posted());
    }
    bodies
}

#[test]
fn a_get_waits_at_all_times() {
    let mut client = Client::polling();
    for round in 0..3 {
        let get = client.get();
        client.answer(get, format!("4{round}"));
        assert_ne!(client.get(), get);
        assert_eq!(client.messages(), [text(&round.to_string())]);
    }
    client.answer(client.get(), "6");
    assert_eq!(client.events(), [], "a noop is nothing");
    client.get();
}

#[test]
fn a_body_may_hold_many_packets() {
    let mut client = Client::polling();
    client.answer(client.get(), "4one\u{1e}bAQID\u{1e}6\u{1e}4\u{1e}b\u{1e}4€");
    let expected = [text("one"), binary(&[1, 2, 3]), text(""), binary(&[]), text("€")];
    assert_eq!(client.messages(), expected);
}

#[test]
fn a_message_is_posted() {
    let mut client = Client::polling();
    client.send("hello");
    let post = client.post();
    let request = client.request(post);
    assert_eq!(request.content_type, Some("text/plain;charset=UTF-8"));
    assert_eq!(request.body, "4hello");
    assert_eq!(request.method, Method::Post);
}

#[test]
fn one_post_at_a_time_takes_all_that_waits() {
    let mut client = Client::polling();
    client.send("one");
    let first = client.post();
    client.send("two");
    client.send_bytes(&[1, 2, 3]);
    client.send("three");
    assert_eq!(client.post(), first);
    assert_eq!(client.posted(), "4one");
    assert_eq!(client.posted(), "4two\u{1e}bAQID\u{1e}4three");
    assert_eq!(client.waiting(Method::Post), None, "nothing is sent twice");
}

/// The largest body that fits is `4aaaa` and `4bbbb` with a separator: 11 bytes.
#[test]
fn bodies_are_cut_to_what_the_server_takes() {
    for (limit, expected) in [
        (10, vec!["4aaaa", "4bbbb"]),
        (11, vec!["4aaaa\u{1e}4bbbb"]),
        (12, vec!["4aaaa\u{1e}4bbbb"]),
    ] {
        let mut client = limited(limit);
        client.eager = false;
        client.send("aaaa");
        client.send("bbbb");
        assert_eq!(bodies(&mut client), expected, "{limit}");
    }
}

#[test]
fn a_message_that_is_too_large_by_itself_goes_out_by_itself() {
    let mut client = limited(8);
    client.eager = false;
    for message in ["a", "0123456789", "b", "c"] {
        client.send(message);
    }
    assert_eq!(bodies(&mut client), ["4a", "40123456789", "4b\u{1e}4c"]);
}

#[test]
fn text_counts_as_the_bytes_that_it_takes() {
    let mut client = limited(9);
    client.eager = false;
    client.send("€"); // 4 bytes
    client.send("é€"); // 6 bytes
    client.send("é"); // 3 bytes, the separator not counted
    assert_eq!(bodies(&mut client), ["4€", "4é€", "4é"]);
    let mut client = limited(11);
    client.eager = false;
    client.send("€");
    client.send("é€");
    assert_eq!(bodies(&mut client), ["4€\u{1e}4é€"]);
}

/// The JavaScript client reckons with 1.33 bytes a byte, and sends bodies that are a little too large.
#[test]
fn bytes_count_as_the_base64_that_they_become() {
    let mut client = limited(100_000);
    client.eager = false;
    for _ in 0..3 {
        client.send_bytes(&[7; 25_000]);
    }
    let bodies = bodies(&mut client);
    let sizes: Vec<usize> = bodies.iter().map(String::len).collect();
    assert_eq!(sizes, [2 * 33_337 + 1, 33_337]);
}

#[test]
fn a_server_that_does_not_say_how_much_it_takes_gets_all_at_once() {
    let body = r#"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
    let config = client_config(|config| config.max_packets_per_post = usize::MAX);
    let mut client = Client::accepted(config, body);
    client.eager = false;
    for _ in 0..1_000 {
        client.send("0123456789");
    }
    assert_eq!(bodies(&mut client).len(), 1);
}

#[test]
fn a_body_holds_no_more_packets_than_servers_take() {
    for (change, expected) in [
        (None, vec![16, 16, 8]),
        (Some(30), vec![30, 10]),
        (Some(0), vec![1; 40]),
    ] {
        let mut client = Client::polling_with(|config| {
            config.max_packets_per_post = change.unwrap_or(config.max_packets_per_post);
        });
        client.eager = false;
        for _ in 0..40 {
            client.send("x");
        }
        let bodies = bodies(&mut client);
        let counts: Vec<usize> = bodies.iter().map(|body| body.split('\u{1e}').count()).collect();
        assert_eq!(counts, expected);
    }
}

#[test]
fn nothing_waits_longer_than_its_answer() {
    let mut client = Client::polling();
    client.send("one");
    client.send("two");
    let post = client.post();
    client.respond(post, 200, false, "whatever a server says");
    assert_eq!(client.posted(), "4two");
    assert_eq!(client.events(), []);
}

#[test]
fn what_is_no_packet_ends_the_session_after_what_came_before() {
    for (wrong, error) in [
        ("", DecodeError::Empty),
        ("x", DecodeError::UnknownType('x')),
        ("bA", DecodeError::Base64),
    ] {
        let mut client = Client::polling();
        client.answer(client.get(), format!("4one\u{1e}{wrong}\u{1e}4two"));
        let end = Event::Closed(CloseReason::ParseError(error));
        assert_eq!(client.events(), [Event::Message(text("one")), end]);
        assert_eq!(client.forgotten(), []);
    }
    let mut client = Client::polling();
    client.answer(client.get(), &b"4\xff"[..]);
    assert_eq!(client.closed(), CloseReason::ParseError(DecodeError::Utf8));
}

#[test]
fn packets_that_mean_nothing_do_nothing() {
    let mut client = Client::polling();
    client.answer(
        client.get(),
        "0{}\u{1e}3\u{1e}3probe\u{1e}5\u{1e}6\u{1e}0\u{1e}4still here",
    );
    assert_eq!(client.messages(), [text("still here")]);
}

#[test]
fn a_close_packet_ends_it() {
    let mut client = Client::polling();
    client.send("waits");
    let post = client.post();
    client.answer(client.get(), "4one\u{1e}1\u{1e}4two");
    let end = Event::Closed(CloseReason::TransportClose);
    assert_eq!(client.events(), [Event::Message(text("one")), end]);
    assert!(client.is_aborted(post));
    assert_eq!(
        client.try_send(Frame::text("x")),
        Err(SendError::Closed(Frame::text("x")))
    );
}

#[test]
fn a_request_that_the_server_refuses_ends_it() {
    let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
    for method in [Method::Get, Method::Post] {
        let mut client = Client::polling();
        client.send("hello");
        let id = client.waiting(method).unwrap();
        client.respond(id, 400, false, unknown);
        let code = Some(ErrorCode::SessionUnknown);
        let fault = TransportFault::Refused { status: 400, code };
        assert_eq!(client.closed(), CloseReason::TransportError(fault));
        assert_eq!(
            client.connection.rejection().unwrap().message(),
            Some("Session ID unknown")
        );
        assert_eq!(client.forgotten(), []);
    }
}

#[test]
fn a_request_that_fails_ends_it() {
    for method in [Method::Get, Method::Post] {
        let mut client = Client::polling();
        client.send("hello");
        let id = client.waiting(method).unwrap();
        client.gone(id, Gone::Closed);
        assert_eq!(client.closed(), CloseReason::TransportError(TransportFault::Request));
        assert_eq!(client.forgotten(), []);
    }
}

#[test]
fn a_body_that_is_too_large_ends_it() {
    let too_large = |size| CloseReason::TransportError(TransportFault::TooLarge { size, limit: 1_000 });
    let config = || client_config(|config| config.max_payload = 1_000);
    let mut client = Client::accepted(config(), &open_packet("", 1));
    client.answer(client.get(), format!("4{}", "x".repeat(999)));
    assert_eq!(client.messages().len(), 1);
    client.answer(client.get(), format!("4{}", "x".repeat(1_000)));
    assert_eq!(client.closed(), too_large(1_001));
    let mut client = Client::accepted(config(), &open_packet("", 1));
    client.gone(client.get(), Gone::TooLarge { size: 5_000 });
    assert_eq!(client.closed(), too_large(5_000));
}

#[test]
fn a_single_text_message_is_posted_as_it_is() {
    let mut client = Client::polling();
    let frame = Frame::text("hello");
    client.try_send(frame.clone()).unwrap();
    let body: &Bytes = &client.request(client.post()).body;
    let engineio_proto::Message::Text(text) = frame.as_message() else {
        panic!("it is text");
    };
    assert_eq!(body.as_ptr(), text.as_bytes().as_ptr(), "shared, not copied");
}

#[test]
fn a_message_that_is_only_worth_sending_now_is_not_while_a_post_is_on_its_way() {
    let mut client = Client::new(client_config(|_| {}));
    assert!(!client.connection.is_writable());
    client.answer(client.get(), open_packet("", 1_000));
    assert!(client.connection.is_writable());
    client.send("hello");
    assert!(!client.connection.is_writable());
    client.posted();
    assert!(client.connection.is_writable());
}
