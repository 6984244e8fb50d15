//! What comes while a session is in the middle of a turn.

mod support;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Condvar, Mutex};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use socketio_hyper::{EngineServer, EngineSocket, Runtime, Task};
use socketio_tokio::Tokio;
use support::{Client, PATIENCE};

#[test]
fn a_websocket_that_comes_in_the_middle_of_a_turn_is_told_all_that_the_turn_says() {
    let runtime = support::runtime();
    let server = EngineServer::<Eager>::builder().build();
    server.on_connect(|_: EngineSocket| {
        STAGE.reach(Stage::Begun);
        STAGE.wait_for(Stage::Requested);
        async {}
    });
    let router =
        axum::Router::new()
            .fallback_service(server.service())
            .layer(from_fn(async |request: Request, next: Next| {
                let mut response = pin!(next.run(request));
                poll_fn(|cx| {
                    let response = response.as_mut().poll(cx);
                    STAGE.reach(Stage::Requested);
                    response
                })
                .await
            }));
    let (listener, address) = support::listener();
    listener.set_nonblocking(true).unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, router).await
    });
    let client = Client::open_at(address, "/engine.io/?EIO=4&transport=websocket"); // which waits for the open packet
    assert!(!client.sid.is_empty());
}

/// How far the session has come.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Stage {
    Asked,
    /// Its first turn is at the connect handler.
    Begun,
    /// It was handed the request.
    Requested,
}

struct Progress(Mutex<Stage>, Condvar);

static STAGE: Progress = Progress(Mutex::new(Stage::Asked), Condvar::new());

impl Progress {
    fn reach(&self, stage: Stage) {
        *self.0.lock().unwrap() = stage;
        self.1.notify_all();
    }

    fn wait_for(&self, stage: Stage) {
        let reached = self.0.lock().unwrap();
        let (reached, _) = self
            .1
            .wait_timeout_while(reached, PATIENCE, |reached| *reached < stage)
            .unwrap();
        assert!(*reached >= stage, "{stage:?} was not reached");
    }
}

/// tokio, but a session's task begins at once, on a thread of its own, and comes to the middle of its first turn before the request that
/// opened the session goes on.
#[derive(Clone, Default)]
struct Eager(Tokio);

impl Runtime for Eager {
    type Timer = <Tokio as Runtime>::Timer;
    type Listener = <Tokio as Runtime>::Listener;
    type Stream = <Tokio as Runtime>::Stream;

    fn timer(&self) -> Self::Timer {
        self.0.timer()
    }

    fn spawn(&self, task: Task) {
        let runtime = tokio::runtime::Handle::current();
        std::thread::spawn(move || runtime.block_on(task));
        STAGE.wait_for(Stage::Begun);
    }

    fn listen(&self, listener: std::net::TcpListener) -> io::Result<Self::Listener> {
        self.0.listen(listener)
    }

    async fn accept(&self, listener: &Self::Listener) -> io::Result<(Self::Stream, SocketAddr)> {
        self.0.accept(listener).await
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Self::Stream> {
        self.0.connect(host, port).await
    }
}
