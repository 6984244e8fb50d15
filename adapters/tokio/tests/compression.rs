//! Answers of long-polling that are compressed.

mod support;

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};
use serde_json::json;
use socketio_tokio::{EngineSocket, Frame, Message, Socket};
use support::{ENGINE, Http, Response, Running, RunningEngine, UPGRADE, polling};

/// An Engine.IO server that answers a number with a message of so many bytes, `!n` with one that is not to be compressed.
fn numbers(engine: &RunningEngine) {
    engine
        .engine
        .on_message(async |socket: EngineSocket, message: Message| {
            let Message::Text(text) = message else { return };
            for number in text.split(' ') {
                let (number, compress) = number.strip_prefix('!').map_or((number, true), |rest| (rest, false));
                let text = "x".repeat(number.parse().unwrap());
                socket
                    .send_frame(Frame::text(&text).with_compression(compress))
                    .unwrap();
            }
        });
}

/// What a new client gets that asks for messages and takes `accept`.
fn ask(http: Http, numbers: &str, accept: Option<&str>) -> Response {
    let path = format!("{ENGINE}&sid={}", http.open_engine());
    assert_eq!(http.request("POST", &path, &[], &format!("4{numbers}")).body, "ok");
    let headers: Vec<_> = accept.map(|accept| ("Accept-Encoding", accept)).into_iter().collect();
    let response = http.request("GET", &path, &headers, "");
    assert_eq!(response.status, 200);
    let length = response.header("content-length").map(str::parse);
    assert_eq!(length, Some(Ok(response.bytes.len())));
    response
}

fn encoding(response: &Response) -> Option<&str> {
    response.header("content-encoding")
}

fn gunzip(response: &Response) -> String {
    let mut text = String::new();
    GzDecoder::new(&*response.bytes).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_long_answer_is_compressed_as_the_client_wants_it() {
    let engine = RunningEngine::new();
    numbers(&engine);
    let plain = "4".to_owned() + &"x".repeat(2000);

    let gzip = ask(engine.http(), "2000", Some("gzip, deflate"));
    assert_eq!(encoding(&gzip), Some("gzip"));
    assert!(gzip.bytes.len() < 200);
    assert_eq!(gunzip(&gzip), plain);
    assert_eq!(gzip.header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(gzip.header("cache-control"), Some("no-store"));

    let deflate = ask(engine.http(), "2000", Some("gzip;q=0, deflate"));
    assert_eq!(encoding(&deflate), Some("deflate"));
    let mut text = String::new();
    ZlibDecoder::new(&*deflate.bytes).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain);

    for accept in [
        None,
        Some("identity"),
        Some("br"),
        Some("br, identity;q=0"),
        Some("gzip;q=0"),
    ] {
        let other = ask(engine.http(), "2000", accept);
        assert_eq!((encoding(&other), &other.body), (None, &plain), "{accept:?}");
    }
}

#[test]
fn an_answer_of_many_pieces_comes_whole() {
    let engine = RunningEngine::new();
    engine
        .engine
        .on_message(async |socket: EngineSocket, message: Message| {
            let Message::Text(text) = message else { return };
            let numbers: String = (0..text.parse().unwrap())
                .map(|n: u32| n.wrapping_mul(2_654_435_761).to_string())
                .collect();
            socket.send(Message::Text(numbers.into())).unwrap();
        });
    let response = ask(engine.http(), "100000", Some("gzip"));
    assert!(response.bytes.len() > 100_000, "{}", response.bytes.len());
    let expected: String = (0..100_000)
        .map(|n: u32| n.wrapping_mul(2_654_435_761).to_string())
        .collect();
    assert!(gunzip(&response) == format!("4{expected}"));
}

#[test]
fn a_short_answer_is_not_compressed() {
    let engine = RunningEngine::new();
    numbers(&engine);
    // The packet's type is a byte of the answer.
    for (number, expected) in [("1022", None), ("1023", Some("gzip"))] {
        assert_eq!(encoding(&ask(engine.http(), number, Some("gzip"))), expected);
    }
    let engine = RunningEngine::with(|builder| builder.http_compression(10));
    numbers(&engine);
    for (number, expected) in [("8", None), ("9", Some("gzip"))] {
        assert_eq!(encoding(&ask(engine.http(), number, Some("gzip"))), expected);
    }
}

#[test]
fn an_answer_is_compressed_if_one_message_in_it_may_be() {
    let engine = RunningEngine::new();
    numbers(&engine);
    for (numbers, expected) in [
        ("!2000", None),
        ("!2000 !2000", None),
        ("!2000 1", Some("gzip")),
        ("1 !2000", Some("gzip")),
    ] {
        assert_eq!(
            encoding(&ask(engine.http(), numbers, Some("gzip"))),
            expected,
            "{numbers}"
        );
    }
}

#[test]
fn nothing_is_compressed_if_it_is_switched_off() {
    let engine = RunningEngine::with(|builder| builder.http_compression(None));
    numbers(&engine);
    assert_eq!(encoding(&ask(engine.http(), "2000", Some("gzip"))), None);
}

#[test]
fn events_are_compressed_and_nothing_else() {
    let server = Running::with(|builder| builder.http_compression(1));
    server
        .io
        .of("/")
        .on("long", async |socket: Socket| socket.emit("long", "x".repeat(2000)));
    let http = server.http();
    let gzip = [("Accept-Encoding", "gzip")];
    let sid = http.open();
    let post = http.request("POST", &polling(&sid), &gzip, "40");
    assert_eq!((&*post.body, encoding(&post)), ("ok", None));
    assert!(http.poll(&sid).body.starts_with("40"));
    http.post(&sid, r#"42["long"]"#);
    let event = http.request("GET", &polling(&sid), &gzip, "");
    assert_eq!(gunzip(&event), format!("42{}", json!(["long", "x".repeat(2000)])));
    assert_eq!(event.header("vary"), Some("accept-encoding"));

    let refused = http.request("GET", &polling("unknown"), &gzip, "");
    assert_eq!((refused.status, encoding(&refused)), (400, None));
    let headers = [&UPGRADE[..], &gzip].concat();
    let mut stream = http.send("GET", "/socket.io/?EIO=4&transport=websocket", &headers, "");
    let websocket = Response::read_head(&mut stream);
    assert_eq!((websocket.status, encoding(&websocket)), (101, None));
}

#[test]
fn an_event_is_not_compressed_if_its_sender_says_so() {
    let server = Running::with(|builder| builder.http_compression(1));
    server
        .io
        .of("/")
        .on("emit", async |socket: Socket, compress: bool| {
            socket.compress(compress).emit("long", "x".repeat(2000))
        })
        .on("broadcast", async |socket: Socket, compress: bool| {
            socket
                .namespace()
                .everyone()
                .compress(compress)
                .emit("long", "x".repeat(2000))
        });
    let http = server.http();
    let sid = http.open();
    http.post(&sid, "40");
    assert!(http.poll(&sid).body.starts_with("40"));
    for event in ["emit", "broadcast"] {
        for (compress, expected) in [(true, Some("gzip")), (false, None)] {
            http.post(&sid, &format!("42{}", json!([event, compress])));
            let answer = http.request("GET", &polling(&sid), &[("Accept-Encoding", "gzip")], "");
            assert_eq!(
                (answer.status, encoding(&answer)),
                (200, expected),
                "{event} {compress}"
            );
        }
    }
}
