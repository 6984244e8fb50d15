// What an Engine.IO client does, against our server and npm's, on the runtime that `super::rt` names.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::rt::{self, EngineClient, EngineServer};
use super::run::Server;
use super::support::{PATIENCE, block_on, eventually, serve, sleep, within};
use socketio_hyper::{
    ClientTransports, CloseReason, EngineSocket, Message, OpenError, Revision, SendError, TransportKind,
};

const WAYS: [ClientTransports; 3] = [
    ClientTransports::Polling,
    ClientTransports::WebSocket,
    ClientTransports::PollingThenWebSocket,
];

/// Our own server, on a port of its own; the second is what ended.
fn ours() -> (String, mpsc::Receiver<CloseReason>) {
    let server = EngineServer::new(Default::default());
    let (report, closed) = mpsc::channel();
    server
        .on_message(async |socket: EngineSocket, message: Message| match &message {
            Message::Text(text) if text == "!close" => socket.close(),
            _ => drop(socket.send_when_ready(message).await),
        })
        .on_close(move |_, reason| {
            report.send(reason).ok();
            async {}
        });
    (serve(server.service()), closed)
}

fn npm() -> (String, Server) {
    let server = Server::start("engine.mjs", &[]);
    (server.url(), server)
}

fn number(message: &Message) -> usize {
    let text = match message {
        Message::Text(text) => text.to_string(),
        Message::Binary(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
    };
    text.split(' ').next().unwrap().parse().unwrap()
}

/// Many messages, all at once and in order, half of them bytes; some are large.
async fn talk(client: &EngineClient) {
    const COUNT: usize = 2000;
    let send = async {
        for number in 0..COUNT {
            let text = format!("{number} {}", "€".repeat(if number % 400 == 7 { 30_000 } else { 1 }));
            let message = match number % 2 {
                0 => Message::Text(text.into()),
                _ => Message::Binary(text.into()),
            };
            client.send_when_ready(message).await.unwrap();
        }
    };
    let receive = async {
        for expected in 0..COUNT {
            let message = client.recv().await;
            let message = message.unwrap_or_else(|| panic!("{expected}: {:?}", client.close_reason()));
            assert_eq!(number(&message), expected);
            assert_eq!(matches!(message, Message::Text(_)), expected % 2 == 0);
        }
    };
    futures_util::future::join(send, receive).await;
}

async fn talk_in_every_way(url: &str, revisions: &[Revision]) {
    for (way, &revision) in WAYS
        .into_iter()
        .flat_map(|way| revisions.iter().map(move |revision| (way, revision)))
    {
        let builder = EngineClient::builder(url).transports(way).revision(revision);
        let client = builder
            .connect()
            .await
            .unwrap_or_else(|error| panic!("{way:?} {revision:?}: {error}"));
        talk(&client).await;
        if way == ClientTransports::PollingThenWebSocket {
            eventually("it goes over", || client.transport() == TransportKind::WebSocket).await;
            talk(&client).await;
        }
        client.close().await;
        assert!(client.recv().await.is_none());
        assert!(matches!(client.send("x"), Err(SendError::Closed(_))));
    }
}

#[test]
fn messages_come_back_in_order_from_our_server() {
    let (url, closed) = ours();
    block_on(talk_in_every_way(&url, &[Revision::V4]));
    for _ in WAYS {
        closed.recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn messages_come_back_in_order_from_npms_server() {
    let (url, _server) = npm();
    block_on(talk_in_every_way(&url, &[Revision::V4, Revision::V3]));
}

#[test]
fn a_session_stays_alive_while_nobody_receives() {
    let (url, _server) = npm(); // which pings every 300 ms, and waits for 2 s
    for way in WAYS {
        block_on(async {
            let client = EngineClient::builder(&url).transports(way).connect().await.unwrap();
            client.send("first").unwrap();
            sleep(Duration::from_millis(2600)).await; // longer than the server waits
            assert!(client.is_open());
            assert_eq!(client.recv().await, Some("first".into()));
        });
    }
}

#[test]
fn a_server_that_closes_ends_the_session() {
    let (url, closed) = ours();
    for way in WAYS {
        block_on(async {
            let client = EngineClient::builder(&url).transports(way).connect().await.unwrap();
            client.send("last").unwrap();
            client.send("!close").unwrap();
            assert_eq!(client.recv().await, Some("last".into()));
            assert_eq!(client.recv().await, None);
            let reason = client.close_reason();
            assert!(
                matches!(
                    reason,
                    Some(OpenError::Session {
                        reason: CloseReason::TransportClose,
                        ..
                    })
                ),
                "{reason:?}"
            );
        });
        assert_eq!(closed.recv_timeout(PATIENCE), Ok(CloseReason::ForcedClose));
    }
}

#[test]
fn the_last_handle_closes_the_session_behind_what_was_sent() {
    let (url, closed) = ours();
    for way in WAYS {
        block_on(async {
            let client = EngineClient::builder(&url).transports(way).connect().await.unwrap();
            let twin = client.clone();
            drop(client);
            twin.send("still there").unwrap();
            assert_eq!(twin.recv().await, Some("still there".into()));
        });
        assert_eq!(closed.recv_timeout(PATIENCE), Ok(CloseReason::TransportClose));
    }
}

#[test]
fn a_server_that_is_killed_ends_the_session() {
    for way in [ClientTransports::Polling, ClientTransports::WebSocket] {
        let (url, server) = npm();
        block_on(async {
            let client = EngineClient::builder(&url).transports(way).connect().await.unwrap();
            server.kill();
            assert_eq!(client.recv().await, None);
            let reason = client.close_reason().unwrap().to_string();
            assert!(
                reason == "transport error: a request failed" || reason == "transport close",
                "{reason}"
            );
        });
    }
}

#[test]
fn an_error_says_what_is_wrong() {
    use std::error::Error as _;
    let (url, _closed) = ours();
    block_on(async {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let error = EngineClient::connect(format!("http://{nobody}")).await.unwrap_err();
        assert_eq!(error.to_string(), "transport error: a request failed");
        assert!(error.source().unwrap().to_string().contains("refused"), "{error:?}");

        // Our server lets nobody of revision 3 in unless it is told to.
        let error = EngineClient::builder(url)
            .revision(Revision::V3)
            .connect()
            .await
            .unwrap_err();
        let words = "transport error: the server answered 400: Unsupported protocol version";
        assert!(error.to_string().starts_with(words), "{error}");

        let error = EngineClient::builder("http://localhost")
            .header("a b", "c")
            .connect()
            .await
            .unwrap_err();
        assert!(matches!(error, OpenError::Invalid(_)));
        let error = EngineClient::connect("nowhere").await.unwrap_err();
        assert!(matches!(error, OpenError::Invalid(_)));
    });
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    for way in [ClientTransports::Polling, ClientTransports::WebSocket] {
        let builder = EngineClient::builder(&url).transports(way);
        let error = block_on(builder.connect_timeout(Duration::from_millis(50)).connect()).unwrap_err();
        assert_eq!(error.to_string(), "transport error: timeout");
    }
}

#[test]
fn an_attempt_that_is_given_up_leaves_no_session() {
    let (url, closed) = ours();
    let started = Instant::now();
    let mut delay = Duration::from_micros(50);
    // Sooner or later it is given up when the server has let it in already.
    while closed.try_recv().is_err() {
        assert!(started.elapsed() < PATIENCE);
        block_on(within(delay, EngineClient::connect(&url)));
        delay = delay * 5 / 4;
        if delay > Duration::from_millis(5) {
            delay = Duration::from_micros(50);
        }
    }
}

/// Nothing but the client's own bound keeps it from taking all of this.
#[test]
fn a_client_that_does_not_receive_is_not_sent_more_than_it_keeps() {
    const SIZE: usize = 64 << 10;
    const COUNT: usize = 1000;
    let sent = Arc::new(AtomicUsize::new(0));
    let server = EngineServer::new(Default::default());
    let count = Arc::clone(&sent);
    server.on_message(move |socket: EngineSocket, _: Message| {
        let count = Arc::clone(&count);
        async move {
            for number in 0..COUNT {
                let text = format!("{number} {}", "x".repeat(SIZE));
                let _ = socket.send_when_ready(Message::Text(text.into())).await;
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let url = serve(server.service());
    for way in [ClientTransports::Polling, ClientTransports::WebSocket] {
        sent.store(0, Ordering::SeqCst);
        block_on(async {
            let client = EngineClient::builder(&url).transports(way).connect().await.unwrap();
            client.send("go").unwrap();
            // Until nothing moves any more.
            let mut before = usize::MAX;
            while before == 0 || before != sent.load(Ordering::SeqCst) {
                before = sent.load(Ordering::SeqCst);
                sleep(Duration::from_millis(300)).await;
            }
            assert!(before < COUNT / 2, "{way:?}: {before} of {COUNT}");
            for expected in 0..COUNT {
                assert_eq!(number(&client.recv().await.unwrap()), expected);
            }
        });
    }
}

#[test]
fn a_message_that_is_too_large_ends_the_session_unread() {
    let (url, _closed) = ours();
    for way in [ClientTransports::Polling, ClientTransports::WebSocket] {
        block_on(async {
            let builder = EngineClient::builder(&url).transports(way).max_payload(1000);
            let client = builder.connect().await.unwrap();
            client.send(Message::Text("x".repeat(5000).into())).unwrap();
            assert_eq!(client.recv().await, None);
            let reason = client.close_reason().unwrap().to_string();
            assert!(reason.contains("exceeds the limit of 1000"), "{reason}");
        });
    }
}

#[test]
fn headers_and_parameters_reach_the_server() {
    let (url, _server) = npm();
    let host = url.strip_prefix("http://").unwrap();
    for way in WAYS {
        block_on(async {
            let builder = EngineClient::builder(format!("{url}/?a=b"))
                .query("room", "a&b c")
                .header("X-Test", "yes");
            let client = builder.transports(way).connect().await.unwrap();
            client.send("!headers").unwrap();
            let Some(Message::Text(told)) = client.recv().await else {
                panic!()
            };
            assert_eq!(&*told, format!(r#"{{"header":"yes","host":"{host}","query":"a&b c"}}"#));
        });
    }
}

#[test]
fn a_unix_socket_is_a_way_too() {
    let path = std::env::temp_dir().join(format!("engine-{}-{}.sock", std::process::id(), rt::NAME));
    let _ = std::fs::remove_file(&path);
    let _server = Server::start("engine.mjs", &[("SOCKET", path.to_str().unwrap())]);
    for way in WAYS {
        block_on(async {
            let builder = EngineClient::builder("http://localhost").transports(way);
            let client = builder.connector(rt::unix_socket(&path)).connect().await.unwrap();
            talk(&client).await;
        });
    }
    let _ = std::fs::remove_file(&path);
}

#[cfg(feature = "tls")]
#[test]
fn tls_is_spoken_to_a_server_that_is_trusted_and_to_no_other() {
    use std::error::Error as _;

    use socketio_hyper::Tls;

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = std::env::temp_dir().join(format!("tls-{}-{}", std::process::id(), rt::NAME));
    std::fs::create_dir_all(&folder).unwrap();
    let (key, cert) = (folder.join("key.pem"), folder.join("cert.pem"));
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::write(&cert, made.cert.pem()).unwrap();
    let settings = [("KEY", key.to_str().unwrap()), ("CERT", cert.to_str().unwrap())];
    let server = Server::start("engine.mjs", &settings);
    std::fs::remove_dir_all(&folder).unwrap();
    let url = format!("https://localhost:{}", server.port());

    let trusting = Tls::with_roots([made.cert.der().clone()]).unwrap();
    for way in WAYS {
        block_on(async {
            let client = EngineClient::builder(&url)
                .transports(way)
                .tls(trusting.clone())
                .connect()
                .await
                .unwrap();
            talk(&client).await;
            client.close().await;
        });
    }
    let distrusting = Tls::with_roots([]).unwrap();
    let elsewhere = format!("https://127.0.0.1:{}", server.port());
    for (url, tls) in [(&url, distrusting), (&elsewhere, trusting)] {
        let error = block_on(EngineClient::builder(url).tls(tls).connect()).unwrap_err();
        let cause = error.source().expect("the network knows why").to_string();
        assert!(cause.contains("certificate"), "{cause}");
    }
}

/// A server whose first answer is not the client's doing.
#[test]
fn a_websocket_that_was_not_asked_for_is_refused() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Accept: bm90IHlvdXJzIGF0IGFsbCE=\r\n\r\n";
        stream.write_all(answer).unwrap();
        let _ = stream.read(&mut [0]);
    });
    let builder = EngineClient::builder(url).transports(ClientTransports::WebSocket);
    let error = block_on(builder.connect()).unwrap_err();
    assert_eq!(error.to_string(), "transport error: the WebSocket failed");
    server.join().unwrap();
}
