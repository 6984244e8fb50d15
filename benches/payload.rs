//! Polling bodies.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engineio_proto::{Payload, encode_payload};
use socketio_benches::samples;

fn payload(criterion: &mut Criterion) {
    for (name, frames) in [
        ("100 text packets", samples::text_frames()),
        ("100 packets of 1 KiB", samples::binary_frames()),
    ] {
        let mut group = criterion.benchmark_group(name);
        let body = samples::body(&frames);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("decode", |bencher| {
            bencher.iter(|| {
                let packets = Payload::new(black_box(&body).clone()).expect("it is text");
                packets
                    .map(|packet| black_box(packet).is_ok())
                    .filter(|is_ok| *is_ok)
                    .count()
            });
        });
        group.bench_function("look at", |bencher| {
            bencher.iter(|| {
                let payload = Payload::new(black_box(&body).clone()).expect("it is text");
                payload.peek().filter(|packet| black_box(packet).is_ok()).count()
            });
        });
        group.bench_function("encode", |bencher| bencher.iter(|| encode_payload(black_box(&frames))));
        group.finish();
    }
}

criterion_group!(benches, payload);
criterion_main!(benches);
