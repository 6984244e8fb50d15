// What a Socket.IO client does, against our server, npm's 4.x and 2.x, and Python's, on the runtime that `super::rt` names.

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socketio_hyper::connect::{ConnectError, DisconnectReason};
use socketio_hyper::{
    Ack, AckError, Args, ClientEvent, ClientTransports, HandlerError, OpenError, Parser, Rest, Revision, TransportKind,
};

use super::peer::{ALL, Peer, WAYS, json_of, stats};
use super::proxy::Proxy;
use super::rt::Client;
use super::support::{PATIENCE, block_on, eventually, sleep, within};

/// What handlers report to the test.
fn reports<T: Send + 'static>() -> (impl Fn(T) -> Ready<()> + Clone + Send + Sync + 'static, impl Fn() -> T) {
    let (sender, receiver) = mpsc::channel();
    let report = move |value| {
        drop(sender.send(value));
        ready(())
    };
    (report, move || {
        receiver.recv_timeout(PATIENCE).expect("nothing was reported")
    })
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nested {
    name: String,
    inner: Vec<Blob>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Blob {
    bytes: Bytes,
}

/// All that is said between a client and a server, once.
async fn say_everything(client: &Client) {
    let (back, backs) = reports();
    let also = back.clone();
    client.on("message-back", move |Rest(args): Rest| also(args));

    // Arguments of any kind, and none at all.
    let mixed = (1, "zwei", Value::Null, json!({"drei": [3.5, true]}));
    let odd = ("\u{2028}\"\\€😀",);
    for args in [Args::encode(&()), Args::encode(&mixed), Args::encode(&odd)] {
        let args = args.unwrap();
        client.emit("message", &args).unwrap();
        assert_eq!(json_of(&backs()), json_of(&args));
        let answer = client.emit_with_ack("message-with-ack", &args).unwrap();
        assert_eq!(json_of(&answer.await.unwrap()), json_of(&args));
    }

    // Bytes at any depth, beside JSON.
    let nested = Nested {
        name: "b".into(),
        inner: vec![
            Blob {
                bytes: vec![1; 70_000].into(),
            },
            Blob { bytes: Bytes::new() },
        ],
    };
    let sent = (&Bytes::from_static(b"\0\x01\xff"), "text", &nested, 7);
    let got: (Bytes, String, Nested, i64) = client
        .emit_with_ack("message-with-ack", sent)
        .unwrap()
        .await
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!((&got.0, &*got.1, &got.2, got.3), sent);
    client.emit("message", sent).unwrap();
    let got: (Bytes, String, Nested, i64) = backs().parse().unwrap();
    assert_eq!((&got.0, &*got.1, &got.2, got.3), sent);

    // The server asks for acknowledgements too.
    let (result, results) = reports();
    client.on("server-ack-request", async |payload: Value, ack: Ack| {
        assert!(ack.is_expected());
        ack.send((payload, "and", Bytes::from_static(&[9])))
    });
    client.on("server-ack-result", move |args: (Value, String, Bytes)| result(args));
    client.emit("server-ack", json!({"a": 1})).unwrap();
    assert_eq!(results(), (json!({"a": 1}), "and".to_owned(), Bytes::from_static(&[9])));

    // Some come too late, or nobody waits for them any more.
    let late = client
        .timeout(Duration::from_millis(30))
        .emit_with_ack("never-ack", ())
        .unwrap();
    assert_eq!(late.await.unwrap_err(), AckError::TimedOut);
    drop(client.emit_with_ack("message-with-ack", "unwanted").unwrap());
    let again = client.emit_with_ack("message-with-ack", "again").unwrap();
    assert_eq!(json_of(&again.await.unwrap()), json!(["again"]));
}

#[test]
fn everything_is_said_to_every_server_in_every_way() {
    for peer in ALL {
        let server = peer.start(&[]);
        for way in WAYS {
            block_on(async {
                let client = peer.builder(&server.url()).transports(way).build().unwrap();
                let (auth, auths) = reports();
                client.on("auth", move |value: Value| auth(value));
                client
                    .open()
                    .await
                    .unwrap_or_else(|error| panic!("{peer:?} {way:?}: {error}"));
                assert!(auths().is_object()); // the first event of all, and it was not missed
                say_everything(&client).await;
                if way == ClientTransports::PollingThenWebSocket {
                    eventually("it goes over", || client.transport() == Some(TransportKind::WebSocket)).await;
                    say_everything(&client).await;
                }
                client.close().await;
                assert!(!client.is_connected());
            });
        }
    }
}

#[test]
fn ten_thousand_events_each_way_keep_their_order_across_an_upgrade() {
    const COUNT: u32 = 10_000;
    #[derive(Debug, PartialEq, Deserialize)]
    struct Seen {
        next: u32,
        errors: u32,
    }
    for peer in ALL {
        let server = peer.start(&[]);
        block_on(async {
            let client = peer.builder(&server.url()).build().unwrap();
            let next = Arc::new(Mutex::new(0));
            let (done, dones) = reports();
            let count = Arc::clone(&next);
            client.on("burst-item", move |number: u32| {
                let mut next = count.lock().unwrap();
                assert_eq!(number, *next);
                *next += 1;
                async {}
            });
            client.on("burst-done", move |number: u32| done(number));
            client.open().await.unwrap();
            client.emit("burst", COUNT).unwrap();
            for number in 0..COUNT {
                client.emit_when_ready("seq", number).await.unwrap();
            }
            let (seen,): (Seen,) = client
                .emit_with_ack("seq-report", ())
                .unwrap()
                .await
                .unwrap()
                .parse()
                .unwrap();
            assert_eq!(seen, Seen { next: COUNT, errors: 0 }, "{peer:?}");
            eventually("all have come", || *next.lock().unwrap() == COUNT).await;
            assert_eq!(dones(), COUNT);
            eventually("it goes over", || client.transport() == Some(TransportKind::WebSocket)).await;
        });
    }
}

#[test]
fn what_is_emitted_while_the_server_restarts_is_delivered_once() {
    for peer in ALL {
        for way in [ClientTransports::Polling, ClientTransports::WebSocket] {
            let server = peer.start(&[]);
            let port = server.port().to_string();
            block_on(async {
                let client = peer.builder(&server.url()).transports(way).build().unwrap();
                let (left, lefts) = reports();
                let (retry, retries) = reports();
                client.on_disconnect(move |_, reason: DisconnectReason| left(reason));
                client.on_reconnecting(move |_, attempt, _| retry(attempt));
                client.open().await.unwrap();
                let first = client.id();
                let lost = client.emit_with_ack("never-ack", ()).unwrap();
                client.emit_with_ack("message-with-ack", ()).unwrap().await.unwrap();
                server.kill();
                assert_eq!(lost.await.unwrap_err(), AckError::Disconnected);
                let reason = lefts();
                assert!(
                    ["transport close", "transport error"].contains(&reason.as_str()),
                    "{reason}"
                );
                assert_eq!((retries(), retries(), retries()), (1, 2, 3));
                assert!(client.is_active() && !client.is_connected());
                client.volatile().emit("seq", 1000).unwrap(); // which is dropped
                for number in 0..100 {
                    client.emit("seq", number).unwrap();
                }
                let report = client.emit_with_ack("seq-report", ()).unwrap();
                let server = peer.start(&[("PORT", &port)]);
                let (seen,): (Value,) = report.await.unwrap().parse().unwrap();
                assert_eq!(seen, json!({"next": 100, "errors": 0}), "{peer:?} {way:?}");
                assert_ne!(client.id(), first);
                drop(server);
            });
        }
    }
}

#[test]
fn a_refusal_says_why_and_better_credentials_are_let_in() {
    for peer in ALL {
        let server = peer.start(&[]);
        let tokens = Arc::new(Mutex::new(vec!["s3cret", "wrong"]));
        let asked = Arc::clone(&tokens);
        let client = peer.builder(&format!("{}/admin", server.url())).auth_with(move || {
            let token = asked.lock().unwrap().pop().unwrap();
            async move { json!({"token": token}) }
        });
        let client = client.build().unwrap();
        let (refused, refusals) = reports();
        client.on_connect_error(move |client, error| refused((client.is_active(), error.to_string())));
        block_on(async {
            let error = client.open().await.unwrap_err();
            let OpenError::Connect {
                error: ConnectError::Refused { message, data, .. },
                ..
            } = error
            else {
                panic!("{peer:?}: {error:?}");
            };
            let data: Value = data.expect("there is data").parse().unwrap();
            assert_eq!(data, json!({"code": 401, "hint": "token"}));
            if peer.revision() == Revision::V4 {
                assert_eq!(message, "not authorized");
                assert_eq!(refusals(), (false, "not authorized".to_owned()));
            }
            client.open().await.unwrap();
            let auth = client.emit_with_ack("whoami", ()).unwrap().await.unwrap();
            assert_eq!(
                json_of(&auth)[0]["nsp"].as_str().map(|name| name.starts_with("/admin")),
                Some(true)
            );
        });
    }
}

#[test]
fn a_connection_that_was_cut_is_recovered() {
    for peer in [Peer::Ours, Peer::Npm4] {
        let settings = [("RECOVERY", "1"), ("PING_INTERVAL", "150"), ("PING_TIMEOUT", "300")];
        let server = peer.start(&settings);
        for way in [ClientTransports::Polling, ClientTransports::WebSocket] {
            let proxy = Proxy::to(server.port());
            block_on(async {
                let client = peer.builder(&proxy.url()).transports(way).build().unwrap();
                let other = peer.builder(&server.url()).build().unwrap();
                let (event, events) = reports();
                let missed = event.clone();
                client.on("news", move |Rest(args): Rest| missed(json_of(&args)));
                client.on_connect(move |client| event(json!(client.is_recovered())));
                client.open().await.unwrap();
                assert_eq!(events(), json!(false));
                let id = client.id();
                client.emit_with_ack("join", "readers").unwrap().await.unwrap();
                other.open().await.unwrap();
                other
                    .emit_with_ack("in-room", ("readers", "news", 1))
                    .unwrap()
                    .await
                    .unwrap();
                assert_eq!(events(), json!([1]), "the offset is not the application's");
                proxy.cut();
                // The server keeps what is missed once it has noticed.
                while peer.sockets(&server, &other).await != 1 {}
                other
                    .emit_with_ack("in-room", ("readers", "news", 2, "b"))
                    .unwrap()
                    .await
                    .unwrap();
                proxy.mend();
                assert_eq!((events(), events()), (json!(true), json!([2, "b"])), "{peer:?} {way:?}");
                assert_eq!(client.id(), id);
                assert!(client.is_recovered());
            });
        }
    }
}

#[test]
fn a_server_that_never_answers_is_given_up_and_tried_again() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    for way in WAYS {
        let builder = Peer::Ours
            .builder(&url)
            .transports(way)
            .connect_timeout(Duration::from_millis(50));
        let client = builder.build().unwrap();
        for _ in 0..3 {
            let error = block_on(client.open()).unwrap_err();
            assert_eq!(error.to_string(), "transport error: timeout");
            assert!(client.is_active());
        }
    }
    let nobody = Client::builder("http://127.0.0.1:1")
        .reconnection(false)
        .build()
        .unwrap();
    let error = block_on(nobody.open()).unwrap_err();
    assert!(
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .contains("refused"),
        "{error:?}"
    );
    assert!(!nobody.is_active());
}

#[test]
fn a_slow_handler_does_not_stop_the_heartbeat() {
    for peer in [Peer::Ours, Peer::Npm4, Peer::Npm2] {
        let server = peer.start(&[("PING_INTERVAL", "200"), ("PING_TIMEOUT", "300")]);
        for way in [ClientTransports::Polling, ClientTransports::WebSocket] {
            block_on(async {
                let client = peer.builder(&server.url()).transports(way).build().unwrap();
                let (done, dones) = reports();
                client.on("message-back", move |seconds: u64| {
                    let done = done.clone();
                    async move {
                        sleep(Duration::from_millis(1500 * seconds)).await;
                        done(seconds).await;
                    }
                });

                client.open().await.unwrap();
                let id = client.id();
                client.emit("message", 1).unwrap();
                client.emit("message", 0).unwrap();
                assert_eq!((dones(), dones()), (0, 1));
                client.emit_with_ack("message-with-ack", ()).unwrap().await.unwrap();
                assert_eq!(client.id(), id, "it was connected all the time");
            });
        }
    }
}

#[test]
fn namespaces_share_a_connection() {
    for peer in ALL {
        let server = peer.start(&[]);
        block_on(async {
            let main = peer.builder(&server.url()).build().unwrap();
            let custom = main.of("/custom");
            let admin = main.of_with_auth("/admin", &json!({"token": "s3cret"})).unwrap();
            let all = [&main, &custom, &admin];
            for client in all {
                client.open().await.unwrap();
            }
            let ids = all.map(|client| client.id().unwrap());
            assert!(ids[0] != ids[1] && ids[1] != ids[2]);
            for client in all {
                let own = client.emit_with_ack("whoami", ()).unwrap().await.unwrap();
                let name = json_of(&own)[0]["nsp"].as_str().unwrap().to_owned();
                assert_eq!(name.split('?').next(), Some(client.namespace()));
            }
            if peer == Peer::Ours {
                assert_eq!(stats(&server)["sessions"], 1);
                assert_eq!(stats(&server)["sockets"], 3);
            }
            // One leaves, the others stay.
            let (left, lefts) = reports();
            custom.on_disconnect(move |_, reason| left(reason));
            custom.disconnect();
            assert_eq!(lefts(), DisconnectReason::ClientDisconnect);
            assert!(custom.emit("message", ()).is_err());
            main.emit_with_ack("message-with-ack", ()).unwrap().await.unwrap();
            custom.open().await.unwrap();
            custom.emit_with_ack("message-with-ack", ()).unwrap().await.unwrap();
        });
    }
}

#[test]
fn who_is_disconnected_by_the_server_comes_back_when_it_is_asked_to() {
    for peer in [Peer::Ours, Peer::Npm4, Peer::Python] {
        let server = peer.start(&[]);
        block_on(async {
            let client = peer.builder(&server.url()).build().unwrap();
            let (left, lefts) = reports();
            client.on_disconnect(move |client, reason: DisconnectReason| left((client.is_active(), reason)));
            client.open().await.unwrap();
            client.emit("disconnect-me", false).unwrap();
            assert_eq!(lefts(), (false, DisconnectReason::ServerDisconnect));
            client.open().await.unwrap();
            client.emit_with_ack("message-with-ack", ()).unwrap().await.unwrap();
        });
    }
}

#[test]
fn the_last_handle_ends_the_connection_behind_what_was_emitted() {
    let server = Peer::Ours.start(&[]);
    for way in WAYS {
        block_on(async {
            let watcher = Peer::Ours.builder(&server.url()).build().unwrap();
            let (left, lefts) = reports();
            let heard = left.clone();
            watcher.on("peer-disconnect", move |gone: Value| left(gone["reason"].clone()));
            watcher.on("last", move |word: Value| heard(word));
            watcher.open().await.unwrap();
            watcher.emit_with_ack("watch", ()).unwrap().await.unwrap();
            let client = Peer::Ours.builder(&server.url()).transports(way).build().unwrap();
            // A handler that the client calls with itself does not keep it.
            client.on("message-back", async |client: Client| drop(client));
            client.open().await.unwrap();
            let twin = client.of("/custom");
            drop(client);
            twin.open().await.unwrap();
            let main = twin.of("/");
            main.emit("broadcast", ("last", "word")).unwrap();
            drop((twin, main));
            assert_eq!(
                (lefts(), lefts()),
                (json!("word"), json!("client namespace disconnect"))
            );
            eventually("nobody else is left", || stats(&server)["sockets"] == 1).await;
            eventually("and no session", || stats(&server)["sessions"] == 1).await;
        });
    }
}

#[test]
fn a_loop_sees_all_that_has_no_handler() {
    let server = Peer::Npm4.start(&[]);
    block_on(async {
        let client = Peer::Npm4.builder(&server.url()).build().unwrap();
        client.on("message-back", async || {});
        let any = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&any);
        client.on_any(move |_, name, _| seen.lock().unwrap().push(name.to_owned()));
        let events = client.events();
        client.open().await.unwrap();
        assert!(matches!(
            events.next().await,
            Some(ClientEvent::Connected { recovered: false })
        ));
        client.emit("message", ()).unwrap();
        client.emit("server-ack", 5).unwrap();
        let mut names = Vec::new();
        while let Some(event) = events.next().await {
            match event {
                ClientEvent::Event { name, args, ack } => {
                    if ack.is_expected() {
                        ack.send(args).unwrap();
                    } else if name == "server-ack-result" {
                        assert_eq!(json_of(&args), json!([[5]]));
                        client.emit("disconnect-me", true).unwrap();
                    }
                    names.push(name);
                }
                ClientEvent::Disconnected(reason) => {
                    assert_eq!(reason.as_str(), "io server disconnect");
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(names, ["auth", "server-ack-request", "server-ack-result"]);
        assert_eq!(
            *any.lock().unwrap(),
            ["auth", "message-back", "server-ack-request", "server-ack-result"]
        );
        client.close().await;
        assert!(events.next().await.is_none());
    });
}

#[test]
fn a_handler_that_fails_is_told_of_and_ends_alone() {
    let server = Peer::Npm4.start(&[]);
    let (failed, failures) = reports();
    let builder = Peer::Npm4
        .builder(&server.url())
        .on_handler_error(move |_, event, error| {
            let _told = failed((
                event.to_owned(),
                matches!(error, HandlerError::Args(_)),
                error.to_string(),
            ));
        });
    let client = builder.build().unwrap();
    let calls = Arc::new(Mutex::new(0));
    let count = Arc::clone(&calls);
    client.on("message-back", move |number: i64| {
        *count.lock().unwrap() += 1;
        assert_ne!(number, 13, "bad luck");
        ready(if number == 12 { Err("a dozen") } else { Ok(()) })
    });
    block_on(async {
        client.open().await.unwrap();
        client.emit("message", "no number").unwrap();
        client.emit("message", 12).unwrap();
        client.emit("message", 13).unwrap();
        client.emit("message", 14).unwrap();
        let (event, is_args, _) = failures();
        assert_eq!((&*event, is_args), ("message-back", true));
        assert_eq!(failures().2, "a dozen");
        assert!(failures().2.contains("bad luck"));
        eventually("the last is handled", || *calls.lock().unwrap() == 3).await;
    });
}

#[test]
fn waiting_may_be_given_up_anywhere() {
    let server = Peer::Ours.start(&[]);
    block_on(async {
        for micros in (0..6000).step_by(150) {
            let client = Peer::Ours.builder(&server.url()).build().unwrap();
            let time = Duration::from_micros(micros);
            within(time, client.open()).await;
            let _ = within(time, client.emit_when_ready("message", "x".repeat(100_000))).await;
            if let Ok(ack) = client.emit_with_ack("message-with-ack", ()) {
                let _ = within(time, ack).await;
            }
            within(time, client.close()).await;
        }
        eventually("nobody is left", || stats(&server)["sessions"] == 0).await;
    });
}

#[test]
fn message_pack_is_spoken_to_servers_that_do() {
    for peer in [Peer::Ours, Peer::Npm4] {
        let server = peer.start(&[("PARSER", "msgpack")]);
        for way in WAYS {
            block_on(async {
                let client = peer
                    .builder(&server.url())
                    .transports(way)
                    .parser(Parser::msgpack())
                    .build()
                    .unwrap();
                client.open().await.unwrap();
                say_everything(&client).await;
            });
        }
    }
}

#[test]
fn events_with_retries_arrive_in_order_though_the_connection_is_cut() {
    let server = Peer::Npm4.start(&[]);
    let proxy = Proxy::to(server.port());
    block_on(async {
        let builder = Peer::Npm4
            .builder(&proxy.url())
            .ack_timeout(Duration::from_millis(200))
            .retries(20);
        let client = builder.build().unwrap();
        client.open().await.unwrap();
        let mut answers = Vec::new();
        for number in 0..30 {
            answers.push(client.emit_with_retries("message-with-ack", number).unwrap());
        }
        for (number, answer) in answers.into_iter().enumerate() {
            if number % 10 == 5 {
                proxy.cut();
                proxy.mend();
            }
            assert_eq!(answer.await.unwrap().parse::<(usize,)>().unwrap(), (number,));
        }
    });
}

#[test]
fn connections_are_kept_as_long_as_they_are_of_use() {
    for (way, most) in [(ClientTransports::Polling, 2), (ClientTransports::WebSocket, 1)] {
        let server = Peer::Npm4.start(&[]);
        let proxy = Proxy::to(server.port());
        block_on(async {
            let client = Peer::Npm4.builder(&proxy.url()).transports(way).build().unwrap();
            client.open().await.unwrap();
            for _ in 0..50 {
                client.emit_with_ack("message-with-ack", ()).unwrap().await.unwrap();
            }
            assert!(
                proxy.connections() <= most,
                "{} connections for {way:?}",
                proxy.connections()
            );
        });
    }
}
