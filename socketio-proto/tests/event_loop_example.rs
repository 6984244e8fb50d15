//! The example server, with clients that are made by hand: in pieces, all at once, too much, too slow, and gone.

#[allow(dead_code, reason = "a program is not written to be a module")]
#[path = "../examples/event_loop/main.rs"]
mod event_loop;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use event_loop::EventLoop;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, WebSocket};

/// One server for all tests. It ends with the process.
fn server() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let mut event_loop = EventLoop::new((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = event_loop.address().unwrap();
        thread::spawn(move || event_loop.run());
        address
    })
}

const PATH: &str = "/socket.io/?EIO=4&transport=polling";

/// One TCP connection that speaks HTTP.
struct Http(TcpStream);

impl Http {
    fn new() -> Self {
        let stream = TcpStream::connect(server()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self(stream)
    }

    fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// The status and the body of the next response; `head` says that it has no body.
    fn response(&mut self, head: bool) -> (u16, String) {
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            response.push(byte[0]);
        }
        let text = String::from_utf8(response).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let length = text
            .split("Content-Length: ")
            .nth(1)
            .unwrap()
            .split("\r\n")
            .next()
            .unwrap();
        let mut body = vec![0; if head { 0 } else { length.parse().unwrap() }];
        self.0.read_exact(&mut body).unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    fn get(&mut self, path: &str) -> (u16, String) {
        self.write(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        self.response(false)
    }

    fn post(&mut self, path: &str, body: &str) -> (u16, String) {
        self.write(&post(path, body));
        self.response(false)
    }

    /// Whether the server has closed the connection.
    fn is_at_end(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0) | Err(_))
    }

    /// A session, joined: its path.
    fn session(&mut self) -> String {
        let (status, open) = self.get(PATH);
        assert_eq!(status, 200);
        let sid = open.split('"').nth(3).unwrap();
        let path = format!("{PATH}&sid={sid}");
        assert_eq!(self.post(&path, "40"), (200, "ok".into()));
        assert!(self.get(&path).1.starts_with("40{\"sid\":"));
        path
    }
}

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A client on a WebSocket, joined.
fn websocket() -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(server()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", server());
    let (mut websocket, response) = tungstenite::client(url, stream).unwrap();
    assert_eq!(response.status(), 101);
    assert!(text(&mut websocket).starts_with("0{"));
    websocket.send("40".into()).unwrap();
    assert!(text(&mut websocket).starts_with("40{"));
    websocket
}

fn text(websocket: &mut WebSocket<TcpStream>) -> String {
    loop {
        if let Message::Text(text) = websocket.read().unwrap() {
            return text.to_string();
        }
    }
}

