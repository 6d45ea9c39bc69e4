//! The admin API, held to its description by a program that reads it: Schemathesis makes requests of the document, legal ones and faulty ones, and
//! checks what comes back.

use tokio::process::Command;

use crate::house::{Pointsman, Upstream, alias, collection};

/// Streams: their answers do not end.
const LEFT_OUT: [&str; 2] = ["listEvents", "createCapture"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_api_keeps_to_its_description() {
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "admin: {token: sesame}").await;

    let clients = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/setup.sh")).output().await.expect("bash is installed");
    assert!(clients.status.success(), "{}", String::from_utf8_lossy(&clients.stderr));
    let home = String::from_utf8(clients.stdout).expect("the path of a cache is text");
    let mut run = Command::new(format!("{}/schemathesis/bin/schemathesis", home.trim()));
    run.args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/schemathesis/schemathesis.toml")]);
    run.args(["run", &pointsman.admin("/openapi.json"), "--url", &pointsman.admin("/"), "--header", "Authorization: Bearer sesame"]);
    run.args(LEFT_OUT.iter().flat_map(|id| ["--exclude-operation-id", id]));
    run.args(["--max-time", "90"]).kill_on_drop(true);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = run.current_dir(folder.path()).output().await.expect("Schemathesis is installed");
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
