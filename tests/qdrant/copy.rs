//! Copying points: whole, cut and resumed, while writes go on, and when the server stumbles.

use std::collections::BTreeSet;

use pointsman::protocol::points::PointId;
use pointsman::qdrant::{Checkpoint, CopyFailed, CopyJob, CopySettings, Progress, VerifySettings, WriteMode};
use reqwest::Method;
use serde_json::json;
use tokio::sync::watch;

use crate::corpus::{definition, id, point, points};
use crate::house::{House, PATIENCE, hasty};

const POINTS: u64 = 3000;

async fn house() -> House {
    let house = House::start().await;
    house.create("old", definition()).await;
    house.create("new", definition()).await;
    for first in (0..POINTS).step_by(500) {
        house.upsert("old", &points(first..first + 500, 0)).await;
    }
    house
}

fn job(house: &House) -> CopyJob {
    CopyJob {
        source: house.client.clone(),
        source_collection: "old".to_owned(),
        target: house.client.clone(),
        target_collection: "new".to_owned(),
        settings: CopySettings { page: 64, parallel: 3, backoff: hasty(), ..CopySettings::default() },
    }
}

fn everything() -> VerifySettings {
    VerifySettings { sample: POINTS as usize * 2, looks: 0, ..VerifySettings::default() }
}

#[tokio::test]
async fn a_copy_is_whole_and_tells_how_it_gets_on() {
    let house = house().await;
    let (progress, seen) = watch::channel(Progress::default());
    let last = job(&house).run(None, &progress).await.expect("a copy");
    assert!(last.is_done() && last.copied() == POINTS && last.total == POINTS, "{last:?}");
    assert!(last.ranges.len() > 1 && last.ranges.iter().all(|range| range.copied > 0), "one lane did it all: {last:?}");
    let progress = seen.borrow().clone();
    assert_eq!((progress.points, progress.total, progress.left), (POINTS, POINTS, Some(std::time::Duration::ZERO)));
    assert!(progress.points_per_second > 0.0);
    let verified = job(&house).verify(&everything()).await.expect("a verification");
    assert!(verified.is_equal() && verified.compared == POINTS, "{verified:?}");
}

/// Runs until so many points are copied, then drops the copy and hands back what a store would have kept.
async fn cut(job: &CopyJob, checkpoint: Option<Checkpoint>, after: u64) -> Checkpoint {
    let (progress, mut seen) = watch::channel(Progress::default());
    tokio::select! {
        done = job.run(checkpoint, &progress) => done.expect("a copy"),
        reached = async { seen.wait_for(|progress| progress.points >= after).await.map(|progress| progress.checkpoint.clone()) } => {
            let stored = serde_json::to_string(&reached.expect("the sender lives")).expect("JSON");
            serde_json::from_str(&stored).expect("a checkpoint")
        }
    }
}

/// What an application does meanwhile, as a proxy that writes to both sides sees it: new points, updates, deletions.
/// Returns the ids it touched.
async fn write_on(house: &House, stop: watch::Receiver<bool>, seed: u64) -> BTreeSet<PointId> {
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut touched = BTreeSet::new();
    let mut version = 1;
    while !*stop.borrow() {
        let number = chance.u64(..POINTS + 500);
        if chance.u8(..4) == 0 {
            for collection in ["old", "new"] {
                let path = format!("/collections/{collection}/points/delete?wait=true");
                house.ok(Method::POST, &path, json!({"points": [id(number)]})).await;
            }
        } else {
            for collection in ["old", "new"] {
                house.upsert(collection, &[point(number, version)]).await;
            }
        }
        touched.insert(serde_json::from_value(id(number)).expect("an id"));
        version += 1;
    }
    touched
}

