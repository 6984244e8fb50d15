//! How a client's session ends.

mod support;

use engineio_proto::client::{Event, Method, Transports};
use engineio_proto::{CloseReason, DecodeError, Frame, Gone, SendError, TransportFault};
use support::client::{Client, client_config, open_packet};
use support::{binary, ms};

#[test]
fn a_close_over_polling_says_so_and_waits_for_the_answer() {
    let mut client = Client::polling();
    let get = client.get();
    client.close();
    assert!(!client.connection.is_open());
    assert_eq!(client.events(), [], "the server does not know yet");
    assert_eq!(client.posted(), "1");
    assert_eq!(client.closed(), CloseReason::ForcedClose);
    assert!(client.is_aborted(get));
}

#[test]
fn what_was_sent_before_goes_out_first() {
    let mut client = Client::polling();
    client.send("one");
    client.send("two");
    client.close();
    assert_eq!(
        client.try_send(Frame::text("late")),
        Err(SendError::Closed(Frame::text("late")))
    );
    assert_eq!(client.posted(), "4one");
    assert_eq!(client.events(), []);
    assert_eq!(client.posted(), "4two\u{1e}1");
    assert_eq!(client.closed(), CloseReason::ForcedClose);
}

#[test]
fn once_it_has_taken_its_leave_only_the_answer_to_that_counts() {
    for end in ["4late\u{1e}2", "6", "1", "garbage"] {
        let mut client = Client::polling();
        client.close();
        client.answer(client.get(), end);
        assert_eq!(client.waiting(Method::Get), None, "no more polls");
        assert_eq!(client.events(), []);
        assert_eq!(client.posted(), "1");
        assert_eq!(client.closed(), CloseReason::ForcedClose);
    }
    let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
    for method in [Method::Get, Method::Post] {
        for refused in [false, true] {
            let mut client = Client::polling();
            client.close();
            let id = client.waiting(method).unwrap();
            if refused {
                client.respond(id, 400, false, unknown);
            } else {
                client.gone(id, Gone::Closed);
            }
            if method == Method::Get {
                assert_eq!(client.posted(), "1");
            }
            assert_eq!(client.closed(), CloseReason::ForcedClose);
        }
    }
}

/// A poll that was slower than the close packet is refused.
#[test]
fn a_poll_does_not_count_while_the_last_messages_are_on_their_way_but_a_close_packet_does() {
    let leaving = || {
        let mut client = Client::polling();
        client.eager = false;
        client.send("one");
        client.close();
        client.eager = true;
        client.pump();
        client
    };
    let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
    let mut client = leaving();
    client.respond(client.get(), 400, false, unknown);
    assert_eq!(client.posted(), "4one\u{1e}1");
    assert_eq!(client.closed(), CloseReason::ForcedClose);
    let mut client = leaving();
    client.gone(client.get(), Gone::Closed);
    assert_eq!(client.posted(), "4one\u{1e}1");
    assert_eq!(client.closed(), CloseReason::ForcedClose);
    let mut client = leaving();
    client.answer(client.get(), "1");
    assert_eq!(client.closed(), CloseReason::TransportClose);
    let mut client = leaving();
    client.respond(client.post(), 400, false, unknown);
    assert_eq!(
        client.closed().as_str(),
        "transport error",
        "the messages may not have arrived"
    );
}

#[test]
fn pings_are_not_answered_once_the_last_word_is_on_its_way() {
    let mut client = Client::unfetched(client_config(|_| {}));
    client.send("one");
    client.close();
    client.eager = true;
    client.pump();
    client.answer(client.get(), format!("{}\u{1e}2", open_packet("", 1_000)));
    assert_eq!(client.posted(), "3\u{1e}4one\u{1e}1");
    assert_eq!(client.closed(), CloseReason::ForcedClose);
    let mut client = Client::polling();
    client.eager = false;
    client.send("one");
    client.pump();
    client.posted();
    client.send("two");
    client.close();
    client.pump();
    let post = client.post();
    client.answer(client.get(), "2");
    client.eager = true;
    client.answer(post, "ok");
    assert_eq!(client.waiting(Method::Post), None);
    assert_eq!(client.closed(), CloseReason::ForcedClose);
}

