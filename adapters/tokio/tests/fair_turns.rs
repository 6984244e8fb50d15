//! One thread for everybody: a session with much to do leaves some time to others.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use socketio_tokio::Server;
use support::{Http, listener, reports};

#[test]
fn others_get_their_turn_between_the_events_of_one_body() {
    const EVENTS: usize = 5_000;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
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
        tokio::spawn(std::future::poll_fn(move |cx| -> Poll<()> {
            turns.fetch_add(1, Ordering::Relaxed);
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        let _ = stopped.await;
    };
    let server = std::thread::spawn(move || runtime.block_on(serving));
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
