//! Rooms, and what a broadcast costs for each of those it reaches. Elements are deliveries: time by element is what must not grow.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use socketio_benches::{Lobby, WebSocket};
use socketio_proto::Encoded;
use socketio_proto::server::hub::Target;

fn members(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("members of a room");
    let target = Target::everyone().to("lobby");
    for members in [10, 100, 1_000, 10_000] {
        let lobby = Lobby::of(members);
        group.throughput(Throughput::Elements(members as u64));
        group.bench_with_input(BenchmarkId::from_parameter(members), &lobby, |bencher, lobby| {
            bencher.iter(|| {
                let members = lobby.namespace.members(black_box(&target));
                members.map(|member| *member.value).sum::<usize>()
            });
        });
    }
    group.finish();
}

fn broadcast(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("broadcast to a room");
    let target = Target::everyone().to("lobby");
    for members in [10, 100, 1_000, 10_000] {
        let lobby = Lobby::of(members);
        let mut clients: Vec<_> = (0..members).map(|_| WebSocket::open()).collect();
        group.throughput(Throughput::Elements(members as u64));
        group.bench_function(BenchmarkId::from_parameter(members), |bencher| {
            bencher.iter(|| {
                let packet = Encoded::event("/", None, "news", &("the kettle boils",)).expect("it is JSON");
                for member in lobby.namespace.members(black_box(&target)) {
                    black_box(clients[*member.value].deliver(&packet));
                }
            });
        });
    }
    group.finish();
}

fn rooms(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rooms of one socket");
    for rooms in [1, 10, 100, 1_000] {
        let names: Vec<_> = (0..rooms).map(|room| format!("room-{room}")).collect();
        group.throughput(Throughput::Elements(rooms));
        group.bench_function(BenchmarkId::new("join and leave each of", rooms), |bencher| {
            let mut lobby = Lobby::of(2);
            bencher.iter(|| {
                for name in &names {
                    lobby.namespace.join(lobby.keys[0], name).expect("it may");
                }
                for name in &names {
                    lobby.namespace.leave(lobby.keys[0], name);
                }
            });
        });
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("one more than", rooms), |bencher| {
            let mut lobby = Lobby::of(2);
            for name in &names {
                lobby.namespace.join(lobby.keys[0], name).expect("it may");
            }
            bencher.iter(|| {
                lobby.namespace.join(lobby.keys[0], "one more").expect("it may");
                lobby.namespace.leave(lobby.keys[0], "one more")
            });
        });
    }
    group.finish();
}

fn arrivals(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("members come and go");
    for members in [10, 1_000] {
        group.throughput(Throughput::Elements(members));
        group.bench_function(BenchmarkId::from_parameter(members), |bencher| {
            bencher.iter_batched(
                || (),
                |()| {
                    let Lobby { mut namespace, keys } = Lobby::of(members as usize);
                    for key in keys {
                        namespace.remove(key);
                    }
                    namespace
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, members, broadcast, rooms, arrivals);
criterion_main!(benches);
