//! A client's passage from long-polling to a WebSocket.

mod support;

use engineio_proto::client::{Event, Method};
use engineio_proto::{CloseReason, ErrorCode, ExchangeId, Gone, TransportFault, TransportKind};
use support::client::{Client, SID};
use support::{binary, ms, text};

/// Long-polling works, and does not try for a WebSocket again.
fn goes_on(client: &mut Client) {
    assert!(client.connection.is_open());
    assert_eq!(client.connection.transport(), TransportKind::Polling);
    assert_eq!(client.connection.websocket(), None);
    let socket = client.socket();
    client.answer(client.get(), "4down");
    assert_eq!(client.messages(), [text("down")]);
    client.send("up");
    assert_eq!(client.posted(), "4up");
    assert_eq!(client.socket(), socket);
}

/// A session whose WebSocket has answered while a GET and a POST were on their way.
fn pausing() -> (Client, ExchangeId) {
    let (mut client, socket) = Client::upgrading();
    client.send("one");
    client.open(socket);
    client.say(socket, "3probe");
    assert_eq!(client.texts(socket), ["2probe"]);
    (client, socket)
}

#[test]
fn a_session_goes_over() {
    let (mut client, socket) = Client::upgrading();
    assert_eq!(client.query(socket), format!("EIO=4&transport=websocket&sid={SID}"));
    client.open(socket);
    assert_eq!(client.texts(socket), ["2probe"]);
    assert_eq!(client.connection.transport(), TransportKind::Polling);
    client.say(socket, "3probe");
    assert_eq!(client.frames(socket), [], "a GET waits");
    client.answer(client.get(), "6");
    assert_eq!(client.texts(socket), ["5"]);
    assert_eq!(client.events(), [Event::Upgraded]);
    assert_eq!(client.connection.transport(), TransportKind::WebSocket);
    assert_eq!(client.connection.websocket(), Some(socket));
    assert_eq!(client.waiting(Method::Get), None);
    client.send("up");
    assert_eq!(client.texts(socket), ["4up"]);
    client.say(socket, "4down");
    assert_eq!(client.messages(), [text("down")]);
}

#[test]
fn polling_goes_on_until_the_probe_is_answered() {
    let (mut client, socket) = Client::upgrading();
    for opened in [false, true] {
        if opened {
            client.open(socket);
        }
        client.send("up");
        assert_eq!(client.posted(), "4up");
        client.answer(client.get(), "4down");
        assert_eq!(client.messages(), [text("down")]);
        assert!(client.connection.is_writable());
    }
}

#[test]
fn it_waits_for_the_get_and_the_post() {
    for get_first in [false, true] {
        let (mut client, socket) = pausing();
        client.send("two");
        assert!(!client.connection.is_writable());
        let requests = if get_first {
            [client.get(), client.post()]
        } else {
            [client.post(), client.get()]
        };
        let exchanges = client.exchanges();
        client.answer(requests[0], "6");
        assert_eq!(client.frames(socket), []);
        assert_eq!(client.exchanges(), exchanges, "no new request");
        assert!(!client.connection.is_writable());
        client.answer(requests[1], "6");
        assert_eq!(client.texts(socket), ["5", "4two"]);
        assert_eq!(client.exchanges(), exchanges);
        assert_eq!(client.events(), [Event::Upgraded]);
    }
}

#[test]
fn what_the_last_poll_brings_counts_and_comes_first() {
    let (mut client, socket) = pausing();
    client.posted();
    client.answer(client.get(), "4one\u{1e}4two");
    client.say(socket, "4three");
    let events = client.events();
    let mut messages = events.iter().filter(|event| **event != Event::Upgraded);
    for expected in ["one", "two", "three"] {
        assert_eq!(messages.next(), Some(&Event::Message(text(expected))));
    }
    assert_eq!(events.len(), 4);
}

#[test]
fn a_ping_while_it_waits_is_answered_on_the_websocket() {
    let (mut client, socket) = pausing();
    client.answer(client.get(), "2");
    client.posted();
    assert_eq!(client.texts(socket), ["5", "3"]);
}

#[test]
fn nobody_need_have_fetched_the_next_request() {
    let (mut client, socket) = Client::upgrading();
    client.open(socket);
    client.texts(socket);
    client.eager = false;
    client.answer(client.get(), "6");
    client.send("two");
    client.say(socket, "3probe");
    client.pump();
    assert_eq!(client.texts(socket), ["5", "4two"]);
    assert_eq!(client.waiting(Method::Get), None);
}

