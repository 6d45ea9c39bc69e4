//! How much feedback is taken in a second, and what reads notice of it. Run by `make bench ARGS=feedback`.
//!
//! Everything shares this machine: the reads' latencies with and without feedback are worth comparing with each other only.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pointsman_sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

#[path = "support/pointsman.rs"]
mod pointsman;

use pointsman::{Pointsman, send};

const BATCH: usize = 200;
/// The promise.
const RATE: usize = 10_000;
const LENGTH: Duration = Duration::from_secs(5);
const USERS: usize = 200;

fn main() -> io::Result<()> {
    let chosen = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).all(|part| "feedback".contains(&part));
    if !chosen {
        return Ok(());
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measured())
}

async fn measured() -> io::Result<()> {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.map_err(io::Error::other)?;
    let http = reqwest::Client::new();
    let rest = sandbox.rest_url();
    for name in ["docs_v1", "docs_v2"] {
        send(http.put(format!("{rest}/collections/{name}")), &json!({"vectors": {"size": 2, "distance": "Dot"}})).await?;
        let points: Vec<Value> = (0..10).map(|id| json!({"id": id, "vector": [1.0, 0.5]})).collect();
        send(http.put(format!("{rest}/collections/{name}/points?wait=true")), &json!({"points": points})).await?;
    }
    let alias = json!({"actions": [{"create_alias": {"collection_name": "docs_v1", "alias_name": "docs"}}]});
    send(http.post(format!("{rest}/collections/aliases")), &alias).await?;

    let pointsman = Pointsman::start(&sandbox, &[])?;
    let spec = json!({"name": "bench", "alias": "docs", "treatment": "docs_v2", "metrics": [{"name": "click", "kind": "binary"}]});
    let made = send(http.post(format!("{}/v1/experiments", pointsman.admin)), &spec).await?;
    let id = made["id"].as_str().ok_or_else(|| io::Error::other("the experiment has no id"))?.to_owned();
    let mut tokens = Vec::new();
    for user in 0..USERS {
        let url = format!("{}/v1/experiments/{id}/assignment?unit=user-{user}", pointsman.admin);
        let assigned: Value = http.get(url).send().await.map_err(io::Error::other)?.json().await.map_err(io::Error::other)?;
        tokens.extend(assigned["token"].as_str().map(str::to_owned));
    }
    let values: Vec<Value> = tokens
        .iter()
        .cycle()
        .take(BATCH)
        .enumerate()
        .map(|(at, token)| json!({"token": token, "metric": "click", "value": at % 2}))
        .collect();
    let feedback = (format!("{}/v1/experiments/{id}/feedback", pointsman.admin), serde_json::to_vec(&values)?);

    let quiet = reads(&http, &pointsman.rest, async { tokio::time::sleep(LENGTH).await }).await?;
    let before = pointsman.cpu()?;
    let paced = reads(&http, &pointsman.rest, flood(&http, &feedback, Some(RATE))).await?;
    let after = pointsman.cpu()?;
    let most = flood(&http, &feedback, None).await?;

    let mut out = io::stdout();
    let taken = paced.1?;
    writeln!(
        out,
        "feedback: {:.0} values a second in batches of {BATCH} beside reads; CPU {:.2} s of {} s",
        taken.rate(),
        after - before,
        LENGTH.as_secs()
    )?;
    writeln!(out, "feedback: reads meanwhile: {}; without: {}", paced.0.told(), quiet.0.told())?;
    writeln!(out, "feedback: {:.0} values a second at the most, one batch after the other", most.rate())
}

struct Taken {
    values: usize,
    took: Duration,
}

impl Taken {
    fn rate(&self) -> f64 {
        self.values as f64 / self.took.as_secs_f64()
    }
}

/// Batches for a while, so many values a second, or one batch as soon as the one before is taken.
async fn flood(http: &reqwest::Client, (url, body): &(String, Vec<u8>), rate: Option<usize>) -> io::Result<Taken> {
    let began = Instant::now();
    let mut pace = rate.map(|rate| tokio::time::interval(Duration::from_secs(1) * BATCH as u32 / rate as u32));
    let mut values = 0;
    while began.elapsed() < LENGTH {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        let answer =
            http.post(url).body(body.clone()).send().await.map_err(io::Error::other)?.error_for_status().map_err(io::Error::other)?;
        let answer: Value = answer.json().await.map_err(io::Error::other)?;
        values += answer["accepted"].as_u64().unwrap_or(0) as usize;
    }
    Ok(Taken { values, took: began.elapsed() })
}

struct Reads(Vec<Duration>);

impl Reads {
    fn told(&self) -> String {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = |quantile: f64| sorted.get((sorted.len() as f64 * quantile) as usize).map_or(0.0, |one| one.as_secs_f64() * 1e6);
        format!("{}, p50 {:.0} us, p99 {:.0} us", sorted.len(), at(0.50), at(0.99))
    }
}

/// Two hundred reads a second of many users, as long as `meanwhile` takes.
async fn reads<T>(http: &reqwest::Client, rest: &str, meanwhile: impl Future<Output = T>) -> io::Result<(Reads, T)> {
    let done = Arc::new(AtomicBool::new(false));
    let (over, client, url) = (Arc::clone(&done), http.clone(), format!("{rest}/collections/docs/points/query"));
    let reading = tokio::spawn(async move {
        let (mut latencies, mut pace) = (Vec::new(), tokio::time::interval(Duration::from_millis(5)));
        while !over.load(Ordering::Relaxed) {
            pace.tick().await;
            let began = Instant::now();
            let query = json!({"query": [1.0, 0.5], "limit": 3});
            let request = client.post(&url).header("x-user-id", format!("user-{}", latencies.len() % USERS)).json(&query);
            request
                .send()
                .await
                .map_err(io::Error::other)?
                .error_for_status()
                .map_err(io::Error::other)?
                .bytes()
                .await
                .map_err(io::Error::other)?;
            latencies.push(began.elapsed());
        }
        Ok::<_, io::Error>(Reads(latencies))
    });
    let came = meanwhile.await;
    done.store(true, Ordering::Relaxed);
    Ok((reading.await.map_err(io::Error::other)??, came))
}
