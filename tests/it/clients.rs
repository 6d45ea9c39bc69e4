//! The three official clients: answer by answer the same through Pointsman as without it.

use tokio::process::Command;

use crate::house::{Pointsman, Upstream};
use crate::scenarios::{Target, differences, run};

/// Fewer than this many comparable answers would mean that the suite itself broke.
const LEAST: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rust_client_notices_nothing() {
    let upstream = Upstream::any().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    for via_alias in [false, true] {
        let through = pointsman.grpc_url();
        let target = |grpc_url| Target { grpc_url, prefix: "it_rust", via_alias, user: Some("42") };
        let direct = run(target(upstream.grpc.as_str())).await.expect("the upstream takes connections");
        let proxied = run(target(through.as_str())).await.expect("Pointsman takes connections");
        let answered = direct.iter().filter(|scenario| !scenario.unserved()).count();
        assert!(answered >= LEAST, "only {answered} scenarios were answered");
        let differences = differences(&direct, &proxied);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_and_javascript_clients_notice_nothing() {
    let upstream = Upstream::any().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let through = pointsman.grpc_url();
    let mut compare = Command::new("python3");
    compare.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/compare.py"));
    compare.args(["--direct-rest", &upstream.rest, "--direct-grpc", &upstream.grpc]);
    compare.args(["--through-rest", &pointsman.rest(""), "--through-grpc", &through]);
    let output = compare.output().await.expect("python3 is installed");
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
