//! Whoever brings an executor: servers and clients work on any, and on none.

extern crate socketio_smol as socketio_tokio;

#[path = "../../tokio/tests/support/mod.rs"]
mod support;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use smol::future::{or, zip};
use smol::{Executor, Timer};
use socketio_smol::connect::{Direction, Packet};
use socketio_smol::{Ack, Runtime, Smol, SmolIo, SmolTimer, Task};
use support::{PATIENCE, listener};

/// A server whose handlers wait, and a client that lives through some of its heartbeats.
async fn check() {
    check_on::<Smol>().await;
}

async fn check_on<R: Runtime>() {
    let io = socketio_hyper::Server::<R>::builder()
        .ping_interval(Duration::from_millis(50))
        .build();
    io.of("/").on("double", async |number: u32, ack: Ack| {
        Timer::after(Duration::from_millis(1)).await;
        ack.send(2 * number)
    });
    let (listener, address) = listener();
    let serving = async { io.serve(listener).await.unwrap() };
    let using = async {
        use_it::<R>(address).await;
        io.close().await;
    };
    let patience = async {
        Timer::after(PATIENCE).await;
        panic!("it waits for ever");
    };
    let served = async {
        zip(serving, using).await;
    };
    or(served, patience).await;
}

/// Asks something, again and again, until the server has pinged twice.
async fn use_it<R: Runtime>(address: SocketAddr) {
    let pings = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&pings);
    let client = socketio_hyper::Client::<R>::builder(format!("http://{address}/"))
        .trace(move |direction, _, packet| {
            if let (Direction::Received, Packet::Ping(_)) = (direction, packet) {
                seen.fetch_add(1, Ordering::Relaxed);
            }
        })
        .build()
        .unwrap();
    client.open().await.unwrap();
    while pings.load(Ordering::Relaxed) < 2 {
        let answer = client.emit_with_ack("double", 21).unwrap().await.unwrap();
        assert_eq!(answer.parse::<(u32,)>().unwrap(), (42,));
    }
    assert!(client.is_connected());
    client.close().await;
}

/// smol, with an executor of one's own in place of the global one.
#[derive(Clone, Copy, Default)]
struct Mine;

static EXECUTOR: Executor<'static> = Executor::new();
static STARTED: AtomicUsize = AtomicUsize::new(0);

impl Runtime for Mine {
    type Timer = SmolTimer;
    type Listener = <Smol as Runtime>::Listener;
    type Stream = SmolIo;

    fn timer(&self) -> SmolTimer {
        Smol.timer()
    }

    fn spawn(&self, task: Task) {
        STARTED.fetch_add(1, Ordering::Relaxed);
        EXECUTOR.spawn(task).detach();
    }

    fn listen(&self, listener: TcpListener) -> io::Result<Self::Listener> {
        Smol.listen(listener)
    }

    async fn accept(&self, listener: &Self::Listener) -> io::Result<(SmolIo, SocketAddr)> {
        Smol.accept(listener).await
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<SmolIo> {
        Smol.connect(host, port).await
    }
}

/// Several threads that share an executor, and nothing else.
fn on_threads<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
    let executor = Arc::new(Executor::new());
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let threads = [0; 3].map(|_| {
        let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
        thread::spawn(move || smol::block_on(executor.run(stopped.recv())))
    });
    let result = smol::future::block_on(executor.spawn(task));
    drop(stop);
    for thread in threads {
        assert!(thread.join().is_ok());
    }
    result
}

#[test]
fn a_future_that_a_thread_blocks_on() {
    smol::block_on(check());
}

#[test]
fn a_thread_that_knows_nothing_of_the_reactor() {
    smol::future::block_on(check());
}

#[test]
fn a_task_of_the_global_executor() {
    smol::block_on(smol::spawn(check()));
}

#[test]
fn an_executor_of_ones_own_with_several_threads() {
    on_threads(check());
}

#[test]
fn sessions_on_an_executor_of_ones_own() {
    smol::block_on(EXECUTOR.run(check_on::<Mine>()));
    assert!(
        STARTED.load(Ordering::Relaxed) >= 3,
        "a connection, a session, a client"
    );
}

#[test]
fn an_executor_of_one_thread() {
    let executor = smol::LocalExecutor::new();
    smol::block_on(executor.run(executor.spawn(check())));
}

#[test]
fn another_runtime_altogether() {
    support::runtime().block_on(check());
}
