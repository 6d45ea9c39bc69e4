//! How commands end: the table in `docs/cli.md`, row by row.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::house::{PATIENCE, Pointsman, Upstream};
use crate::peer;

async fn ended(folder: &Path, line: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.args(line.split_whitespace()).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command.env_remove("POINTSMAN_CONFIG").env_remove("POINTSMAN_ADMIN_URL").env_remove("POINTSMAN_ADMIN_TOKEN");
    let output = tokio::time::timeout(PATIENCE, command.output()).await.unwrap_or_else(|_| panic!("{line} does not end"));
    let output = output.expect("the binary runs");
    (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_end_as_the_table_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("bad.yaml"), "workers: many").expect("written");
    std::fs::write(folder.path().join("good.yaml"), "workers: 1").expect("written");
    let closed = peer::refusing_port();
    let pointsman = Pointsman::start(&Upstream::sandbox().await, "").await;
    let admin = pointsman.admin;
    let lines = [
        ("version".to_owned(), 0),
        ("completions bash".to_owned(), 0),
        ("completions tcsh".to_owned(), 2),
        ("check --config good.yaml".to_owned(), 0),
        ("check --config bad.yaml".to_owned(), 1),
        ("check --config none.yaml".to_owned(), 1),
        ("check --timeout 1s".to_owned(), 2),
        ("serve --config bad.yaml".to_owned(), 1),
        ("serve --nonsense".to_owned(), 2),
        (format!("serve --admin-addr {admin} --rest-addr 127.0.0.1:0 --grpc-addr 127.0.0.1:0 --store-url memory:"), 1),
        (format!("healthcheck --admin {admin}"), 0),
        (format!("healthcheck --admin {closed}"), 1),
        ("healthcheck --config bad.yaml".to_owned(), 1),
        ("healthcheck --admin nowhere".to_owned(), 2),
        ("store --store-url none.db export".to_owned(), 1),
        ("store dump".to_owned(), 2),
        ("explain docs --unit 42 --weights stable=50,candidate=50".to_owned(), 0),
        (format!("explain docs --admin {closed}"), 3),
        (format!("status --admin {admin}"), 0),
        (format!("status --admin {closed}"), 3),
        (format!("alias show nobody --admin {admin}"), 1),
        ("alias show".to_owned(), 2),
        ("replay none.jsonl a b".to_owned(), 2),
    ];
    for (line, code) in lines {
        let (found, said) = ended(folder.path(), &line).await;
        assert_eq!(found, Some(code), "{line}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_not_ready_says_why_to_a_health_check() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let qdrant = format!("http://{}", peer::refusing_port());
    let mut serve = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    serve.args(["serve", "--qdrant-url", &qdrant, "--qdrant-grpc-url", &qdrant, "--store-url", "memory:", "--workers", "1"]);
    serve.args(["--rest-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"]);
    serve.current_dir(folder.path()).env_remove("POINTSMAN_CONFIG").env("POINTSMAN__LOG__FORMAT", "json").kill_on_drop(true);
    let mut child = serve.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let stderr = child.stderr.take().expect("it is piped");
    let [.., admin] = tokio::time::timeout(PATIENCE, crate::house::addresses(stderr)).await.expect("it says where it listens in time");
    let (code, said) = ended(folder.path(), &format!("healthcheck --admin {admin}")).await;
    assert_eq!(code, Some(1));
    assert!(said.starts_with("not ready: ") && said.contains("have not been listed yet"), "{said}");
    child.kill().await.expect("it runs");
}
