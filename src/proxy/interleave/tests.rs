//! What can be interleaved, what is read and written, and which arm waits for which.

use bytes::{BufMut, Bytes, BytesMut};
use proptest::prelude::*;
use prost::Message;
use qdrant_client::qdrant::query::Variant;
use qdrant_client::qdrant::vector_output::Vector;
use qdrant_client::qdrant::{self, PrefetchQueryBuilder, Query, QueryPointsBuilder, SearchPointsBuilder};
use serde_json::{Value, json};

use super::fit::{json as by_json, message as by_message};
use super::merge::{hits, with};
use super::*;
use crate::metrics::NotInterleaved;
use crate::metrics::NotInterleaved::{Limit, Offset, Query as NoPlainQuery, ScoreThreshold};
use crate::protocol::hits::{Form, Hit};
use crate::protocol::operations::Hits;
use crate::protocol::points::PointId;

fn query(body: &Value) -> Result<usize, NotInterleaved> {
    by_json(body.to_string().as_bytes(), Hits::Points)
}

fn search(body: &Value) -> Result<usize, NotInterleaved> {
    by_json(body.to_string().as_bytes(), Hits::List)
}

#[test]
fn a_plain_query_fits() {
    let nearest = [
        json!([1.0, 2.0]),
        json!([[1.0], [2.0]]),
        json!(7),
        json!("6f0c1b3a-9a1f-4f4e-8f38-0a4b5c6d7e8f"),
        json!({"nearest": [1.0]}),
        json!({"indices": [1], "values": [0.5]}),
        json!({"text": "a", "model": "qdrant/bm25"}),
    ];
    for nearest in nearest {
        assert_eq!(query(&json!({"query": nearest})), Ok(10), "{nearest}");
    }
    let rich = json!({
        "query": [1.0], "using": "image", "limit": 100, "offset": 0, "score_threshold": null, "prefetch": null, "with_payload": true,
        "with_vector": ["image"], "filter": {"must": [{"key": "score_threshold", "match": {"value": 1}}]}, "params": {"exact": true},
        "shard_key": "a", "lookup_from": {"collection": "other"},
    });
    assert_eq!(query(&rich), Ok(100));
    assert_eq!(search(&json!({"vector": {"name": "image", "vector": [1.0]}, "limit": 3})), Ok(3));
    assert_eq!(search(&json!({"vector": [1.0], "top": 3})), Ok(3));
}

#[test]
fn what_does_not_fit_says_why() {
    let with = |field: &str, value: Value| {
        let mut body = json!({"query": [1.0], "limit": 5});
        body[field] = value;
        query(&body)
    };
    assert_eq!(with("score_threshold", json!(0.5)), Err(ScoreThreshold));
    assert_eq!(with("offset", json!(10)), Err(Offset));
    for limit in [json!(0), json!(101), json!(-1), json!(1.5), json!("5")] {
        assert_eq!(with("limit", limit.clone()), Err(Limit), "{limit}");
    }
    let others = [
        json!({"fusion": "rrf"}),
        json!({"recommend": {"positive": [1]}}),
        json!({"order_by": "price"}),
        json!({"sample": "random"}),
        json!({"formula": {"sum": [1]}}),
        json!({"nearest": [1.0], "mmr": {"diversity": 0.5}}),
        json!(null),
    ];
    for other in others {
        assert_eq!(with("query", other.clone()), Err(NoPlainQuery), "{other}");
    }
    assert_eq!(with("prefetch", json!([{"query": [1.0]}])), Err(NoPlainQuery));
    assert_eq!(with("something_new", json!(1)), Err(NoPlainQuery), "nobody knows what it does");
    assert_eq!(search(&json!({"vector": [1.0]})), Err(Limit), "the older search has no usual limit");
    for text in ["", "[]", "{", "{\"query\": [1.0]", "null", "\u{0}"] {
        assert_eq!(by_json(text.as_bytes(), Hits::Points), Err(NoPlainQuery), "{text}");
    }
}

