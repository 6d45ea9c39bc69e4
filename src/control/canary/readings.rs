//! What Prometheus says to the guards that ask it, and what follows from that.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::Canaries;
use crate::control::documents::CanaryDocument;
use crate::control::plan::NoValue;
use crate::rollout::{Evaluation, Guard, Rule, Verdict, filled};

/// A value, or why there is none, for each such guard of each canary by its id.
pub(super) type Readings = HashMap<String, BTreeMap<String, Result<f64, NoValue>>>;

impl Canaries {
    /// Asks for all guards at once, and waits no longer than for one: the controller has a lease to keep, and canaries on
    /// their way back wait behind this. Those that are not watched have nothing to ask.
    pub(super) async fn readings(&self, canaries: &[CanaryDocument]) -> Readings {
        let prometheus = self.engine.plan().prometheus.clone();
        let asking = canaries.iter().filter(|document| document.is_counting()).flat_map(|document| {
            let spec = document.canary.plan().spec();
            document.guards().iter().filter_map(|guard| match &guard.rule {
                Rule::Prometheus { query, .. } => Some((document.canary.id(), guard.name(), filled(query, &spec.alias, &spec.collection))),
                _ => None,
            })
        });
        let deadline = prometheus.as_ref().map(|prometheus| (Instant::now() + prometheus.timeout, prometheus));
        let values = asking.map(async |(id, guard, query)| {
            let value = match deadline {
                None => Err(NoValue::NotConfigured),
                Some((deadline, prometheus)) => {
                    timeout_at(deadline, prometheus.value(&query)).await.unwrap_or(Err(NoValue::Late(prometheus.timeout)))
                }
            };
            (id.to_owned(), guard.to_owned(), value)
        });
        let mut readings = Readings::new();
        for (id, guard, value) in join_all(values).await {
            readings.entry(id).or_default().insert(guard, value);
        }
        readings
    }
}

/// What a guard tolerates.
pub(super) struct Bounds {
    pub(super) max: Option<f64>,
    pub(super) min: Option<f64>,
    /// How many looks in a row must be out of bounds before it fails.
    pub(super) looks: u32,
}

/// A guard's verdict on a reading. How often it was out of bounds before stands in its last verdict, which is stored with
/// the canary and is gone with its window. A look without a value counts neither way.
pub(super) fn judge(guard: &Guard, bounds: &Bounds, reading: &Result<f64, NoValue>, before: &[Evaluation]) -> Evaluation {
    let before = before.iter().find(|evaluation| evaluation.guard == guard.name());
    let missed = before.and_then(|evaluation| evaluation.numbers.get(OUT_OF_BOUNDS)).copied().unwrap_or_default();
    let looks = f64::from(bounds.looks);
    let mut numbers = BTreeMap::from([("looks".to_owned(), looks)]);
    for (name, bound) in [("max", bounds.max), ("min", bounds.min)] {
        numbers.extend(bound.map(|bound| (name.to_owned(), bound)));
    }
    let (verdict, missed, reason) = match reading {
        Err(why) => (Verdict::Inconclusive, missed, why.to_string()),
        Ok(value) => {
            numbers.insert("value".to_owned(), *value);
            match bounds.missed_by(*value) {
                None => (Verdict::Pass, 0.0, format!("the query's value is {value}, within its bounds")),
                Some(how) => {
                    let missed = missed + 1.0;
                    let verdict = if missed >= looks { Verdict::Fail } else { Verdict::Inconclusive };
                    (verdict, missed, format!("the query's value is {value}, {how}, at {missed} looks in a row; {looks} make it fail"))
                }
            }
        }
    };
    numbers.insert(OUT_OF_BOUNDS.to_owned(), missed);
    Evaluation { guard: guard.name().to_owned(), verdict, reason, numbers }
}

const OUT_OF_BOUNDS: &str = "out_of_bounds";

impl Bounds {
    fn missed_by(&self, value: f64) -> Option<String> {
        let above = self.max.filter(|max| value > *max).map(|max| format!("above {max}"));
        above.or_else(|| self.min.filter(|min| value < *min).map(|min| format!("below {min}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { max: Some(2.0), min: Some(0.0), looks: 3 };

    /// The verdicts on one reading after the other.
    fn verdicts(readings: &[Result<f64, NoValue>]) -> Vec<Verdict> {
        let guard = Guard::new(Rule::Prometheus { query: "up".to_owned(), max: Some(2.0), min: Some(0.0), looks: 3 });
        let mut before = Vec::new();
        let judged = readings.iter().map(|reading| {
            before = vec![judge(&guard, &BOUNDS, reading, &before)];
            before[0].verdict
        });
        judged.collect()
    }

    #[test]
    fn so_many_looks_in_a_row_out_of_bounds_fail() {
        use Verdict::{Fail, Inconclusive, Pass};
        assert_eq!(verdicts(&[Ok(1.0), Ok(2.1), Ok(9.0), Ok(-0.1), Ok(2.0)]), [Pass, Inconclusive, Inconclusive, Fail, Pass]);
        assert_eq!(verdicts(&[Ok(3.0), Ok(3.0), Ok(1.0), Ok(3.0), Ok(3.0)])[3..], [Inconclusive; 2], "one within begins anew");
    }

    #[test]
    fn no_value_is_neither_a_pass_nor_a_failure_and_forgets_nothing() {
        use Verdict::{Fail, Inconclusive};
        let none = Err(NoValue::NoData);
        assert_eq!(verdicts(&vec![none.clone(); 9]), [Inconclusive; 9]);
        assert_eq!(verdicts(&[Ok(3.0), none.clone(), Ok(3.0), none, Ok(3.0)])[4], Fail);
    }
}
