//! What each variant did: counted by the worker that saw it, merged when somebody asks.
//!
//! Every worker owns one shard of every series and is the only one to write it, so counting is a plain load and store:
//! no lock, no shared cache line, no look-up by label on the path (I9). A scrape adds the shards up. Label sets are
//! closed: aliases come from the routing table up to a limit, everything else is an enum, user ids never appear.

mod apart;
mod cell;
mod cohort;
mod comparisons;
mod finding;
mod handles;
mod histogram;
mod kinds;
mod prometheus;
mod refusals;
mod registry;
mod series;
mod units;
mod usage;
mod worker;

pub use apart::{Apart, Interleavings, Whose};
pub use cohort::{COHORT_BUCKETS, Cohort, CohortSample, CohortTotals, Ending, GroupTotals, LATENCY_GROUPS, Latencies};
pub use comparisons::{Against, Compared, Comparisons, Dropped};
pub use finding::Finding;
pub use handles::Handles;
pub use histogram::{Histogram, Snapshot};
pub use kinds::{Chosen, NotInterleaved, Outcome};
pub use prometheus::{
    ArmGauge, CanaryGauge, DeliveryResult, DeploymentGauge, ExperimentGauge, Gauges, GuardGauge, RenderFailed, RetirementGauges,
    ShadowGauge, TEXT_FORMAT, WebhookGauge, WeightGauge, render,
};
pub use refusals::{Refusal, Refusals};
pub use registry::Registry;
pub use series::{Completed, FallbackCause, Series, SeriesKey, Shard, Totals};
pub use units::UnitWords;
pub use usage::{Usage, Written};
pub use worker::{WorkerCells, WorkerEvent};
