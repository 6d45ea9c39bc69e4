//! The demo as its user starts it, against a sandbox in this process: its exit code is the verdict on a whole rollout
//! under traffic, so it must come to a good one, say so, and leave nothing behind.

use std::process::Output;

use pointsman_sandbox::{Sandbox, SandboxOptions};
use tokio::process::Command;

async fn demo(sandbox: &Sandbox) -> Output {
    let grpc = sandbox.grpc_addr.expect("the default options listen for gRPC");
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.args(["demo", "--fast", "--qdrant-url", &format!("http://{}", sandbox.rest_addr)]);
    command.args(["--qdrant-grpc-url", &format!("http://{grpc}")]).kill_on_drop(true);
    command.output().await.expect("the binary under test starts")
}

fn words(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn names(sandbox: &Sandbox, path: &str) -> String {
    let url = format!("http://{}{path}", sandbox.rest_addr);
    reqwest::get(url).await.expect("the sandbox answers").text().await.expect("with a text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_with_a_failing_version_in_the_middle_harms_nobody_and_leaves_nothing_behind() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("two free ports");
    let output = demo(&sandbox).await;
    let said = words(&output);
    assert!(output.status.success(), "{said}");
    for promise in
        ["✓ users that saw an error: 0 of 150", "✓ users that flipped back: 0 of 150", "✓ every share", "✓ answers of the failing"]
    {
        assert!(said.contains(promise), "`{promise}` was not said in\n{said}");
    }
    for (path, name) in [("/collections", "articles"), ("/aliases", "articles"), ("/sandbox/faults", "articles")] {
        let left = names(&sandbox, path).await;
        assert!(!left.contains(name), "{path} still knows of {left}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qdrant_that_has_such_a_collection_already_is_left_alone() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("two free ports");
    let url = format!("http://{}/collections/articles_v2", sandbox.rest_addr);
    let body = serde_json::json!({ "vectors": { "size": 2, "distance": "Dot" } });
    let created = reqwest::Client::new().put(&url).json(&body).send().await.expect("the sandbox answers");
    assert!(created.status().is_success(), "{created:?}");
    let output = demo(&sandbox).await;
    let said = words(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("`articles_v2` already exists") && said.contains("overwrites nothing"), "{said}");
    assert!(names(&sandbox, "/collections").await.contains("articles_v2"));
}
