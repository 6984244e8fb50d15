//! One thread for everybody: a session with much to do, of a server or of a client, leaves some time to others.

mod support;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread::JoinHandle;

use socketio_tokio::{Client, ClientTransports, Server, Socket};
use support::{Http, Running, listener, reports};

#[test]
fn others_get_their_turn_between_the_events_of_one_body() {
    const EVENTS: usize = 5_000;
    let (listener, address) = listener();
    let (report, reported) = reports();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = async move {
        let turns = Arc::new(AtomicUsize::new(0));
        let io = Server::new();
        let seen = Arc::clone(&turns);
        io.of("/").on("work", move || {
            report(seen.load(Ordering::Relaxed));
            async {}
        });
        tokio::spawn(async move { io.serve(listener).await });
        spawn_counter(turns);
        let _ = stopped.await;
    };
    let server = on_one_thread(serving);
    let http = Http::new(address);
    let sid = http.open();
    assert_eq!(http.post(&sid, "40").body, "ok");
    let body = vec![r#"42["work"]"#; EVENTS].join("\u{1e}");
    assert_eq!(http.post(&sid, &body).body, "ok");
    let turns: Vec<_> = (0..EVENTS).map(|_| reported.next()).collect();
    let others = turns.last().unwrap() - turns[0];
    assert!(others >= 10, "{others} turns");
    stop.send(()).unwrap();
    server.join().unwrap();
}

#[test]
fn others_get_their_turn_between_the_events_of_one_answer() {
    const EVENTS: usize = 5_000;
    let server = Running::new();
    server.io.of("/").on_connect(async |socket: Socket| {
        for _ in 0..EVENTS {
            socket.emit("work", ()).unwrap(); // all of them go into one answer
        }
    });
    let (report, reported) = reports();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let url = format!("http://{}", server.address);
    let running = async move {
        let turns = Arc::new(AtomicUsize::new(0));
        let client = Client::builder(&url)
            .transports(ClientTransports::Polling)
            .build()
            .unwrap();
        let seen = Arc::clone(&turns);
        client.on("work", move || {
            report(seen.load(Ordering::Relaxed));
            async {}
        });
        spawn_counter(turns);
        client.open().await.unwrap();
        let _ = stopped.await;
    };
    let client = on_one_thread(running);
    let turns: Vec<_> = (0..EVENTS).map(|_| reported.next()).collect();
    let others = turns.last().unwrap() - turns[0];
    assert!(others >= 10, "{others} turns");
    stop.send(()).unwrap();
    client.join().unwrap();
}

/// Runs this to its end, on a thread of its own that everything shares which it spawns.
fn on_one_thread(future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    std::thread::spawn(move || runtime.block_on(future))
}

/// Counts its own turns.
fn spawn_counter(turns: Arc<AtomicUsize>) {
    tokio::spawn(poll_fn(move |cx| -> Poll<()> {
        turns.fetch_add(1, Ordering::Relaxed);
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
}
