//! How a session ends: from either side, in every state, once.

mod support;

use engineio_proto::server::Event;
use engineio_proto::{CloseReason, Exchange, ExchangeId, Frame, Gone, SendError, TransportFault};
use support::{FIRST, Session, body, config, ms, text};

const UNKNOWN_SESSION: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

#[test]
fn a_poll_that_waits_is_told() {
    let mut session = Session::polling();
    let get = session.get();
    session.close();
    assert_eq!(session.answer(get), "1");
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn without_a_poll_the_next_one_is_told() {
    let mut session = Session::polling();
    session.close();
    assert_eq!(session.events(), []);
    assert!(!session.connection.is_open() && !session.connection.is_closed());
    session.advance(ms(29_999));
    let get = session.get();
    assert_eq!(session.answer(get), "1");
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn without_any_poll_it_ends_all_the_same() {
    let mut session = Session::polling();
    session.close();
    session.advance(ms(29_999));
    assert_eq!(session.events(), []);
    session.advance(ms(1));
    assert_eq!(session.closed(), CloseReason::ForcedClose);
    assert_eq!(session.connection.queued_bytes(), 0);
}

#[test]
fn closing_does_not_wait_for_the_heartbeat() {
    let mut session = Session::polling_with(config(|config| config.close_timeout = ms(100_000)));
    session.close();
    for _ in 0..9 {
        session.jump(ms(11_000));
    }
    assert_eq!(session.events(), []);
    let get = session.get();
    assert_eq!(session.answer(get), "1", "and it does not ping any more");
}

#[test]
fn what_was_sent_before_goes_out_by_polling() {
    let mut session = Session::polling();
    session.send("one");
    session.send("two");
    session.close();
    let get = session.get();
    assert_eq!(
        session.answer(get),
        "4one\u{1e}4two",
        "clients lose messages that come along with a close"
    );
    let get = session.get();
    assert_eq!(session.answer(get), "1");
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn what_was_sent_before_goes_out_on_a_websocket() {
    let mut session = Session::websocket();
    session.eager = false;
    session.send("one");
    session.send("two");
    session.close();
    session.pump();
    assert_eq!(session.texts(FIRST), ["4one", "4two"]);
    assert_eq!(session.close_of(FIRST), Some(None));
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn a_websocket_with_nothing_to_say_closes_at_once() {
    let mut session = Session::websocket();
    session.close();
    assert_eq!(session.close_of(FIRST), Some(None));
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn a_websocket_that_is_not_read_closes_in_time() {
    let mut session = Session::websocket();
    session.reading = false;
    session.send("one");
    session.send("two");
    session.close();
    session.advance(ms(29_999));
    assert_eq!(session.events(), []);
    assert_ne!(session.connection.queued_bytes(), 0, "what waits is counted to the end");
    session.advance(ms(1));
    assert_eq!(session.closed(), CloseReason::ForcedClose);
    session.reading = true;
    session.pump();
    assert_eq!(session.frames(FIRST), []);
    assert_eq!(session.close_of(FIRST), Some(None));
}

#[test]
fn a_websocket_that_is_read_slowly_gets_all_of_it() {
    let mut session = Session::websocket();
    session.reading = false;
    for number in 0..20 {
        session.send(&number.to_string());
    }
    session.close();
    session.eager = false;
    session.reading = true;
    for _ in 0..20 {
        assert_eq!(session.events(), []);
        assert!(session.pump_transmit());
        session.jump(ms(1_000));
    }
    session.pump();
    assert_eq!(session.texts(FIRST).len(), 20);
    assert_eq!(session.close_of(FIRST), Some(None));
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn a_closed_session_takes_no_frames() {
    for mut session in [Session::polling(), Session::websocket()] {
        session.close();
        assert_eq!(
            session.try_send(Frame::text("late")),
            Err(SendError::Closed(Frame::text("late")))
        );
        let frames = [Frame::text("late"), Frame::text("later")];
        let Err(SendError::Closed(back)) = session.connection.send_all(frames.iter().cloned()) else {
            panic!("it is closed");
        };
        assert_eq!(back.collect::<Vec<_>>(), frames);
    }
}

#[test]
fn what_arrives_after_closing_does_not_count() {
    let mut session = Session::polling();
    session.close();
    let post = session.post("4hello");
    assert_eq!(session.answer(post), "ok");
    assert_eq!(session.events(), []);

    let mut session = Session::websocket();
    session.reading = false;
    session.send("one");
    session.close();
    session.say(FIRST, "4hello");
    assert_eq!(session.events(), []);
}

#[test]
fn what_nobody_fetched_before_closing_does_not_count() {
    let mut session = Session::websocket();
    session.eager = false;
    session.say(FIRST, "4hello");
    session.close();
    session.pump();
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

#[test]
fn closing_again_changes_nothing() {
    let mut session = Session::polling();
    session.close();
    session.advance(ms(20_000));
    session.close();
    session.advance(ms(10_000));
    assert_eq!(session.closed(), CloseReason::ForcedClose);
    session.close();
    assert_eq!(session.events(), []);
}

#[test]
fn the_client_may_end_a_closing_session() {
    let mut session = Session::polling();
    session.close();
    session.post("1");
    assert_eq!(session.closed(), CloseReason::TransportClose);

    let mut session = Session::websocket();
    session.reading = false;
    session.send("one");
    session.close();
    session.gone(FIRST, Gone::Closed);
    assert_eq!(session.closed(), CloseReason::TransportClose);
}

#[test]
fn a_client_at_fault_ends_a_closing_session() {
    let mut session = Session::polling();
    session.close();
    let post = session.post("nonsense");
    assert_eq!(session.status(post), 400);
    assert_eq!(session.closed().as_str(), "parse error");

    let mut session = Session::polling();
    session.close();
    let post = session.begin_post();
    session.gone(post, Gone::Closed);
    assert_eq!(
        session.closed(),
        CloseReason::TransportError(TransportFault::PostAborted)
    );
}

#[test]
fn a_post_that_is_on_its_way_when_the_session_ends_is_answered() {
    let mut session = Session::polling();
    let get = session.get();
    let post = session.begin_post();
    session.close();
    assert_eq!(session.answer(get), "1");
    assert_eq!(body(session.response(post)), UNKNOWN_SESSION);
    session.body(post, "4late");
    assert_eq!(session.closed(), CloseReason::ForcedClose);
}

/// A session that has ended, and how.
type Ending = (&'static str, fn() -> Session);

/// Sessions in every state in which one can end, each with what ends it.
fn endings() -> Vec<Ending> {
    fn ended(mut session: Session, end: impl FnOnce(&mut Session)) -> Session {
        end(&mut session);
        session
    }
    vec![
        ("close() on polling", || {
            ended(Session::polling(), |session| {
                session.get();
                session.close();
            })
        }),
        ("close() on a WebSocket", || ended(Session::websocket(), Session::close)),
        ("close() on an upgraded session", || {
            ended(Session::polling(), |session| {
                session.upgrade();
                session.close();
            })
        }),
        ("close() and no poll", || {
            ended(Session::polling(), |session| {
                session.close();
                session.advance(ms(30_000));
            })
        }),
        ("a close packet by POST", || {
            ended(Session::polling(), |session| {
                session.post("1");
            })
        }),
        ("a close packet on a WebSocket", || {
            ended(Session::websocket(), |session| session.say(FIRST, "1"))
        }),
        ("a dropped poll while probing", || {
            ended(Session::polling(), |session| {
                session.open_websocket();
                let get = session.get();
                session.gone(get, Gone::Closed);
            })
        }),
        ("a lost WebSocket", || {
            ended(Session::websocket(), |session| session.gone(FIRST, Gone::Closed))
        }),
        ("a failed WebSocket", || {
            ended(Session::websocket(), |session| {
                session.gone(FIRST, Gone::Failed { code: 1002 });
            })
        }),
        ("silence", || {
            ended(Session::polling(), |session| session.advance(ms(45_000)))
        }),
        ("nonsense", || {
            ended(Session::polling(), |session| {
                session.post("nonsense");
            })
        }),
        ("two polls at once", || {
            ended(Session::polling(), |session| {
                session.get();
                session.get();
            })
        }),
    ]
}

#[test]
fn the_end_is_said_once_and_last() {
    for (how, session) in endings() {
        let mut session = session();
        let events = session.events();
        let ends = events.iter().filter(|event| matches!(event, Event::Closed(_))).count();
        assert_eq!(ends, 1, "{how}");
        assert!(matches!(events.last(), Some(Event::Closed(_))), "{how}");
        assert!(session.connection.is_closed() && !session.connection.is_open(), "{how}");
        assert_eq!(session.forgotten(), [], "{how}");
    }
}

#[test]
fn nothing_happens_after_the_end() {
    for (how, session) in endings() {
        let mut session = session();
        session.events();
        let known: Vec<ExchangeId> = session.exchanges().collect();
        for id in known {
            session.body(id, "4late");
            session.message(id, text("4late"));
            session.gone(id, Gone::Failed { code: 1002 });
        }
        session.close();
        session.jump(ms(1_000_000));
        assert_eq!(session.events(), [], "{how}");
        assert_eq!(session.connection.poll_timeout(), None, "{how}");
        assert_eq!(session.connection.queued_bytes(), 0, "{how}");
        assert!(!session.connection.is_writable(), "{how}");
    }
}

#[test]
fn requests_after_the_end_are_for_an_unknown_session() {
    for (how, session) in endings() {
        let mut session = session();
        let get = session.get();
        let post = session.begin_post();
        let socket = session.open_websocket();
        for id in [get, post, socket] {
            assert_eq!(session.status(id), 400, "{how}");
            assert_eq!(body(session.response(id)), UNKNOWN_SESSION, "{how}");
        }
        session.body(post, "4late");
        session.say(socket, "2probe");
        assert!(!session.is_upgraded(socket), "{how}");
    }
}

#[test]
fn a_session_that_ended_before_its_first_request_answers_it() {
    let request = support::request("GET", "EIO=4&transport=polling", false);
    let mut session = Session::accepted(config(|_| {}), request);
    session.advance(ms(45_000));
    session.first_request(Exchange::Poll);
    assert_eq!(body(session.response(FIRST)), UNKNOWN_SESSION);
}

#[test]
fn reasons_have_the_names_that_applications_compare() {
    use engineio_proto::DecodeError::Base64;
    for (reason, name, words) in [
        (CloseReason::TransportClose, "transport close", "transport close"),
        (
            CloseReason::TransportError(TransportFault::PollOverlap),
            "transport error",
            "transport error: a poll overlaps another",
        ),
        (CloseReason::ForcedClose, "forced close", "forced close"),
        (CloseReason::PingTimeout, "ping timeout", "ping timeout"),
        (
            CloseReason::ParseError(Base64),
            "parse error",
            "parse error: binary data that is not base64",
        ),
    ] {
        assert_eq!(reason.as_str(), name);
        assert_eq!(reason.to_string(), words);
    }
}
