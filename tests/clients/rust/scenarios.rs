//! The Rust client's scenarios: everyday calls whose answers must be the same through Pointsman as without it.
//!
//! Included by the integration tests, which call [`run`] once for the upstream and once for the proxy and fail on
//! [`differences`]. The Python and JavaScript suites beside it cover the same ground; names agree where the calls do.

mod aliases;
mod answers;
mod changes;
mod collections;
mod failures;
mod points;
mod queries;
mod snapshots;
mod vectors;

use std::future::Future;
use std::time::Duration;

use qdrant_client::config::CompressionEncoding;
use qdrant_client::{Qdrant, QdrantError};
use serde_json::{Value, json};
use tonic::Code;

pub(crate) use answers::Answer;

/// Generous: a busy machine must not turn a slow answer into a difference.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Where a run goes and how it names things there.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) grpc_url: &'a str,
    /// Where to clean up: a split keeps its collections.
    pub(crate) upstream: &'a str,
    /// What the names of this run's collections begin with: the same for the two runs that are compared.
    pub(crate) prefix: &'a str,
    /// Read and write points through aliases.
    pub(crate) via_alias: bool,
    /// Sent as `x-user-id` with every request.
    pub(crate) user: Option<&'a str>,
}

/// What came of one scenario.
#[derive(Debug, PartialEq)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Whether the call is meant to be refused.
    pub(crate) refused: bool,
    pub(crate) outcome: Result<Value, Refusal>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: String,
    pub(crate) text: String,
}

impl Scenario {
    /// The server says that it does not serve this call: two such answers are alike and prove nothing.
    pub(crate) fn unserved(&self) -> bool {
        let unimplemented = format!("{:?}", Code::Unimplemented);
        self.outcome.as_ref().is_err_and(|refusal| refusal.status == unimplemented)
    }
}

/// Runs every scenario in order and leaves nothing behind.
pub(crate) async fn run(target: Target<'_>) -> Result<Vec<Scenario>, QdrantError> {
    let client = connect(target, None).await?;
    let upstream = connect(Target { grpc_url: target.upstream, ..target }, None).await?;
    clean(&upstream, target.prefix).await?;
    let mut run = Run { client: client.clone(), target, done: Vec::new() };
    collections::run(&mut run).await;
    points::run(&mut run).await;
    queries::run(&mut run).await;
    changes::run(&mut run).await;
    aliases::run(&mut run).await;
    failures::run(&mut run).await;
    compressed(&mut run).await?;
    snapshots::run(&mut run).await;
    // Through an alias that is split, the collections cannot be taken away, and should not be.
    if !target.via_alias {
        collections::end(&mut run).await;
    }
    clean(&upstream, target.prefix).await?;
    Ok(run.done)
}

/// One line for each scenario on which two runs do not agree, or which agree on something it is not about.
pub(crate) fn differences(direct: &[Scenario], through: &[Scenario]) -> Vec<String> {
    let mut found = Vec::new();
    if direct.len() != through.len() {
        found.push(format!("{} scenarios direct, {} through", direct.len(), through.len()));
    }
    for (one, other) in direct.iter().zip(through) {
        if one != other {
            found.push(format!("{}\n  direct:  {:?}\n  through: {:?}", one.name, one.outcome, other.outcome));
        } else if one.refused != one.outcome.is_err() && !one.unserved() {
            found.push(format!("{}: unexpected on both sides: {:?}", one.name, one.outcome));
        }
    }
    found
}

/// A run under way: what the modules of scenarios work with.
struct Run<'a> {
    client: Qdrant,
    target: Target<'a>,
    done: Vec<Scenario>,
}

impl Run<'_> {
    /// A name of this run's own.
    fn name(&self, short: &str) -> String {
        format!("{}_{short}", self.target.prefix)
    }

    fn alias(&self, short: &str) -> String {
        format!("{}_{short}_alias", self.target.prefix)
    }

    /// Where reads and writes of points go: the collection, or the alias that stands for it.
    fn at(&self, short: &str) -> String {
        if self.target.via_alias { self.alias(short) } else { self.name(short) }
    }

    /// Records a call that is meant to be answered.
    fn answered<T: Answer>(&mut self, name: &'static str, call: impl Future<Output = Result<T, QdrantError>>) -> impl Future<Output = ()> {
        self.record(name, false, call)
    }

    /// Records a call that is meant to be refused.
    fn refused<T: Answer>(&mut self, name: &'static str, call: impl Future<Output = Result<T, QdrantError>>) -> impl Future<Output = ()> {
        self.record(name, true, call)
    }

    fn record<T: Answer>(
        &mut self,
        name: &'static str,
        refused: bool,
        call: impl Future<Output = Result<T, QdrantError>>,
    ) -> impl Future<Output = ()> {
        // The client's futures take kilobytes; on the heap they don't add up in every function above.
        let call = Box::pin(call);
        async move {
            let outcome = call.await.map(Answer::canonical).map_err(refusal);
            self.done.push(Scenario { name, refused, outcome });
        }
    }
}

/// A client's own errors keep their whole text: they must differ when they do, and none is expected.
fn refusal(error: QdrantError) -> Refusal {
    match error {
        QdrantError::ResponseError { status } | QdrantError::ResourceExhaustedError { status, .. } => {
            Refusal { status: format!("{:?}", status.code()), text: status.message().to_owned() }
        }
        other => Refusal { status: "Client".to_owned(), text: other.to_string() },
    }
}

/// Builds a client where blocking is allowed: building it asks the server's version and waits for the answer.
async fn connect(target: Target<'_>, compression: Option<CompressionEncoding>) -> Result<Qdrant, QdrantError> {
    let mut builder = Qdrant::from_url(target.grpc_url).timeout(TIMEOUT).compression(compression);
    if let Some(user) = target.user {
        builder = builder.header("x-user-id", user);
    }
    let built = tokio::task::spawn_blocking(move || builder.build().map_err(Box::new)).await;
    built.map_err(|stopped| QdrantError::Io(std::io::Error::other(stopped)))?.map_err(|error| *error)
}

/// Removes what this run made, or what one that was killed left. Aliases go with their collections.
async fn clean(client: &Qdrant, prefix: &str) -> Result<(), QdrantError> {
    for collection in client.list_collections().await?.collections {
        if collection.name.starts_with(prefix) {
            client.delete_collection(collection.name).await?;
        }
    }
    Ok(())
}

/// Requests and answers compressed: the collection's name is inside the compressed frame.
async fn compressed(run: &mut Run<'_>) -> Result<(), QdrantError> {
    let client = connect(run.target, Some(CompressionEncoding::Gzip)).await?;
    let at = run.at("plain");
    run.answered("transport.gzip.upsert", client.upsert_points(points::plain(&at))).await;
    run.answered("transport.gzip.query", client.query(queries::nearest(&at).limit(3).with_payload(true))).await;
    Ok(())
}

/// The points of the data file all suites share.
fn data() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../data.json")).expect("data.json is part of the repository");
    file["points"].as_array().cloned().unwrap_or_else(|| panic!("data.json has no points: {}", json!(file)))
}
