//! What reading a request costs before it can be decided, and writing another name into it afterwards; what a look at an
//! answer costs, next to copying it; and what reading along with a write costs.
//!
//! Run by `make bench ARGS=<name>`, where the name is `slot`, `path`, `grpc`, `answer` or `touched`.

use std::hint::black_box;

use bytes::{BufMut, Bytes, BytesMut};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::Method;
use pointsman::metrics::Finding;
use pointsman::protocol::hits;
use pointsman::protocol::messages::{Framed, Scan};
use pointsman::protocol::names::{Scanner, rename};
use pointsman::protocol::operations::{Hits, locate, rewritten};
use pointsman::protocol::points::touched::{Write, in_json, in_message};
use pointsman::proxy::parse::Tally;
use pointsman::routing::Salt;
use prost::Message;
use qdrant_client::qdrant;
use serde_json::json;

/// What a message arrives in: the usual size of an HTTP/2 DATA frame.
const FRAME: usize = 16 * 1024;
/// More than any write here holds.
const ROOM: usize = 1 << 20;

fn slot(criterion: &mut Criterion) {
    let salt = Salt::new("route:documents");
    let mut group = criterion.benchmark_group("slot");
    for unit in ["42", "5f0c2b52-6f1e-4a3b-9c1d-0f6a7f0a9d11"] {
        group.bench_function(BenchmarkId::new("bytes", unit.len()), |bencher| bencher.iter(|| salt.slot(black_box(unit).as_bytes())));
    }
    group.finish();
}

fn path(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("path");
    for (form, path) in [("plain", "/collections/documents/points/query"), ("odd", "//collections//docu%6Dents//points/query/")] {
        let at = locate(&Method::POST, path).and_then(|located| located.name).expect("the path names a collection").range;
        group.bench_function(BenchmarkId::new("locate", form), |bencher| bencher.iter(|| locate(&Method::POST, black_box(path))));
        group.bench_function(BenchmarkId::new("rewrite", form), |bencher| {
            bencher.iter(|| rewritten(black_box(path), Some("timeout=5"), &at, "documents_v2"));
        });
    }
    group.finish();
}

fn vector(dimensions: u16) -> Vec<f32> {
    (0..dimensions).map(|index| f32::from(index) / 7.0).collect()
}

/// About 4 KiB.
fn query() -> Vec<u8> {
    let query = qdrant::Query::new_nearest(vector(1000));
    qdrant::QueryPoints { collection_name: "documents".to_owned(), query: Some(query), limit: Some(10), ..Default::default() }
        .encode_to_vec()
}

/// About 1 MiB.
fn upsert() -> Vec<u8> {
    let point = |id: u64| qdrant::PointStruct { id: Some(id.into()), vectors: Some(vector(1024).into()), ..Default::default() };
    let points = (0..256).map(point).collect();
    qdrant::UpsertPoints { collection_name: "documents".to_owned(), wait: Some(true), points, ..Default::default() }.encode_to_vec()
}

/// The message behind its prefix, in the pieces it arrives in.
fn frames(message: &[u8]) -> Vec<Bytes> {
    let mut whole = BytesMut::with_capacity(message.len() + 5);
    whole.put_u8(0);
    whole.put_u32(length(message));
    whole.put_slice(message);
    let whole = whole.freeze();
    (0..whole.len()).step_by(FRAME).map(|start| whole.slice(start..whole.len().min(start + FRAME))).collect()
}

fn length(message: &[u8]) -> u32 {
    u32::try_from(message.len()).expect("a benchmark's message is short")
}

fn scan(message: &[u8]) -> Scanner {
    let mut scanner = Scanner::default();
    for piece in message.chunks(FRAME) {
        scanner.feed(piece).expect("prost wrote it");
    }
    scanner
}

fn grpc(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("grpc");
    for (name, message) in [("query-4KiB", query()), ("upsert-1MiB", upsert())] {
        let (held, length) = (frames(&message), length(&message));
        let found = scan(&message).found().cloned().expect("it names a collection");
        group.throughput(Throughput::Bytes(u64::from(length)));
        group.bench_function(BenchmarkId::new("scan", name), |bencher| bencher.iter(|| scan(black_box(&message))));
        group.bench_function(BenchmarkId::new("splice", name), |bencher| {
            bencher.iter(|| rename(black_box(&held), length, &found, "documents_v2").expect("it fits"));
        });
    }
    group.finish();
}

