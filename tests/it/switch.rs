//! A thousand switches and changes of weights under concurrent reads: nothing is lost, nothing is late.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use qdrant_client::Qdrant;
use qdrant_client::qdrant::{Query, QueryPointsBuilder};

use crate::house::{Pointsman, Upstream, alias, client, collection, origin, query};

const CHANGES: u32 = 1000;

/// What readers know: how many changes have been acknowledged.
#[derive(Default)]
struct Progress {
    acknowledged: AtomicU64,
    over: AtomicBool,
}

/// The collections an answer may be from, when `before` changes were acknowledged as it was asked for and `after` when
/// it came: alternating targets, so that a second change in between allows both.
fn allowed(before: u64, after: u64) -> Vec<String> {
    // One change may be under way at either end.
    (before..=after + 1).take(2).map(|turn| format!("docs_v{}", turn % 2 + 1)).collect()
}

async fn read_rest(url: String, progress: Arc<Progress>) -> u64 {
    let http = reqwest::Client::new();
    let mut reads = 0;
    while !progress.over.load(Ordering::Acquire) {
        let before = progress.acknowledged.load(Ordering::Acquire);
        let answer = http.post(&url).header("x-user-id", reads.to_string()).json(&query()).send().await.expect("no request is lost");
        assert_eq!(answer.status(), 200);
        let from = origin(&answer.json().await.expect("JSON"));
        let after = progress.acknowledged.load(Ordering::Acquire);
        assert!(allowed(before, after).contains(&from), "{from} after {before} changes, {after} at the end");
        reads += 1;
    }
    reads
}

async fn read_grpc(client: Qdrant, progress: Arc<Progress>) -> u64 {
    let mut reads = 0;
    while !progress.over.load(Ordering::Acquire) {
        let before = progress.acknowledged.load(Ordering::Acquire);
        let request = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5])).limit(1).with_payload(true);
        let answer = client.query(request).await.expect("no call is lost");
        let from = answer.result[0].payload["from"].as_str().expect("a text").clone();
        let after = progress.acknowledged.load(Ordering::Acquire);
        assert!(allowed(before, after).contains(&from), "{from} after {before} changes, {after} at the end");
        reads += 1;
    }
    reads
}

async fn readers(pointsman: &Pointsman, progress: &Arc<Progress>) -> Vec<tokio::task::JoinHandle<u64>> {
    let url = pointsman.rest("/collections/docs/points/query");
    (0..3)
        .map(|_| tokio::spawn(read_rest(url.clone(), Arc::clone(progress))))
        .chain((0..3).map(|_| tokio::spawn(read_grpc(client(pointsman), Arc::clone(progress)))))
        .collect()
}

async fn ended(progress: &Progress, readers: Vec<tokio::task::JoinHandle<u64>>) {
    progress.over.store(true, Ordering::Release);
    for reader in readers {
        assert!(reader.await.expect("no reader failed") > 0, "a reader never read");
    }
}

async fn house() -> (Upstream, Pointsman) {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    collection(&upstream.rest, "docs_v2").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    (upstream, pointsman)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switches_of_the_alias_lose_nothing() {
    let (_upstream, pointsman) = house().await;
    let progress = Arc::new(Progress::default());
    let reading = readers(&pointsman, &progress).await;
    for change in 1..=CHANGES / 2 {
        alias(&pointsman.rest(""), "docs", &format!("docs_v{}", change % 2 + 1)).await;
        progress.acknowledged.fetch_add(1, Ordering::Release);
    }
    ended(&progress, reading).await;
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_weights_lose_nothing() {
    let (_upstream, pointsman) = house().await;
    let progress = Arc::new(Progress::default());
    pointsman.split("docs", "docs_v2", 100, 0).await;
    let reading = readers(&pointsman, &progress).await;
    for change in 1..=CHANGES / 2 {
        let share = 100 * (change % 2);
        pointsman.split("docs", "docs_v2", 100 - share, share).await;
        progress.acknowledged.fetch_add(1, Ordering::Release);
    }
    ended(&progress, reading).await;
    pointsman.idle().await;
}
