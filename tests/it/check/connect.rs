use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Said, folder, run};
use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection};
use crate::peer;
use crate::postgres::Cluster;
use crate::tls::{Authority, Spoken};

/// On free ports: nothing else is in the way.
const PORTS: &str = "listen: {rest: '127.0.0.1:0', grpc: '127.0.0.1:0', admin: '127.0.0.1:0', max_connections: 100}";

/// A service that gives every request this answer, and notes the first line of each.
async fn answering(status: &'static str, body: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&heard);
    let address = peer::listen(move |mut stream| {
        let noted = Arc::clone(&noted);
        async move {
            let mut request = Vec::new();
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                if !stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
                    return;
                }
            }
            let line = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
            let body = if line.starts_with("HEAD") { "" } else { body };
            noted.lock().expect("no panic").push(line);
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.expect("it is read");
            // Until the client goes away: a body that is still on its way must not be reset.
            let _ = stream.read_to_end(&mut request).await;
        }
    })
    .await;
    (format!("http://{address}"), heard)
}

async fn connect(yaml: &str, limit: &str) -> (Said, Vec<Value>) {
    let folder = folder(yaml);
    let said = run(folder.path(), &["check", "--config", "p.yaml", "--connect", "--timeout", limit, "--output", "json"]).await;
    let document: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:#?}"));
    let made: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(made.len(), 1, "check makes no file: {made:?}");
    (said, document["connections"].as_array().expect("a list").clone())
}

fn row<'r>(rows: &'r [Value], what: &str) -> &'r Value {
    rows.iter().find(|row| row["what"] == what).unwrap_or_else(|| panic!("no row `{what}` in {rows:#?}"))
}

#[track_caller]
fn is_ok(rows: &[Value], what: &str, why: &str) {
    let row = row(rows, what);
    assert!(row["ok"] == true && row["why"].as_str().is_some_and(|text| text.contains(why)), "`{why}` expected: {row:#}");
}

#[track_caller]
fn failed(rows: &[Value], what: &str, why: &str, todo: &str) {
    let row = row(rows, what);
    let holds = |key: &str, text: &str| row[key].as_str().is_some_and(|found| found.contains(text));
    assert!(row["ok"] == false && holds("why", why) && holds("todo", todo), "`{why}`, `{todo}` expected: {row:#}");
}