#[tokio::test]
async fn a_copy_that_is_cut_and_resumed_while_writes_go_on_ends_equal() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_240_229);
    let house = house().await;
    let job = job(&house);
    let mut chance = fastrand::Rng::with_seed(seed);
    let (stop, stopped) = watch::channel(false);
    let copying = async {
        let first = chance.u64(1..POINTS / 2);
        let checkpoint = cut(&job, None, first).await;
        assert!(checkpoint.copied() >= first, "SEED={seed}");
        let second = chance.u64(checkpoint.copied()..POINTS);
        let checkpoint = cut(&job, Some(checkpoint), second).await;
        let (progress, _) = watch::channel(Progress::default());
        let last = job.run(Some(checkpoint), &progress).await.expect("a copy");
        assert!(last.is_done());
        stop.send_replace(true);
    };
    let (touched, ()) = tokio::join!(write_on(&house, stopped, seed), copying);
    assert!(!touched.is_empty());
    // Every difference there may be is in a point that was written to; those are what a journal would name.
    let before = job.verify(&everything()).await.expect("a verification");
    for difference in &before.differences {
        assert!(touched.contains(&difference.id), "SEED={seed}: {}", difference.sentence);
    }
    let refreshed = job.refresh(&touched).await.expect("a refresh");
    assert_eq!(refreshed.written + refreshed.deleted, touched.len() as u64);
    let after = job.verify(&everything()).await.expect("a verification");
    assert!(after.is_equal(), "SEED={seed}: {after:?}");
}

#[tokio::test]
async fn what_the_target_already_has_stays_unless_told_otherwise() {
    let house = house().await;
    house.upsert("new", &[point(1, 9)]).await;
    let version = async || {
        let found = house.ok(Method::POST, "/collections/new/points", json!({"ids": [id(1)], "with_payload": true})).await;
        found[0]["payload"]["version"].clone()
    };
    let (progress, _) = watch::channel(Progress::default());
    job(&house).run(None, &progress).await.expect("a copy");
    assert_eq!(version().await, 9);
    let mut over = job(&house);
    over.settings.mode = WriteMode::Overwrite;
    over.run(None, &progress).await.expect("a copy");
    assert_eq!(version().await, 0);
}

#[tokio::test]
async fn passing_failures_are_got_over_and_lasting_ones_told() {
    let house = house().await;
    let (progress, _) = watch::channel(Progress::default());
    for (collection, seed) in [("old", 3), ("new", 4)] {
        let errors = json!([{"status": 503, "share": 0.2}, {"status": 429, "share": 0.1, "retry_after": 0}]);
        house.fault(collection, json!({"errors": errors, "seed": seed}));
    }
    let last = tokio::time::timeout(PATIENCE, job(&house).run(None, &progress)).await.expect("in time").expect("a copy");
    assert_eq!(last.copied(), POINTS);
    house.sandbox.faults.clear_all();
    assert!(job(&house).verify(&everything()).await.expect("a verification").is_equal());

    house.fault("new", json!({"errors": [{"status": 403, "share": 1.0, "message": "no"}]}));
    let failed = job(&house).run(None, &progress).await.expect_err("it may not write");
    assert!(failed.to_string().contains("default: PUT /collections/new/points: 403: no"), "{failed}");
}

#[tokio::test]
async fn a_copy_that_cannot_be_right_does_not_begin() {
    let house = House::with_alias().await;
    let (progress, _) = watch::channel(Progress::default());
    let mut same = job(&house);
    (same.source_collection, same.target_collection) = ("docs_v1".to_owned(), "docs_v1".to_owned());
    assert!(matches!(same.run(None, &progress).await, Err(CopyFailed::SamePlace(_))));
    let mut other = job(&house);
    (other.source_collection, other.target_collection) = ("docs_v1".to_owned(), "docs_v2".to_owned());
    let checkpoint = other.run(None, &progress).await.expect("a copy of nothing");
    assert!(checkpoint.is_done() && checkpoint.copied() == 0);
    other.target_collection = "docs_v3".to_owned();
    assert!(matches!(other.run(Some(checkpoint), &progress).await, Err(CopyFailed::ForeignCheckpoint { .. })));
    other.settings.page = 0;
    assert!(matches!(other.run(None, &progress).await, Err(CopyFailed::Settings(_))));
}
