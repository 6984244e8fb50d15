//! Listeners for whatever comes, and for whatever goes.

mod support;

use bytes::Bytes;
use serde_json::json;
use socketio_tokio::{Ack, Args, IncomingEvent, Socket};
use support::{Running, reports};

fn server() -> Running {
    let server = Running::new();
    server.io.of("/").on("nothing else?", async |ack: Ack| ack.send(()));
    server
}

#[test]
fn every_event_is_told_of_before_middlewares_and_handlers() {
    let server = server();
    let (report, told) = reports();
    let (of_namespace, of_socket, checked, handled) = (report.clone(), report.clone(), report.clone(), report);
    server
        .io
        .of("/")
        .on_any(move |socket: &Socket, event, args: &Args| {
            assert!(socket.is_connected());
            of_namespace(format!("namespace {event} {}", args.as_json()));
        })
        .with_event_middleware(move |_, event: IncomingEvent| {
            checked(format!("checked {}", event.name()));
            async move {
                if event.name() == "refused" {
                    Err("no".into())
                } else {
                    Ok(())
                }
            }
        })
        .on_connect(move |socket: Socket| {
            let report = of_socket.clone();
            socket.on_any(move |_, event, _| report(format!("socket {event}")));
            async {}
        })
        .on("known", move || {
            handled("handled known".into());
            async {}
        });
    let mut client = server.join();
    client.emit("known", json!([1, "two"]));
    client.emit("unknown", json!([]));
    client.emit("refused", json!([]));
    client.expect_nothing();
    let expected = [
        "namespace known 1,\"two\"",
        "socket known",
        "checked known",
        "handled known",
        "namespace unknown ",
        "socket unknown",
        "checked unknown",
        "namespace refused ",
        "socket refused",
        "checked refused",
        "namespace nothing else? ",
        "socket nothing else?",
        "checked nothing else?",
    ];
    assert_eq!(told.so_far(), expected);

    let socket = server.io.of("/").sockets().remove(0);
    socket.off_any();
    client.emit("unknown", json!([]));
    client.expect_nothing();
    let told = told.so_far();
    assert!(told.contains(&"namespace unknown ".to_owned()) && !told.contains(&"socket unknown".to_owned()));
}

#[test]
fn an_event_that_waits_for_the_connect_handler_is_told_of_once_when_its_turn_comes() {
    let server = server();
    let (report, told) = reports();
    let (release, wait) = tokio::sync::oneshot::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    server.io.of("/").on_connect(move |socket: Socket| {
        let (any, handled) = (report.clone(), report.clone());
        let wait = wait.lock().unwrap().take().unwrap();
        socket.on_any(move |_, event, _| any(format!("any {event}")));
        async move {
            wait.await.unwrap();
            socket.on("late", move || {
                handled("handled".into());
                async {}
            });
        }
    });
    let mut client = server.join();
    client.emit("late", json!([]));
    client.emit("never", json!([]));
    client.ping();
    assert!(told.so_far().is_empty());
    release.send(()).unwrap();
    assert_eq!([(); 3].map(|()| told.next()), ["any late", "handled", "any never"]);
    client.expect_nothing();
    assert_eq!(told.so_far(), ["any nothing else?"]);
}

#[test]
fn everything_that_is_emitted_to_a_socket_is_told_of() {
    let server = server();
    let nsp = server.io.of("/");
    let (report, told) = reports();
    let of_socket = report.clone();
    nsp.on_any_outgoing(move |_, event, args: &Args| report(format!("namespace {event} {}", args.as_json())));
    let _first = server.join();
    let socket = nsp.sockets().remove(0);
    let mut second = server.join();
    let own_id = socket.id().clone();
    socket.on_any_outgoing(move |socket: &Socket, event, args: &Args| {
        assert_eq!(*socket.id(), own_id);
        let bytes: Vec<_> = args.iter().filter_map(|arg| arg.as_bytes()).collect();
        of_socket(format!("socket {event} {bytes:?}"));
    });

    socket.emit("own", (1, Bytes::from_static(b"x"))).unwrap();
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let expected = [format!("namespace own 1,{placeholder}"), r#"socket own [b"x"]"#.into()];
    assert_eq!(told.so_far(), expected);
    nsp.emit("broadcast", ()).unwrap();
    let expected = ["namespace broadcast ", "socket broadcast []", "namespace broadcast "];
    assert_eq!(told.so_far(), expected);
    server.block_on(socket.emit_when_ready("ready", ())).unwrap();
    drop(socket.emit_with_ack("ask", ()).unwrap());
    drop(nsp.to(socket.id()).emit_with_ack("ask all", ()).unwrap());
    socket.volatile().emit("volatile", ()).unwrap();
    let expected = ["ready", "ask", "ask all", "volatile"];
    let expected = expected.map(|event| [format!("namespace {event} "), format!("socket {event} []")]);
    assert_eq!(told.so_far(), expected.concat());

    // Acknowledgements are no events.
    second.emit_with_ack(5, "nothing else?", json!([]));
    while second.next() != "35[]" {}
    assert!(told.so_far().is_empty());

    socket.off_any_outgoing();
    socket.emit("silent", ()).unwrap();
    assert_eq!(told.so_far(), ["namespace silent "]);
    socket.disconnect(false);
    assert!(socket.emit("too late", ()).is_err());
    assert!(told.so_far().is_empty());
}

#[test]
fn a_volatile_event_that_is_dropped_is_not_told_of() {
    let server = server();
    let nsp = server.io.of("/");
    let (report, told) = reports();
    nsp.on_any_outgoing(move |_, event, _| report(event.to_owned()));
    let http = server.http();
    let sid = http.open();
    http.post(&sid, "40");
    assert!(http.poll(&sid).body.starts_with("40"));
    let socket = nsp.sockets().remove(0);
    socket.volatile().emit("lost", ()).unwrap();
    nsp.volatile().emit("lost", ()).unwrap();
    socket.emit("kept", ()).unwrap();
    assert_eq!(http.poll(&sid).body, r#"42["kept"]"#);
    assert_eq!(told.so_far(), ["kept"]);
}

#[test]
fn a_listener_that_panics_is_reported_and_disturbs_nobody() {
    let (report, reported) = reports();
    let server =
        Running::with(|builder| builder.on_handler_error(move |_, event, error| report(format!("{event}: {error}"))));
    server
        .io
        .of("/")
        .on_any(|_, _, _| std::panic::panic_any("in"))
        .on_any_outgoing(|_, _, _| std::panic::panic_any("out"))
        .on("echo", async |socket: Socket, ack: Ack| {
            socket.emit("echo", ())?;
            ack.send(())
        });
    let mut client = server.join();
    client.emit_with_ack(1, "echo", json!([]));
    client.expect_event("echo", json!([]));
    client.expect("31[]");
    assert_eq!(reported.so_far(), ["echo: panicked: in", "echo: panicked: out"]);
}
