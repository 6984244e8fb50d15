//! What handlers are given, and in what order they run.

mod support;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use socketio_tokio::{Ack, BoxError, HandlerError, Rest, Socket};
use support::{Running, eventually, reports};
use tokio::sync::Notify;

#[test]
fn arguments_come_as_the_types_of_the_parameters() {
    let server = Running::new();
    server
        .io
        .of("/")
        .on("add", async |a: i64, b: i64, ack: Ack| ack.send(a + b))
        .on("greet", async |name: Option<String>, ack: Ack| {
            ack.send(name.unwrap_or("you".into()))
        })
        .on("relay", async |socket: Socket, first: String, Rest(rest): Rest| {
            socket.emit(&first, rest)
        })
        .on("all", async |Rest(all): Rest, more: Option<String>, ack: Ack| {
            ack.send((all.len(), more))
        })
        .on("nothing", async |ack: Ack| ack.send(()))
        .on("expected", async |socket: Socket, ack: Ack| {
            socket.emit("expected", ack.is_expected())
        });
    let mut client = server.join();
    client.emit_with_ack(1, "add", json!([40, 2]));
    client.expect("31[42]");
    client.emit_with_ack(2, "greet", json!([]));
    client.expect(r#"32["you"]"#);
    client.emit_with_ack(3, "greet", json!([null]));
    client.expect(r#"33["you"]"#);
    client.emit_with_ack(4, "greet", json!(["ada", "too many"]));
    client.expect(r#"34["ada"]"#);
    client.emit_with_ack(5, "all", json!(["one", "two"]));
    client.expect("35[2,null]");
    client.emit("relay", json!(["on", [1, 2], {"a": null}]));
    client.expect_event("on", json!([[1, 2], {"a": null}]));
    client.emit("relay", json!(["on"]));
    client.expect_event("on", json!([]));
    client.emit_with_ack(5, "nothing", json!([]));
    client.expect("35[]");
    client.emit("expected", json!([]));
    client.expect_event("expected", json!([false]));
    client.emit_with_ack(6, "expected", json!([]));
    client.expect_event("expected", json!([true]));
}

#[test]
fn binary_arguments_are_bytes_both_ways() {
    let server = Running::new();
    server
        .io
        .of("/")
        .on("double", async |socket: Socket, blob: bytes::Bytes| {
            socket.emit("doubled", bytes::Bytes::from([&blob[..], &blob[..]].concat()))
        });
    let mut client = server.join();
    client.send(r#"51-["double",{"_placeholder":true,"num":0}]"#);
    client.websocket.send(tungstenite::Message::binary(vec![1, 2])).unwrap();
    client.expect(r#"51-["doubled",{"_placeholder":true,"num":0}]"#);
    assert_eq!(client.websocket.read().unwrap().into_data(), vec![1, 2, 1, 2]);
}

#[test]
fn what_goes_wrong_in_a_handler_reaches_the_hook_with_the_name_of_the_event() {
    let (report, reported) = reports();
    let server = Running::with(|builder| {
        builder.on_handler_error(move |socket, event, error| {
            let kind = match error {
                HandlerError::Args(_) => "arguments",
                HandlerError::Failed(_) => "failed",
                HandlerError::Panicked(_) => "panicked",
                _ => "else",
            };
            report((socket.is_connected(), event.to_owned(), kind, error.to_string()));
        })
    });
    server
        .io
        .of("/")
        .on("number", async |_: u8| {})
        .on("fails", async || Err::<(), BoxError>("out of luck".into()))
        .on("nothing else?", async |ack: Ack| ack.send(()));
    let mut client = server.join();
    client.emit("number", json!(["seven"]));
    client.emit("number", json!([]));
    client.emit("fails", json!([]));
    client.expect_nothing();
    let (connected, event, kind, text) = reported.next();
    assert!(connected && !text.is_empty());
    assert_eq!((&*event, kind), ("number", "arguments"));
    assert_eq!(reported.next().2, "arguments");
    assert_eq!(
        reported.next(),
        (true, "fails".to_owned(), "failed", "out of luck".to_owned())
    );
    assert!(reported.so_far().is_empty());
}

#[test]
fn a_panic_ends_the_handler_and_nobody_else() {
    let (report, reported) = reports();
    let server = Running::with(|builder| {
        builder.on_handler_error(move |_, event, error| {
            report((event.to_owned(), error.to_string()));
            panic!("even the hook");
        })
    });
    let release = Arc::new(Notify::new());
    let waits = Arc::clone(&release);
    server
        .io
        .of("/")
        .on("at once", |_: Rest| -> std::future::Ready<()> { panic!("at once") })
        .on("later", async |_: Rest| {
            tokio::task::yield_now().await;
            fail("later");
        })
        .on("waits", move |ack: Ack| {
            let waits = Arc::clone(&waits);
            async move {
                waits.notified().await;
                ack.send(())
            }
        })
        .on("nothing else?", async |ack: Ack| ack.send(()))
        .on_disconnecting(|_, _| fail("on the way out"))
        .on_disconnect(async |_: Socket, _| fail("outside"));
    let (mut client, mut other) = (server.join(), server.join());
    client.emit_with_ack(1, "waits", json!([]));
    client.emit("at once", json!([]));
    client.emit("later", json!([]));
    client.expect_nothing();
    other.expect_nothing();
    release.notify_one();
    client.expect("31[]");
    let mut first_two = [reported.next(), reported.next()];
    first_two.sort();
    assert_eq!(first_two[0], ("at once".to_owned(), "panicked: at once".to_owned()));
    assert_eq!(first_two[1], ("later".to_owned(), "panicked: later".to_owned()));

    // A polling client drives its session in its requests.
    let http = server.http();
    let sid = http.open();
    assert_eq!(http.post(&sid, "40\u{1e}42[\"at once\"]").status, 200);
    assert_eq!(reported.next().0, "at once");
    assert!(http.poll(&sid).body.starts_with("40"));
    assert_eq!(http.post(&sid, "1").status, 200);

    drop((client, other));
    support::eventually("everyone is out", || {
        (server.io.session_count(), server.io.socket_count()) == (0, 0)
    });
    let mut rest = reported.so_far();
    rest.sort();
    assert_eq!(rest.iter().filter(|(event, _)| event == "disconnecting").count(), 3);
    support::eventually("disconnect handlers were called", || {
        rest.extend(reported.so_far());
        rest.iter().filter(|(event, _)| event == "disconnect").count() == 3
    });
}

#[test]
fn the_handler_of_a_namespace_can_be_taken_away() {
    let server = Running::new();
    let nsp = server.io.of("/");
    nsp.on("ask", async |ack: Ack| ack.send("namespace"));
    let mut client = server.join();
    client.emit_with_ack(1, "ask", json!([]));
    client.expect(r#"31["namespace"]"#);
    nsp.off("ask").on("end", async |ack: Ack| ack.send(()));
    client.emit_with_ack(2, "ask", json!([]));
    client.emit_with_ack(3, "end", json!([]));
    client.expect("33[]");
}

#[test]
fn a_handler_for_one_event_is_called_once() {
    let server = Running::new();
    let (report, reported) = reports();
    server
        .io
        .of("/")
        .on_connect(move |socket: Socket| {
            let (first, last) = (report.clone(), report.clone());
            socket.once("begin", move |socket: Socket| {
                first("once");
                let last = last.clone();
                socket.on("end", move || {
                    last("on");
                    async {}
                });
                async {}
            });
            let second = report.clone();
            socket.once("end", move || {
                second("never");
                async {}
            });
            async {}
        })
        .on("nothing else?", async |ack: Ack| ack.send(()));
    let mut client = server.join();
    for event in ["begin", "begin", "end", "end"] {
        client.emit(event, json!([]));
    }
    client.expect_nothing();
    assert_eq!(reported.so_far(), ["once", "on", "on"]);
}

#[test]
fn a_handler_that_another_takes_away_is_not_called_for_what_came_along() {
    let server = Running::new();
    server.io.of("/").on_connect(async |socket: Socket| {
        socket.on("first", async |socket: Socket| socket.off("second"));
        socket.on("second", async |socket: Socket| socket.emit("called", ()));
        socket.on("third", async |socket: Socket| {
            socket.on("second", async |socket: Socket| socket.emit("called again", ()));
        });
    });
    let mut client = server.join();
    for event in ["second", "first", "second", "third", "second"] {
        let packet = tungstenite::Message::text(format!(r#"42["{event}"]"#));
        client.websocket.write(packet).unwrap();
    }
    client.websocket.flush().unwrap(); // in one write
    client.expect_event("called", json!([]));
    client.expect_event("called again", json!([]));
}

#[test]
fn what_a_handler_has_captured_is_dropped_when_it_is_taken_away_though_nothing_comes_any_more() {
    let server = Running::new();
    let (report, reported) = reports();
    let token = Arc::new(());
    let captured = Arc::clone(&token);
    server.io.of("/").on_connect(move |socket: Socket| {
        let (report, captured) = (report.clone(), Arc::clone(&captured));
        async move {
            let own = socket.clone();
            socket.on("event", move || {
                let _captured = &captured;
                report(own.clone());
                async {}
            });
        }
    });
    let mut client = server.join();
    client.emit("event", json!([]));
    let socket = reported.next();
    assert_eq!(Arc::strong_count(&token), 3);
    socket.off("event");
    eventually("only the connect handler has it", || Arc::strong_count(&token) == 2);
}

#[test]
fn handlers_start_in_the_order_of_the_events_and_do_not_hold_each_other_up() {
    let server = Running::with(|builder| builder.ping_interval(Duration::from_millis(50)));
    let release = Arc::new(Notify::new());
    let waits = Arc::clone(&release);
    let (report, started) = reports();
    server
        .io
        .of("/")
        .on("slow", move |ack: Ack| {
            let waits = Arc::clone(&waits);
            async move {
                waits.notified().await;
                ack.send("slow")
            }
        })
        .on("quick", move |number: u32, ack: Ack| {
            report(number);
            async move { ack.send("quick") }
        });
    let mut client = server.join();
    client.emit_with_ack(0, "slow", json!([]));
    for number in 1..=200 {
        client.emit_with_ack(number, "quick", json!([number]));
    }
    for number in 1..=200 {
        client.expect(&format!("3{number}[\"quick\"]"));
        assert_eq!(u64::from(started.next()), number);
    }
    // The heartbeat goes on meanwhile.
    loop {
        let message = client.websocket.read().unwrap();
        if message == tungstenite::Message::text("2") {
            client.send_packet("3");
            break;
        }
    }
    release.notify_one();
    client.expect(r#"30["slow"]"#);
}

#[test]
fn no_more_events_are_looked_at_while_too_many_handlers_wait() {
    let server = Running::with(|builder| builder.max_handlers(2));
    let release = Arc::new(Notify::new());
    let waits = Arc::clone(&release);
    let (report, started) = reports();
    server.io.of("/").on("wait", move |number: u32, ack: Ack| {
        report(number);
        let waits = Arc::clone(&waits);
        async move {
            waits.notified().await;
            ack.send(number)
        }
    });
    let mut client = server.join();
    for number in 0..6 {
        client.emit_with_ack(number, "wait", json!([number]));
    }
    assert_eq!([started.next(), started.next()], [0, 1]);
    for number in 0..6 {
        assert!(started.so_far().is_empty(), "two wait already");
        release.notify_one();
        client.expect(&format!("3{number}[{number}]"));
        if number < 4 {
            assert_eq!(u64::from(started.next()), number + 2);
        }
    }
}

#[test]
fn a_client_that_leaves_behind_too_many_waiting_handlers_is_let_go() {
    let server = Running::with(|builder| builder.max_handlers(2));
    let (report, reported) = reports();
    let failed = report.clone();
    server
        .io
        .of("/")
        .on("ask", move |socket: Socket| {
            let report = report.clone();
            async move { report(socket.emit_with_ack("question", ()).unwrap().await.is_err()) }
        })
        .on_disconnect(move |_, _| {
            failed(false);
            async {}
        });
    let mut client = server.join();
    for _ in 0..3 {
        client.emit("ask", json!([]));
    }
    client.expect(r#"20["question"]"#);
    client.expect(r#"21["question"]"#);
    drop(client);
    // Two were waiting; the third question came when nobody was there to be asked, if at all.
    assert!(reported.next() && reported.next());
    support::eventually("everyone is out", || {
        (server.io.session_count(), server.io.socket_count()) == (0, 0)
    });
}

fn fail(message: &'static str) {
    std::panic::panic_any(message);
}
