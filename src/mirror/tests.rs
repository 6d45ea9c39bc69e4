//! Answers of both protocols are read, and messages renamed.

use std::io::Write;

use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use prost::Message;
use qdrant_client::qdrant::{
    BatchResult, GroupsResult, PointGroup, PointId, QueryPoints, ScoredPoint, SearchBatchResponse, SearchGroupsResponse, SearchResponse,
    Value,
};
use serde_json::json;

use super::answer::{Unreadable, read};
use super::lists::List;
use super::shape::Shape;
use super::wire;
use crate::live::Question;
use crate::protocol::Protocol;
use crate::protocol::operations::Hits;
use crate::stats::ranking::PointKey;
use crate::stats::shadow::MAX_PAYLOAD_BYTES;

const UUID: &str = "2b7c1a5e-6f0d-4c3b-9a8e-0d1f2e3c4b5a";

fn shape(protocol: Protocol, hits: Hits) -> Shape {
    Shape { protocol, hits, depth: 10, payloads: true, limit: 1 << 20 }
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("memory");
    encoder.finish().expect("memory").into()
}

fn headers(name: &'static str, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static(name), http::HeaderValue::from_static(value))])
}

fn frame(flag: u8, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(flag);
    frame.put_u32(u32::try_from(message.len()).expect("small"));
    frame.put_slice(message);
    frame.freeze()
}

fn rest(hits: Hits, result: &serde_json::Value) -> Result<Vec<List>, Unreadable> {
    let text = json!({"result": result, "status": "ok", "time": 0.01, "usage": null}).to_string();
    // In pieces, as answers come.
    let (front, back) = text.as_bytes().split_at(text.len() / 2);
    read(shape(Protocol::Rest, hits), &HeaderMap::new(), &[Bytes::copy_from_slice(front), Bytes::copy_from_slice(back)])
}

fn keys(list: &List) -> Vec<PointKey> {
    list.hits.iter().map(|hit| hit.id).collect()
}

/// The ids in [`first`] and [`second`], in either protocol.
fn expected() -> Vec<PointKey> {
    vec![PointKey::of_number(7), PointKey::of_uuid(UUID.parse::<uuid::Uuid>().expect("a UUID").as_bytes())]
}

fn json_points() -> serde_json::Value {
    json!([
        {"id": 7, "version": 1, "score": 0.5, "payload": {"colour": "red"}, "vector": [0.1, 0.2]},
        {"id": UUID, "version": 2, "score": -0.25, "payload": null},
    ])
}

fn points() -> Vec<ScoredPoint> {
    let payload = [("colour".to_owned(), Value::from("red"))].into();
    vec![
        ScoredPoint { id: Some(PointId::from(7)), score: 0.5, payload, ..ScoredPoint::default() },
        ScoredPoint { id: Some(PointId::from(UUID)), score: -0.25, ..ScoredPoint::default() },
    ]
}

#[test]
fn lists_are_found_wherever_an_operation_has_them() {
    let points = json_points();
    for (hits, result, lists) in [
        (Hits::List, points.clone(), 1),
        (Hits::Points, json!({"points": points}), 1),
        (Hits::Lists, json!([points, []]), 2),
        (Hits::PointsLists, json!([{"points": points}, {"points": []}]), 2),
        (Hits::Groups, json!({"groups": [{"id": "a", "hits": [points[0]]}, {"id": 2, "hits": [points[1]]}]}), 1),
    ] {
        let found = rest(hits, &result).expect("readable");
        assert_eq!(found.len(), lists, "{hits:?}");
        assert_eq!(keys(&found[0]), expected(), "{hits:?}");
        let first = &found[0].listed[0];
        assert_eq!((first.id.as_str(), first.score, &first.payload), ("7", Some(0.5), &Some(json!({"colour": "red"}))), "{hits:?}");
        assert_eq!(found[0].listed[1].payload, None);
    }
}

