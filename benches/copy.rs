//! What a copy of 100 000 points does in a second, and what reads notice of it. Run by `make bench ARGS=copy`.
//!
//! Source, target and copier share this machine with the engine, so the rate is of all of them together, and worth
//! comparing only with itself. The copy is cut in the middle and goes on from its checkpoint; at the end both are compared.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pointsman::qdrant::{Access, Checkpoint, Client, CopyJob, CopySettings, Progress, RestUntil, VerifySettings};
use pointsman::upstream::{Endpoint, Speaks};
use pointsman_sandbox::{Sandbox, SandboxOptions};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::sync::watch;

const POINTS: u64 = 100_000;
const PAGE: usize = 1_000;
const DIMENSIONS: u64 = 64;

fn main() -> io::Result<()> {
    // Criterion's benches are chosen by a part of their names; this one likewise.
    let chosen = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).all(|part| "copy".contains(&part));
    if !chosen {
        return Ok(());
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measured())
}

async fn measured() -> io::Result<()> {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.map_err(io::Error::other)?;
    let http = reqwest::Client::new();
    for name in ["old", "new"] {
        let body = json!({"vectors": {"size": DIMENSIONS, "distance": "Cosine"}});
        put(&http, &format!("{}/collections/{name}", sandbox.rest_url()), &body).await?;
    }
    let ids: Vec<u64> = (0..POINTS).collect();
    for page in ids.chunks(PAGE) {
        let points: Vec<Value> = page.iter().copied().map(point).collect();
        put(&http, &format!("{}/collections/old/points?wait=true", sandbox.rest_url()), &json!({"points": points})).await?;
    }
    let quiet = read_for(&http, &sandbox.rest_url(), Duration::from_secs(3)).await?;

    let client = client(&sandbox)?;
    let job = CopyJob {
        source: client.clone(),
        source_collection: "old".to_owned(),
        target: client,
        target_collection: "new".to_owned(),
        settings: CopySettings::default(),
    };
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(read_until(http.clone(), sandbox.rest_url(), Arc::clone(&done)));
    let began = Instant::now();
    let half = cut(&job, POINTS / 2).await?;
    let (progress, _watched) = watch::channel(Progress::default());
    let whole = job.run(Some(half.clone()), &progress).await.map_err(io::Error::other)?;
    let took = began.elapsed();
    done.store(true, Ordering::Relaxed);
    let during = reader.await.map_err(io::Error::other)??;
    let compared = job.verify(&VerifySettings::default()).await.map_err(io::Error::other)?;

    let rate = POINTS as f64 / took.as_secs_f64();
    let mut out = io::stdout();
    writeln!(out, "copy: {POINTS} points of {DIMENSIONS} dimensions in {:.1} s: {rate:.0} points a second", took.as_secs_f64())?;
    writeln!(out, "copy: cut at {} points and gone on with; {} copied in all", half.copied(), whole.copied())?;
    writeln!(out, "copy: equal: {}; {} points compared as a whole", compared.is_equal(), compared.compared)?;
    writeln!(out, "copy: reads meanwhile: {}; a quiet server: {}", during.told(), quiet.told())
}

/// Copies until so much is done, then is dropped, as by a kill.
async fn cut(job: &CopyJob, after: u64) -> io::Result<Checkpoint> {
    let (progress, mut seen) = watch::channel(Progress::default());
    let reached = async {
        let found = seen.wait_for(|progress| progress.points >= after).await.map(|progress| progress.checkpoint.clone());
        found.ok().flatten().ok_or_else(|| io::Error::other("the copy showed no checkpoint"))
    };
    tokio::select! {
        ended = job.run(None, &progress) => ended.map_err(io::Error::other),
        checkpoint = reached => checkpoint,
    }
}

/// What one reader saw.
struct Reads {
    latencies: Vec<Duration>,
    failed: usize,
}

impl Reads {
    fn told(&self) -> String {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let at = |quantile: f64| sorted.get((sorted.len() as f64 * quantile) as usize).map_or(0.0, |one| one.as_secs_f64() * 1000.0);
        format!("{} answered, {} failed, p50 {:.1} ms, p99 {:.1} ms", sorted.len(), self.failed, at(0.50), at(0.99))
    }
}

async fn read_for(http: &reqwest::Client, rest: &str, length: Duration) -> io::Result<Reads> {
    let done = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn(read_until(http.clone(), rest.to_owned(), Arc::clone(&done)));
    tokio::time::sleep(length).await;
    done.store(true, Ordering::Relaxed);
    reading.await.map_err(io::Error::other)?
}

async fn read_until(http: reqwest::Client, rest: String, done: Arc<AtomicBool>) -> io::Result<Reads> {
    let mut reads = Reads { latencies: Vec::new(), failed: 0 };
    while !done.load(Ordering::Relaxed) {
        let began = Instant::now();
        let query = json!({"query": vector(reads.latencies.len() as u64), "limit": 10});
        let answer = http.post(format!("{rest}/collections/old/points/query")).json(&query).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => {
                answer.bytes().await.map_err(io::Error::other)?;
                reads.latencies.push(began.elapsed());
            }
            _ => reads.failed += 1,
        }
    }
    Ok(reads)
}

fn point(id: u64) -> Value {
    json!({"id": id, "vector": vector(id), "payload": {"title": format!("document {id}"), "group": id % 100}})
}

fn vector(id: u64) -> Vec<f64> {
    (0..DIMENSIONS).map(|place| ((id * 31 + place * 17) % 97) as f64 + 1.0).collect()
}

async fn put(http: &reqwest::Client, url: &str, body: &Value) -> io::Result<()> {
    let answer = http.put(url).json(body).send().await.map_err(io::Error::other)?;
    answer.error_for_status().map(drop).map_err(io::Error::other)
}

fn client(sandbox: &Sandbox) -> io::Result<Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let tls = Arc::new(tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    let endpoint = |url: &str, speaks| Endpoint::parse(url, 80, &tls, speaks).map_err(io::Error::other);
    let grpc = sandbox.grpc_url().ok_or_else(|| io::Error::other("the sandbox speaks gRPC by default"))?;
    let access = Access {
        name: "default".to_owned(),
        rest: endpoint(&sandbox.rest_url(), Speaks::Http1)?,
        grpc: endpoint(&grpc, Speaks::Http2)?,
        api_key: None,
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(60),
        rest_until: RestUntil::default(),
    };
    Ok(Client::new(access))
}
