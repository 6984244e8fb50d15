//! Clients that come back: what the application sees of it, and what it leaves behind.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use socketio_tokio::{Ack, ConnectError, ConnectionStateRecovery, DisconnectReason, Socket};
use support::{Client, PATIENCE, Running, eventually, reports};

fn server(settings: ConnectionStateRecovery) -> Running {
    let server = Running::with(|builder| builder.connection_state_recovery(settings).send_capacity(CAPACITY));
    server.io.of("/").on("nothing else?", async |ack: Ack| ack.send(()));
    server
}

const CAPACITY: usize = 256 << 10;

/// What a client knows of itself when it is connected.
#[derive(Clone, Debug, PartialEq)]
struct Identity {
    sid: String,
    pid: String,
}

/// Joins a namespace, again if there is somebody to be and an offset to go on from.
fn join(client: &mut Client, namespace: &str, former: Option<(&Identity, Option<&str>)>) -> Identity {
    let auth = match former {
        None => Value::Null,
        Some((identity, None)) => json!({ "pid": identity.pid }),
        Some((identity, Some(offset))) => json!({ "pid": identity.pid, "offset": offset }),
    };
    client.ask_to_join(namespace, &auth);
    let reply = client.next();
    let welcome = &reply[reply.find('{').unwrap_or_else(|| panic!("{reply} is no welcome"))..];
    let welcome: Value = serde_json::from_str(welcome).unwrap();
    let text = |name: &str| welcome[name].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
    Identity {
        sid: text("sid"),
        pid: text("pid"),
    }
}

/// The name, the first argument and the offset of the next event.
fn event(client: &mut Client) -> (String, Value, String) {
    let packet = client.next();
    serde_json::from_str(
        packet
            .strip_prefix('2')
            .unwrap_or_else(|| panic!("{packet} is no event")),
    )
    .unwrap()
}

#[test]
fn the_application_sees_who_comes_back_after_it_saw_it_leave() {
    let server = server(ConnectionStateRecovery::new());
    let (report, reported) = reports();
    let main = server.io.of("/");
    main.on_connect({
        let report = report.clone();
        move |socket: Socket| {
            let data = socket.data();
            let visits = data.update(|visits: &mut u32| {
                *visits += 1;
                *visits
            });
            report(format!(
                "{} visit {visits}, recovered: {}",
                socket.id(),
                socket.recovered()
            ));
            async {}
        }
    });
    main.on_disconnect(move |socket: Socket, reason: DisconnectReason| {
        report(format!("{} left: {}", socket.id(), reason.as_str()));
        async {}
    });
    let mut first = server.open();
    let ada = join(&mut first, "/", None);
    assert_eq!(reported.next(), format!("{} visit 1, recovered: false", ada.sid));
    // The first connection is alive and well.
    let mut second = server.open();
    assert_eq!(join(&mut second, "/", Some((&ada, None))), ada);
    assert_eq!(reported.next(), format!("{} left: forced server close", ada.sid));
    assert_eq!(reported.next(), format!("{} visit 2, recovered: true", ada.sid));
    assert_eq!(first.rest(), [""; 0]);
    eventually("one session is left", || server.io.session_count() == 1);
    second.expect_nothing();
}

