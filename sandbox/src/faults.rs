//! Faults on demand: what is to go wrong, for which collection.
//!
//! A fault is set for a name and holds for requests that use that name or resolve to it; `*` holds for all. REST and gRPC
//! ask `Faults::plan` once a request and do what it says, in this order: wait, then cut, stall, fail or answer slowly.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::engine::CollectionStatus;

/// The name that stands for every collection, and for requests without one.
pub const EVERY: &str = "*";

/// What is to go wrong for one name.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// Wait before anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// Fail a share of requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorShare>,
    /// The state the collection reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CollectionStatus>,
    /// What happens to the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionFault>,
    /// Send the answer in pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_body: Option<SlowBody>,
    /// Makes the random choices repeatable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// How long to wait.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(tag = "distribution", rename_all = "snake_case")]
pub enum Latency {
    /// Always the same.
    Fixed {
        /// Milliseconds.
        ms: f64,
    },
    /// Anything between two bounds.
    Uniform {
        /// Milliseconds.
        min_ms: f64,
        /// Milliseconds.
        max_ms: f64,
    },
    /// A bell; what falls below zero is zero.
    Normal {
        /// Milliseconds.
        mean_ms: f64,
        /// Milliseconds.
        deviation_ms: f64,
    },
    /// Most short, few very long: what services look like.
    Lognormal {
        /// Milliseconds; half the requests are quicker.
        median_ms: f64,
        /// Spread of the logarithm; 0.5 is calm, 1.5 is wild.
        sigma: f64,
    },
}

/// A share of requests that fail.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ErrorShare {
    /// The REST status; gRPC answers with the code that goes with it.
    pub status: u16,
    /// 0 none, 1 all.
    pub share: f64,
    /// The text; one that names the sandbox by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Seconds for `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// What happens to the connection of a request.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionFault {
    /// Closed without an answer.
    Close,
    /// Reset without an answer. Set for `*` it also resets new connections at once, which is as near to a refused
    /// connection as an open port can come.
    Reset,
    /// Kept open without an answer.
    Stall,
}

/// An answer in pieces.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SlowBody {
    /// Bytes a piece.
    pub chunk_bytes: usize,
    /// Milliseconds between pieces.
    pub delay_ms: u64,
}

/// What one request has to suffer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Wait this long.
    pub delay: Duration,
    /// Then do this to the connection.
    pub connection: Option<ConnectionFault>,
    /// Else fail like this.
    pub error: Option<InjectedError>,
    /// Else answer like this.
    pub slow_body: Option<SlowBody>,
}

/// The failure of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjectedError {
    /// The REST status.
    pub status: u16,
    /// The text.
    pub message: String,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u32>,
}

/// All faults of one sandbox.
#[derive(Default)]
pub struct Faults {
    active: Mutex<BTreeMap<String, Active>>,
}

struct Active {
    fault: Fault,
    random: StdRng,
}

impl Faults {
    /// Sets the fault of a name, in place of the one before.
    pub fn set(&self, name: &str, fault: Fault) -> Result<(), String> {
        fault.check()?;
        let random = match fault.seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => StdRng::from_os_rng(),
        };
        self.active.lock().insert(name.to_owned(), Active { fault, random });
        Ok(())
    }

    /// Ends the fault of a name; returns whether there was one.
    pub fn clear(&self, name: &str) -> bool {
        self.active.lock().remove(name).is_some()
    }

    /// Ends all faults.
    pub fn clear_all(&self) {
        self.active.lock().clear();
    }

    /// All faults by name.
    pub fn list(&self) -> BTreeMap<String, Fault> {
        let active = self.active.lock();
        active.iter().map(|(name, active)| (name.clone(), active.fault.clone())).collect()
    }

    /// Whether new connections are reset at once.
    pub fn resets_connections(&self) -> bool {
        let active = self.active.lock();
        let every = active.get(EVERY);
        every.is_some_and(|every| every.fault.connection == Some(ConnectionFault::Reset))
    }

    /// The state a collection is to report, by its requested name, its own, or all.
    pub fn status(&self, requested: &str, resolved: Option<&str>) -> Option<CollectionStatus> {
        let active = self.active.lock();
        names(Some(requested), resolved).filter_map(|name| active.get(name)).find_map(|active| active.fault.status)
    }

    /// Decides what one request has to suffer; delays add up, of everything else the most particular name wins.
    pub fn plan(&self, requested: Option<&str>, resolved: Option<&str>) -> Plan {
        let mut active = self.active.lock();
        let mut plan = Plan::default();
        if active.is_empty() {
            return plan;
        }
        for name in names(requested, resolved) {
            let Some(Active { fault, random }) = active.get_mut(name) else {
                continue;
            };
            if let Some(latency) = fault.latency {
                plan.delay += latency.sample(random);
            }
            plan.connection = plan.connection.or(fault.connection);
            plan.slow_body = plan.slow_body.or(fault.slow_body);
            if plan.error.is_none() {
                plan.error = fault.draw_error(name, random);
            }
        }
        plan
    }
}

