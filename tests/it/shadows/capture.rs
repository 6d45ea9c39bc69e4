//! What users ask, recorded in a file by the command, and asked again of two collections.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use pointsman::golden::{self, Ended, Entry, Golden, Progress};
use pointsman::protocol::Protocol;
use qdrant_client::qdrant::{Query, QueryBatchPointsBuilder, QueryPointsBuilder};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::{DEPTH, House, SEED, Vector, measured, near, question, vectors};
use crate::house::{PATIENCE, Upstream, send};

const ALLOWED: &str = "shadow: {capture: true}";

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

async fn said(command: Child) -> Said {
    let output = tokio::time::timeout(PATIENCE, command.wait_with_output()).await.expect("it ends").expect("it is ours");
    let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn pointsman(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.args(line.split_whitespace()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.env_remove("POINTSMAN_CONFIG").env_remove("POINTSMAN_ADMIN_TOKEN").env_remove("POINTSMAN_QDRANT_API_KEY");
    command
}

async fn replay(upstream: &Upstream, line: &str) -> Said {
    let Upstream { rest, grpc, .. } = upstream;
    said(pointsman(&format!("replay {line} --url {rest} --grpc-url {grpc}")).spawn().expect("the binary runs")).await
}

/// A file in a folder of its own.
fn golden_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("golden.jsonl");
    (folder, file)
}

fn lines(file: &Path) -> usize {
    std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

fn read(file: &Path) -> Golden {
    golden::read(std::fs::read(file).expect("it is there").as_slice()).expect("a capture")
}

impl House {
    fn capture(&self, file: &Path, flags: &str) -> Child {
        let line = format!("capture docs --file {} --percentage 100 {flags} --admin {}", file.display(), self.pointsman.admin(""));
        pointsman(&line).env("USER", "anna").spawn().expect("the binary runs")
    }

    /// Returns when so many lines are in the file; from the first on, what is asked is recorded.
    async fn recorded(&self, file: &Path, count: usize) {
        let there = async {
            while lines(file) < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, there).await.unwrap_or_else(|_| panic!("{} of {count} lines", lines(file)));
    }

    /// A golden set of these queries, over both protocols.
    async fn golden(&self, file: &Path, queries: &[Vector]) {
        let command = self.capture(file, &format!("--count {}", queries.len()));
        self.recorded(file, 1).await;
        self.ask(queries).await;
        let said = said(command).await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }

    async fn stream(&self, spec: Value) -> reqwest::Response {
        let asked = self.pointsman.http.post(self.pointsman.admin("/v1/captures")).json(&spec);
        asked.send().await.expect("an answer")
    }
}

/// What comes of a stream.
struct Reader {
    stream: reqwest::Response,
    waiting: Vec<u8>,
}

impl Reader {
    fn of(stream: reqwest::Response) -> Self {
        assert_eq!(stream.status(), StatusCode::OK);
        Self { stream, waiting: Vec::new() }
    }

    /// Reads on until the progress is as wanted.
    async fn until(&mut self, wanted: impl Fn(&Progress) -> bool) -> Progress {
        let reached = async {
            loop {
                match Entry::parse(&self.line().await).expect("a line of a capture") {
                    Entry::Progress(progress) if wanted(&progress) => return progress,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("it is reached")
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(at) = self.waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.waiting.drain(..=at).collect();
                return String::from_utf8(line).expect("a text");
            }
            let chunk = self.stream.chunk().await.expect("it does not break off").expect("it goes on");
            self.waiting.extend_from_slice(&chunk);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_recorded_unless_the_configuration_allows_it() {
    let house = House::new("").await;
    let (_folder, file) = golden_file();
    let said = said(house.capture(&file, "")).await;
    assert!(said.code == Some(1) && said.err.starts_with("refused (409)") && said.err.contains("`shadow.capture: true`"), "{said:?}");
    assert!(!file.exists(), "nothing came, so there is no file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn different_questions_are_recorded_once_and_nobodys_name() {
    let house = House::new(ALLOWED).await;
    let (_folder, file) = golden_file();
    let queries = vectors(SEED + 2, 40);
    let command = house.capture(&file, "--count 40 --reason golden");
    house.recorded(&file, 1).await;
    for _ in 0..2 {
        house.ask(&queries[..10]).await;
    }
    house.ask(&queries[10..]).await;
    let told = said(command).await;
    assert!(told.code == Some(0) && told.out.contains("40 different questions") && told.err.is_empty(), "{told:?}");
    let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let golden = read(&file);
    assert_eq!((golden.header.alias.as_str(), golden.header.percentage), ("docs", 100.0));
    let different: HashSet<String> = golden.queries.iter().map(|(_, query)| query.line()).collect();
    let over_grpc = golden.queries.iter().filter(|(_, query)| query.protocol() == Protocol::Grpc).count();
    assert_eq!((golden.queries.len(), different.len(), over_grpc), (40, 40, 20));
    let ended = golden.ended.expect("it says how it ended");
    assert_eq!((ended.recorded, ended.repeated, ended.missing(), ended.ended), (40, 10, 0, Some(Ended::Count)));
    let text = std::fs::read_to_string(&file).expect("a text");
    assert!(!text.contains("user-") && !text.contains("x-user-id"), "{text}");
    let again = said(house.capture(&file, "")).await;
    assert!(again.code == Some(2) && again.err.contains("--force"), "{again:?}");
    let audit = house.look("/v1/audit").await;
    let entry = &audit["items"][0];
    assert_eq!((&entry["action"], &entry["actor"], &entry["reason"]), (&json!("capture"), &json!("anna"), &json!("golden")), "{audit:#}");
    assert_eq!((&entry["subject"], &entry["after"]["count"]), (&json!("docs"), &json!(40)), "{audit:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_finds_what_both_collections_answer_by_themselves() {
    let house = House::new(ALLOWED).await;
    let (_folder, file) = golden_file();
    let queries = vectors(SEED + 2, 60);
    house.golden(&file, &queries).await;
    let name = file.display();
    let compared = async |line: &str| {
        let said = replay(&house.upstream, line).await;
        let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("no report: {said:?}"));
        (said, report)
    };

    let (said, same) = compared(&format!("{name} docs_v1 docs_v2 --json --minimum-overlap 0.9")).await;
    assert!(said.code == Some(0) && said.err.is_empty(), "{said:?}");
    assert!(near(measured(&same, "overlap"), 1.0) && near(measured(&same, "score_drift"), 0.0), "{same:#}");
    assert_eq!((&same["comparisons"], &same["noise_comparisons"], &same["worst"]), (&json!(60), &json!(60), &json!([])), "{same:#}");

    let (overlap, top1) = house.expected("docs_v1", "docs_v3", &queries).await;
    let (said, mixed) = compared(&format!("{name} docs_v1 docs_v3 --json --minimum-overlap 0.95")).await;
    assert!(near(measured(&mixed, "overlap"), overlap) && near(measured(&mixed, "top1"), top1), "{overlap} and {top1}: {mixed:#}");
    assert!(said.code == Some(1) && said.err.contains("0.95 is wanted"), "{said:?}");
    let (said, few) = compared(&format!("{name} docs docs_v3 --json --limit 5 --noise-percentage 0 --depth {DEPTH}")).await;
    assert_eq!((said.code, &few["comparisons"], &few["noise_comparisons"]), (Some(0), &json!(5), &json!(0)), "{few:#}");

    let words = replay(&house.upstream, &format!("{name} docs_v1 docs_v3")).await;
    let text = words.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in ["reference docs_v1 candidate docs_v3 asked 60 compared 60, 60 of them against itself", "overlap", "points.query"] {
        assert!(text.contains(line), "`{line}` is not in\n{}", words.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_asked_again_by_either_protocol() {
    let house = House::new(ALLOWED).await;
    let (_folder, file) = golden_file();
    let command = house.capture(&file, "--count 2");
    house.recorded(&file, 1).await;
    let queries = vectors(SEED + 2, 2);
    let one = |query: &Vector| QueryPointsBuilder::new("docs").query(Query::from(query.clone())).limit(DEPTH).build();
    let batch = QueryBatchPointsBuilder::new("docs", queries.iter().map(one).collect::<Vec<_>>());
    assert_eq!(house.grpc.query_batch(batch).await.expect("an answer").result.len(), 2);
    let searches: Vec<Value> = queries.iter().map(question).collect();
    let url = house.pointsman.rest("/collections/docs/points/query/batch");
    send(&house.pointsman.http, Method::POST, &url, &json!({"searches": searches})).await;
    assert_eq!(said(command).await.code, Some(0));
    let said = replay(&house.upstream, &format!("{} docs_v1 docs_v2 --json --noise-percentage 0", file.display())).await;
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("no report: {said:?}"));
    assert_eq!((&report["comparisons"], &report["counters"]["mirrored"]), (&json!(4), &json!(2)), "a list for each query: {report:#}");
    assert!(near(measured(&report, "overlap"), 1.0), "{report:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_cannot_be_says_why() {
    let house = House::new(ALLOWED).await;
    let (_folder, file) = golden_file();
    house.golden(&file, &vectors(SEED + 2, 4)).await;
    let name = file.display();
    let missing = replay(&house.upstream, &format!("{name} docs_v1 docs_v9")).await;
    assert!(missing.code == Some(1) && missing.err.contains("docs_v9"), "{missing:?}");
    let nobody =
        said(pointsman(&format!("replay {name} docs_v1 docs_v2 --url http://127.0.0.1:1")).spawn().expect("the binary runs")).await;
    assert_eq!(nobody.code, Some(3), "{nobody:?}");
    let text = std::fs::read_to_string(&file).expect("a text");
    std::fs::write(&file, text.replacen("\"protocol\"", "\"protokoll\"", 1)).expect("ours");
    let broken = replay(&house.upstream, &format!("{name} docs_v1 docs_v2")).await;
    assert!(broken.code == Some(2) && broken.err.contains("line 2"), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_ends_the_capture_and_keeps_what_came() {
    let house = House::new(ALLOWED).await;
    let (_folder, file) = golden_file();
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(house.stream(json!({"alias": "docs"})).await);
    }
    assert!(others.iter().all(|other| other.status() == StatusCode::OK));
    assert_eq!(others[0].headers()["content-type"], "application/x-ndjson");
    let command = house.capture(&file, "");
    house.recorded(&file, 1).await;
    assert_eq!(house.stream(json!({"alias": "docs"})).await.status(), StatusCode::SERVICE_UNAVAILABLE, "there are four");
    house.ask(&vectors(SEED + 2, 20)).await;
    house.recorded(&file, 21).await;
    let pid = command.id().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.expect("kill runs").success());
    let said = said(command).await;
    assert!(said.code == Some(0) && said.out.contains("it was interrupted"), "{said:?}");
    let golden = read(&file);
    assert_eq!((golden.queries.len(), golden.ended.and_then(|ended| ended.ended)), (20, Some(Ended::Interrupted)));
    let free = async {
        while house.stream(json!({"alias": "docs"})).await.status() != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.expect("its place is free again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_loses_lines_and_users_nothing() {
    const ASKED: u64 = 300;
    let house = House::new(ALLOWED).await;
    let mut reader = Reader::of(house.stream(json!({"alias": "docs", "percentage": 100, "count": 1000})).await);
    // More than the sockets between two processes hold.
    let long = "x".repeat(120_000);
    for query in vectors(SEED + 2, ASKED) {
        let mut question = question(&query);
        question["filter"] = json!({"must_not": [{"key": "lang", "match": {"value": long}}]});
        send(&house.pointsman.http, Method::POST, &house.pointsman.rest("/collections/docs/points/query"), &question).await;
    }
    let all = reader.until(|progress| progress.recorded + progress.missing() == ASKED).await;
    assert!(all.missing() > 0 && all.recorded > 64 && all.repeated == 0, "{all:?}");
    house.pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_that_hangs_keeps_no_capture_waiting_and_taking_it_back_ends_it() {
    let house = House::new("shadow: {capture: true, concurrency: 1, queue: 1, timeout: 1h}").await;
    house.begin("docs_v2", json!({})).await;
    let fault = serde_json::from_value(json!({"connection": "stall"})).expect("a fault");
    house.upstream.engine().faults.set("docs_v2", fault).expect("a valid fault");
    let mut reader = Reader::of(house.stream(json!({"alias": "docs", "percentage": 100})).await);
    let asking = async {
        for (user, query) in vectors(SEED + 2, 100_000).iter().enumerate() {
            house.ask_rest(user, query).await;
        }
    };
    // One is being asked of the shadow and one waits: had a capture to wait for it, there would be no third line.
    tokio::select! {
        recorded = reader.until(|progress| progress.recorded >= 10) => drop(recorded),
        () = asking => panic!("a hundred thousand questions made no ten lines"),
    }
    house.pointsman.configure(&house.upstream, "shadow: {concurrency: 1, queue: 1, timeout: 1h}");
    let ended = reader.until(|progress| progress.ended.is_some()).await;
    assert_eq!(ended.ended, Some(Ended::SwitchedOff));
    let refused = house.stream(json!({"alias": "docs"})).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
}