#[test]
fn messages_are_told_apart_as_bodies_are() {
    let query = |builder: QueryPointsBuilder| by_message(builder.build().encode_to_vec().into(), Hits::Points);
    let plain = || QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 2.0]));
    assert_eq!(query(plain()), Ok(10));
    assert_eq!(query(plain().limit(100).offset(0).with_payload(true)), Ok(100));
    assert_eq!(query(plain().limit(101)), Err(Limit));
    assert_eq!(query(plain().offset(1)), Err(Offset));
    assert_eq!(query(plain().score_threshold(0.0)), Err(ScoreThreshold), "zero was said");
    assert_eq!(query(plain().add_prefetch(PrefetchQueryBuilder::default())), Err(NoPlainQuery));
    assert_eq!(query(QueryPointsBuilder::new("docs")), Err(NoPlainQuery), "it is a scroll");
    let fusion = Query { variant: Some(Variant::Fusion(0)) };
    assert_eq!(query(QueryPointsBuilder::new("docs").query(fusion)), Err(NoPlainQuery));
    let search = |builder: SearchPointsBuilder| by_message(builder.build().encode_to_vec().into(), Hits::List);
    assert_eq!(search(SearchPointsBuilder::new("docs", vec![1.0], 7)), Ok(7));
    assert_eq!(search(SearchPointsBuilder::new("docs", vec![1.0], 7).score_threshold(0.1)), Err(ScoreThreshold));
    assert_eq!(by_message(Bytes::from_static(b"\xff\xff"), Hits::Points), Err(NoPlainQuery));
}

/// An answer with a payload full of text that would mislead a careless reader.
fn answer(hits: Hits, ids: &[u64]) -> Bytes {
    let hit = |id: &u64| json!({"id": id, "version": 3, "score": 0.1, "payload": {"id": 99, "points": [{"id": 1}], "t": "\"}],{["}});
    let list: Vec<Value> = ids.iter().map(hit).collect();
    let result = if hits == Hits::Points { json!({"points": list, "next": null}) } else { json!(list) };
    json!({"usage": {"cpu": 7}, "result": result, "status": "ok", "time": 0.25}).to_string().into()
}

fn message(ids: &[u64]) -> Bytes {
    let vectors = Some(qdrant::VectorsOutput {
        vectors_options: Some(qdrant::vectors_output::VectorsOptions::Vector(qdrant::VectorOutput {
            vector: Some(Vector::Dense(qdrant::DenseVector { data: vec![0.5; 4] })),
            ..Default::default()
        })),
    });
    let point =
        |id: &u64| qdrant::ScoredPoint { id: Some((*id).into()), score: 0.5, version: 3, vectors: vectors.clone(), ..Default::default() };
    let response = qdrant::QueryResponse { result: ids.iter().map(point).collect(), time: 0.25, usage: Some(qdrant::Usage::default()) };
    let mut out = BytesMut::new();
    out.put_u8(0);
    out.put_u32(u32::try_from(response.encoded_len()).expect("it is short"));
    response.encode(&mut out).expect("there is room");
    out.freeze()
}

fn ids(hits: &[Hit]) -> Vec<PointId> {
    hits.iter().map(|hit| hit.id).collect()
}

#[test]
fn hits_are_exchanged_and_nothing_else_is() {
    for form in [Form::Json(Hits::Points), Form::Json(Hits::List), Form::Message(Hits::Points), Form::Message(Hits::List)] {
        let of = |ids: &[u64]| match form {
            Form::Json(place) => answer(place, ids),
            Form::Message(_) => message(ids),
        };
        let (own, other) = (hits(form, &of(&[1, 2, 3])).expect("an answer"), hits(form, &of(&[4, 5])).expect("an answer"));
        assert_eq!(ids(&own), [1, 2, 3].map(PointId::Number));
        let merged = with(form, &of(&[1, 2, 3]), &[&other[0], &own[0], &own[2]]).expect("an answer");
        assert_eq!(merged, of(&[4, 1, 3]), "{form:?}");
        assert_eq!(with(form, &of(&[1]), &[]).and_then(|none| hits(form, &none)), Some(Vec::new()));
    }
}

