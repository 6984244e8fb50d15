//! Event middlewares: what they see, what they refuse, and what waits for them.

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use socketio_tokio::{Ack, HandlerError, IncomingEvent, Rest, Socket};
use support::{Reports, Running, eventually, reports};
use tokio::sync::Semaphore;

/// A server whose hook reports every error: the event, whether it was refused, what it says.
fn server() -> (Running, Reports<(String, bool, String)>) {
    let (report, reported) = reports();
    let server = Running::with(|builder| {
        builder.on_handler_error(move |_, event, error| {
            let refused = matches!(error, HandlerError::Refused(_));
            report((event.to_owned(), refused, error.to_string()));
        })
    });
    let nsp = server.io.of("/");
    nsp.on("nothing else?", async |ack: Ack| ack.send(()));
    (server, reported)
}

/// Lets a middleware wait for events of the name `slow`, until there is a permit for it.
fn slow_down(
    nsp: &socketio_tokio::Namespace,
    asked: impl Fn(String) + Clone + Send + Sync + 'static,
) -> Arc<Semaphore> {
    let permits = Arc::new(Semaphore::new(0));
    let waits = Arc::clone(&permits);
    nsp.with_event_middleware(move |_, event: IncomingEvent| {
        let waits = Arc::clone(&waits);
        asked(event.name().to_owned());
        async move {
            if event.name() == "slow" {
                waits.acquire().await?.forget();
            }
            Ok(())
        }
    });
    permits
}

#[test]
fn a_middleware_that_refuses_an_event_keeps_it_from_its_handler() {
    let (server, errors) = server();
    let (report, called) = reports();
    server
        .io
        .of("/")
        .with_event_middleware(async |socket: Socket, event: IncomingEvent| {
            assert!(socket.is_connected());
            match event.name() {
                "deposit" if event.args().parse::<(i64,)>()?.0 <= 0 => Err("not with me".into()),
                "trap" => std::panic::panic_any("in a middleware"),
                "ask" if !event.expects_ack() => Err("ask politely".into()),
                _ => Ok(()),
            }
        })
        .on("deposit", {
            let report = report.clone();
            move |amount: i64, ack: Ack| {
                report(amount);
                async move { ack.send(()) }
            }
        })
        .on("trap", move || {
            report(0);
            async {}
        })
        .on("ask", async |ack: Ack| ack.send(()));
    let mut client = server.join();
    client.emit_with_ack(1, "deposit", json!([-5]));
    client.emit("trap", json!([]));
    client.emit_with_ack(2, "deposit", json!(["much"]));
    client.emit("ask", json!([]));
    client.emit_with_ack(3, "ask", json!([]));
    client.emit_with_ack(4, "deposit", json!([5]));
    client.expect("33[]");
    client.expect("34[]");
    assert_eq!(
        errors.next(),
        ("deposit".into(), true, "refused by a middleware: not with me".into())
    );
    assert_eq!(
        errors.next(),
        ("trap".into(), false, "panicked: in a middleware".into())
    );
    let (event, refused, _) = errors.next();
    assert_eq!((&*event, refused), ("deposit", true), "its own errors refuse as well");
    assert_eq!(errors.next().0, "ask");
    assert_eq!(called.next(), 5);
    assert!(errors.so_far().is_empty() && called.so_far().is_empty());
}

