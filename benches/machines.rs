//! Sessions from beginning to end, without I/O.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use socketio_benches::{Pair, Polling, WebSocket, samples};

/// How often each session echoes.
const ECHOES: usize = 100;

fn sessions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("session");
    let packet = samples::shared(r#"427["echo","hello"]"#);
    group.bench_function("WebSocket: handshake, 100 echoes, close", |bencher| {
        bencher.iter(|| {
            let mut client = WebSocket::open();
            for _ in 0..ECHOES {
                black_box(client.echo(packet.clone()));
            }
            client.close();
        });
    });
    group.bench_function("handshake, upgrade, 100 echoes, close", |bencher| {
        bencher.iter(|| Polling::open().upgrade_and_echo(&packet, ECHOES));
    });
    group.bench_function("polling: handshake, 100 echoes, close", |bencher| {
        let body = Bytes::from(r#"427["echo","hello"]"#);
        bencher.iter(|| {
            let mut client = Polling::open();
            for _ in 0..ECHOES {
                black_box(client.echo(body.clone()));
            }
            client.close();
        });
    });
    group.bench_function("handshake and close", |bencher| {
        bencher.iter(|| WebSocket::open().close());
    });
    group.finish();
}

fn echoes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("echo");
    group.bench_function("server, WebSocket", |bencher| {
        let mut client = WebSocket::open();
        let packet = samples::shared(r#"427["echo","hello"]"#);
        bencher.iter(|| client.echo(black_box(&packet).clone()));
    });
    group.bench_function("server, WebSocket, 16 KiB relayed", |bencher| {
        let mut client = WebSocket::open();
        let packet = samples::shared(&format!(r#"427["echo",{}]"#, samples::dense_json(samples::LARGE)));
        bencher.iter(|| client.echo(black_box(&packet).clone()));
    });
    group.bench_function("server, polling", |bencher| {
        let mut client = Polling::open();
        let body = Bytes::from(r#"427["echo","hello"]"#);
        bencher.iter(|| client.echo(black_box(&body).clone()));
    });
    group.bench_function("client and server, WebSocket", |bencher| {
        let mut pair = Pair::open();
        bencher.iter(|| pair.echo(black_box(7), black_box("hello")));
    });
    group.finish();
}

criterion_group!(benches, sessions, echoes);
criterion_main!(benches);
