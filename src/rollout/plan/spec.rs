//! What an operator writes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Guard, ShadowStage, StageSpec};
use crate::config::{FreezeWindow, Period, Timestamp};
use crate::routing::{Anonymous, SplitPolicy, SplitReads};

/// What a stage does when its time is over and too little was seen. There is no third way: no data is never a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoData {
    /// The canary keeps its share and waits.
    #[default]
    Hold,
    Rollback,
}

/// What happens to a canary that is still inconclusive when its deadline has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AtDeadline {
    /// It keeps its share and waits. An event tells the operator.
    #[default]
    Hold,
    /// An inconclusive stage counts as passed. Stages and approvals still to come are not skipped.
    Promote,
    Rollback,
}

/// A staged move of an alias to another collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanarySpec {
    /// The alias to move.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub alias: String,
    /// The collection the alias points at in the end.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub collection: String,
    /// The upstream of the collection. Default: the one that holds the alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub upstream: Option<String>,
    /// What happens to requests without a unit. Default: `identity.anonymous` of the configuration, when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<Anonymous>,
    /// Which reads are split. Default: `aliases.split` of the configuration, when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitReads>,
    /// The deployment that made this canary. Only Pointsman sets it; a request that does is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// Before the first stage the new collection answers copies of reads, and its answers are compared with stable's. Default:
    /// it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowStage>,
    /// From 1 to 100 stages with rising shares, of which the last is 100 %. Default: 5 % for 30 minutes, 25 % for 60 minutes, 50 % for
    /// 120 minutes, then 100 %.
    #[serde(default = "StageSpec::defaults")]
    #[schemars(length(min = 1, max = 100))]
    pub stages: Vec<StageSpec>,
    /// Whether a failing guard takes the canary back to 0 % at once. Otherwise it pauses the canary and raises an alarm.
    #[serde(default = "yes")]
    pub auto_rollback: bool,
    /// The guards of every stage that has none of its own, and of the watch after the promotion.
    #[serde(default = "Guard::defaults")]
    pub guards: Vec<Guard>,
    /// How long only error rates are judged after each change of the share, since caches are cold. Requests of this time are not
    /// counted, and the time of the stage begins after it. At most 366 days.
    #[serde(default = "half_a_minute")]
    pub warm_up: Period,
    /// How many requests each cohort needs in each stage before the stage may pass.
    #[serde(default = "five_hundred")]
    #[schemars(range(min = 1))]
    pub minimum_requests: u64,
    /// How many units each cohort needs in each stage before the stage may pass. Set it to 0 for traffic without units.
    #[serde(default = "one_hundred")]
    pub minimum_units: u64,
    /// What a stage does when its time is over and too little was seen.
    #[serde(default)]
    pub no_data: NoData,
    /// What the canary does when it is still inconclusive at its deadline.
    #[serde(default)]
    pub on_inconclusive_at_deadline: AtDeadline,
    /// How long after its start the canary should be promoted, above 0 and at most 366 days. Default: no deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Period>,
    /// When the canary starts. Default: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Timestamp>,
    /// How often guards are judged, above 0.
    #[serde(default = "a_quarter_minute")]
    pub check_interval: Period,
    /// How long guards are judged after the promotion. A failing guard moves the alias back.
    #[serde(default = "five_minutes")]
    pub watch: Period,
    /// How long the old collection is kept after the watch. Null keeps it for good.
    #[serde(default = "one_day")]
    pub retire_old: Option<Period>,
    /// When nothing is promoted. Rolling back is always allowed.
    #[serde(default)]
    pub freeze: Vec<FreezeWindow>,
    /// Whether the promotion may lose acknowledged writes: those to the old collection since the canary began. Without it, the canary waits
    /// instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_lost_writes: bool,
}

impl CanarySpec {
    /// A canary with every default.
    #[must_use]
    pub fn new(alias: impl Into<String>, collection: impl Into<String>) -> Self {
        Self {
            alias: alias.into(),
            collection: collection.into(),
            upstream: None,
            anonymous: None,
            split: None,
            deployment: None,
            shadow: None,
            stages: StageSpec::defaults(),
            auto_rollback: yes(),
            guards: Guard::defaults(),
            warm_up: half_a_minute(),
            minimum_requests: five_hundred(),
            minimum_units: one_hundred(),
            no_data: NoData::default(),
            on_inconclusive_at_deadline: AtDeadline::default(),
            deadline: None,
            start_at: None,
            check_interval: a_quarter_minute(),
            watch: five_minutes(),
            retire_old: one_day(),
            freeze: Vec::new(),
            accept_lost_writes: false,
        }
    }

    /// As it is stored: a later configuration does not change who is in a canary under way.
    #[must_use]
    pub fn settled(mut self, policy: SplitPolicy) -> Self {
        let SplitPolicy { anonymous, reads } = self.policy(policy);
        (self.anonymous, self.split) = (Some(anonymous), Some(reads));
        self
    }

    /// Which reads are dealt, with `otherwise` where nothing was said.
    #[must_use]
    pub fn policy(&self, otherwise: SplitPolicy) -> SplitPolicy {
        otherwise.with(self.anonymous, self.split)
    }
}

const fn yes() -> bool {
    true
}

const fn half_a_minute() -> Period {
    Period::from_secs(30)
}

const fn five_hundred() -> u64 {
    500
}

const fn one_hundred() -> u64 {
    100
}

const fn a_quarter_minute() -> Period {
    Period::from_secs(15)
}

const fn five_minutes() -> Period {
    Period::from_secs(300)
}

const fn one_day() -> Option<Period> {
    Some(Period::from_secs(86_400))
}