/// The names a request goes by, each once, the most particular first.
fn names<'a>(requested: Option<&'a str>, resolved: Option<&'a str>) -> impl Iterator<Item = &'a str> {
    let resolved = resolved.filter(|resolved| Some(*resolved) != requested);
    requested.into_iter().chain(resolved).chain([EVERY])
}

impl Fault {
    fn check(&self) -> Result<(), String> {
        for error in &self.errors {
            if !(0.0..=1.0).contains(&error.share) {
                return Err(format!("errors.share: {} is not between 0 and 1", error.share));
            }
            if !(400..=599).contains(&error.status) {
                return Err(format!("errors.status: {} is not an error, use 400 to 599", error.status));
            }
        }
        let total: f64 = self.errors.iter().map(|error| error.share).sum();
        if total > 1.0 + f64::EPSILON {
            return Err(format!("errors: the shares add up to {total}, more than 1"));
        }
        if self.slow_body.is_some_and(|slow| slow.chunk_bytes == 0) {
            return Err("slow_body.chunk_bytes: must be at least 1".to_owned());
        }
        self.latency.map_or(Ok(()), Latency::check)
    }

    fn draw_error(&self, name: &str, random: &mut StdRng) -> Option<InjectedError> {
        if self.errors.is_empty() {
            return None;
        }
        let mut left: f64 = random.random();
        let hit = self.errors.iter().find(|error| {
            left -= error.share;
            left < 0.0
        })?;
        Some(InjectedError {
            status: hit.status,
            message: hit.message.clone().unwrap_or_else(|| format!("Fault injected by the sandbox for `{name}`")),
            retry_after: hit.retry_after,
        })
    }
}

impl Latency {
    fn check(self) -> Result<(), String> {
        let (numbers, ordered) = match self {
            Self::Fixed { ms } => ([ms, 0.0], true),
            Self::Uniform { min_ms, max_ms } => ([min_ms, max_ms], min_ms <= max_ms),
            Self::Normal { mean_ms, deviation_ms } => ([mean_ms, deviation_ms], true),
            Self::Lognormal { median_ms, sigma } => ([median_ms, sigma], true),
        };
        if numbers.iter().all(|number| number.is_finite() && *number >= 0.0) && ordered {
            return Ok(());
        }
        Err("latency: numbers must be finite, not negative, and min_ms not above max_ms".to_owned())
    }

    fn sample(self, random: &mut StdRng) -> Duration {
        /// Longer waits are stalls, and there is a fault for those.
        const LONGEST_MS: f64 = 3_600_000.0;
        let ms = match self {
            Self::Fixed { ms } => ms,
            Self::Uniform { min_ms, max_ms } => random.random_range(min_ms..=max_ms),
            Self::Normal { mean_ms, deviation_ms } => mean_ms + deviation_ms * standard_normal(random),
            Self::Lognormal { median_ms, sigma } => median_ms * (sigma * standard_normal(random)).exp(),
        };
        Duration::from_secs_f64(ms.clamp(0.0, LONGEST_MS) / 1000.0)
    }
}

/// Box and Muller's way to a normal number.
fn standard_normal(random: &mut StdRng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}
