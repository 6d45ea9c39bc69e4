//! Judging answers that are made up.

use std::time::Duration;

use serde_json::json;

use super::{Answer, Expectations, Hit, QueryResult, Validated, Validation, ValidationQuery};
use crate::qdrant::{Direction, PointId, Schema};

fn answer(scores: &[f64]) -> Answer {
    let hits = scores.iter().zip(1..).map(|(score, id)| Hit { id: PointId::Number(id), score: *score, shard_key: None }).collect();
    Answer { hits, latency: Duration::from_millis(20) }
}

fn judge(expect: &Expectations, scores: &[f64], direction: Direction) -> QueryResult {
    expect.judge("q".to_owned(), &answer(scores), direction)
}

#[test]
fn top_scores_are_better_in_the_direction_of_the_metric() {
    let expect = Expectations { top_score: Some(0.7), ..Expectations::default() };
    for (scores, higher, lower) in [
        (&[0.9, 0.1][..], true, true),
        (&[0.8, 0.75], true, false),
        (&[0.6, 0.5], false, true),
        (&[], false, false),
        (&[f64::NAN], false, false),
    ] {
        assert_eq!(judge(&expect, scores, Direction::HigherIsBetter).passed, higher, "{scores:?}");
        assert_eq!(judge(&expect, scores, Direction::LowerIsBetter).passed, lower, "{scores:?}");
    }
}

#[test]
fn each_failed_expectation_says_why() {
    let expect = Expectations {
        min_results: Some(5),
        top_score: Some(0.95),
        required_ids: vec![PointId::Number(2), PointId::Number(9)],
        max_latency_ms: Some(10.0),
    };
    let result = judge(&expect, &[0.9, 0.8], Direction::HigherIsBetter);
    assert!(!result.passed);
    let failures: Vec<_> = result.failures.iter().map(|failure| (failure.expectation.as_str(), failure.reason.as_str())).collect();
    assert_eq!(
        failures,
        [
            ("min_results", "2 results, at least 5 expected"),
            ("top_score", "the top score is 0.9, at least 0.95 expected"),
            ("required_ids", "not among the results: 9"),
            ("max_latency_ms", "answered after 20.0 ms, at most 10 ms expected"),
        ]
    );
    let met = Expectations { min_results: Some(2), max_latency_ms: Some(20.0), ..Expectations::default() };
    assert!(judge(&met, &[0.9, 0.8], Direction::HigherIsBetter).passed);
}

#[test]
fn the_direction_follows_from_the_body() {
    let params = json!({"vectors": {"near": {"size": 2, "distance": "Euclid"}, "dot": {"size": 2, "distance": "Dot"}}, "sparse_vectors": {"words": {}}});
    let schema: Schema = serde_json::from_value(json!({"params": params})).expect("a schema");
    let cases = [
        (json!({"query": [1, 2], "using": "near"}), Direction::LowerIsBetter),
        (json!({"query": {"nearest": [1, 2]}, "using": "near"}), Direction::LowerIsBetter),
        (json!({"query": 7, "using": "near"}), Direction::LowerIsBetter),
        (json!({"query": [1, 2], "using": "dot"}), Direction::HigherIsBetter),
        (json!({"query": {"indices": [1], "values": [1.0]}, "using": "words"}), Direction::HigherIsBetter),
        (json!({"query": {"fusion": "rrf"}, "using": "near"}), Direction::HigherIsBetter),
    ];
    for (body, direction) in cases {
        assert_eq!(schema.direction_of(&body), direction, "{body}");
    }
}

#[test]
fn no_queries_are_no_validation() {
    assert_eq!(Validation::of(Vec::new()).outcome, Validated::NotValidated);
    let passed = judge(&Expectations::default(), &[], Direction::HigherIsBetter);
    let failed = QueryResult { passed: false, ..passed.clone() };
    assert_eq!(Validation::of(vec![passed.clone()]).outcome, Validated::Passed);
    assert_eq!(Validation::of(vec![passed, failed]).outcome, Validated::Failed);
}

#[test]
fn queries_are_read_strictly() {
    let read = |value| serde_json::from_value::<ValidationQuery>(value);
    let query = read(json!({"query": {"text": "hello"}, "expect": {"min_results": 5, "top_score": 0.7}})).expect("a query");
    assert_eq!((query.limit, query.expect.min_results), (10, Some(5)));
    assert!(read(json!({"query": {"text": "hello"}, "expect": {"min_result": 5}})).is_err(), "a typo would expect nothing");
    assert!(read(json!({"query": {"sound": "hello"}})).is_err());
}
