//! Joining a namespace: the connect handler, middlewares, dynamic namespaces.

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use socketio_tokio::{Ack, ConnectError, Socket};
use support::{Running, eventually, reports};
use tokio::sync::Notify;

#[test]
fn the_root_namespace_is_there_from_the_start() {
    let server = Running::new();
    let mut client = server.open();
    client.ask_to_join("/", &Value::Null);
    assert!(client.next().starts_with(r#"0{"sid":""#));
    assert_eq!(server.io.socket_count(), 1);
}

#[test]
fn events_wait_in_order_for_a_connect_handler_that_waits() {
    let server = Running::new();
    let release = Arc::new(Notify::new());
    let waits = Arc::clone(&release);
    let (report, reported) = reports();
    server.io.of("/").on_connect(move |socket: Socket| {
        let (waits, report) = (Arc::clone(&waits), report.clone());
        async move {
            let early = report.clone();
            socket.on("early", move |number: u32| {
                early(number);
                async {}
            });
            waits.notified().await;
            let late = report.clone();
            socket.on("late", move |number: u32| {
                late(number);
                async {}
            });
        }
    });
    let mut client = server.join();
    client.emit("early", json!([1]));
    assert_eq!(reported.next(), 1, "its handler is there already");
    client.emit("late", json!([2]));
    client.emit("early", json!([3]));
    client.emit("unheard of", json!([]));
    client.emit("late", json!([4]));
    eventually("nobody answers for the others", || reported.so_far().is_empty());
    release.notify_one();
    assert_eq!([reported.next(), reported.next(), reported.next()], [2, 3, 4]);
    client.emit("late", json!([5]));
    assert_eq!(reported.next(), 5);
}

#[test]
fn more_events_wait_for_a_connect_handler_than_may_at_a_time_and_none_is_lost() {
    let server = Running::with(|builder| builder.max_handlers(3));
    let release = Arc::new(Notify::new());
    let waits = Arc::clone(&release);
    let (report, reported) = reports();
    server.io.of("/").on_connect(move |socket: Socket| {
        let (waits, report) = (Arc::clone(&waits), report.clone());
        async move {
            waits.notified().await;
            socket.on("number", move |number: u32| {
                report(number);
                async {}
            });
        }
    });
    let mut client = server.join();
    for number in 0..20 {
        client.emit("number", json!([number]));
    }
    release.notify_one();
    for number in 0..20 {
        assert_eq!(reported.next(), number);
    }
}

#[test]
fn a_connect_handler_that_panics_does_not_keep_events_back() {
    let server = Running::new();
    server
        .io
        .of("/")
        .on_connect(async |_: Socket| {
            tokio::task::yield_now().await;
            fail();
        })
        .on("nothing else?", async |ack: Ack| ack.send(()));
    let mut client = server.join();
    client.expect_nothing();
    client.emit("unheard of", json!([]));
    client.expect_nothing();
}

#[test]
fn a_middleware_refuses_with_data_and_lets_in_later() {
    let server = Running::new();
    server
        .io
        .of("/admin")
        .with_middleware(async |socket: Socket| {
            let auth: Value = socket.auth()?;
            match auth["token"].as_str() {
                Some("s3cret") => Ok(()),
                Some("trap") => std::panic::panic_any("in a middleware"),
                _ => Err(ConnectError::new("not authorized").with_data(&json!({ "hint": "token" }))),
            }
        })
        .on("nothing else?", async |ack: Ack| ack.send(()));
    let mut client = server.open();
    client.ask_to_join("/admin", &Value::Null);
    client.expect(r#"4/admin,{"message":"not authorized","data":{"hint":"token"}}"#);
    client.ask_to_join("/admin", &json!({"token": "trap"}));
    client.expect(r#"4/admin,{"message":"internal error"}"#);
    client.ask_to_join("/admin", &json!({"token": "s3cret"}));
    assert!(client.next().starts_with(r#"0/admin,{"sid":""#));
    client.ask_to_join("/elsewhere", &Value::Null);
    client.expect(r#"4/elsewhere,{"message":"Invalid namespace"}"#);
    assert_eq!(server.io.of("/admin").len(), 1);
    assert_eq!(server.io.socket_count(), 1);
}

#[test]
fn a_refused_client_leaves_nothing_behind() {
    let server = Running::new();
    let token = Arc::new(());
    let captured = Arc::clone(&token);
    server.io.of("/").with_middleware(move |socket: Socket| {
        let (own, captured) = (socket.clone(), Arc::clone(&captured));
        async move {
            socket.on("later", move || {
                let (_own, _captured) = (own.clone(), Arc::clone(&captured));
                async {}
            });
            Err(ConnectError::new("never"))
        }
    });
    let before = Arc::strong_count(&token);
    let mut client = server.open();
    client.ask_to_join("/", &Value::Null);
    client.expect(r#"4{"message":"never"}"#);
    eventually("what its handlers captured is freed", || {
        Arc::strong_count(&token) == before
    });
}

#[test]
fn dynamic_namespaces_come_with_their_first_client_and_go_with_their_last() {
    let server = Running::new();
    server.io.of_matching(|name| match name {
        "/trap" => std::panic::panic_any("in a pattern"),
        name => name.strip_prefix("/game-").is_some_and(|id| id.parse::<u32>().is_ok()),
    });
    let token = Arc::new(());
    let captured = Arc::clone(&token);
    server
        .io
        .of_matching(|name| name == "/lobby")
        .on_connect(move |socket: Socket| {
            socket.data().insert(Arc::clone(&captured));
            async move { socket.namespace().to("nobody").emit("hello", ()) }
        });
    let before = Arc::strong_count(&token);

    // Several at a time ask for the same one.
    let clients: Vec<_> = std::thread::scope(|scope| {
        let joining: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = server.open();
                    client.join("/lobby");
                    client.join("/game-7");
                    client
                })
            })
            .collect();
        joining.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(server.io.socket_count(), 16);
    assert_eq!(Arc::strong_count(&token), before + 8);

    let mut client = server.open();
    for refused in ["/game-", "/game-x", "/trap"] {
        client.ask_to_join(refused, &Value::Null);
        assert!(client.next().ends_with(r#"{"message":"Invalid namespace"}"#));
    }

    drop(clients);
    eventually("all are out", || server.io.socket_count() == 0);
    eventually("their sockets are freed", || Arc::strong_count(&token) == before);
    client.join("/game-7");
    assert_eq!(server.io.socket_count(), 1);
}

#[test]
fn a_client_that_vanishes_while_a_middleware_waits_is_in_no_namespace() {
    let server = Running::new();
    let release = Arc::new(Notify::new());
    let waits = Arc::clone(&release);
    let (report, reported) = reports();
    let connected = report.clone();
    server
        .io
        .of_matching(|_| true)
        .with_middleware(move |_| {
            let (waits, report) = (Arc::clone(&waits), report.clone());
            async move {
                report("asked");
                waits.notified().await;
                Ok(())
            }
        })
        .on_connect(move |_| {
            connected("connected");
            async {}
        });
    let mut client = server.open();
    client.ask_to_join("/here", &Value::Null);
    assert_eq!(reported.next(), "asked");
    drop(client);
    eventually("the session is over", || server.io.session_count() == 0);
    release.notify_one();
    eventually("nobody is in", || server.io.socket_count() == 0);
    assert!(reported.so_far().is_empty());
}

fn fail() {
    std::panic::panic_any("in a connect handler");
}

#[test]
fn what_the_connect_handler_says_at_once_comes_before_what_others_broadcast() {
    let server = Running::new();
    let namespace = server.io.of("/");
    let others = namespace.clone();
    namespace.on_connect(move |socket: Socket| {
        let others = others.clone();
        async move {
            let emitting = others.clone();
            std::thread::spawn(move || {
                emitting.emit("news", 1).unwrap();
                emitting.emit("news", 2).unwrap();
            })
            .join()
            .unwrap();
            others.emit("own", 3).unwrap();
            socket.emit("auth", 4).unwrap();
            tokio::task::yield_now().await;
            socket.emit("late", 5).unwrap();
        }
    });
    let mut client = server.join();
    for event in [
        r#"["own",3]"#,
        r#"["auth",4]"#,
        r#"["news",1]"#,
        r#"["news",2]"#,
        r#"["late",5]"#,
    ] {
        assert_eq!(client.next(), format!("2{event}"));
    }
}

#[test]
fn a_connect_handler_that_panics_keeps_nothing_from_its_client() {
    let server = Running::new();
    let namespace = server.io.of("/");
    let others = namespace.clone();
    namespace.on_connect(move |socket: Socket| {
        let emitting = others.clone();
        async move {
            std::thread::spawn(move || emitting.emit("news", 1).unwrap())
                .join()
                .unwrap();
            assert!(!socket.is_connected(), "a panic on purpose");
        }
    });
    let mut client = server.join();
    assert_eq!(client.next(), r#"2["news",1]"#);
    server.io.of("/").emit("news", 2).unwrap();
    assert_eq!(client.next(), r#"2["news",2]"#);
}

#[test]
fn acknowledgements_that_others_ask_for_meanwhile_are_waited_for() {
    let server = Running::new();
    let namespace = server.io.of("/");
    let (report, reported) = reports();
    let (others, runtime) = (namespace.clone(), server.runtime.handle().clone());
    namespace.on_connect(move |socket: Socket| {
        let (emitting, report, runtime) = (others.clone(), report.clone(), runtime.clone());
        async move {
            let asking = std::thread::spawn(move || emitting.everyone().emit_with_ack("ask", 1).unwrap());
            let answers = asking.join().unwrap();
            runtime.spawn(async move {
                for (_, answer) in answers.await {
                    report(answer.unwrap().parse::<(u32,)>().unwrap().0);
                }
            });
            socket.emit("auth", ()).unwrap();
        }
    });
    let mut client = server.join();
    assert_eq!(client.next(), r#"2["auth"]"#);
    let question = client.next();
    let id = question
        .strip_prefix('2')
        .unwrap()
        .strip_suffix(r#"["ask",1]"#)
        .unwrap();
    client.send(&format!("3{id}[7]"));
    assert_eq!(reported.next(), 7);
}
