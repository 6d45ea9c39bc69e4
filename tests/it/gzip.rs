//! Compressed bodies. The name of a gRPC call stands inside the compressed message; REST bodies concern nobody but Qdrant.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use pointsman_sandbox::requests::Filter;
use prost::Message;
use qdrant_client::qdrant::{Condition, CountPoints, Filter as Which, Query, QueryPoints, QueryPointsBuilder, QueryResponse};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, peak_memory};
use crate::peer::{self, field};
use crate::wire::{call, call_on, dial, frame, head};

const QUERY: &str = "qdrant.Points/Query";
const COUNT: &str = "qdrant.Points/Count";
const GZIP: (&str, &str) = ("grpc-encoding", "gzip");
/// Without one a count would be stable's.
const USER: (&str, &str) = ("x-user-id", "u");

async fn house(extra: &str) -> (Upstream, Pointsman) {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    collection(&upstream.rest, "docs_v2").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, extra).await;
    (upstream, pointsman)
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn compressed(plain: &[u8]) -> Bytes {
    let message = gzip(plain);
    frame(1, u32::try_from(message.len()).expect("a small message"), &message)
}

/// Larger than what is held and inflated to find the name, and hardly compressible.
fn long_query(collection: &str) -> QueryPoints {
    let ids: Vec<String> = (1..10_000_u64).map(|number| format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let which = Which::must_not([Condition::matches("from", ids)]);
    QueryPointsBuilder::new(collection).query(Query::new_nearest(vec![1.0, 0.5])).filter(which).limit(1).with_payload(true).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_split_finds_and_changes_the_name_in_a_compressed_message() {
    let (upstream, pointsman) = house("").await;
    pointsman.split("docs", "docs_v2", 50, 50).await;
    let body = compressed(&long_query("docs").encode_to_vec());
    assert!(body.len() > 64 * 1024, "the default limits.grpc_inspect_bytes");
    let mut seen = [0, 0];
    for user in 0..20 {
        let user = user.to_string();
        let decision = get(&pointsman.http, &pointsman.admin(&format!("/v1/aliases/docs/decision?unit={user}"))).await;
        let candidate = decision["variant"] == "candidate";
        seen[usize::from(candidate)] += 1;
        let ended = call(pointsman.grpc, QUERY, &[GZIP, ("x-user-id", &user)], body.clone()).await;
        assert_eq!(ended.status(), "0", "{:?}", ended.text("grpc-message"));
        assert_eq!(ended.text("x-pointsman-variant"), decision["variant"].as_str());
        assert_eq!(ended.text("x-pointsman-fallback"), None);
        let answer: QueryResponse = ended.message();
        let from = answer.result[0].payload["from"].as_str().expect("a text");
        assert_eq!(from, if candidate { "docs_v2" } else { "docs_v1" }, "user {user}");
    }
    assert!(seen.iter().all(|users| *users > 0), "{seen:?}");
    let calls = Filter { operation: Some("Points/Query".to_owned()), ..Filter::default() };
    let calls = upstream.engine().log.list(&calls);
    assert!(calls.iter().all(|call| call.headers.get("grpc-encoding").is_some_and(|coding| coding == "gzip")), "{calls:?}");
}

/// A message of this many bytes behind the name, in next to nothing.
fn bomb(megabytes: usize) -> Bytes {
    let mut plain = CountPoints { collection_name: "docs".to_owned(), ..CountPoints::default() }.encode_to_vec();
    // A field Qdrant does not know, so that the message is a good one.
    prost::encoding::bytes::encode(1000, &vec![0; megabytes << 20], &mut plain);
    compressed(&plain)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gzip_bomb_is_refused_in_bounded_memory_and_reaches_nobody() {
    let (upstream, pointsman) = house("limits: {grpc_inflate_bytes: 1MiB}\nfallback: {enabled: false}").await;
    pointsman.split("docs", "docs_v2", 0, 100).await;
    let bomb = bomb(64);
    assert!(bomb.len() < 1 << 20, "it looks harmless");
    let seen = upstream.engine().log.count(&Filter { operation: Some("Points".to_owned()), ..Filter::default() });
    let pid = pointsman.child.id().expect("it runs");
    let before = peak_memory(pid);
    for _ in 0..3 {
        let ended = call(pointsman.grpc, COUNT, &[GZIP, USER], bomb.clone()).await;
        assert_eq!((ended.status(), ended.text("x-pointsman-error")), ("3", Some("bad-request")));
        let reason = ended.text("grpc-message").expect("a reason");
        assert_eq!(reason, "the message is too large for its collection name to be changed");
    }
    let grown = peak_memory(pid) - before;
    assert!(grown < 32 << 20, "memory grew by {grown} bytes");
    let calls = upstream.engine().log.count(&Filter { operation: Some("Points".to_owned()), ..Filter::default() });
    assert_eq!(calls, seen, "it reached the upstream");
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_too_large_to_rename_is_answered_by_stable() {
    let (_upstream, pointsman) = house("limits: {grpc_inflate_bytes: 1MiB}").await;
    pointsman.split("docs", "docs_v2", 0, 100).await;
    let ended = call(pointsman.grpc, COUNT, &[GZIP, USER], bomb(2)).await;
    assert_eq!((ended.status(), ended.text("x-pointsman-fallback")), ("0", Some("size")));
    let candidate = pointsman.variant("docs", "candidate").await;
    assert_eq!(
        (&candidate["requests"], &candidate["fallbacks"]),
        (&1.into(), &1.into()),
        "whom it was for could not serve it: {candidate:#}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_gzip_is_refused_before_any_call() {
    let (upstream, pointsman) = house("").await;
    pointsman.split("docs", "docs_v2", 0, 100).await;
    let seen = upstream.engine().log.count(&Filter::default());
    let good = gzip(&long_query("docs").encode_to_vec());
    let mut broken = good.clone();
    broken[0] = 0;
    for message in [b"never compressed".to_vec(), broken] {
        let body = frame(1, u32::try_from(message.len()).expect("small"), &message);
        let ended = call(pointsman.grpc, QUERY, &[GZIP], body).await;
        assert_eq!((ended.status(), ended.text("x-pointsman-error")), ("3", Some("bad-request")));
    }
    assert_eq!(upstream.engine().log.count(&Filter::default()), seen, "it reached the upstream");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codings_that_only_qdrant_could_know_are_its_own_to_refuse() {
    let (upstream, pointsman) = house("").await;
    pointsman.split("docs", "docs_v2", 0, 100).await;
    let direct = upstream.engine().grpc_addr.expect("it listens for gRPC");
    for coding in ["zstd", "snappy"] {
        let body = compressed(&CountPoints { collection_name: "docs".to_owned(), ..CountPoints::default() }.encode_to_vec());
        let wanted = call(direct, COUNT, &[("grpc-encoding", coding)], body.clone()).await;
        let ended = call(pointsman.grpc, COUNT, &[("grpc-encoding", coding), USER], body).await;
        assert_eq!(wanted.status(), "12");
        for said in ["grpc-status", "grpc-message", "grpc-accept-encoding"] {
            assert_eq!(ended.text(said), wanted.text(said), "{said} for {coding}");
        }
    }
    assert_eq!(pointsman.variant("docs", "candidate").await["requests"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_rest_body_goes_on_untouched() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let upstream = peer::rest(move |mut exchange| {
        let record = Arc::clone(&record);
        async move {
            while let Some(head) = exchange.head().await {
                let body = exchange.body(&head).await;
                record.lock().expect("no panic").push((head, body));
                exchange.ok().await;
            }
        }
    })
    .await;
    let sandbox = format!("http://{}", upstream.engine().rest_addr);
    collection(&sandbox, "docs_v1").await;
    collection(&sandbox, "docs_v2").await;
    alias(&sandbox, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    pointsman.split("docs", "docs_v2", 0, 100).await;
    let body = gzip(crate::house::query().to_string().as_bytes());
    let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("content-encoding", "gzip");
    let answer = request.body(body.clone()).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers()["x-pointsman-variant"].as_bytes()), (200, &b"candidate"[..]));
    let seen = seen.lock().expect("no panic");
    let [(head, sent)] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(head.starts_with("POST /collections/docs_v2/points/query HTTP/1.1\r\n"), "{head}");
    assert_eq!(field(head, "content-encoding"), Some("gzip"));
    assert!(*sent == body, "the body was changed");
}

/// The name stands in a message of which the beginning alone comes: the wait for the rest is the client's, and ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_message_that_does_not_come_is_over_in_time() {
    let (_upstream, pointsman) = house("timeouts: {total: 2s}").await;
    pointsman.split("docs", "docs_v2", 0, 100).await;
    let begun = compressed(&long_query("docs").encode_to_vec()).slice(..10);
    let mut sender = dial(pointsman.grpc).await;
    let (answer, mut out) = sender.send_request(head(QUERY, &[GZIP, USER]), false).expect("sent");
    out.send_data(begun, false).expect("the stream is open");
    let answer = tokio::time::timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
    let said = ["grpc-status", "x-pointsman-error"].map(|name| answer.headers()[name].to_str().expect("text"));
    assert_eq!(said, ["4", "client-timeout"]);
    pointsman.idle().await;
}

/// A few kilobytes that inflate to a thousand times as much, from many calls at a time: the limit is for all of them together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_bombs_at_a_time_do_not_fill_the_memory() {
    let (_upstream, pointsman) = house("limits: {held_bytes: 16MiB}").await;
    pointsman.split("docs", "docs_v2", 0, 100).await;
    let bomb = QueryPoints { using: Some("0".repeat(4_000_000)), ..QueryPointsBuilder::new("docs").build() };
    let body = compressed(&bomb.encode_to_vec());
    assert!(body.len() < 16 * 1024);
    let pid = pointsman.child.id().expect("it runs");
    let before = peak_memory(pid);
    let connection = dial(pointsman.grpc).await;
    // By the candidate, by stable where there is no memory to change the name, or refused where there is none to find it.
    let calls = (0..200).map(|_| call_on(&connection, QUERY, &[GZIP, ("x-user-id", "u")], body.clone()));
    for ended in futures_util::future::join_all(calls).await {
        let refused = ended.text("x-pointsman-error") == Some("overloaded");
        assert!(refused || ended.text("x-pointsman-variant").is_some(), "{:?}", ended.text("grpc-message"));
    }
    let grown = peak_memory(pid) - before;
    assert!(grown < 200 << 20, "memory grew by {grown} bytes, and 800 MB were inflated in all");
    pointsman.idle().await;
}
