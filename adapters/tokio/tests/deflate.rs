//! Compressed WebSocket messages, frame by frame.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use socketio_tokio::{CloseReason, EngineConfig, EngineServer, EngineSocket, Message, PerMessageDeflate, Socket};
use support::{PATIENCE, Reports, Running, eventually, reports};
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader, FrameSocket};

const OFFER: &str = "permessage-deflate";
const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const TEXT: OpCode = OpCode::Data(Data::Text);
const BINARY: OpCode = OpCode::Data(Data::Binary);
const CONTINUE: OpCode = OpCode::Data(Data::Continue);
const PING: OpCode = OpCode::Control(Control::Ping);

/// A server that echoes.
struct Echo {
    server: EngineServer,
    address: SocketAddr,
    closed: Reports<CloseReason>,
    _runtime: tokio::runtime::Runtime,
}

impl Echo {
    fn new(deflate: Option<PerMessageDeflate>, max_payload: usize) -> Self {
        let runtime = support::runtime();
        let mut config = EngineConfig::default();
        config.max_payload = max_payload;
        let server = EngineServer::builder()
            .config(config)
            .per_message_deflate(deflate)
            .build();
        let (report, closed) = reports();
        server
            .on_message(async |socket: EngineSocket, message: Message| socket.send(message))
            .on_close(move |_, reason| {
                report(reason);
                async {}
            });
        let router = axum::Router::new().fallback_service(server.service());
        let (listener, address) = support::listener();
        listener.set_nonblocking(true).unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await
        });
        Self {
            server,
            address,
            closed,
            _runtime: runtime,
        }
    }

    fn compressing() -> Self {
        Self::new(Some(PerMessageDeflate::new()), 100_000)
    }

    fn open(&self) -> Wire {
        let wire = Wire::open(self.address, OFFER);
        assert_eq!(wire.extensions.as_deref(), Some(AGREED));
        wire
    }
}

/// A client that writes frames.
struct Wire {
    frames: FrameSocket<TcpStream>,
    extensions: Option<String>,
}

impl Wire {
    /// Opens a session over a WebSocket with this offer, if it is not empty.
    fn open(address: SocketAddr, offer: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            .to_owned();
        if !offer.is_empty() {
            request += &format!("Sec-WebSocket-Extensions: {offer}\r\n");
        }
        stream.write_all(format!("{request}\r\n").as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let extensions = head
            .lines()
            .find_map(|line| line.strip_prefix("sec-websocket-extensions: "));
        let mut wire = Self {
            extensions: extensions.map(str::to_owned),
            frames: FrameSocket::new(stream),
        };
        let open = wire.next();
        assert!(open.payload().starts_with(b"0{\"sid\""));
        wire
    }

    fn send(&mut self, frame: Frame) {
        self.frames.send(frame).unwrap();
    }

    /// The next frame, which is a whole message.
    fn next(&mut self) -> Frame {
        let frame = self.frames.read(None).unwrap().expect("the connection is open");
        assert!(frame.header().is_final);
        frame
    }

    /// The next message comes compressed like this, and is this one.
    #[track_caller]
    fn expect(&mut self, opcode: OpCode, compressed: bool, message: &[u8]) {
        let frame = self.next();
        let header = frame.header();
        assert_eq!((header.opcode, header.rsv1), (opcode, compressed));
        if compressed {
            assert!(frame.payload().len() < message.len());
            assert!(inflate(frame.payload()) == message);
        } else {
            assert!(frame.payload() == message);
        }
    }

    /// The server closes with this code.
    #[track_caller]
    fn expect_close(&mut self, code: u16) {
        let frame = self.next();
        assert_eq!(frame.header().opcode, OpCode::Control(Control::Close));
        assert_eq!(frame.payload()[..2], code.to_be_bytes());
    }
}

fn frame(opcode: OpCode, last: bool, compressed: bool, payload: impl Into<Bytes>) -> Frame {
    let header = FrameHeader {
        is_final: last,
        rsv1: compressed,
        opcode,
        mask: Some([0xd1, 0x03, 0x7f, 0xc1]),
        ..FrameHeader::default()
    };
    Frame::from_payload(header, payload.into())
}

fn compressed(opcode: OpCode, message: &[u8]) -> Frame {
    frame(opcode, true, true, deflate(message))
}

fn deflate(message: &[u8]) -> Vec<u8> {
    deflate_with(&mut Compress::new(Compression::best(), false), message)
}

fn deflate_with(stream: &mut Compress, message: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(message.len() + 100);
    stream.compress_vec(message, &mut output, FlushCompress::Sync).unwrap();
    assert!(output.ends_with(&[0, 0, 0xff, 0xff]));
    output.truncate(output.len() - 4);
    output
}

fn inflate(payload: &[u8]) -> Vec<u8> {
    inflate_with(&mut Decompress::new(false), payload)
}

fn inflate_with(stream: &mut Decompress, payload: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(1_000_000);
    let payload = [payload, &[0, 0, 0xff, 0xff]].concat();
    stream
        .decompress_vec(&payload, &mut output, FlushDecompress::Sync)
        .unwrap();
    output
}

/// A message that the server finds worth compressing.
fn long() -> Vec<u8> {
    format!("4{}", "lorem ipsum €".repeat(500)).into_bytes()
}

#[test]
fn nothing_is_agreed_on_unless_it_is_switched_on() {
    let echo = Echo::new(None, 100_000);
    let mut wire = Wire::open(echo.address, OFFER);
    assert_eq!(wire.extensions, None);
    wire.send(frame(TEXT, true, false, long()));
    wire.expect(TEXT, false, &long());
    wire.send(compressed(TEXT, &long()));
    wire.expect_close(1002);
}

#[test]
fn nothing_is_agreed_on_unless_it_is_offered() {
    let echo = Echo::compressing();
    for offer in [
        "",
        "permessage-deflate; server_max_window_bits=9",
        "permessage-bzip2",
        "permessage-deflate;",
    ] {
        let mut wire = Wire::open(echo.address, offer);
        assert_eq!(wire.extensions, None, "{offer}");
        wire.send(frame(TEXT, true, false, long()));
        wire.expect(TEXT, false, &long());
        wire.send(compressed(TEXT, &long()));
        wire.expect_close(1002);
    }
}

#[test]
fn a_refusal_says_nothing_of_extensions() {
    let server = Running::with(|builder| builder.per_message_deflate(PerMessageDeflate::new()));
    let headers = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Extensions", OFFER),
    ];
    let path = "/socket.io/?EIO=4&transport=websocket&sid=unknown";
    let refused = server.http().request("GET", path, &headers, "");
    assert_eq!(refused.status, 400);
    assert_eq!(refused.header("sec-websocket-extensions"), None);
}

