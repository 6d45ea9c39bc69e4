//! What users notice of a shadow: reads with none, beside one that answers, and beside one that hangs. Run by `make bench ARGS=shadow`.
//!
//! Everything shares this machine, so only the ratios of one run say something. With and without take turns, a short while each, so
//! that whatever else the machine does falls on both.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use pointsman_sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

#[path = "support/pointsman.rs"]
mod pointsman;

use pointsman::{Pointsman, send};

const ROUNDS: usize = 6;
const TURN: Duration = Duration::from_secs(2);
/// Four hundred reads a second.
const PACE: Duration = Duration::from_micros(2_500);
const DIMENSIONS: usize = 32;
const POINTS: usize = 2_000;

/// Aliases with a shadow. The one that hangs comes last: its questions keep the places that all shadows share.
const SHADOWED: [&str; 2] = ["healthy", "hanging"];
const PLAIN: &str = "plain";

fn main() -> io::Result<()> {
    let chosen = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).all(|part| "shadow".contains(&part));
    if !chosen {
        return Ok(());
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measured())
}

async fn measured() -> io::Result<()> {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.map_err(io::Error::other)?;
    let http = reqwest::Client::new();
    let mut random = fastrand::Rng::with_seed(7);
    for name in ["docs", "shadow_healthy", "shadow_hanging"] {
        fill(&http, &sandbox, name, &mut random).await?;
    }
    for alias in SHADOWED.into_iter().chain([PLAIN]) {
        let action = json!({"actions": [{"create_alias": {"collection_name": "docs", "alias_name": alias}}]});
        send(http.post(format!("{}/collections/aliases", sandbox.rest_url())), &action).await?;
    }
    let pointsman = Pointsman::start(&sandbox, &[("POINTSMAN__SHADOW__CONCURRENCY", "4"), ("POINTSMAN__SHADOW__TIMEOUT", "1h")])?;
    for alias in SHADOWED {
        let spec = json!({"alias": alias, "collection": format!("shadow_{alias}"), "noise_percentage": 10});
        send(http.post(format!("{}/v1/shadows", pointsman.admin)), &spec).await?;
    }
    let stall = serde_json::from_value(json!({"connection": "stall"}))?;
    sandbox.faults.set("shadow_hanging", stall).map_err(io::Error::other)?;
    for alias in SHADOWED {
        let (mut without, mut with) = (Turns::default(), Turns::default());
        for round in 0..ROUNDS {
            for (turns, alias) in [(&mut without, PLAIN), (&mut with, alias)] {
                let before = pointsman.cpu()?;
                let turn = reads(&http, &pointsman.rest, alias, &mut random).await?;
                // The first turns warm everything up.
                if round > 0 {
                    turns.cpu += pointsman.cpu()? - before;
                    turns.latencies.extend(turn);
                }
            }
        }
        let metrics = http.get(format!("{}/metrics", pointsman.admin)).send().await.map_err(io::Error::other)?;
        let metrics = metrics.text().await.map_err(io::Error::other)?;
        tell(alias, without, with, &metrics)?;
    }
    Ok(())
}

#[derive(Default)]
struct Turns {
    latencies: Vec<Duration>,
    /// Seconds.
    cpu: f64,
}

impl Turns {
    fn at(&self, quantile: f64) -> f64 {
        self.latencies.get((self.latencies.len() as f64 * quantile) as usize).map_or(0.0, |one| one.as_secs_f64() * 1e6)
    }
}

fn tell(alias: &str, mut without: Turns, mut with: Turns, metrics: &str) -> io::Result<()> {
    let mut out = io::stdout();
    for turns in [&mut without, &mut with] {
        turns.latencies.sort_unstable();
    }
    for (name, quantile) in [("p50", 0.50), ("p99", 0.99)] {
        let (off, on) = (without.at(quantile), with.at(quantile));
        writeln!(out, "shadow, {alias}: {name} {off:.0} us without, {on:.0} us with, {:.2} x", on / off)?;
    }
    writeln!(out, "shadow, {alias}: CPU {:.2} s without, {:.2} s with, {} reads each", without.cpu, with.cpu, with.latencies.len())?;
    let mine =
        |line: &&str| line.starts_with("pointsman_shadow_") && line.contains(&format!("alias=\"{alias}\"")) && line.contains("total");
    metrics.lines().filter(mine).try_for_each(|line| writeln!(out, "shadow, {alias}: {line}"))
}

async fn fill(http: &reqwest::Client, sandbox: &Sandbox, name: &str, random: &mut fastrand::Rng) -> io::Result<()> {
    let url = format!("{}/collections/{name}", sandbox.rest_url());
    send(http.put(&url), &json!({"vectors": {"size": DIMENSIONS, "distance": "Dot"}})).await?;
    let points: Vec<Value> = (0..POINTS).map(|id| json!({"id": id, "vector": vector(random)})).collect();
    send(http.put(format!("{url}/points?wait=true")), &json!({"points": points})).await.map(drop)
}

fn vector(random: &mut fastrand::Rng) -> Vec<f32> {
    (0..DIMENSIONS).map(|_| random.f32()).collect()
}

/// Reads at an even pace for one turn, each a question of its own.
async fn reads(http: &reqwest::Client, rest: &str, alias: &str, random: &mut fastrand::Rng) -> io::Result<Vec<Duration>> {
    let url = format!("{rest}/collections/{alias}/points/query");
    let (mut latencies, mut pace, begun) = (Vec::new(), tokio::time::interval(PACE), Instant::now());
    while begun.elapsed() < TURN {
        pace.tick().await;
        let query = json!({"query": vector(random), "limit": 10});
        let began = Instant::now();
        send(http.post(&url), &query).await?;
        latencies.push(began.elapsed());
    }
    Ok(latencies)
}
