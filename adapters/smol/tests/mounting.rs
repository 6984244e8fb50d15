//! The server inside of another one, and on bare hyper.

extern crate socketio_smol as socketio_tokio;

#[path = "../../tokio/tests/support/mod.rs"]
mod support;

use std::net::SocketAddr;

use smol::Async;
use socketio_smol::hyper::server::conn::http1;
use socketio_smol::hyper::service::service_fn;
use socketio_smol::{Ack, Runtime, Server, Smol, SmolIo, Socket, serve};
use support::{Client, Http, PATIENCE, listener, reports};
use tower_service::Service;

fn server() -> Server {
    let io = Server::new();
    io.of("/").on("nothing else?", async |ack: Ack| ack.send(()));
    io
}

/// Both transports work at this address, and nothing else.
fn check(address: SocketAddr) {
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
fn a_router_is_served_with_the_address_of_its_clients() {
    let io = server();
    let (report, reported) = reports();
    io.of("/").on_connect(move |socket: Socket| {
        report(socket.handshake().address());
        async {}
    });
    let router = axum::Router::new()
        .route("/hello", axum::routing::get(async || "hello"))
        .fallback_service(io.service());
    let (listener, address) = listener();
    listener.set_nonblocking(true).unwrap();
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let (done, is_done) = reports();
    smol::spawn(async move {
        let listener = Smol.listen(listener).unwrap();
        let stopped = async move {
            let _ = stopped.recv().await;
        };
        serve(&Smol, listener, router, stopped, PATIENCE).await;
        done(());
    })
    .detach();
    assert_eq!(Http::new(address).get("/hello").body, "hello");
    check(address);
    assert!(reported.next().unwrap().ip().is_loopback());
    drop(stop);
    is_done.next();
}

#[test]
fn bare_hyper_serves_it() {
    let io = server();
    let (listener, address) = listener();
    smol::spawn(async move {
        let listener = Async::new(listener).unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = io.service();
            let connection = http1::Builder::new()
                .serve_connection(
                    SmolIo::new(stream.into_inner().unwrap()).unwrap(),
                    service_fn(move |request| service.clone().call(request)),
                )
                .with_upgrades();
            smol::spawn(connection).detach();
        }
    })
    .detach();
    check(address);
}