#[test]
fn a_leave_that_nobody_takes_ends_in_time() {
    let mut client = Client::polling();
    client.close();
    client.advance(ms(29_999));
    assert_eq!(client.events(), []);
    client.advance(ms(1));
    assert_eq!(client.closed(), CloseReason::ForcedClose);
    assert_eq!(client.forgotten(), []);
}

#[test]
fn a_leave_that_fails_says_so() {
    let mut client = Client::polling();
    client.send("one");
    client.close();
    client.gone(client.post(), Gone::Closed);
    assert_eq!(client.closed(), CloseReason::TransportError(TransportFault::Request));
    assert_eq!(client.forgotten(), []);
}

#[test]
fn a_server_that_closes_while_we_flush_was_first() {
    let mut client = Client::polling();
    client.send("one");
    client.send("two");
    client.close();
    client.answer(client.get(), "4ignored\u{1e}1");
    assert_eq!(client.closed(), CloseReason::TransportClose);
}

#[test]
fn pings_are_answered_while_we_flush() {
    let mut client = Client::polling();
    client.send("one");
    client.send("two");
    client.close();
    client.answer(client.get(), "2");
    assert_eq!(client.posted(), "4one");
    assert_eq!(client.posted(), "3\u{1e}4two\u{1e}1");
    assert_eq!(client.closed(), CloseReason::ForcedClose);
}

#[test]
fn what_arrived_and_was_not_fetched_does_not_count_after_a_close() {
    let mut client = Client::polling();
    client.eager = false;
    client.answer(client.get(), "4one");
    client.close();
    client.pump();
    assert_eq!(client.events(), []);
}

#[test]
fn a_websocket_is_closed_after_what_was_sent() {
    let (mut client, socket) = Client::websocket();
    client.writable = false;
    client.send("one");
    client.close();
    client.say(socket, "4late");
    client.say(socket, "2");
    assert_eq!(client.close_of(socket), None);
    client.writable = true;
    client.pump();
    assert_eq!(client.texts(socket), ["3", "4one"]);
    assert_eq!(client.close_of(socket), Some(None));
    assert_eq!(client.closed(), CloseReason::ForcedClose);
}

#[test]
fn a_websocket_that_takes_nothing_more_is_closed_in_time() {
    let (mut client, socket) = Client::websocket();
    client.writable = false;
    client.send("one");
    client.close();
    client.advance(ms(30_000));
    assert_eq!(client.closed(), CloseReason::ForcedClose);
    assert_eq!(client.close_of(socket), Some(None));
}

#[test]
fn a_second_close_changes_nothing() {
    let mut client = Client::polling();
    client.close();
    client.advance(ms(29_000));
    client.close();
    client.advance(ms(1_000));
    assert_eq!(client.closed(), CloseReason::ForcedClose);
    client.close();
    assert_eq!(client.events(), []);
}

#[test]
fn a_session_that_nobody_has_asked_for_need_not_be_closed() {
    let mut client = Client::unfetched(client_config(|_| {}));
    client.close();
    client.pump();
    assert_eq!(client.exchanges(), 0);
    assert_eq!(client.closed(), CloseReason::ForcedClose);
}

/// Otherwise the server would keep it until its heartbeat fails.
#[test]
fn a_session_that_is_asked_for_is_closed_when_it_is_there() {
    let mut client = Client::new(client_config(|_| {}));
    client.close();
    assert_eq!(client.events(), []);
    client.answer(
        client.get(),
        format!("{}\u{1e}4hello", open_packet("\"websocket\"", 1_000)),
    );
    assert_eq!(client.exchanges(), 2, "no poll and no WebSocket");
    assert_eq!(client.posted(), "1");
    assert_eq!(client.closed(), CloseReason::ForcedClose);
}

#[test]
fn what_was_sent_before_the_handshake_still_goes_out() {
    let mut client = Client::unfetched(client_config(|_| {}));
    client.send("one");
    client.close();
    client.eager = true;
    client.pump();
    client.answer(client.get(), open_packet("", 1_000));
    assert_eq!(client.posted(), "4one\u{1e}1");
    assert_eq!(client.closed(), CloseReason::ForcedClose);
}