#[test]
fn those_of_the_namespace_run_first_and_each_in_the_order_in_which_it_was_added() {
    let (server, errors) = server();
    let (report, ran) = reports();
    let middleware = move |name: &'static str| {
        let report = report.clone();
        move |_: Socket, event: IncomingEvent| {
            report(name);
            async move {
                tokio::task::yield_now().await;
                let stop = event.args().get(0);
                if stop.is_some_and(|stop| stop.as_json() == format!("{name:?}")) {
                    return Err("here".into());
                }
                Ok(())
            }
        }
    };
    let (third, fourth) = (middleware("third"), middleware("fourth"));
    server
        .io
        .of("/")
        .with_event_middleware(middleware("first"))
        .with_event_middleware(middleware("second"))
        .on_connect(move |socket: Socket| {
            socket.with_event_middleware(third.clone());
            socket.with_event_middleware(fourth.clone());
            async {}
        })
        .on("go", async |_: Rest, ack: Ack| ack.send(()));
    let mut client = server.join();
    client.emit_with_ack(1, "go", json!([]));
    client.expect("31[]");
    assert_eq!(ran.so_far(), ["first", "second", "third", "fourth"]);
    client.emit("go", json!(["third"]));
    client.emit("nobody listens to this", json!(["first"]));
    client.emit_with_ack(2, "go", json!([]));
    client.expect("32[]");
    assert_eq!(
        ran.so_far(),
        [
            "first", "second", "third", "first", "first", "second", "third", "fourth"
        ]
    );
    assert_eq!([errors.next().0, errors.next().0], ["go", "nobody listens to this"]);
}

