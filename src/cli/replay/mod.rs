//! `pointsman replay`: two collections of a Qdrant, asked what was recorded.
//!
//! It speaks to Qdrant and to no Pointsman, so that a golden set can be asked anywhere. Exit codes: 0 compared, 1 refused by
//! Qdrant, nothing compared, or a limit that is certainly broken, 2 wrong usage, 3 not reachable.

mod verdict;

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use tokio::task::LocalSet;

use self::verdict::Limits;
use super::output::OutputOrJsonArgs;
use super::progress::{Done, ProgressLine};
use super::remote::{Asked, Cell, Failure, Table, reported, style};
use super::{complain, remote};
use crate::config::{Config, Credentials, DEFAULT_UPSTREAM, Period, Secret, Size, UpstreamConfig, UpstreamUrl};
use crate::control::Plan;
use crate::golden::{self, Golden, Query};
use crate::mirror::{self, AskFailed, Replay};
use crate::rollout::Share;
use crate::stats::shadow::Findings;

const GRPC_PORT: u16 = 6334;
/// Of one answer: a replay shares its memory with no live traffic.
const MOST_BYTES: Size = Size::from_mib(64);

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// What `capture` has recorded
    file: PathBuf,
    /// The collection, or the alias, whose answers are taken for what users get
    reference: String,
    /// The collection, or the alias, that is compared with it
    candidate: String,
    /// Qdrant's REST API
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:6333")]
    url: UpstreamUrl,
    /// Qdrant's gRPC API [default: the host of the REST API, port 6334]
    #[arg(long, value_name = "URL")]
    grpc_url: Option<UpstreamUrl>,
    /// The key to ask with
    #[arg(long, value_name = "KEY", env = "POINTSMAN_QDRANT_API_KEY", hide_env_values = true, value_parser = remote::secret)]
    api_key: Option<Secret>,
    /// The certificate authorities (PEM) an https Qdrant is trusted by [default: those of the operating system]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// How many hits of an answer are compared
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    depth: u16,
    /// How many questions are asked at a time
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    concurrency: u16,
    /// How long an answer may take
    #[arg(long, value_name = "PERIOD", default_value = "10s")]
    timeout: Period,
    /// Ask the first so many questions only
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Of the questions, how much is put to the reference a second time, to learn how far it differs from itself
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0)]
    noise_percentage: f64,
    /// The collections' vectors are of different models: do not compare scores
    #[arg(long)]
    other_space: bool,
    /// Show the worst answers with the payloads of their hits
    #[arg(long)]
    payloads: bool,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    output: OutputOrJsonArgs,
}

pub(super) fn run(args: &ReplayArgs) -> ExitCode {
    remote::wait(args.replay()).unwrap_or_else(|failure| failure.told())
}

impl ReplayArgs {
    async fn replay(&self) -> Result<ExitCode, Failure> {
        self.limits.check()?;
        if !(0.0..=100.0).contains(&self.noise_percentage) {
            return Err(Failure::Usage(format!("--noise-percentage must be from 0 to 100, not {}", self.noise_percentage)));
        }
        if self.timeout.is_zero() {
            return Err(Failure::Usage("--timeout must be above zero".to_owned()));
        }
        let golden = self.golden()?;
        let queries: Vec<Query> = golden.queries.into_iter().map(|(_, query)| query).take(self.limit.unwrap_or(usize::MAX)).collect();
        let replay = self.replaying()?;
        // Where connections can be left to themselves.
        let here = LocalSet::new();
        let found = here.run_until(async {
            for collection in [&self.reference, &self.candidate] {
                replay.find(collection).await.map_err(|why| self.not_found(collection, why))?;
            }
            let of = queries.len() as u64;
            let mut line = ProgressLine::begin();
            let summary = replay.run(&queries, |done| line.show(Done { done, of, what: "questions", at_most: None })).await;
            line.end();
            Ok::<_, Failure>(summary)
        });
        let findings = Findings::from(found.await?);
        let mut report = json!(findings);
        for (field, name) in [("reference", &self.reference), ("candidate", &self.candidate), ("alias", &golden.header.alias)] {
            report[field] = json!(name);
        }
        let said = self.output.chosen().print(&report.to_string(), &report, |report| self.words(&golden.header, report));
        let broken = self.limits.broken(&findings.report);
        Ok(if broken.is_empty() { said } else { complain(format_args!("{}", broken.join("\n"))) })
    }