#[test]
fn a_websocket_that_is_refused_or_not_reached_does_not_hurt() {
    let (mut client, socket) = Client::upgrading();
    client.respond(socket, 400, false, r#"{"code":3,"message":"Bad request"}"#);
    let code = Some(ErrorCode::BadRequest);
    let fault = TransportFault::Refused { status: 400, code };
    assert_eq!(client.events(), [Event::UpgradeFailed(fault)]);
    assert!(!client.is_aborted(socket));
    assert_eq!(
        client.connection.rejection(),
        None,
        "that is for what ended the session"
    );
    goes_on(&mut client);
    for gone in [Gone::Closed, Gone::Failed { code: 1002 }] {
        let (mut client, socket) = Client::upgrading();
        client.gone(socket, gone);
        assert_eq!(client.events(), [Event::UpgradeFailed(TransportFault::WebSocket)]);
        assert!(!client.is_aborted(socket));
        goes_on(&mut client);
    }
}

#[test]
fn a_websocket_that_leaves_or_fails_does_not_hurt() {
    for (gone, close) in [
        (Gone::Closed, None),
        (Gone::Failed { code: 1002 }, Some(None)),
        (Gone::TooLarge { size: 1 << 40 }, Some(None)),
    ] {
        for answered in [false, true] {
            let (mut client, socket) = Client::upgrading();
            client.open(socket);
            if answered {
                client.say(socket, "3probe");
            }
            client.gone(socket, gone);
            assert_eq!(client.close_of(socket), close);
            assert_eq!(client.events(), [Event::UpgradeFailed(TransportFault::WebSocket)]);
            goes_on(&mut client);
        }
    }
}

#[test]
fn a_websocket_that_answers_something_else_is_closed() {
    for wrong in [
        "3", "3prob", "3probe2", "2probe", "4hello", "1", "6", "0{}", "", "x", "b", "€",
    ] {
        for answered in [false, true] {
            let (mut client, socket) = Client::upgrading();
            client.open(socket);
            if answered {
                client.say(socket, "3probe");
            }
            client.say(socket, wrong);
            assert_eq!(client.close_of(socket), Some(None), "{wrong}");
            assert_eq!(client.events(), [Event::UpgradeFailed(TransportFault::Probe)]);
            client.say(socket, "3probe");
            goes_on(&mut client);
        }
    }
    let (mut client, socket) = Client::upgrading();
    client.open(socket);
    client.message(socket, binary(b"3probe"));
    assert_eq!(client.events(), [Event::UpgradeFailed(TransportFault::Probe)]);
}

#[test]
fn a_second_answer_is_one_too_many() {
    let (mut client, socket) = pausing();
    client.say(socket, "3probe");
    assert_eq!(client.events(), [Event::UpgradeFailed(TransportFault::Probe)]);
    client.posted();
    goes_on(&mut client);
}

#[test]
fn a_passage_that_takes_too_long_is_given_up() {
    for step in 0..3 {
        let (mut client, socket) = Client::upgrading();
        if step > 0 {
            client.open(socket);
        }
        if step > 1 {
            client.say(socket, "3probe");
        }
        client.advance(ms(9_999));
        assert_eq!(client.events(), []);
        client.advance(ms(1));
        assert_eq!(client.events(), [Event::UpgradeFailed(TransportFault::Timeout)]);
        assert_eq!(client.is_aborted(socket), step == 0);
        assert_eq!(client.close_of(socket), (step > 0).then_some(None));
        client.open(socket);
        goes_on(&mut client);
    }
}

#[test]
fn what_waited_for_a_passage_that_failed_goes_out() {
    let (mut client, socket) = pausing();
    client.send("two");
    client.posted();
    assert_eq!(client.waiting(Method::Post), None);
    client.gone(socket, Gone::Closed);
    assert_eq!(client.posted(), "4two");
    client.answer(client.get(), "6");
    client.get();
}

#[test]
fn a_session_that_the_server_closes_ends_the_passage() {
    for step in 0..3 {
        let (mut client, socket) = Client::upgrading();
        if step > 0 {
            client.open(socket);
        }
        if step > 1 {
            client.say(socket, "3probe");
        }
        client.answer(client.get(), "1");
        assert_eq!(client.closed(), CloseReason::TransportClose);
        assert_eq!(client.is_aborted(socket), step == 0);
        assert_eq!(client.close_of(socket), (step > 0).then_some(None));
        assert_eq!(client.forgotten(), []);
    }
}

#[test]
fn a_session_that_the_client_closes_gives_up_the_passage_and_takes_its_leave_over_polling() {
    for step in 0..3 {
        let (mut client, socket) = Client::upgrading();
        client.send("one");
        if step > 0 {
            client.open(socket);
        }
        if step > 1 {
            client.say(socket, "3probe");
        }
        client.send("two");
        client.close();
        assert_eq!(client.is_aborted(socket), step == 0);
        assert_eq!(client.close_of(socket), (step > 0).then_some(None));
        assert_eq!(client.posted(), "4one");
        assert_eq!(client.posted(), "4two\u{1e}1");
        assert_eq!(client.closed(), CloseReason::ForcedClose);
        assert_eq!(client.forgotten(), []);
    }
}

#[test]
fn a_session_that_the_client_closes_after_the_passage_flushes_it() {
    let (mut client, socket) = Client::upgrading();
    client.open(socket);
    client.say(socket, "3probe");
    client.writable = false;
    client.send("two");
    client.answer(client.get(), "6");
    assert_eq!(client.texts(socket), ["2probe", "5"]);
    client.events();
    client.close();
    assert_eq!(client.close_of(socket), None);
    client.writable = true;
    client.pump();
    assert_eq!(client.texts(socket), ["4two"]);
    assert_eq!(client.close_of(socket), Some(None));
    assert_eq!(client.closed(), CloseReason::ForcedClose);
}

#[test]
fn a_session_without_pings_dies_while_it_goes_over() {
    let (mut client, socket) = Client::upgrading();
    client.open(socket);
    client.say(socket, "3probe");
    client.advance(ms(45_000));
    let end = Event::Closed(CloseReason::PingTimeout);
    assert_eq!(client.events(), [Event::UpgradeFailed(TransportFault::Timeout), end]);
    assert_eq!(client.forgotten(), []);
}