#[test]
fn later_events_of_the_socket_wait_behind_a_middleware_and_those_of_others_do_not() {
    let (server, _) = server();
    let other = server.io.of("/other");
    other.on("quick", async |ack: Ack| ack.send(()));
    let (report, handled) = reports();
    let slow = report.clone();
    let nsp = server.io.of("/");
    nsp.on("slow", move |number: u32| {
        slow(number);
        async {}
    });
    nsp.on("quick", move |number: u32| {
        report(number);
        async {}
    });
    let permits = slow_down(&nsp, drop);
    let mut client = server.join();
    client.join("/other");
    let mut second = server.join();
    for (number, event) in ["quick", "slow", "quick", "unheard of", "slow", "quick"]
        .into_iter()
        .enumerate()
    {
        client.emit(event, json!([number]));
    }
    assert_eq!(handled.next(), 0);
    client.send(r#"2/other,7["quick"]"#);
    client.expect("3/other,7[]");
    second.expect_nothing();
    assert!(handled.so_far().is_empty());
    permits.add_permits(1);
    assert_eq!([handled.next(), handled.next()], [1, 2]);
    second.expect_nothing();
    assert!(handled.so_far().is_empty());
    permits.add_permits(1);
    assert_eq!([handled.next(), handled.next()], [4, 5]);
    client.expect_nothing();
    assert!(handled.so_far().is_empty());

    // The same in one POST.
    permits.add_permits(2);
    let http = server.http();
    let sid = http.open();
    let body = [
        "40",
        r#"42["slow",10]"#,
        r#"42["quick",11]"#,
        r#"42["slow",12]"#,
        r#"42["quick",13]"#,
    ];
    http.post(&sid, &body.join("\u{1e}"));
    assert_eq!([(); 4].map(|()| handled.next()), [10, 11, 12, 13]);
}

#[test]
fn handlers_that_wait_hold_up_no_middleware_and_as_many_may_as_without_one() {
    let server = Running::with(|builder| builder.max_handlers(2));
    let nsp = server.io.of("/");
    let (report, asked) = reports();
    let permits = slow_down(&nsp, report);
    let release: Arc<[_; 7]> = Arc::new(std::array::from_fn(|_| Semaphore::new(0)));
    let waits = Arc::clone(&release);
    let (begin, begun) = reports();
    nsp.on("slow", move |number: usize| {
        begin(number);
        let waits = Arc::clone(&waits);
        async move { drop(waits[number].acquire().await) }
    });
    let mut client = server.join();
    // One is looked at, two wait behind it, and the others are not looked at until there is room.
    for number in 0..7 {
        client.emit("slow", json!([number]));
    }
    assert_eq!(asked.next(), "slow");
    client.ping();
    permits.add_permits(7);
    assert_eq!([(); 3].map(|()| begun.next()), [0, 1, 2]);
    client.ping();
    assert!(begun.so_far().is_empty(), "three wait already");
    for (done, next) in [(1, None), (2, Some(3)), (0, Some(4)), (4, Some(5)), (3, Some(6))] {
        release[done].add_permits(1);
        if let Some(next) = next {
            assert_eq!(begun.next(), next);
        }
        client.ping();
        assert!(begun.so_far().is_empty());
    }
}

#[test]
fn only_so_many_events_wait_for_a_middleware() {
    let server = Running::with(|builder| builder.max_handlers(4));
    let nsp = server.io.of("/");
    let (report, asked) = reports();
    let permits = slow_down(&nsp, report);
    let (handled_there, there) = reports();
    server.io.of("/other").on("event", move || {
        handled_there(());
        async {}
    });
    let mut client = server.join();
    client.join("/other");
    for _ in 0..5 {
        client.emit("slow", json!([]));
    }
    client.send(r#"2/other,["event"]"#);
    assert_eq!(asked.next(), "slow");
    client.ping();
    assert!(there.so_far().is_empty(), "four wait already");
    permits.add_permits(5);
    there.next();
}

#[test]
fn of_a_socket_that_has_left_nothing_is_handled_any_more() {
    let (server, _) = server();
    let (report, handled) = reports();
    let nsp = server.io.of("/");
    let late = report.clone();
    nsp.on("slow", move || {
        report("slow");
        async {}
    });
    nsp.on("quick", move || {
        late("quick");
        async {}
    });
    let (ask, asked) = reports();
    let permits = slow_down(&nsp, ask);
    let (leave, left) = reports();
    nsp.on_disconnect(move |_, _| {
        leave(());
        async {}
    });
    let mut client = server.join();
    client.emit("slow", json!([]));
    client.emit("quick", json!([]));
    assert_eq!(asked.next(), "slow");
    client.send("1");
    left.next();
    permits.add_permits(1);
    eventually("the middleware is done", || permits.available_permits() == 0);
    // It may come again, to a new socket.
    assert!(!client.join("/").is_empty());
    client.emit("quick", json!([]));
    client.expect_nothing();
    assert_eq!(handled.so_far(), ["quick"]);
    assert_eq!(asked.so_far(), ["quick", "nothing else?"]);
    drop(client);
    eventually("everyone is out", || {
        (server.io.session_count(), server.io.socket_count()) == (0, 0)
    });
}

#[test]
fn an_event_that_waits_for_the_connect_handler_passes_the_middlewares_once() {
    let (server, _) = server();
    let nsp = server.io.of("/");
    let (report, asked) = reports();
    let permits = slow_down(&nsp, report);
    let connect = Arc::new(Semaphore::new(0));
    let waits = Arc::clone(&connect);
    let (handle, handled) = reports();
    nsp.on_connect(move |socket: Socket| {
        let (waits, early, late) = (Arc::clone(&waits), handle.clone(), handle.clone());
        async move {
            let handle = early;
            socket.on("slow", move |value: Value| {
                handle(value);
                async {}
            });
            waits.acquire().await?.forget();
            socket.on("late", move |value: Value| {
                late(value);
                async {}
            });
            Ok::<_, tokio::sync::AcquireError>(())
        }
    });
    let mut client = server.join();
    client.emit("slow", json!([1]));
    assert_eq!(asked.next(), "slow", "its handler is there");
    client.emit("late", json!([2]));
    client.emit("slow", json!([3]));
    permits.add_permits(1);
    assert_eq!(handled.next(), 1);
    connect.add_permits(1);
    assert_eq!([asked.next(), asked.next()], ["late", "slow"]);
    assert_eq!(handled.next(), 2);
    client.emit("late", json!([4]));
    permits.add_permits(1);
    assert_eq!([handled.next(), handled.next()], [3, 4]);
    client.expect_nothing();
    assert_eq!(asked.so_far(), ["late", "nothing else?"]);
}
