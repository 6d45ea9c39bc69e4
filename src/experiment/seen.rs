//! Everything that was counted in one phase. What it takes does not grow with the traffic: no requests, no units, sums only.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::credits::Credits;
use crate::stats::{Cohort, UnitEstimate, UnitSet, Values};

/// Latencies are kept for so many groups of units: enough to tell how clustered they are.
pub const LATENCY_GROUPS: usize = 16;

/// One arm.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ArmSeen {
    /// Requests of units that chance has dealt.
    pub cohort: Cohort,
    /// Of their answers, counted by group of units and by cell of the grid of latencies; cells at the end that are zero
    /// are left out.
    pub latencies: Vec<Vec<u64>>,
    /// Units that asked for their assignment.
    pub assigned: UnitSet,
    /// What was reported, by metric.
    pub values: BTreeMap<String, Values>,
    /// Requests that are served by the arm and not analysed: without a unit, and with an arm of the client's choice.
    pub anonymous: u64,
    pub forced: u64,
    /// Values that were reported for the arm alone, without a unit.
    pub unattributed: u64,
    /// Requests of its units that both arms were asked for: what they took and how they ended says something of the pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paired: Option<Cohort>,
    /// How many of those were answered by both.
    #[serde(default)]
    pub interleaved: u64,
    /// Requests of an experiment that interleaves which were not, by why not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_interleaved: BTreeMap<String, u64>,
}

impl ArmSeen {
    /// All that is known to be in the arm.
    #[must_use]
    pub fn units(&self) -> UnitEstimate {
        self.unit_set().estimate()
    }

    /// The same as a set, which can be added to that of another time.
    #[must_use]
    pub fn unit_set(&self) -> UnitSet {
        let mut all = self.cohort.units_asking();
        all.merge(&self.assigned);
        self.paired.iter().for_each(|paired| all.merge(&paired.units_asking()));
        all
    }

    fn merge(&mut self, other: &Self) {
        self.cohort.merge(&other.cohort);
        self.latencies.resize_with(self.latencies.len().max(other.latencies.len()), Vec::new);
        for (mine, theirs) in self.latencies.iter_mut().zip(&other.latencies) {
            mine.resize(mine.len().max(theirs.len()), 0);
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
        self.assigned.merge(&other.assigned);
        for (metric, values) in &other.values {
            self.values.entry(metric.clone()).or_default().merge(values);
        }
        self.anonymous += other.anonymous;
        self.forced += other.forced;
        self.unattributed += other.unattributed;
        if let Some(paired) = &other.paired {
            self.paired.get_or_insert_default().merge(paired);
        }
        self.interleaved += other.interleaved;
        for (why, count) in &other.not_interleaved {
            *self.not_interleaved.entry(why.clone()).or_default() += count;
        }
    }
}

/// All arms.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seen {
    pub arms: Vec<ArmSeen>,
    /// What was reported of hits in interleaved answers, by metric.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credits: BTreeMap<String, Credits>,
}

impl Seen {
    #[must_use]
    pub fn of(arms: usize) -> Self {
        Self { arms: std::iter::repeat_with(ArmSeen::default).take(arms).collect(), credits: BTreeMap::new() }
    }

    /// Exact for everything but the last digits of reported values, in any order.
    pub fn merge(&mut self, other: &Self) {
        self.arms.resize_with(self.arms.len().max(other.arms.len()), ArmSeen::default);
        self.arms.iter_mut().zip(&other.arms).for_each(|(mine, theirs)| mine.merge(theirs));
        for (metric, credits) in &other.credits {
            self.credits.entry(metric.clone()).or_default().merge(credits);
        }
    }
}