#[test]
fn messages_are_compressed_both_ways_if_they_are_long_enough() {
    let echo = Echo::compressing();
    let mut wire = echo.open();
    let edge = |length: usize| [vec![b'4'], vec![b'x'; length - 1]].concat();
    for (message, back) in [
        (long(), true),
        (b"4hi".to_vec(), false),
        (edge(1023), false),
        (edge(1024), true),
    ] {
        wire.send(compressed(TEXT, &message));
        wire.expect(TEXT, back, &message);
        wire.send(frame(TEXT, true, false, message.clone()));
        wire.expect(TEXT, back, &message);
        wire.send(compressed(BINARY, &message));
        wire.expect(BINARY, back, &message);
        wire.send(frame(BINARY, true, false, message.clone()));
        wire.expect(BINARY, back, &message);
    }
}

#[test]
fn a_message_is_not_compressed_if_its_sender_says_so() {
    let runtime = support::runtime();
    let server = EngineServer::builder()
        .path("/socket.io")
        .per_message_deflate(PerMessageDeflate::new())
        .build();
    server.on_message(async |socket: EngineSocket, message: Message| {
        for compress in [true, false, true] {
            let frame = socketio_tokio::Frame::from(message.clone()).with_compression(compress);
            socket.send_frame(frame).unwrap();
        }
    });
    let (listener, address) = support::listener();
    let serving = server.clone();
    runtime.spawn(async move { serving.serve(listener).await });
    let mut wire = Wire::open(address, OFFER);
    let message = long();
    wire.send(frame(TEXT, true, false, message.clone()));
    for compress in [true, false, true] {
        wire.expect(TEXT, compress, &message);
    }
}

#[test]
fn text_and_binary_stay_what_they_are_when_they_arrive_together() {
    let echo = Echo::compressing();
    let mut wire = echo.open();
    let messages: Vec<_> = (0..200)
        .map(|i| (if i % 3 == 0 { BINARY } else { TEXT }, i % 2 == 0, format!("4{i}")))
        .collect();
    let mut bytes = Vec::new();
    for (opcode, is_compressed, message) in &messages {
        let sent = if *is_compressed {
            compressed(*opcode, message.as_bytes())
        } else {
            frame(*opcode, true, false, message.clone())
        };
        sent.format(&mut bytes).unwrap();
    }
    wire.frames.get_mut().write_all(&bytes).unwrap();
    for (opcode, _, message) in &messages {
        wire.expect(*opcode, false, message.as_bytes());
    }
}