#[test]
fn protobuf_says_the_same_as_json() {
    let points = points();
    let list = SearchResponse { result: points.clone(), ..SearchResponse::default() }.encode_to_vec();
    let batch = |result| BatchResult { result };
    let lists =
        SearchBatchResponse { result: vec![batch(points.clone()), batch(vec![])], ..SearchBatchResponse::default() }.encode_to_vec();
    let group = |hit: &ScoredPoint| PointGroup { hits: vec![hit.clone()], ..PointGroup::default() };
    let groups = SearchGroupsResponse {
        result: Some(GroupsResult { groups: points.iter().map(group).collect() }),
        ..SearchGroupsResponse::default()
    };
    for (hits, message, json) in [
        (Hits::List, list.clone(), json_points()),
        (Hits::Points, list, json!({"points": json_points()})),
        (Hits::Lists, lists.clone(), json!([json_points(), []])),
        (Hits::PointsLists, lists, json!([{"points": json_points()}, {"points": []}])),
        (Hits::Groups, groups.encode_to_vec(), json!({"groups": [{"hits": json_points()}]})),
    ] {
        let plain = read(shape(Protocol::Grpc, hits), &HeaderMap::new(), &[frame(0, &message)]);
        let zipped = read(shape(Protocol::Grpc, hits), &headers("grpc-encoding", "gzip"), &[frame(1, &gzip(&message))]);
        assert_eq!(plain, rest(hits, &json), "{hits:?}");
        assert_eq!(zipped, plain, "{hits:?}");
    }
}

#[test]
fn compressed_answers_are_read_as_far_as_they_are_gzip_and_small() {
    let text = json!({"result": {"points": json_points()}}).to_string();
    let zipped = [gzip(text.as_bytes())];
    let found = read(shape(Protocol::Rest, Hits::Points), &headers("content-encoding", "gzip"), &zipped).expect("readable");
    assert_eq!(keys(&found[0]), expected());
    let small = Shape { limit: 32, ..shape(Protocol::Rest, Hits::Points) };
    for (shape, coding) in [(small, "gzip"), (shape(Protocol::Rest, Hits::Points), "br")] {
        assert_eq!(read(shape, &headers("content-encoding", coding), &zipped), Err(Unreadable), "{coding}");
    }
}

#[test]
fn what_is_not_qdrants_answer_is_unreadable() {
    for text in ["", "null", "[]", "{\"result\":{\"points\":[{\"score\":1}]}}", "{\"result\":{\"points\":["] {
        let found = read(shape(Protocol::Rest, Hits::Points), &HeaderMap::new(), &[Bytes::from(text)]);
        assert_eq!(found, Err(Unreadable), "{text}");
    }
    for bytes in [&b""[..], b"\0\0\0\0\x09abc", b"\x07\0\0\0\0", b"\x01\0\0\0\x01a", b"\0\0\0\0\x02\x0a\x7f"] {
        let found = read(shape(Protocol::Grpc, Hits::Points), &HeaderMap::new(), &[Bytes::copy_from_slice(bytes)]);
        assert_eq!(found, Err(Unreadable), "{bytes:?}");
    }
}

#[test]
fn payloads_are_kept_only_where_wanted_and_small() {
    let long = "x".repeat(MAX_PAYLOAD_BYTES);
    let result =
        json!({"points": [{"id": 1, "score": 1.0, "payload": {"text": long}}, {"id": 2, "score": 0.9, "payload": {"text": "short"}}]});
    let found = rest(Hits::Points, &result).expect("readable");
    assert_eq!(found[0].listed[0].payload, None);
    assert!(found[0].listed[1].payload.is_some());
    let text = json!({"result": result}).to_string();
    let bare = Shape { payloads: false, depth: 1, ..shape(Protocol::Rest, Hits::Points) };
    let found = read(bare, &HeaderMap::new(), &[Bytes::from(text)]).expect("readable");
    assert!(found[0].hits.len() == 2 && found[0].listed.len() == 1 && found[0].listed[0].payload.is_none());
}

#[test]
fn a_message_asks_another_collection_and_is_the_same_otherwise() {
    let query = QueryPoints { collection_name: "docs".to_owned(), limit: Some(3), ..QueryPoints::default() };
    let message = query.encode_to_vec();
    for (headers, body) in [(HeaderMap::new(), frame(0, &message)), (headers("grpc-encoding", "gzip"), frame(1, &gzip(&message)))] {
        let (front, back) = body.split_at(4);
        let question = Question {
            protocol: Protocol::Grpc,
            method: http::Method::POST,
            uri: http::Uri::from_static("/qdrant.Points/Query"),
            headers,
            body: [Bytes::copy_from_slice(front), Bytes::copy_from_slice(back)].into_iter().collect(),
            asked: std::time::SystemTime::UNIX_EPOCH,
        };
        assert_eq!(wire::message(&question, None, 1 << 20).expect("as it is"), body);
        let renamed = wire::message(&question, Some("docs_with_a_longer_name"), 1 << 20).expect("a name to change");
        let plain = wire::unframed(&HeaderMap::new(), &[renamed], 1 << 20).expect("one frame");
        let expected = QueryPoints { collection_name: "docs_with_a_longer_name".to_owned(), ..query.clone() };
        assert_eq!(QueryPoints::decode(plain).expect("protobuf"), expected);
    }
}
