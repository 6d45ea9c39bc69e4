//! Verification finds what was planted, and nothing else.

use pointsman::qdrant::{CopyJob, CopySettings, DifferenceKind, Progress, VerifySettings};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::corpus::{definition, id, point, points};
use crate::house::{House, hasty};

/// Two collections that are the same.
async fn twins() -> (House, CopyJob) {
    let house = House::start().await;
    for name in ["old", "new"] {
        house.create(name, definition()).await;
    }
    house.upsert("old", &points(0..300, 0)).await;
    let job = CopyJob {
        source: house.client.clone(),
        source_collection: "old".to_owned(),
        target: house.client.clone(),
        target_collection: "new".to_owned(),
        settings: CopySettings { backoff: hasty(), ..CopySettings::default() },
    };
    let (progress, _) = watch::channel(Progress::default());
    job.run(None, &progress).await.expect("a copy");
    (house, job)
}

fn settings() -> VerifySettings {
    VerifySettings { sample: 1000, looks: 1, between_looks: std::time::Duration::ZERO, ..VerifySettings::default() }
}

#[tokio::test]
async fn each_planted_difference_is_found_and_named() {
    let (house, job) = twins().await;
    let at = |rest: &str| format!("/collections/new/points{rest}?wait=true");
    house.ok(Method::POST, &at("/delete"), json!({"points": [id(10)]})).await;
    house.upsert("new", &[point(999, 0)]).await;
    house.ok(Method::POST, &at("/payload"), json!({"payload": {"large": u64::MAX}, "points": [id(20)]})).await;
    let vectors = json!({"points": [{"id": id(31), "vector": {"words": {"indices": [1], "values": [0.5]}}}]});
    house.ok(Method::PUT, &at("/vectors"), vectors).await;
    house.ok(Method::POST, &at("/vectors/delete"), json!({"points": [id(41)], "vector": ["late"]})).await;

    let verified = job.verify(&settings()).await.expect("a verification");
    assert!(!verified.is_equal());
    assert_eq!((verified.source_points, verified.target_points, verified.missing, verified.extra), (300, 300, 1, 1));
    let mut found: Vec<(Value, DifferenceKind)> = verified.differences.iter().map(|one| (json!(one.id), one.kind)).collect();
    let mut planted = vec![
        (id(10), DifferenceKind::Missing),
        (id(999), DifferenceKind::Extra),
        (id(20), DifferenceKind::Payload),
        (id(31), DifferenceKind::Vector),
        (id(41), DifferenceKind::Vector),
    ];
    let order = |one: &(Value, DifferenceKind)| (one.0.to_string(), one.1);
    found.sort_by_key(order);
    planted.sort_by_key(order);
    assert_eq!(found, planted);
    assert!(verified.differences.iter().any(|one| one.sentence.contains("vector `late`")), "{verified:?}");

    let without_vectors = VerifySettings { vectors: false, ..settings() };
    let verified = job.verify(&without_vectors).await.expect("a verification");
    assert!(verified.differences.iter().all(|one| one.kind != DifferenceKind::Vector));
}

#[tokio::test]
async fn ids_are_all_compared_and_contents_by_a_seeded_sample() {
    let (house, job) = twins().await;
    let small = VerifySettings { sample: 5, ..settings() };
    let verified = job.verify(&small).await.expect("a verification");
    assert_eq!((verified.compared, verified.is_equal()), (5, true));
    let ids: Vec<Value> = (0..250).map(id).collect();
    house.ok(Method::POST, "/collections/new/points/delete?wait=true", json!({"points": ids})).await;
    let verified = job.verify(&small).await.expect("a verification");
    assert_eq!((verified.missing, verified.extra, verified.target_points), (250, 0, 50));
    assert!(verified.differences.len() < 250, "the report is bounded");
    assert_eq!((verified.differing, verified.suspects.len()), (250, 250), "all of them can be brought up to date");
}

/// What a small sample passes over is found where all points are compared, and bringing it up to date leaves nothing.
#[tokio::test]
async fn all_points_are_compared_where_any_may_have_changed() {
    let (house, job) = twins().await;
    for changed in [20, 131] {
        let body = json!({"payload": {"large": u64::MAX}, "points": [id(changed)]});
        house.ok(Method::POST, "/collections/new/points/payload?wait=true", body).await;
    }
    let none = VerifySettings { sample: 0, ..settings() };
    assert!(job.verify(&none).await.expect("a verification").is_equal(), "the ids are the same");
    let whole = VerifySettings { whole: true, ..none };
    let verified = job.verify(&whole).await.expect("a verification");
    assert_eq!((verified.compared, verified.differing, verified.suspects.len()), (300, 2, 2), "{verified:?}");
    job.refresh(&verified.suspects).await.expect("a refresh");
    assert!(job.verify(&whole).await.expect("a verification").is_equal());
}

#[tokio::test]
async fn a_side_that_cannot_be_read_is_an_error() {
    let (house, mut job) = twins().await;
    house.fault("new", json!({"errors": [{"status": 500, "share": 1.0}]}));
    job.settings.backoff.attempts = 2;
    assert!(job.verify(&settings()).await.is_err());
}
