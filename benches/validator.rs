//! Is it JSON? Beside what else could say so.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]

use std::hint::black_box;

use bytestring::ByteString;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde::de::IgnoredAny;
use socketio_benches::samples::{LARGE, dense_json, text_json};
use socketio_proto::Json;

fn validate(criterion: &mut Criterion) {
    for (name, json) in [("objects", dense_json as fn(usize) -> String), ("text", text_json)] {
        let mut group = criterion.benchmark_group(format!("validate {name}"));
        for len in [1 << 10, LARGE] {
            let json = json(len);
            let shared = ByteString::from(&*json);
            group.throughput(Throughput::Bytes(json.len() as u64));
            group.bench_with_input(BenchmarkId::new("Json::new", len), &shared, |bencher, json| {
                bencher.iter(|| Json::new(black_box(json).clone()));
            });
            group.bench_with_input(BenchmarkId::new("serde_json", len), &json, |bencher, json| {
                bencher.iter(|| serde_json::from_str::<IgnoredAny>(black_box(json)));
            });
            group.bench_with_input(BenchmarkId::new("UTF-8 alone", len), &json, |bencher, json| {
                bencher.iter(|| std::str::from_utf8(black_box(json.as_bytes())).is_ok());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, validate);
criterion_main!(benches);