#[test]
fn middlewares_look_again_if_they_are_to() {
    let server = server(ConnectionStateRecovery::new().skip_middlewares(false));
    let welcome = Arc::new(AtomicBool::new(true));
    server.io.of("/").with_middleware({
        let welcome = Arc::clone(&welcome);
        move |socket: Socket| {
            let admitted = welcome.load(Ordering::SeqCst);
            assert!(!socket.recovered());
            async move {
                if admitted {
                    Ok(())
                } else {
                    Err(ConnectError::new("not now"))
                }
            }
        }
    });
    let mut first = server.open();
    let ada = join(&mut first, "/", None);
    drop(first);
    eventually("it has left", || server.io.socket_count() == 0);

    welcome.store(false, Ordering::SeqCst);
    let mut second = server.open();
    second.ask_to_join("/", &json!({ "pid": ada.pid }));
    second.expect(r#"4{"message":"not now"}"#);

    welcome.store(true, Ordering::SeqCst);
    assert_eq!(join(&mut second, "/", Some((&ada, None))), ada, "it was not forgotten");
    second.expect_nothing();
}

/// Says when it is dropped.
struct Alarm(Box<dyn Fn() + Send + Sync>);

impl Drop for Alarm {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn what_was_kept_is_dropped_in_time_and_a_dynamic_namespace_with_it() {
    let time = Duration::from_millis(300);
    let server = server(ConnectionStateRecovery::new().max_disconnection_duration(time));
    let asked = Arc::new(AtomicUsize::new(0));
    let (report, reported) = reports();
    let rooms = server.io.of_matching({
        let asked = Arc::clone(&asked);
        move |name| {
            asked.fetch_add(1, Ordering::SeqCst);
            name.starts_with("/room-")
        }
    });
    rooms.on_connect(move |socket: Socket| {
        let report = report.clone();
        if !socket.recovered() {
            socket.data().insert(Alarm(Box::new(move || report(()))));
        }
        async {}
    });
    let mut client = server.open();
    let ada = join(&mut client, "/room-1", None);
    drop(client);
    eventually("it has left", || server.io.socket_count() == 0);
    let mut client = server.open();
    assert_eq!(join(&mut client, "/room-1", Some((&ada, None))), ada);
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the namespace was there");
    assert_eq!(reported.so_far(), []);
    drop(client);
    reported.next();
    eventually("the namespace is gone", || {
        let mut client = server.open();
        let identity = join(&mut client, "/room-1", Some((&ada, None)));
        assert_ne!(identity, ada);
        asked.load(Ordering::SeqCst) > 1
    });
}

#[test]
fn nobody_gets_a_later_event_first_however_many_speak() {
    const EACH: usize = 200;
    let server = server(ConnectionStateRecovery::new());
    let main = server.io.of("/");
    let mut clients: Vec<_> = (0..3)
        .map(|_| {
            let mut client = server.open();
            join(&mut client, "/", None);
            client
        })
        .collect();
    let speakers: Vec<_> = (0..4)
        .map(|speaker| {
            let main = main.clone();
            std::thread::spawn(move || {
                for n in 0..EACH {
                    if speaker % 2 == 0 {
                        main.emit("said", n).unwrap();
                    } else {
                        main.sockets().iter().for_each(|socket| socket.emit("said", n).unwrap());
                    }
                }
            })
        })
        .collect();
    for client in &mut clients {
        let serials: Vec<u64> = (0..4 * EACH)
            .map(|_| {
                let (_, _, offset) = event(client);
                u64::from_str_radix(offset.split_once('.').unwrap().1, 16).unwrap()
            })
            .collect();
        assert!(serials.is_sorted(), "{serials:?}");
    }
    speakers.into_iter().for_each(|speaker| speaker.join().unwrap());
}

#[test]
fn a_waiting_emit_has_the_offset_of_when_it_was_sent() {
    let server = server(ConnectionStateRecovery::new());
    let mut client = server.open();
    let ada = join(&mut client, "/", None);
    let socket = server.io.of("/").sockets().remove(0);
    let chunk = "x".repeat(16 << 10);
    let sending = server.runtime.spawn(async move {
        for n in 0..400 {
            socket.emit_when_ready("said", (n, &chunk)).await?;
        }
        Ok::<_, socketio_tokio::EmitError>(())
    });
    let mut last = None;
    for n in 0..395 {
        let packet = client.next();
        let (_, number, _, offset): (String, usize, String, String) =
            serde_json::from_str(packet.strip_prefix('2').unwrap()).unwrap();
        assert_eq!(number, n);
        last = Some(offset);
    }
    drop(client);
    // What was under way when the client vanished fails, or was recorded.
    let _ = server.block_on(sending).unwrap();
    eventually("it has left", || server.io.socket_count() == 0);
    let mut client = server.open();
    assert_eq!(join(&mut client, "/", Some((&ada, last.as_deref()))), ada);
    client.emit_with_ack(999, "nothing else?", json!([]));
    let mut next = 395;
    loop {
        let packet = client.next();
        if packet == "3999[]" {
            break;
        }
        let (_, number, _, _): (String, usize, String, String) =
            serde_json::from_str(packet.strip_prefix('2').unwrap()).unwrap();
        assert_eq!(number, next, "each once and in order");
        next += 1;
    }
    assert!((395..=400).contains(&next));
}

#[test]
fn who_gets_an_event_late_comes_back_only_from_then_on() {
    let server = server(ConnectionStateRecovery::new());
    let main = server.io.of("/");
    let mut client = server.open();
    let ada = join(&mut client, "/", None);
    let chunk = "x".repeat(64 << 10);
    let mut sent = 0;
    let late = loop {
        let (main, chunk) = (main.clone(), chunk.clone());
        let everyone = main.everyone();
        let sending = server
            .runtime
            .spawn(async move { everyone.emit_when_ready("said", chunk, PATIENCE).await });
        sent += 1;
        std::thread::sleep(Duration::from_millis(20)); // most are done at once; one that is not waits for us
        if !sending.is_finished() {
            break sending;
        }
        assert!(sent < 1_000, "nothing bounds what waits");
    };
    let mut offsets: Vec<_> = (0..sent).map(|_| event(&mut client).2).collect();
    server.block_on(late).unwrap().unwrap();
    main.emit("said", "in order again").unwrap();
    offsets.push(event(&mut client).2);
    drop(client);
    eventually("it has left", || server.io.socket_count() == 0);
    let mut client = server.open();
    assert_eq!(
        join(&mut client, "/", Some((&ada, offsets.last().map(String::as_str)))),
        ada
    );
    client.expect_nothing();
}

#[test]
fn who_is_spoken_to_during_the_connect_handler_comes_back_only_from_then_on() {
    let server = server(ConnectionStateRecovery::new());
    let main = server.io.of("/");
    main.on_connect(async |socket: Socket| {
        if socket.recovered() {
            return Ok(());
        }
        let others = socket.clone();
        std::thread::spawn(move || others.emit("said", "by another"))
            .join()
            .unwrap()?;
        socket.emit("said", "by the handler") // which comes first
    });
    let greetings = |client: &mut Client| {
        let (first, second) = (event(client), event(client));
        assert_eq!((first.1, second.1), (json!("by the handler"), json!("by another")));
        second.2
    };
    let mut client = server.open();
    let ada = join(&mut client, "/", None);
    let last = greetings(&mut client);
    drop(client);
    eventually("it has left", || server.io.socket_count() == 0);

    // The offset of what it saw last is before that of what it saw first, which it must not be told twice.
    let mut client = server.open();
    let bea = join(&mut client, "/", Some((&ada, Some(&last))));
    assert_ne!(bea, ada);
    greetings(&mut client);
    main.emit("said", "in order again").unwrap();
    let last = event(&mut client).2;
    drop(client);
    eventually("it has left", || server.io.socket_count() == 0);
    let mut client = server.open();
    assert_eq!(join(&mut client, "/", Some((&bea, Some(&last)))), bea);
    client.expect_nothing();
}

/// What each of two may say to a client that does not read yet: all of it fits into its queue.
const GUSTS: usize = 1_000;

#[test]
fn whoever_comes_into_a_storm_may_come_back_once_it_is_over() {
    let server = server(ConnectionStateRecovery::new());
    let main = server.io.of("/");
    main.on_connect(async |_: Socket| std::thread::sleep(Duration::from_millis(1))); // meanwhile, what is said waits
    for _ in 0..50 {
        let blowing = Arc::new(AtomicBool::new(true));
        let storm: Vec<_> = (0..2)
            .map(|_| {
                let (io, main, blowing) = (server.io.clone(), main.clone(), Arc::clone(&blowing));
                std::thread::spawn(move || {
                    let mut left = GUSTS;
                    while blowing.load(Ordering::SeqCst) && left > 0 {
                        left -= io.socket_count();
                        main.emit("said", "whoosh").unwrap();
                    }
                })
            })
            .collect();
        let mut client = server.open();
        let ada = join(&mut client, "/", None);
        blowing.store(false, Ordering::SeqCst);
        storm.into_iter().for_each(|storm| storm.join().unwrap());
        main.emit("said", "calm").unwrap();
        let last = loop {
            let (_, said, offset) = event(&mut client);
            if said == "calm" {
                break offset;
            }
        };
        drop(client);
        eventually("it has left", || server.io.socket_count() == 0);
        let mut client = server.open();
        assert_eq!(join(&mut client, "/", Some((&ada, Some(&last)))), ada);
        drop(client);
        eventually("it has left", || server.io.socket_count() == 0);
    }
}
