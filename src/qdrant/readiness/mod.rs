//! Whether a collection is ready to take traffic. The judgement is pure; only the samples come from Qdrant.
//!
//! Called by `control` between copy and switch. No data is never ready (I7).

mod judge;
#[cfg(test)]
mod tests;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Client, CollectionState, Failure};

/// What counts as ready.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReadyWhen {
    /// How many points it has at least.
    #[schemars(range(min = 1))]
    pub min_points: u64,
    /// The least share of indexed vectors, from 0 to 1. Null does not ask: small collections have no index and need none.
    #[schemars(range(min = 0, max = 1))]
    pub min_indexed_share: Option<f64>,
    /// How many looks in a row must find it ready, with the same counts.
    pub stable_samples: usize,
}

impl Default for ReadyWhen {
    fn default() -> Self {
        Self { min_points: 1, min_indexed_share: None, stable_samples: 3 }
    }
}

/// Ready, or why not.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct CollectionReadiness {
    pub ready: bool,
    /// One sentence each; empty when ready.
    pub reasons: Vec<String>,
}

/// How waiting ended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotReadyInTime {
    #[error("`{collection}` was not ready after {} s: {}", .waited.as_secs(), .reasons.join("; "))]
    Reasons { collection: String, waited: Duration, reasons: Vec<String> },
    /// The last look failed too.
    #[error("whether `{collection}` is ready cannot be known: {failure}")]
    Failed { collection: String, failure: Box<Failure> },
}

impl Client {
    /// Looks every `interval` until the collection is ready. A look that fails breaks the row of good samples and is made
    /// again: readiness is awaited exactly when a server has much to do.
    ///
    /// # Errors
    /// When it is not ready within `patience`, or is not there at all.
    pub async fn wait_until_ready(
        &self,
        collection: &str,
        when: &ReadyWhen,
        interval: Duration,
        patience: Duration,
    ) -> Result<CollectionState, NotReadyInTime> {
        let began = Instant::now();
        let mut samples: Vec<CollectionState> = Vec::new();
        loop {
            let failure = match self.state(collection).await {
                Ok(state) => {
                    samples.push(state);
                    None
                }
                Err(failure) => {
                    samples.clear();
                    Some(Box::new(failure))
                }
            };
            let CollectionReadiness { ready, reasons } = when.judge(&samples);
            if ready && let Some(last) = samples.pop() {
                return Ok(last);
            }
            if samples.len() > when.stable_samples {
                samples.remove(0);
            }
            let hopeless = failure.as_ref().is_some_and(|failure| !failure.is_transient());
            if hopeless || began.elapsed() + interval > patience {
                let collection = collection.to_owned();
                return Err(match failure {
                    Some(failure) => NotReadyInTime::Failed { collection, failure },
                    None => NotReadyInTime::Reasons { collection, waited: began.elapsed(), reasons },
                });
            }
            tokio::time::sleep(interval).await;
        }
    }
}
