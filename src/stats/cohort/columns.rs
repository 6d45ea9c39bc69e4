//! A cohort as it stands in a JSON document: one column a sum, one number a bucket. A third of the size of a list of
//! objects, and as easy to read.

use serde::{Deserialize, Serialize};

use super::{BUCKETS, Cohort};
use crate::stats::sums::Sums;
use crate::stats::unit_set::UnitSet;

/// The stored form of a [`Cohort`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    requests: Vec<u64>,
    errors: Vec<u64>,
    over_limit: Vec<u64>,
    over_reference: Vec<u64>,
    empty: Vec<u64>,
    latency_us: Vec<u64>,
    /// Not there where there were none, and in documents of before they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<Vec<u64>>,
    /// Not there while nothing was looked at, so that replicas of a release without these sums can read the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answers: Option<Answers>,
    /// Not there while nothing was refused, for the same reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusals: Option<Refusals>,
    units: UnitSet,
    units_with_error: UnitSet,
}

/// What was found in answers, besides that some were empty.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    lists: Vec<u64>,
    hits: Vec<u64>,
    scored: Vec<u64>,
    top_score: Vec<i64>,
}

/// Answers with a 4xx.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusals {
    refused: Vec<u64>,
    clients_fault: Vec<u64>,
    unauthorized: Vec<u64>,
    missing: Vec<u64>,
    units: UnitSet,
}

/// Why a document is not a [`Cohort`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsFault {
    #[error("`{column}` must have one number for each of {BUCKETS} buckets, not {found}")]
    Length { column: &'static str, found: usize },
}

impl From<Cohort> for Columns {
    fn from(cohort: Cohort) -> Self {
        let column = |of: fn(&Sums) -> u64| cohort.buckets.iter().map(of).collect();
        let looked = cohort.buckets.iter().any(|sums| sums.lists > 0);
        let answers = || Answers {
            lists: column(|sums| sums.lists),
            hits: column(|sums| sums.hits),
            scored: column(|sums| sums.scored),
            top_score: cohort.buckets.iter().map(|sums| sums.top_score).collect(),
        };
        let refusals = || Refusals {
            refused: column(|sums| sums.refused),
            clients_fault: column(|sums| sums.clients_fault),
            unauthorized: column(|sums| sums.unauthorized),
            missing: column(|sums| sums.missing),
            units: cohort.units_refused.clone(),
        };
        Self {
            answers: looked.then(answers),
            refusals: cohort.buckets.iter().any(|sums| sums.all_refused() > 0).then(refusals),
            requests: column(|sums| sums.requests),
            errors: column(|sums| sums.errors),
            over_limit: column(|sums| sums.over_limit),
            over_reference: column(|sums| sums.over_reference),
            empty: column(|sums| sums.empty),
            latency_us: column(|sums| sums.latency_us),
            bytes: cohort.buckets.iter().any(|sums| sums.bytes > 0).then(|| column(|sums| sums.bytes)),
            units: cohort.units,
            units_with_error: cohort.units_with_error,
        }
    }
}

impl TryFrom<Columns> for Cohort {
    type Error = ColumnsFault;

    fn try_from(columns: Columns) -> Result<Self, ColumnsFault> {
        columns.check_lengths()?;
        let bucket = |bucket: usize| Sums {
            requests: columns.requests[bucket],
            errors: columns.errors[bucket],
            over_limit: columns.over_limit[bucket],
            over_reference: columns.over_reference[bucket],
            empty: columns.empty[bucket],
            latency_us: columns.latency_us[bucket],
            bytes: columns.bytes.as_ref().map_or(0, |bytes| bytes[bucket]),
            lists: columns.answers.as_ref().map_or(0, |answers| answers.lists[bucket]),
            hits: columns.answers.as_ref().map_or(0, |answers| answers.hits[bucket]),
            scored: columns.answers.as_ref().map_or(0, |answers| answers.scored[bucket]),
            top_score: columns.answers.as_ref().map_or(0, |answers| answers.top_score[bucket]),
            refused: columns.refusals.as_ref().map_or(0, |refusals| refusals.refused[bucket]),
            clients_fault: columns.refusals.as_ref().map_or(0, |refusals| refusals.clients_fault[bucket]),
            unauthorized: columns.refusals.as_ref().map_or(0, |refusals| refusals.unauthorized[bucket]),
            missing: columns.refusals.as_ref().map_or(0, |refusals| refusals.missing[bucket]),
        };
        let buckets = (0..BUCKETS).map(bucket).collect();
        let units_refused = columns.refusals.map(|refusals| refusals.units).unwrap_or_default();
        Ok(Self { buckets, units: columns.units, units_with_error: columns.units_with_error, units_refused })
    }
}

impl Columns {
    fn check_lengths(&self) -> Result<(), ColumnsFault> {
        let lengths = [
            ("requests", self.requests.len()),
            ("errors", self.errors.len()),
            ("over_limit", self.over_limit.len()),
            ("over_reference", self.over_reference.len()),
            ("empty", self.empty.len()),
            ("latency_us", self.latency_us.len()),
        ];
        let answers = self.answers.iter().flat_map(|answers| {
            [
                ("answers.lists", answers.lists.len()),
                ("answers.hits", answers.hits.len()),
                ("answers.scored", answers.scored.len()),
                ("answers.top_score", answers.top_score.len()),
            ]
        });
        let refusals = self.refusals.iter().flat_map(|refusals| {
            [
                ("refusals.refused", refusals.refused.len()),
                ("refusals.clients_fault", refusals.clients_fault.len()),
                ("refusals.unauthorized", refusals.unauthorized.len()),
                ("refusals.missing", refusals.missing.len()),
            ]
        });
        let bytes = self.bytes.iter().map(|bytes| ("bytes", bytes.len()));
        match lengths.into_iter().chain(bytes).chain(answers).chain(refusals).find(|(_, found)| *found != BUCKETS) {
            Some((column, found)) => Err(ColumnsFault::Length { column, found }),
            None => Ok(()),
        }
    }
}
