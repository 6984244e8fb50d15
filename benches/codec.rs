//! From messages to packets and back.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engineio_proto::Message;
use socketio_benches::samples::{self, LARGE, SMALL_EVENT};
use socketio_proto::{Decoder, Encoded, Packet};

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    let dense = samples::event(&samples::dense_json(LARGE));
    let text = samples::event(&samples::text_json(LARGE));
    for (name, packet) in [
        ("event of 17 bytes", SMALL_EVENT),
        ("event of 16 KiB, objects", &dense),
        ("event of 16 KiB, text", &text),
    ] {
        let packet = samples::shared(packet);
        group.throughput(Throughput::Bytes(packet.len() as u64));
        group.bench_function(name, |bencher| {
            let mut decoder = Decoder::default();
            bencher.iter(|| {
                let message = Message::Text(black_box(&packet).clone());
                let Ok(Some(Packet::Event { event, args, .. })) = decoder.decode(message) else {
                    panic!("it is an event")
                };
                (event, args)
            });
        });
    }
    let messages = samples::ten_attachments();
    group.throughput(Throughput::Elements(1));
    group.bench_function("event with 10 attachments of 4 KiB", |bencher| {
        let mut decoder = Decoder::default();
        bencher.iter(|| {
            let mut packets = messages
                .iter()
                .map(|message| decoder.decode(black_box(message).clone()));
            packets
                .find_map(|packet| packet.expect("it is in order"))
                .expect("it is complete")
        });
    });
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    group.bench_function("small event", |bencher| {
        bencher.iter(|| {
            Encoded::event(
                black_box("/"),
                None,
                black_box("chat"),
                &(black_box("hello"), black_box(42)),
            )
        });
    });
    group.bench_function("small event, text alone", |bencher| {
        bencher.iter(|| Encoded::event(black_box("/"), None, black_box("chat"), &(black_box("hello"),)));
    });
    let packet = samples::event(&samples::dense_json(LARGE));
    let Ok(Some(Packet::Event { args, .. })) = Decoder::default().decode(Message::Text(packet)) else {
        panic!("it is an event")
    };
    group.bench_function("16 KiB relayed", |bencher| {
        bencher.iter(|| Encoded::event(black_box("/"), None, black_box("chat"), black_box(&args)));
    });
    group.finish();
}

criterion_group!(benches, decode, encode);
criterion_main!(benches);