#[test]
fn ids_are_the_same_by_either_protocol() {
    const ID: &str = "6f0c1b3a-9a1f-4f4e-8f38-0a4b5c6d7e8f";
    let text = Bytes::from(json!({"result": [{"id": ID}]}).to_string());
    let response =
        qdrant::SearchResponse { result: vec![qdrant::ScoredPoint { id: Some(ID.into()), ..Default::default() }], ..Default::default() };
    let message = response.encode_to_vec();
    let frame = Bytes::from([&[0], &u32::try_from(message.len()).expect("short").to_be_bytes()[..], &message].concat());
    let by_json = ids(&hits(Form::Json(Hits::List), &text).expect("an answer"));
    assert_eq!(by_json, ids(&hits(Form::Message(Hits::List), &frame).expect("an answer")));
}

#[test]
fn what_is_no_answer_is_not_read() {
    for text in
        ["", "{}", "[]", r#"{"result":null}"#, r#"{"result":[{"score":1}]}"#, r#"{"result":[{"id":-1}]}"#, r#"{"status":{"error":"x"}}"#]
    {
        let text = Bytes::from_static(text.as_bytes());
        assert_eq!(hits(Form::Json(Hits::List), &text), None, "{text:?}");
        assert_eq!(hits(Form::Json(Hits::Points), &text), None, "{text:?}");
    }
    let whole = message(&[1, 2]);
    assert_eq!(hits(Form::Message(Hits::List), &whole.slice(..whole.len() - 1)), None, "broken off");
    let mut flagged = BytesMut::from(whole.as_ref());
    flagged[0] = 1;
    assert_eq!(hits(Form::Message(Hits::List), &flagged.freeze()), None, "compressed");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut: prop::sample::Index) {
        for place in [Hits::Points, Hits::List] {
            let broken = [&answer(place, &[1, 2])[..cut.index(100)], &bytes].concat();
            for bytes in [Bytes::from(broken), Bytes::from(bytes.clone())] {
                let wanted = [by_json(&bytes, place), by_message(bytes.clone(), place)];
                prop_assert!(wanted.into_iter().flatten().all(|wanted| (1..=100).contains(&wanted)));
                for form in [Form::Json(place), Form::Message(place)] {
                    if let Some(found) = hits(form, &bytes) {
                        let same = with(form, &bytes, &found.iter().collect::<Vec<_>>());
                        prop_assert_eq!(same.and_then(|same| hits(form, &same)), Some(found));
                    }
                }
            }
        }
    }
}

/// Returns `what` after this many polls of the runtime.
async fn after<T>(turns: usize, what: T) -> T {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    what
}

#[tokio::test]
async fn both_are_awaited_and_the_other_one_not_for_ever() {
    const LONG: Duration = Duration::from_secs(3_600);
    let worth = |_: &&str| true;
    assert_eq!(together(after(5, "own"), after(1, Some("other")), worth, PARTNER).await, ("own", Some("other")), "it was there first");
    assert_eq!(together(after(1, "own"), after(5, Some("other")), worth, LONG).await, ("own", Some("other")), "it came a little later");
    assert_eq!(together(after(1, "own"), std::future::pending::<Option<()>>(), worth, PARTNER).await, ("own", None), "it never came");
    assert_eq!(together(after(5, "own"), after(1, None::<()>), worth, PARTNER).await, ("own", None), "it failed");
}

#[tokio::test]
async fn nobody_waits_where_there_is_nothing_to_merge() {
    for (worth, least, most) in [(false, 1, 1), (true, 2, usize::MAX)] {
        let mut asked = 0;
        let other = poll_fn(|_| {
            asked += 1;
            Poll::<Option<()>>::Pending
        });
        assert_eq!(together(std::future::ready("own"), other, |_| worth, PARTNER).await, ("own", None));
        assert!((least..=most).contains(&asked), "asked {asked} times");
    }
}
