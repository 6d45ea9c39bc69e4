//! A series as it stands in a JSON document: one column a count or a measure, one number a bucket. What was never counted is
//! left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Measure;
use super::sums::{Count, Sums};
use crate::stats::{BUCKETS, UnitSet};

/// The stored form of a [`super::Series`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    counts: BTreeMap<Count, Vec<u64>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    measures: BTreeMap<Measure, Column>,
    #[serde(default, skip_serializing_if = "UnitSet::is_empty")]
    units: UnitSet,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    measured: Vec<u64>,
    millionths: Vec<i64>,
}

/// Why a document is not a [`super::Series`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{column}` must have one number for each of {BUCKETS} buckets, not {found}")]
pub struct SeriesFault {
    column: String,
    found: usize,
}

impl Columns {
    pub(super) fn of(buckets: &[Sums], units: UnitSet) -> Self {
        let column = |of: &dyn Fn(&Sums) -> u64| -> Option<Vec<u64>> {
            let column: Vec<u64> = buckets.iter().map(of).collect();
            column.iter().any(|value| *value > 0).then_some(column)
        };
        let counts = Count::ALL.into_iter().filter_map(|count| Some((count, column(&|sums| sums.count(count))?)));
        let measures = Measure::ALL.into_iter().filter_map(|measure| {
            let measured = column(&|sums| sums.measured(measure))?;
            let millionths = buckets.iter().map(|sums| sums.millionths(measure)).collect();
            Some((measure, Column { measured, millionths }))
        });
        Self { counts: counts.collect(), measures: measures.collect(), units }
    }

    pub(super) fn read(self) -> Result<(Box<[Sums]>, UnitSet), SeriesFault> {
        let mut buckets = vec![Sums::default(); BUCKETS].into_boxed_slice();
        for (count, column) in self.counts {
            check(&count, column.len())?;
            buckets.iter_mut().zip(column).for_each(|(sums, value)| sums.set(count, value));
        }
        for (measure, column) in self.measures {
            check(&measure, column.measured.len())?;
            check(&measure, column.millionths.len())?;
            for (sums, (measured, sum)) in buckets.iter_mut().zip(column.measured.into_iter().zip(column.millionths)) {
                sums.restore(measure, measured, sum);
            }
        }
        Ok((buckets, self.units))
    }
}

fn check(column: &impl std::fmt::Debug, found: usize) -> Result<(), SeriesFault> {
    if found == BUCKETS { Ok(()) } else { Err(SeriesFault { column: format!("{column:?}"), found }) }
}
