//! A server on a port of its own, and clients that say exactly what they are told to.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]

mod engine;
mod http;
mod websocket;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use socketio_tokio::{Ack, Server, ServerBuilder, Socket};

pub(crate) use engine::RunningEngine;
pub(crate) use http::{ENGINE, Http, Response, SOCKET, UPGRADE, polling, sid_in};
pub(crate) use websocket::Client;

/// How long anything may take, on a machine that does many other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A Socket.IO server that runs beside the test.
pub(crate) struct Running {
    pub(crate) io: Server,
    pub(crate) address: SocketAddr,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Running {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let runtime = runtime();
        let io = settings(Server::builder()).build();
        let _main = io.of("/");
        let (listener, address) = listener();
        let serving = io.clone();
        runtime.spawn(async move { serving.serve(listener).await });
        Self { io, address, runtime }
    }

    /// A client whose WebSocket is open; it is in no namespace yet.
    pub(crate) fn open(&self) -> Client {
        Client::open(self.address)
    }

    /// A client in the main namespace.
    pub(crate) fn join(&self) -> Client {
        let mut client = self.open();
        client.join("/");
        client
    }

    pub(crate) fn http(&self) -> Http {
        Http::new(self.address)
    }

    /// Clients of the same server by another way, on which each request is reported that it has seen.
    pub(crate) fn watched(&self) -> (Http, Reports<()>) {
        let (arrived, arrivals) = reports();
        let router = axum::Router::new()
            .fallback_service(self.io.service())
            .layer(axum::middleware::map_request(move |request: axum::extract::Request| {
                arrived(());
                std::future::ready(request)
            }));
        let (listener, address) = listener();
        listener.set_nonblocking(true).unwrap();
        self.runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await
        });
        (Http::new(address), arrivals)
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let patient = async { tokio::time::timeout(PATIENCE, future).await };
        self.runtime.block_on(patient).expect("it took too long")
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

pub(crate) fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Waits until something holds that no message tells of.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What the process holds in memory, in bytes.
#[cfg(target_os = "linux")]
pub(crate) fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// What handlers report to the test.
pub(crate) fn reports<T: Send + 'static>() -> (impl Fn(T) + Clone + Send + Sync + 'static, Reports<T>) {
    let (sender, receiver) = mpsc::channel();
    let report = move |value| drop(sender.send(value));
    (report, Reports(receiver))
}

pub(crate) struct Reports<T>(mpsc::Receiver<T>);

impl<T> Reports<T> {
    pub(crate) fn next(&self) -> T {
        self.0.recv_timeout(PATIENCE).expect("nothing was reported")
    }

    pub(crate) fn so_far(&self) -> Vec<T> {
        self.0.try_iter().collect()
    }
}

/// Every socket keeps a token, in each way in which it could be kept for too long.
pub(crate) fn remember(io: &Server, token: &Arc<()>) {
    let token = Arc::clone(token);
    io.of("/")
        .on_connect(move |socket: Socket| {
            let token = Arc::clone(&token);
            async move {
                socket.data().insert(Arc::clone(&token));
                let (own, kept) = (socket.clone(), Arc::clone(&token));
                socket.on("own", move || {
                    let (_own, _kept) = (own.clone(), Arc::clone(&kept));
                    async {}
                });
                let ack = socket.emit_with_ack("never answered", ());
                tokio::task::yield_now().await;
                let own = socket.clone();
                socket.on("late", move || {
                    let (_own, _kept) = (own.clone(), Arc::clone(&token));
                    async {}
                });
                if let Ok(ack) = ack {
                    let _ = ack.await;
                }
            }
        })
        .on("nothing else?", async |ack: Ack| ack.send(()));
}
