//! Events as they happen (server-sent events), on every replica.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::house::{PATIENCE, Pointsman, Upstream, send};
use crate::postgres::Cluster;

/// One stream, read event by event.
struct Stream {
    response: Response,
    text: String,
}

#[derive(Debug)]
struct Told {
    id: u64,
    kind: String,
    data: Value,
}

impl Stream {
    async fn open(pointsman: &Pointsman, path: &str, last: Option<u64>) -> Self {
        let mut request = pointsman.http.get(pointsman.admin(path)).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event; none when the stream has ended.
    async fn next(&mut self) -> Option<Told> {
        loop {
            while let Some((frame, rest)) = self.text.split_once("\n\n") {
                let told = read(frame);
                self.text = rest.to_owned();
                if told.is_some() {
                    return told;
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("something comes in time");
            self.text.push_str(std::str::from_utf8(&chunk.expect("the stream is whole")?).expect("it is text"));
        }
    }
}

/// None for a heartbeat.
fn read(frame: &str) -> Option<Told> {
    let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let data = serde_json::from_str(field("data:")?).expect("it is JSON");
    Some(Told { id: field("id:")?.parse().expect("a number"), kind: field("event:")?.to_owned(), data })
}

async fn turn(pointsman: &Pointsman, on: bool) {
    send(&pointsman.http, Method::PUT, &pointsman.admin("/v1/kill-switch"), &json!({"on": on})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_shows_what_another_replica_did_and_goes_on_where_it_was() {
    let store = format!("store: {{url: \"{}\"}}", Cluster::shared().database());
    let upstream = Upstream::sandbox().await;
    let (one, other) = (Pointsman::start(&upstream, &store).await, Pointsman::start(&upstream, &store).await);
    // Subjects leave out what is told of the lease.
    let mut stream = Stream::open(&other, "/v1/events?subject=", None).await;
    turn(&one, true).await;
    let first = stream.next().await.expect("it is told");
    assert_eq!(
        (first.kind.as_str(), &first.data["id"], &first.data["kind"]),
        ("kill_switch.on", &json!(first.id), &json!("kill_switch.on"))
    );
    drop(stream);
    turn(&one, false).await;
    turn(&other, true).await;
    for (path, last) in [("/v1/events?subject=".to_owned(), Some(first.id)), (format!("/v1/events?subject=&after={}", first.id), None)] {
        let mut stream = Stream::open(&one, &path, last).await;
        let kinds = [stream.next().await, stream.next().await].map(|told| told.expect("it is told").kind);
        assert_eq!(kinds, ["kill_switch.off", "kill_switch.on"], "{path}");
    }
    let mut stream = Stream::open(&other, "/v1/events", None).await;
    other.signal("-TERM").await;
    while let Some(told) = stream.next().await {
        assert!(told.kind.starts_with("lease."), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_few_and_their_questions_must_make_sense() {
    let pointsman = Pointsman::start(&Upstream::sandbox().await, "").await;
    let ask = async |path: &str, header: (&str, &str)| {
        let request = pointsman.http.get(pointsman.admin(path)).header(header.0, header.1);
        request.send().await.expect("an answer").status().as_u16()
    };
    let stream = ("accept", "text/event-stream");
    assert_eq!(ask("/v1/events?after=1", ("accept", "application/json")).await, 400);
    assert_eq!(ask("/v1/events?before=1", stream).await, 400);
    assert_eq!(ask("/v1/events?after=x", stream).await, 400);
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(Stream::open(&pointsman, "/v1/events", None).await);
    }
    assert_eq!(ask("/v1/events", stream).await, 503);
    drop(open);
    let freed = async {
        while ask("/v1/events", stream).await != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, freed).await.expect("closed streams make room");
}
