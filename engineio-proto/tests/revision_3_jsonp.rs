//! JSONP: polls are scripts, posts are forms.

mod support;

use bytes::Bytes;
use engineio_proto::server::{Route, Server};
use engineio_proto::{CloseReason, DecodeError, ErrorCode, Frame, TransportFault};
use support::{FIRST, Session, binary, request, text};

fn session() -> Session {
    Session::polling_3(Session::eio3(), "&j=7")
}

#[test]
fn the_first_poll_is_answered_with_a_script() {
    let session = session();
    let script = session.answer(FIRST);
    assert!(script.starts_with(r#"___eio[7]("118:0{\"sid\":\""#), "{script}");
    assert!(script.ends_with(r#"}");"#), "{script}");
    assert_eq!(session.response(FIRST).content_type, Some("text/plain; charset=UTF-8"));
}

#[test]
fn a_script_is_safe_wherever_it_is_read() {
    let mut session = session();
    session.send("\"\\\u{2028}\u{2029}\n€");
    let get = session.get();
    assert_eq!(session.answer(get), r#"___eio[7]("7:4\"\\\u2028\u2029\n€");"#);
}

#[test]
fn bytes_are_base64() {
    let mut session = session();
    session
        .try_send(Frame::binary(Bytes::from_static(&[1, 2, 3, 4])))
        .unwrap();
    let get = session.get();
    assert_eq!(session.answer(get), r#"___eio[7]("10:b4AQIDBA==");"#);
}

#[test]
fn noops_and_closes_are_scripts_too() {
    let mut session = session();
    let get = session.get();
    session.close();
    assert_eq!(session.answer(get), r#"___eio[7]("1:1");"#);
}

#[test]
fn only_the_digits_of_the_index_become_code() {
    let session = Session::polling_3(Session::eio3(), "&j=1];alert(2);[3");
    assert!(session.answer(FIRST).starts_with("___eio[123](\""));
    for index in ["x", "99999999999999999999"] {
        let server: Server<()> = Server::new(Session::eio3().into());
        let query = format!("EIO=3&transport=polling&j={index}");
        match server.route(&request("GET", &query, false)) {
            Route::Refuse(refusal) => assert_eq!(refusal.code(), ErrorCode::BadRequest),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_post_is_a_form() {
    let mut session = session();
    let post = session.post("d=4%3A4%E2%82%AC%F0%9F%98%803%3A4+b");
    assert_eq!(session.answer(post), "ok");
    assert_eq!(session.messages(), [text("€😀"), text(" b")]);
    session.post("d=10%3Ab4AQIDBA%3D%3D");
    assert_eq!(session.messages(), [binary(&[1, 2, 3, 4])]);
}

#[test]
fn line_breaks_come_back() {
    for (sent, form) in [
        ("a\nb", r"4:4a\nb"),
        (r"a\nb", r"5:4a\\nb"),
        ("\n\n", r"3:4\n\n"),
        (r"\n\n", r"5:4\\n\\n"),
        (r"a\b\\c\", r"8:4a\b\\c\"),
        ("\\\\n", r"4:4\\\n"),
    ] {
        let mut session = session();
        session.post(format!("d={}", form.replace('\\', "%5C")));
        assert_eq!(session.messages(), [text(sent)], "{form}");
    }
}

#[test]
fn what_is_no_form_ends_the_session() {
    for body in ["", "x=1", "6:4hello"] {
        let mut session = session();
        let post = session.post(body);
        assert_eq!(session.status(post), 400, "{body}");
        assert_eq!(session.closed(), CloseReason::ParseError(DecodeError::Empty));
    }
    let mut session = session();
    let post = session.begin_binary_post();
    assert_eq!(session.status(post), 400);
    assert_eq!(
        session.closed(),
        CloseReason::TransportError(TransportFault::InvalidContent)
    );
}

#[test]
fn revision_4_has_scripts_and_forms_too() {
    let mut session = Session::accepted(Session::eio3(), request("GET", "EIO=4&transport=polling&j=0", false));
    session.first_request(engineio_proto::Exchange::Poll);
    let script = session.answer(FIRST);
    assert!(script.starts_with(r#"___eio[0]("0{\"sid\":\""#), "{script}");
    let post = session.post("d=4a%1E4b%5Cnc%1EbAQ%3D%3D");
    assert_eq!(session.answer(post), "ok");
    assert_eq!(session.messages(), [text("a"), text("b\nc"), binary(&[1])]);
    session.send("\u{2028}");
    session.try_send(Frame::binary(Bytes::from_static(&[1, 2]))).unwrap();
    let get = session.get();
    assert_eq!(session.answer(get), r#"___eio[0]("4\u2028\u001ebAQI=");"#);
    let get = session.get();
    session.close();
    assert_eq!(session.answer(get), r#"___eio[0]("1");"#);
}
