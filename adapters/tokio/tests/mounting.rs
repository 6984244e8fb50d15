//! The server inside of another one, and on bare hyper.

mod support;

use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use socketio_tokio::hyper::server::conn::http1;
use socketio_tokio::{Ack, Runtime, Server, Tokio, serve};
use support::{Client, Http, PATIENCE, listener, runtime};

fn server() -> Server {
    let io = Server::new();
    io.of("/").on("nothing else?", async |ack: Ack| ack.send(()));
    io
}

/// Both transports and the passage between them work at this address.
fn check(address: std::net::SocketAddr) {
    let mut client = Client::open(address);
    client.join("/");
    client.expect_nothing();
    let http = Http::new(address);
    let sid = http.open();
    assert_eq!(http.post(&sid, "40").body, "ok");
    assert!(http.poll(&sid).body.starts_with("40"));
    assert_eq!(http.get("/elsewhere/").status, 404);
}

#[test]
fn it_is_the_fallback_of_an_axum_router() {
    let (io, runtime) = (server(), runtime());
    let router = axum::Router::new()
        .route("/hello", axum::routing::get(async || "hello"))
        .fallback_service(io.service());
    let (listener, address) = listener();
    listener.set_nonblocking(true).unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, router).await
    });
    assert_eq!(Http::new(address).get("/hello").body, "hello");
    check(address);
}

#[test]
fn a_router_is_served_with_the_address_of_its_clients() {
    let (io, runtime) = (server(), runtime());
    let (report, reported) = support::reports();
    io.of("/").on_connect(move |socket: socketio_tokio::Socket| {
        report(socket.handshake().address());
        async {}
    });
    let router = axum::Router::new().fallback_service(io.service());
    let (listener, address) = listener();
    listener.set_nonblocking(true).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = runtime.spawn(async move {
        let listener = Tokio.listen(listener).unwrap();
        let stopped = async move { drop(stopped.await) };
        serve(&Tokio, listener, router, stopped, PATIENCE).await;
    });
    check(address);
    assert!(reported.next().unwrap().ip().is_loopback());
    drop(stop);
    runtime
        .block_on(async { tokio::time::timeout(PATIENCE, served).await })
        .unwrap()
        .unwrap();
}

#[test]
fn bare_hyper_serves_it() {
    let (io, runtime) = (server(), runtime());
    let (listener, address) = listener();
    listener.set_nonblocking(true).unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let connection = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(io.service()))
                .with_upgrades();
            tokio::spawn(connection);
        }
    });
    check(address);
}
