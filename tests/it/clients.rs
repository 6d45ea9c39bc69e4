//! The three official clients: answer by answer the same through Pointsman as without it.

use tokio::process::Command;

use crate::house::{Pointsman, Upstream};
use crate::scenarios::{Scenario, Target, differences, run};

/// Fewer than this many comparable answers would mean that the suite itself broke.
const LEAST: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rust_client_notices_nothing() {
    let upstream = Upstream::any().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    for via_alias in [false, true] {
        let through = pointsman.grpc_url();
        let target = |grpc_url| Target { grpc_url, upstream: &upstream.grpc, prefix: "it_rust", via_alias, user: Some("42") };
        let direct = run(target(upstream.grpc.as_str())).await.expect("the upstream takes connections");
        let proxied = run(target(through.as_str())).await.expect("Pointsman takes connections");
        agree(&direct, &proxied);
    }
}

fn agree(direct: &[Scenario], proxied: &[Scenario]) {
    let answered = direct.iter().filter(|scenario| !scenario.unserved()).count();
    assert!(answered >= LEAST, "only {answered} scenarios were answered");
    let differences = differences(direct, proxied);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Routes for the aliases that the scenarios make: one all on stable, the others split evenly. Their candidate is the very
/// collection the alias stands for, by its own name: a copy with the same points whatever is written meanwhile. Nobody
/// steps in for it, or a broken answer of it would not show.
fn routes(prefix: &str) -> String {
    let route = |short: &str, stable: u32, candidate: u32| {
        let candidate = format!("{{name: candidate, collection: {prefix}_{short}, weight: {candidate}}}");
        format!(
            "  {prefix}_{short}_alias: {{variants: [{{name: stable, weight: {stable}}}, {candidate}], anonymous: random, split: all}}\n"
        )
    };
    let routes = [route("named", 100, 0), route("plain", 50, 50), route("texts", 50, 50)].concat();
    format!("fallback: {{enabled: false}}\nroutes:\n{routes}")
}

/// The split is real: both variants answered.
async fn both_answered(pointsman: &Pointsman, prefix: &str) {
    for variant in ["stable", "candidate"] {
        let figures = pointsman.variant(&format!("{prefix}_plain_alias"), variant).await;
        assert!(figures["requests"].as_u64() > Some(0), "{variant}: {figures}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rust_client_notices_no_split() {
    let upstream = Upstream::any().await;
    let pointsman = Pointsman::start(&upstream, &routes("it_split")).await;
    let through = pointsman.grpc_url();
    let target = |grpc_url| Target { grpc_url, upstream: &upstream.grpc, prefix: "it_split", via_alias: true, user: None };
    let direct = run(target(upstream.grpc.as_str())).await.expect("the upstream takes connections");
    let proxied = run(target(through.as_str())).await.expect("Pointsman takes connections");
    agree(&direct, &proxied);
    both_answered(&pointsman, "it_split").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_and_javascript_clients_notice_no_split() {
    let upstream = Upstream::any().await;
    let pointsman = Pointsman::start(&upstream, &routes("it_both")).await;
    // Each protocol once: what a split does to it is the same whoever speaks it. JavaScript's gRPC is the one that compresses.
    for (suite, protocol) in [("python", "rest"), ("js", "grpc")] {
        let run = ["--via-alias", "--prefix", "it_both", "--suite", suite, "--protocol", protocol];
        compare(&upstream, &pointsman, &run).await;
    }
    both_answered(&pointsman, "it_both").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_and_javascript_clients_notice_nothing() {
    let upstream = Upstream::any().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    compare(&upstream, &pointsman, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_python_and_javascript_clients_notice_nothing() {
    let upstream = Upstream::any().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    compare(&upstream, &pointsman, &["--release", "newest"]).await;
}

async fn compare(upstream: &Upstream, pointsman: &Pointsman, more: &[&str]) {
    let through = pointsman.grpc_url();
    let mut compare = Command::new("python3");
    compare.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/compare.py"));
    compare.args(["--direct-rest", &upstream.rest, "--direct-grpc", &upstream.grpc]);
    compare.args(["--through-rest", &pointsman.rest(""), "--through-grpc", &through]);
    compare.args(more);
    let output = compare.output().await.expect("python3 is installed");
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