fn of(upstream: &Upstream) -> String {
    let trusted = upstream.ca_file.as_ref().map_or_else(String::new, |file| format!(", ca_file: {file:?}"));
    format!("upstreams: {{default: {{rest_url: '{}', grpc_url: '{}'{trusted}}}}}\n{PORTS}\n", upstream.rest, upstream.grpc)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_configured_is_tried_and_nothing_is_delivered() {
    let authority = Authority::new();
    let upstream = authority.sandbox(&authority, &Spoken::default()).await;
    let sandbox = format!("http://{}", upstream.engine().rest_addr);
    collection(&sandbox, "docs_v1").await;
    alias(&sandbox, "docs", "docs_v1").await;
    let sample = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}"#;
    let (prometheus, _) = answering("200 OK", sample).await;
    let (embedder, _) = answering("200 OK", r#"{"data":[{"embedding":[0.1,0.2,0.3]}]}"#).await;
    let (webhook, heard) = answering("405 Method Not Allowed", "").await;
    let yaml = format!(
        "{}prometheus: {{url: '{prometheus}'}}\nembedder: {{url: '{embedder}', model: m}}\nwebhooks: [{{name: chat, url: '{webhook}/secret'}}]",
        of(&upstream)
    );
    let (said, rows) = connect(&yaml, "60s").await;
    assert_eq!(said.code, Some(0), "{rows:#?}");
    is_ok(&rows, "default, REST", "Qdrant 1.18.2, no key is needed, aliases: 1, collections: 1");
    is_ok(&rows, "default, gRPC", "Qdrant 1.18.2, no key is needed, aliases: 1, collections: 1");
    is_ok(&rows, "default, certificate of REST", "trusted, valid for ");
    is_ok(&rows, "default, certificate of gRPC", "trusted, valid for ");
    is_ok(&rows, "store", "there is none yet: serve makes one");
    is_ok(&rows, "Prometheus", "answers queries");
    is_ok(&rows, "embedder", "makes vectors of 3 dimensions");
    is_ok(&rows, "webhook chat", "answered HEAD with 405; no event was delivered");
    for port in ["REST port", "gRPC port", "admin port"] {
        is_ok(&rows, port, "the system chooses a free one");
    }
    assert_eq!(*heard.lock().expect("no panic"), ["HEAD /secret HTTP/1.1"]);

    let folder = folder(&yaml);
    let words = run(folder.path(), &["check", "--config", "p.yaml", "--connect", "--timeout", "60s"]).await;
    assert_eq!((words.code, words.err.as_str()), (Some(0), ""), "{words:#?}");
    assert!(
        words.out.contains("WHAT") && words.out.contains("WHAT TO DO") && words.out.contains("everything was reached"),
        "{}",
        words.out
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reached_fails_with_its_reason_and_what_to_do() {
    let closed = peer::refusing_port();
    let silent = peer::listen(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = taken.local_addr().expect("bound");
    let yaml = format!(
        "upstreams: {{default: {{rest_url: 'http://{silent}', grpc_url: 'http://{closed}'}}, eu-west: {{rest_url: 'http://{closed}', grpc_url: 'http://{silent}'}}}}\n\
         listen: {{rest: '{port}', grpc: '127.0.0.1:0', admin: '127.0.0.1:0'}}\nstore: {{url: p.yaml/x.db}}\n\
         prometheus: {{url: 'http://{closed}'}}\nembedder: {{url: 'http://{silent}', model: m}}\nwebhooks: [{{name: chat, url: 'http://{closed}/'}}]"
    );
    let (said, rows) = connect(&yaml, "1s").await;
    assert_eq!(said.code, Some(1), "{rows:#?}");
    failed(&rows, "default, REST", "no answer within 1 s", "correct upstreams.default.rest_url (--qdrant-url)");
    failed(&rows, "default, gRPC", "Connection refused", "correct upstreams.default.grpc_url (--qdrant-grpc-url)");
    failed(&rows, "eu-west, REST", "Connection refused", "correct upstreams.eu-west.rest_url");
    failed(&rows, "eu-west, gRPC", "no answer within 1 s", "correct upstreams.eu-west.grpc_url");
    failed(&rows, "store", "p.yaml cannot be written", "choose another store with --store-url");
    failed(&rows, "Prometheus", "Connection refused", "prometheus.url");
    failed(&rows, "embedder", "no answer within 1 s", "embedder.url");
    failed(&rows, "webhook chat", "Connection refused", "correct the url of the webhook `chat`");
    let owner = format!("process {} (", std::process::id());
    failed(&rows, "REST port", "Address already in use", &owner);
    failed(&rows, "REST port", "Address already in use", "choose another port with --rest-addr (listen.rest)");
    is_ok(&rows, "gRPC port", "the system chooses a free one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_refused_and_a_name_that_is_not_in_the_certificate_are_told_apart() {
    let (guarded, _) = answering("401 Unauthorized", "Must provide an API key or an Authorization bearer token").await;
    let keyed = format!(
        "upstreams: {{default: {{rest_url: '{guarded}', grpc_url: '{guarded}', api_key: wrong}}}}\n{PORTS}\nstore: {{url: 'memory:'}}"
    );
    let (said, rows) = connect(&keyed, "60s").await;
    assert_eq!(said.code, Some(1));
    failed(&rows, "default, REST", "Must provide an API key", "POINTSMAN__UPSTREAMS__DEFAULT__API_KEY");
    is_ok(&rows, "store", "kept in memory");

    let stranger = Authority::named("qdrant.example");
    let upstream = stranger.sandbox(&stranger, &Spoken::default()).await;
    let (said, rows) = connect(&of(&upstream), "60s").await;
    assert_eq!(said.code, Some(1));
    for what in ["default, REST", "default, gRPC", "default, certificate of REST", "default, certificate of gRPC"] {
        let row = row(&rows, what);
        assert!(row["ok"] == false && row["why"].as_str().is_some_and(|why| why.contains("subjectAltNames")), "{row:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_a_running_pointsman_has_is_in_use_and_its_ports_are_taken() {
    let upstream = Upstream::sandbox().await;
    let kept = tempfile::tempdir().expect("a temporary folder");
    let store = format!("store: {{url: {:?}}}", kept.path().join("kept.db"));
    let pointsman = Pointsman::start(&upstream, &store).await;
    let pid = pointsman.child.id().expect("it runs");
    let yaml = of(&upstream).replace("rest: '127.0.0.1:0'", &format!("rest: '{}'", pointsman.rest)) + &store;
    let (said, rows) = connect(&yaml, "60s").await;
    assert_eq!(said.code, Some(1));
    failed(&rows, "store", &format!("in use by process {pid}"), "stop it, or choose another store with --store-url");
    failed(&rows, "REST port", "Address already in use", &format!("process {pid} (pointsman) has the port"));

    // `serve` says the same of the port.
    let rest = pointsman.rest.to_string();
    let qdrant = ["--qdrant-url", &upstream.rest, "--qdrant-grpc-url", &upstream.grpc];
    let serve = ["serve", "--store-url", "memory:", "--rest-addr", &rest, "--grpc-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"];
    let refused = run(kept.path(), &[&serve[..], &qdrant[..]].concat()).await;
    let advice = format!("process {pid} (pointsman) has the port: stop it, or choose another port with --rest-addr (listen.rest)");
    assert!(refused.code == Some(1) && refused.err.contains(&advice), "{refused:#?}");

    pointsman.signal("-TERM").await;
    let mut child = pointsman.child;
    tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends").expect("it can be waited for");
    let (said, rows) = connect(&(of(&upstream) + &store), "60s").await;
    assert_eq!(said.code, Some(0), "{rows:#?}");
    is_ok(&rows, "store", "writable, schema 1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_looked_at_and_left_as_it_was() {
    let upstream = Upstream::sandbox().await;
    let database = tokio::task::spawn_blocking(|| Cluster::shared().database()).await.expect("a database");
    let store = format!("store: {{url: {database:?}}}");
    for _ in 0..2 {
        let (said, rows) = connect(&(of(&upstream) + &store), "60s").await;
        assert_eq!(said.code, Some(0), "{rows:#?}");
        is_ok(&rows, "store", "there is none yet: serve makes one");
    }
    drop(Pointsman::start(&upstream, &store).await);
    let (_, rows) = connect(&(of(&upstream) + &store), "60s").await;
    is_ok(&rows, "store", "writable, schema 1");

    let gone = format!("store: {{url: 'postgres://ann@{}/p'}}", peer::refusing_port());
    let (said, rows) = connect(&(of(&upstream) + &gone), "60s").await;
    assert_eq!(said.code, Some(1));
    failed(&rows, "store", "cannot be reached", "start the database");
}