/// Ten hits with a payload of half a kilobyte each and, for the larger one, their vectors.
fn rest_answer(vectors: bool) -> Vec<u8> {
    let text = "Lorem ipsum dolor sit amet, \"consectetur\" adipiscing elit. ".repeat(8);
    let hit = |id: u64| {
        let payload = json!({"title": "A document", "text": text, "tags": ["a", "b", {"c": [1, 2, 3]}]});
        json!({"id": id, "version": 3, "score": 0.87, "payload": payload, "vector": vectors.then(|| vector(1024))})
    };
    let points: Vec<_> = (0..10).map(hit).collect();
    json!({"usage": null, "result": {"points": points}, "status": "ok", "time": 0.002}).to_string().into_bytes()
}

fn grpc_answer(vectors: bool) -> Vec<u8> {
    let text = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. ".repeat(8);
    let hit = |id: u64| qdrant::ScoredPoint {
        id: Some(id.into()),
        payload: [("text".to_owned(), text.clone().into())].into(),
        score: 0.87,
        vectors: vectors.then(|| qdrant::VectorsOutput {
            vectors_options: Some(qdrant::vectors_output::VectorsOptions::Vector(qdrant::VectorOutput {
                vector: Some(qdrant::vector_output::Vector::Dense(qdrant::DenseVector { data: vector(1024) })),
                ..Default::default()
            })),
        }),
        ..Default::default()
    };
    let message = qdrant::QueryResponse { result: (0..10).map(hit).collect(), time: 0.002, usage: None }.encode_to_vec();
    frames(&message).concat()
}

fn look_at_json(answer: &[u8]) -> Finding {
    let mut scanner = hits::in_json(Hits::Points, Tally::default());
    answer.chunks(FRAME).for_each(|piece| scanner.feed(piece).expect("it notes what it cannot read"));
    scanner.finish().expect("serde_json wrote it").into_visitor().finding()
}

fn look_at_grpc(answer: &[u8]) -> Finding {
    let mut scanner = Framed::new(hits::in_message(Hits::Points, Tally::default()), false, usize::MAX);
    answer.chunks(FRAME).for_each(|piece| scanner.feed(piece));
    scanner.finish().expect("prost wrote it").finish().expect("prost wrote it").into_visitor().finding()
}

fn answer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("answer");
    for vectors in [false, true] {
        let (rest, grpc) = (rest_answer(vectors), grpc_answer(vectors));
        let (rest_name, grpc_name) = (format!("rest-{}B", rest.len()), format!("grpc-{}B", grpc.len()));
        let mut copy = Vec::with_capacity(rest.len());
        group.throughput(Throughput::Bytes(rest.len() as u64));
        group.bench_function(BenchmarkId::new("look", &rest_name), |bencher| bencher.iter(|| look_at_json(black_box(&rest))));
        group.bench_function(BenchmarkId::new("copy", &rest_name), |bencher| {
            bencher.iter(|| {
                copy.clear();
                copy.extend_from_slice(black_box(&rest));
                black_box(copy.last().copied())
            });
        });
        group.throughput(Throughput::Bytes(grpc.len() as u64));
        group.bench_function(BenchmarkId::new("look", &grpc_name), |bencher| bencher.iter(|| look_at_grpc(black_box(&grpc))));
    }
    group.finish();
}

/// About 1 MiB of JSON: 64 points of 1 024 dimensions with a payload each.
fn upsert_json() -> Vec<u8> {
    let point = |id: u64| json!({"id": id, "vector": vector(1024), "payload": {"title": "A document", "tags": ["a", {"b": [1, 2]}]}});
    json!({"points": (0..64).map(point).collect::<Vec<_>>()}).to_string().into_bytes()
}

fn touched(criterion: &mut Criterion) {
    let (json, message) = (upsert_json(), upsert());
    let mut group = criterion.benchmark_group("touched");
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("json", |bencher| {
        bencher.iter(|| {
            let mut walker = in_json(Write::Upsert, ROOM);
            black_box(&json).chunks(FRAME).for_each(|piece| walker.feed(piece).expect("it notes what it cannot read"));
            walker.finish().expect("serde_json wrote it").touched()
        });
    });
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.bench_function("message", |bencher| {
        bencher.iter(|| {
            let mut walker = in_message(Write::Upsert, ROOM);
            black_box(&message).chunks(FRAME).for_each(|piece| walker.feed(piece).expect("prost wrote it"));
            walker.finish().expect("prost wrote it").touched()
        });
    });
    group.finish();
}

criterion_group!(benches, slot, path, grpc, answer, touched);
criterion_main!(benches);