    /// Every line of it can be asked.
    fn golden(&self) -> Result<Golden, Failure> {
        let name = self.file.display();
        let file = File::open(&self.file).map_err(|error| Failure::Usage(format!("{name} cannot be read: {error}")))?;
        let golden = golden::read(BufReader::new(file)).map_err(|fault| Failure::Usage(format!("{name}, {fault}")))?;
        for (line, query) in &golden.queries {
            mirror::check(query).map_err(|unknown| Failure::Usage(format!("{name}, line {line}: {unknown}")))?;
        }
        Ok(golden)
    }

    fn replaying(&self) -> Result<Replay, Failure> {
        if self.url.has_path() && self.grpc_url.is_none() {
            return Err(Failure::Usage(format!("--grpc-url is missing: {} leads below a path, so gRPC's cannot be guessed", self.url)));
        }
        let mut config = Config::default();
        let upstream = UpstreamConfig {
            rest_url: self.url.clone(),
            grpc_url: self.grpc_url.clone().unwrap_or_else(|| self.url.with_port(GRPC_PORT)),
            api_key: self.api_key.clone(),
            ca_file: self.ca_file.clone(),
            credentials: if self.api_key.is_some() { Credentials::Replace } else { Credentials::Pass },
            grpc_connections: 1,
        };
        config.upstreams.insert(DEFAULT_UPSTREAM.to_owned(), upstream);
        config.shadow.concurrency = usize::from(self.concurrency);
        config.shadow.max_bytes = MOST_BYTES;
        config.shadow.timeout = self.timeout;
        let plan = Plan::of(&config, None)
            .map_err(|faults| Failure::Usage(faults.iter().map(|fault| fault.reason.clone()).collect::<Vec<_>>().join("\n")))?;
        Ok(Replay {
            upstream: plan.upstreams[crate::live::DEFAULT_UPSTREAM].clone(),
            settings: plan.settings,
            reference: self.reference.clone(),
            candidate: self.candidate.clone(),
            depth: usize::from(self.depth),
            noise: Share::from_percentage(self.noise_percentage).slots(),
            scores: !self.other_space,
            payloads: self.payloads,
        })
    }

    fn not_found(&self, collection: &str, why: AskFailed) -> Failure {
        match why {
            AskFailed::Unreachable(why) => Failure::Unreachable { url: self.url.to_string(), why },
            why => Failure::Qdrant(format!("{} cannot be asked for `{collection}`: {why}", self.url)),
        }
    }

    fn words(&self, header: &golden::Header, report: &Value) -> String {
        let mut facts = Table::facts();
        facts.fact("recorded", Cell::text(format!("of {}, {} % of its searches", header.alias, header.percentage)));
        facts.fact("reference", Cell::text(&self.reference));
        facts.fact("candidate", Cell::text(&self.candidate));
        reported(report, Asked { how: "asked", reference: &self.reference, candidate: &self.candidate }, facts, style())
    }
}

#[cfg(test)]
mod tests {
    use super::remote::testing::{parse, parsed};
    use super::*;

    #[test]
    fn grpc_is_beside_rest_unless_it_is_said() {
        let args = parsed::<ReplayArgs>("golden.jsonl docs_v1 docs_v2 --url http://10.0.0.7:7000");
        let replay = args.replaying().expect("no file to read");
        assert_eq!((replay.upstream.rest.port, replay.upstream.grpc.port), (7_000, GRPC_PORT));
        assert_eq!(&*replay.upstream.grpc.host, "10.0.0.7");
        assert!(replay.scores && replay.noise == crate::routing::SLOTS && replay.settings.shadow.concurrency == 4);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in
            ["", "golden.jsonl docs_v1", "golden.jsonl a b --depth 0", "golden.jsonl a b --concurrency 0", "golden.jsonl a b --url x"]
        {
            assert!(parse::<ReplayArgs>(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_line_that_nobody_can_ask_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("golden.jsonl");
        let header = r#"{"pointsman_capture":1,"alias":"docs","captured_at":0,"percentage":10.0}"#;
        for (line, wanted) in [
            (r#"{"operation":"points.scroll","protocol":"rest","body":{}}"#, "line 2: `points.scroll` is no search over rest"),
            (r#"{"operation":"points.dream","protocol":"grpc","message":""}"#, "line 2: `points.dream` is no search over grpc"),
            (r#"{"operation":"#, "line 2: is not JSON"),
        ] {
            std::fs::write(&file, format!("{header}\n{line}\n")).expect("written");
            let args = parsed::<ReplayArgs>(&format!("{} a b", file.display()));
            let fault = args.golden().expect_err(wanted).to_string();
            assert!(fault.contains(wanted), "{fault}");
        }
    }
}