#[test]
fn a_compressed_message_may_come_in_fragments_with_pings_in_between() {
    let echo = Echo::compressing();
    let mut wire = echo.open();
    let payload = deflate(&long());
    let middle = payload.len() / 2;
    wire.send(frame(TEXT, false, true, ""));
    wire.send(frame(CONTINUE, false, false, payload[..middle].to_vec()));
    wire.send(frame(PING, true, false, "are you there"));
    wire.send(frame(CONTINUE, false, false, payload[middle..].to_vec()));
    wire.send(frame(CONTINUE, true, false, ""));
    let pong = wire.next();
    assert_eq!(pong.header().opcode, OpCode::Control(Control::Pong));
    assert_eq!(pong.payload(), b"are you there");
    wire.expect(TEXT, true, &long());
}

#[test]
fn an_empty_message_may_be_compressed() {
    let echo = Echo::compressing();
    let mut wire = echo.open();
    for payload in [&[0][..], &[]] {
        wire.send(frame(BINARY, true, true, payload.to_vec()));
        wire.expect(BINARY, false, b"");
    }
}

#[test]
fn marks_where_they_mean_nothing_break_the_rules() {
    let echo = Echo::compressing();
    let reserved = |bit: usize| {
        let mut frame = frame(TEXT, true, false, "4hi");
        let header = frame.header_mut();
        (header.rsv2, header.rsv3) = (bit == 2, bit == 3);
        vec![frame]
    };
    for frames in [
        vec![frame(PING, true, true, deflate(b"hi"))],
        vec![
            frame(TEXT, false, true, deflate(b"4hi")),
            frame(CONTINUE, true, true, ""),
        ],
        vec![
            frame(TEXT, false, false, "4hi"),
            frame(CONTINUE, true, true, deflate(b"hi")),
        ],
        vec![
            frame(TEXT, false, true, deflate(b"4hi")),
            frame(TEXT, true, true, deflate(b"4hi")),
        ],
        vec![frame(CONTINUE, true, true, deflate(b"4hi"))],
        reserved(2),
        reserved(3),
    ] {
        let mut wire = echo.open();
        frames.into_iter().for_each(|frame| wire.send(frame));
        wire.expect_close(1002);
        assert!(echo.closed.next().to_string().contains("transport error"));
    }
}

#[test]
fn what_does_not_inflate_is_no_message() {
    let echo = Echo::compressing();
    for payload in [&[0xff; 20][..], &[0x06], &deflate(&long())[..20]] {
        let mut wire = echo.open();
        wire.send(frame(TEXT, true, true, payload.to_vec()));
        wire.expect_close(1007);
    }
}

#[test]
fn text_that_inflates_to_something_else_than_utf_8_is_none() {
    let echo = Echo::compressing();
    let mut wire = echo.open();
    wire.send(compressed(TEXT, b"4\xff\xfe"));
    wire.expect_close(1007);
}

#[test]
fn a_bomb_ends_the_session_like_any_message_that_is_too_large() {
    let echo = Echo::compressing();
    let mut bystander = echo.open();
    let bomb = |size: usize| [vec![b'4'], vec![b'0'; size - 1]].concat();
    for messages in [bomb(100_001), bomb(50_000_000)] {
        let payload = deflate(&messages);
        assert!(payload.len() < 60_000);
        let fragments = payload.chunks(payload.len() / 2 + 1).map(<[u8]>::to_vec);
        for whole in [vec![payload.clone()], fragments.collect()] {
            let mut wire = echo.open();
            let last = whole.len() - 1;
            for (i, part) in whole.into_iter().enumerate() {
                let opcode = if i == 0 { TEXT } else { CONTINUE };
                wire.send(frame(opcode, i == last, i == 0, part));
            }
            wire.expect_close(1009);
            let reason = echo.closed.next().to_string();
            assert!(
                reason.contains("message of 100001 bytes exceeds the limit of 100000"),
                "{reason}"
            );
        }
    }
    bystander.send(compressed(TEXT, &bomb(100_000)));
    bystander.expect(TEXT, true, &bomb(100_000));
    assert_eq!(echo.server.session_count(), 1);
}

#[test]
fn the_limit_of_messages_that_are_not_compressed_stays_what_it_is() {
    let echo = Echo::compressing();
    let message = |size: usize| vec![7; size];
    let mut wire = echo.open();
    wire.send(frame(BINARY, true, false, message(100_000)));
    wire.expect(BINARY, true, &message(100_000));
    wire.send(frame(BINARY, true, false, message(100_001)));
    wire.expect_close(1009);
    // What cannot be compressed may be a little longer on the wire than it is.
    let stored = deflate_with(&mut Compress::new(Compression::none(), false), &message(100_000));
    assert!(stored.len() > 100_000);
    let mut wire = echo.open();
    wire.send(frame(BINARY, true, true, stored));
    wire.expect(BINARY, true, &message(100_000));
}

