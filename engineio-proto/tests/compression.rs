//! What may be compressed on its way to the client.

mod support;

use bytes::Bytes;
use engineio_proto::server::Transmit;
use engineio_proto::{ErrorCode, Frame};
use support::Session;

fn compressible(text: &str) -> Frame {
    Frame::text(text)
}

fn other(text: &str) -> Frame {
    Frame::text(text).with_compression(false)
}

#[test]
fn a_frame_is_compressible_unless_it_says_otherwise() {
    assert!(compressible("a").is_compressible());
    assert!(Frame::binary(Bytes::new()).is_compressible());
    assert!(!other("a").is_compressible());
    assert!(other("a").with_compression(true).is_compressible());
    assert_eq!(other("a").into_message(), compressible("a").into_message());
}

#[test]
fn an_answer_is_compressible_if_something_in_it_is() {
    let with_bytes = |compress| Frame::binary(Bytes::from_static(b"ab")).with_compression(compress);
    for mut session in [
        Session::polling(),
        Session::polling_3(Session::eio3(), ""),
        Session::polling_3(Session::eio3(), "&j=0"),
    ] {
        for (frames, expected) in [
            (vec![compressible("a")], true),
            (vec![other("a")], false),
            (vec![other("a"), other("b")], false),
            (vec![other("a"), compressible("b"), other("c")], true),
            (vec![with_bytes(false)], false),
            (vec![with_bytes(false), with_bytes(true)], true),
        ] {
            session.connection.send_all(frames.into_iter()).unwrap();
            let get = session.get();
            assert_eq!(session.status(get), 200);
            assert_eq!(session.response(get).compress, expected);
        }
    }
}

#[test]
fn a_websocket_message_says_it_for_itself() {
    let mut session = Session::websocket();
    let frames = [other("a"), compressible("b"), other("c")];
    session.connection.send_all(frames.into_iter()).unwrap();
    let sent: Vec<_> = std::iter::from_fn(|| session.connection.poll_transmit(true)).collect();
    let compress: Vec<_> = sent
        .iter()
        .map(|transmit| matches!(transmit, Transmit::Frame { compress: true, .. }))
        .collect();
    assert_eq!(compress, [false, true, false]);
}

#[test]
fn what_is_no_packet_of_the_application_is_not_worth_it() {
    let mut session = Session::polling();
    let post = session.post("4hello");
    assert!(!session.response(post).compress);
    let get = session.get();
    session.close();
    assert!(!session.response(get).compress);
    let refused = session.get();
    assert!(!session.response(refused).compress);
    assert_eq!(session.response(refused).refusal, Some(ErrorCode::SessionUnknown));
}