#[test]
fn one_connection_takes_one_request_after_the_other() {
    let mut http = Http::new();
    for _ in 0..3 {
        assert_eq!(http.get("/healthz"), (200, "ok".into()));
        assert_eq!(http.get("/other"), (404, "not found".into()));
    }
    http.write("HEAD /healthz HTTP/1.1\r\n\r\n");
    assert_eq!(http.response(true), (200, String::new()));
    http.write("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(http.response(false), (200, "ok".into()));
    assert!(http.is_at_end());
}

#[test]
fn requests_may_come_in_pieces() {
    let mut http = Http::new();
    let path = http.session();
    for byte in post(&path, r#"42["message","é"]"#).as_bytes() {
        http.0.write_all(&[*byte]).unwrap();
        http.0.flush().unwrap();
    }
    assert_eq!(http.response(false), (200, "ok".into()));
    assert_eq!(http.get(&path), (200, r#"42["message-back","é"]"#.into()));
}

#[test]
fn requests_may_come_all_at_once_and_are_answered_in_their_order() {
    let mut http = Http::new();
    let path = http.session();
    let mut pipelined = String::new();
    for n in 0..20 {
        pipelined += &post(&path, &format!(r#"42["message",{n}]"#));
        pipelined += &format!("GET {path} HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n");
    }
    http.write(&pipelined);
    for n in 0..20 {
        assert_eq!(http.response(false), (200, "ok".into()));
        assert_eq!(http.response(false), (200, format!(r#"42["message-back",{n}]"#)));
        assert_eq!(http.response(false), (200, "ok".into()));
    }
}

#[test]
fn what_is_not_understood_is_refused_and_the_connection_closed() {
    let huge = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for (request, status) in [
        ("no request\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400),
        (&huge, 431),
    ] {
        let mut http = Http::new();
        http.write(request);
        assert_eq!(http.response(false).0, status, "{request}");
        assert!(http.is_at_end());
    }
}

#[test]
fn a_body_that_is_too_large_is_refused_and_the_connection_goes_on() {
    let mut http = Http::new();
    let path = http.session();
    let large = "x".repeat(3_000_000);
    assert_eq!(http.post(&path, &large).0, 413);
    // A body that nobody wants is skipped as well.
    assert_eq!(http.post("/other", &large).0, 404);
    let unknown = format!("{PATH}&sid=AAAAAAAAAAAAAAAAAAAA");
    assert_eq!(http.post(&unknown, &large).0, 400);
    assert_eq!(http.post(&path, r#"42["message",1]"#), (200, "ok".into()));
    assert_eq!(http.get(&path), (200, r#"42["message-back",1]"#.into()));
}

#[test]
fn a_client_that_vanishes_takes_its_session_along() {
    let mut http = Http::new();
    let path = http.session();
    let mut polling = Http::new();
    polling.write(&format!("GET {path} HTTP/1.1\r\n\r\n"));
    thread::sleep(Duration::from_millis(50));
    drop(polling);
    for _ in 0..100 {
        thread::sleep(Duration::from_millis(10));
        let (status, body) = http.post(&path, "3");
        if status == 400 {
            assert_eq!(body, r#"{"code":1,"message":"Session ID unknown"}"#);
            return;
        }
    }
    panic!("the session is still there");
}

#[test]
fn a_websocket_carries_text_and_bytes() {
    let mut websocket = websocket();
    websocket
        .send(r#"451-7["message-with-ack",{"_placeholder":true,"num":0}]"#.into())
        .unwrap();
    websocket.send(Message::binary(vec![1, 2, 3])).unwrap();
    assert_eq!(text(&mut websocket), r#"461-7[{"_placeholder":true,"num":0}]"#);
    assert_eq!(websocket.read().unwrap(), Message::binary(vec![1, 2, 3]));
    websocket.close(None).unwrap();
    assert!(matches!(websocket.read(), Ok(Message::Close(None))));
    assert!(matches!(websocket.read(), Err(Error::ConnectionClosed)));
}

#[test]
fn a_message_may_come_together_with_the_handshake() {
    let mut http = Http::new();
    http.write(concat!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        "\x01\x00"
    ));
    // A frame that is not masked: it is read as what it is, the first thing on the WebSocket, and wrong.
    let mut all = Vec::new();
    http.0.read_to_end(&mut all).unwrap();
    let text = String::from_utf8_lossy(&all);
    assert!(text.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{text}");
    assert!(all.ends_with(&[0x88, 2, 0x03, 0xea]), "closed with 1002: {all:?}");
}

#[test]
fn a_message_that_is_too_large_closes_the_websocket_with_a_reason() {
    let mut websocket = websocket();
    // The server may hang up before it has read everything.
    match websocket.send(Message::text("4".repeat(1_000_001))) {
        Ok(()) | Err(Error::Io(_)) => {}
        Err(error) => panic!("{error}"),
    }
    match websocket.read() {
        Ok(Message::Close(Some(frame))) => assert_eq!(frame.code, CloseCode::Size),
        other => panic!("{other:?}"),
    }
}

#[test]
fn ten_thousand_pings_are_answered() {
    let mut websocket = websocket();
    for _ in 0..10_000 {
        websocket.write(Message::Ping(Vec::new().into())).unwrap();
    }
    websocket.send(r#"42["message"]"#.into()).unwrap();
    assert_eq!(text(&mut websocket), r#"42["message-back"]"#);
}

#[test]
fn a_client_that_reads_late_gets_everything() {
    const COUNT: usize = 300;
    let websocket = websocket();
    let mut reader = websocket;
    let stream = reader.get_ref().try_clone().unwrap();
    // 30 MB, many times what the server keeps for a client: it stops reading until it can write.
    let writer = thread::spawn(move || {
        let mut writer = WebSocket::from_raw_socket(stream, tungstenite::protocol::Role::Client, None);
        for n in 0..COUNT {
            writer
                .send(Message::text(format!(r#"42["message",{n},"{}"]"#, "x".repeat(100_000))))
                .unwrap();
        }
    });
    thread::sleep(Duration::from_millis(300));
    assert!(
        !writer.is_finished(),
        "the server does not read from a client that does not read"
    );
    for n in 0..COUNT {
        assert!(text(&mut reader).starts_with(&format!(r#"42["message-back",{n},"#)));
    }
    writer.join().unwrap();
}

#[test]
fn a_client_that_posts_much_and_polls_late_gets_everything() {
    const POSTS: usize = 6;
    const EACH: usize = 25_000;
    let mut http = Http::new();
    let path = http.session();
    let to = path.clone();
    // The echoes are more than the server keeps for a client: the later bodies have to wait.
    let writer = thread::spawn(move || {
        for post in 0..POSTS {
            let packets = (0..EACH).map(|n| format!(r#"42["message",{}]"#, post * EACH + n));
            let body = packets.collect::<Vec<_>>().join("\u{1e}");
            assert_eq!(http.post(&to, &body), (200, "ok".into()));
        }
    });
    thread::sleep(Duration::from_millis(500));
    assert!(
        !writer.is_finished(),
        "the server does not read from a client that does not read"
    );
    let mut polling = Http::new();
    let mut heard = 0;
    while heard < POSTS * EACH {
        let (status, body) = polling.get(&path);
        assert_eq!(status, 200);
        for packet in body.split('\u{1e}') {
            assert_eq!(packet, format!(r#"42["message-back",{heard}]"#));
            heard += 1;
        }
    }
    writer.join().unwrap();
}

#[test]
fn nothing_is_said_to_who_says_nothing() {
    let mut http = Http::new();
    http.0.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let error = http.0.read(&mut [0]).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{error}"
    );
}