#[test]
fn messages_may_refer_to_the_ones_before_if_both_sides_want_that() {
    let keep = PerMessageDeflate::new()
        .server_no_context_takeover(false)
        .client_no_context_takeover(false);
    let echo = Echo::new(Some(keep), 100_000);
    let mut wire = Wire::open(echo.address, OFFER);
    assert_eq!(wire.extensions.as_deref(), Some(OFFER));
    let (mut ours, mut theirs) = (Compress::new(Compression::best(), false), Decompress::new(false));
    let mut sizes = Vec::new();
    for _ in 0..3 {
        let payload = deflate_with(&mut ours, &long());
        wire.send(frame(TEXT, true, true, payload));
        let back = wire.next();
        assert!(back.header().rsv1);
        assert!(inflate_with(&mut theirs, back.payload()) == long());
        sizes.push(back.payload().len());
    }
    assert!(sizes[1] < sizes[0] && sizes[2] < sizes[0], "{sizes:?}");

    let mut forgetful = Wire::open(echo.address, "permessage-deflate; server_no_context_takeover");
    let agreed = "permessage-deflate; server_no_context_takeover";
    assert_eq!(forgetful.extensions.as_deref(), Some(agreed));
    for _ in 0..3 {
        forgetful.send(frame(TEXT, true, false, long()));
        forgetful.expect(TEXT, true, &long());
    }
}

#[test]
fn a_session_of_socket_io_says_why_a_bomb_ended_it() {
    let deflate = PerMessageDeflate::new().threshold(200).level(1);
    let server = Running::with(|builder| builder.max_http_buffer_size(1000).per_message_deflate(deflate));
    let (report, reported) = reports();
    server
        .io
        .of("/")
        .on("echo", async |socket: Socket, text: String| socket.emit("echo", &text))
        .on_disconnect(move |_: Socket, reason| {
            report(reason.to_string());
            async {}
        });
    let mut wire = Wire::open(server.address, OFFER);
    wire.send(frame(TEXT, true, false, "40"));
    assert!(wire.next().payload().starts_with(b"40{"));
    for (length, back) in [(10, false), (200, true)] {
        let event = format!(r#"42["echo","{}"]"#, "x".repeat(length)).into_bytes();
        wire.send(compressed(TEXT, &event));
        wire.expect(TEXT, back, &event);
    }
    wire.send(compressed(TEXT, &vec![b'x'; 100_000]));
    wire.expect_close(1009);
    assert!(
        reported
            .next()
            .contains("message of 1001 bytes exceeds the limit of 1000")
    );
    eventually("it is gone", || server.io.session_count() == 0);
}

#[test]
fn others_get_their_turn_between_messages_that_inflate_to_a_lot() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (listener, address) = support::listener();
    listener.set_nonblocking(true).unwrap();
    let (report, reported) = reports();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = async move {
        let turns = Arc::new(AtomicUsize::new(0));
        let server = EngineServer::builder()
            .per_message_deflate(PerMessageDeflate::new())
            .build();
        let seen = Arc::clone(&turns);
        server.on_message(move |_: EngineSocket, _: Message| {
            report(seen.load(Ordering::Relaxed));
            async {}
        });
        let router = axum::Router::new().fallback_service(server.service());
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        tokio::spawn(std::future::poll_fn(move |cx| -> Poll<()> {
            turns.fetch_add(1, Ordering::Relaxed);
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        let _ = stopped.await;
    };
    let server = std::thread::spawn(move || runtime.block_on(serving));
    let mut wire = Wire::open(address, OFFER);
    // Pongs that nobody asked for do not wait to be handled, and so nothing else keeps them from being read.
    let pong = [&b"3"[..], &[b' '; 900_000]].concat();
    let mut bytes = Vec::new();
    frame(TEXT, true, false, "4first").format(&mut bytes).unwrap();
    for _ in 0..30 {
        compressed(TEXT, &pong).format(&mut bytes).unwrap();
    }
    frame(TEXT, true, false, "4last").format(&mut bytes).unwrap();
    wire.frames.get_mut().write_all(&bytes).unwrap();
    let (first, last) = (reported.next(), reported.next());
    assert!(last - first >= 10, "{}", last - first);
    stop.send(()).unwrap();
    server.join().unwrap();
}
