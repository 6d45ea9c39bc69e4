//! Judging answers that are made up.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Expectations, Hit, QueryResult, TopScore, Usual, Validated, Validation, ValidationQuery};
use crate::protocol::points::PointId;
use crate::qdrant::{Direction, Schema};

fn answer(scores: &[f64]) -> Answer {
    let hits = scores.iter().zip(1..).map(|(score, id)| Hit { id: PointId::Number(id), score: *score, shard_key: None }).collect();
    Answer { hits, latency: Duration::from_millis(20) }
}

fn judge(expect: &Expectations, scores: &[f64], direction: Direction) -> QueryResult {
    judge_by(expect, scores, direction, Usual { min_results: 0, top_score: None })
}

fn judge_by(expect: &Expectations, scores: &[f64], direction: Direction, usual: Usual) -> QueryResult {
    expect.judge("q".to_owned(), &answer(scores), direction, usual)
}

#[test]
fn top_scores_are_better_in_the_direction_of_the_metric() {
    let expect = Expectations { top_score: TopScore::Bound(0.7), ..Expectations::default() };
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
        top_score: TopScore::Bound(0.95),
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

#[test]
fn an_answer_without_results_is_no_pass_unless_that_is_said() {
    let usual = Usual { min_results: 5, top_score: Some(0.7) };
    let passes = |expect: Value, scores: &[f64]| {
        let expect: Expectations = serde_json::from_value(expect).expect("expectations");
        judge_by(&expect, scores, Direction::HigherIsBetter, usual).passed
    };
    let (five, low) = ([0.9, 0.8, 0.8, 0.8, 0.8], [0.6, 0.5, 0.5, 0.5, 0.5]);
    for (expect, scores, passed) in [
        (json!({}), &[][..], false),
        (json!({}), &five[..4], false),
        (json!({}), &five, true),
        (json!({}), &low, false),
        (json!({"top_score": null}), &low, true),
        (json!({"top_score": 0.5}), &low, true),
        (json!({"min_results": 2}), &five[..2], true),
        (json!({"min_results": 0}), &[], true),
        (json!({"min_results": 0, "top_score": null}), &low[..1], true),
    ] {
        assert_eq!(passes(expect.clone(), scores), passed, "{expect} of {scores:?}");
    }
    let failed = judge_by(&Expectations::default(), &[], Direction::HigherIsBetter, usual).failures;
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].reason, "0 results, at least 5 expected; that is the default, `expect` may say otherwise");
}

#[test]
fn what_is_usual_follows_from_the_metric_and_the_query() {
    let vectors = json!({"like": {"size": 2, "distance": "Cosine"}, "dot": {"size": 2, "distance": "Dot"},
        "near": {"size": 2, "distance": "Euclid"}, "late": {"size": 2, "distance": "Cosine", "multivector_config": {"comparator": "max_sim"}}});
    let schema: Schema =
        serde_json::from_value(json!({"params": {"vectors": vectors, "sparse_vectors": {"words": {}}}})).expect("a schema");
    let filter = json!({"must": []});
    for (body, results, score) in [
        (json!({"query": [1, 2], "using": "like"}), 5, Some(0.7)),
        (json!({"query": {"nearest": [1, 2]}, "using": "like", "limit": 3}), 3, Some(0.7)),
        (json!({"query": [1, 2], "using": "like", "filter": filter}), 1, Some(0.7)),
        (json!({"query": [1, 2], "using": "like", "score_threshold": 0.9}), 1, Some(0.7)),
        (json!({"query": {"fusion": "rrf"}, "using": "like"}), 5, None),
        (json!({"query": [[1, 2]], "using": "late"}), 5, None),
        (json!({"query": [1, 2], "using": "dot"}), 5, None),
        (json!({"query": [1, 2], "using": "near"}), 5, None),
        (json!({"query": {"indices": [1], "values": [1.0]}, "using": "words"}), 5, None),
        (json!({"filter": filter}), 1, None),
    ] {
        assert_eq!(schema.usual_of(&body), Usual { min_results: results, top_score: score }, "{body}");
    }
}

#[test]
fn what_was_said_of_scores_is_stored_as_it_was_said() {
    for expect in [json!({}), json!({"top_score": null}), json!({"top_score": 0.5}), json!({"min_results": 0})] {
        let read: Expectations = serde_json::from_value(expect.clone()).expect("expectations");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), expect);
    }
}