#[test]
fn a_handshake_that_does_not_come_is_not_waited_for_longer_than_before() {
    let mut client = Client::new(client_config(|_| {}));
    client.advance(ms(15_000));
    client.close();
    client.advance(ms(5_000));
    assert_eq!(client.closed(), CloseReason::ForcedClose);
    assert_eq!(client.forgotten(), []);
    let mut client = Client::new(client_config(|_| {}));
    client.close();
    client.respond(client.get(), 502, false, "");
    let fault = TransportFault::Refused {
        status: 502,
        code: None,
    };
    assert_eq!(client.closed(), CloseReason::TransportError(fault));
}

#[test]
fn a_websocket_that_is_not_open_yet_is_given_up() {
    let config = || client_config(|config| config.transports = Transports::WebSocket);
    let mut client = Client::new(config());
    client.close();
    assert!(client.is_aborted(client.socket()));
    assert_eq!(client.closed(), CloseReason::ForcedClose);
    client.open(client.socket());
    assert_eq!(client.close_of(client.socket()), None, "it is not there any more");

    let mut client = Client::new(config());
    let socket = client.socket();
    client.open(socket);
    client.close();
    assert_eq!(client.close_of(socket), Some(None));
    assert_eq!(client.closed(), CloseReason::ForcedClose);

    let mut client = Client::new(config());
    let socket = client.socket();
    client.send("one");
    client.close();
    client.open(socket);
    client.say(socket, &open_packet("", 1_000));
    assert_eq!(client.texts(socket), ["4one"]);
    assert_eq!(client.close_of(socket), Some(None));
    assert_eq!(client.closed(), CloseReason::ForcedClose);
}

#[test]
fn a_close_packet_on_a_websocket_ends_it() {
    let (mut client, socket) = Client::websocket();
    client.say(socket, "1");
    assert_eq!(client.closed(), CloseReason::TransportClose);
    assert_eq!(client.close_of(socket), Some(None));
}

#[test]
fn a_websocket_that_goes_ends_it() {
    let too_large = |size| TransportFault::TooLarge { size, limit: 100 << 20 };
    for (gone, reason, close) in [
        (Gone::Closed, CloseReason::TransportClose, None),
        (
            Gone::Failed { code: 1007 },
            CloseReason::TransportError(TransportFault::WebSocket),
            Some(Some(1007)),
        ),
        (
            Gone::TooLarge { size: 1 << 30 },
            CloseReason::TransportError(too_large(1 << 30)),
            Some(Some(1009)),
        ),
    ] {
        let (mut client, socket) = Client::websocket();
        client.send("hello");
        client.gone(socket, gone);
        assert_eq!(client.closed(), reason);
        assert_eq!(client.close_of(socket), close);
    }
}

#[test]
fn what_is_no_packet_ends_it() {
    for (wrong, error) in [
        ("", DecodeError::Empty),
        ("x", DecodeError::UnknownType('x')),
        ("bA", DecodeError::Base64),
    ] {
        let (mut client, socket) = Client::websocket();
        client.say(socket, "4one");
        client.say(socket, wrong);
        assert_eq!(
            client.events().pop(),
            Some(Event::Closed(CloseReason::ParseError(error)))
        );
        assert_eq!(client.close_of(socket), Some(None));
    }
}

#[test]
fn a_message_that_is_too_large_ends_it() {
    let (mut client, socket) = Client::websocket_with(|config| config.max_payload = 1_000);
    client.message(socket, binary(&[0; 1_000]));
    assert_eq!(client.messages().len(), 1);
    client.message(socket, binary(&[0; 1_001]));
    let fault = TransportFault::TooLarge {
        size: 1_001,
        limit: 1_000,
    };
    assert_eq!(client.closed(), CloseReason::TransportError(fault));
    assert_eq!(client.close_of(socket), Some(Some(1009)));
}

#[test]
fn reasons_have_the_names_that_all_use() {
    let mut client = Client::polling();
    client.advance(ms(45_000));
    assert_eq!(client.closed().as_str(), "ping timeout");
    let mut client = Client::polling();
    client.answer(client.get(), "x");
    assert_eq!(client.closed().as_str(), "parse error");
    let mut client = Client::polling();
    client.gone(client.get(), Gone::Closed);
    assert_eq!(client.closed().as_str(), "transport error");
    let mut client = Client::polling();
    client.answer(client.get(), "1");
    assert_eq!(client.closed().as_str(), "transport close");
    let (mut client, _) = Client::websocket();
    client.close();
    assert_eq!(client.closed().as_str(), "forced close");
}
