//! Limits of a replay: what is certainly broken, at 95 % for one look.

use clap::Args;

use crate::cli::remote::Failure;
use crate::stats::shadow::{Count, Interval, Measure, Report};

#[derive(Clone, Debug, Default, Args)]
pub(super) struct Limits {
    /// Exit code 1 if the mean overlap is certainly below this
    #[arg(long, value_name = "FRACTION")]
    minimum_overlap: Option<f64>,
    /// Exit code 1 if certainly more of the answers than this are empty that were not
    #[arg(long, value_name = "FRACTION")]
    maximum_emptied_rate: Option<f64>,
    /// Exit code 1 if certainly more of the questions than this are answered with an error
    #[arg(long, value_name = "FRACTION")]
    maximum_error_rate: Option<f64>,
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), Failure> {
        let limits = [
            ("--minimum-overlap", self.minimum_overlap),
            ("--maximum-emptied-rate", self.maximum_emptied_rate),
            ("--maximum-error-rate", self.maximum_error_rate),
        ];
        match limits.into_iter().find_map(|(flag, limit)| Some((flag, limit.filter(|limit| !(0.0..=1.0).contains(limit))?))) {
            Some((flag, limit)) => Err(Failure::Usage(format!("{flag} must be from 0 to 1, not {limit}"))),
            None => Ok(()),
        }
    }

    /// A sentence for each that is broken. A comparison of nothing breaks all there could be (I7).
    pub(super) fn broken(&self, report: &Report) -> Vec<String> {
        let share = |of: Count| report.shares.iter().find(|row| row.of == of).and_then(|row| row.shadow);
        let overlap = report.measures.iter().find(|row| row.measure == Measure::Overlap).and_then(|row| row.shadow);
        let above = |what: &str, limit: Option<f64>, found: Option<Interval>| {
            let (limit, found) = limit.zip(found)?;
            let low = found.low.filter(|low| *low > limit)?;
            Some(format!("{what} is {:.3}, and at least {low:.3}: {limit} is allowed", found.value))
        };
        let below = || {
            let (limit, found) = self.minimum_overlap.zip(overlap)?;
            let high = found.high.filter(|high| *high < limit)?;
            Some(format!("the overlap is {:.3}, and at most {high:.3}: {limit} is wanted", found.value))
        };
        let nothing = (report.comparisons == 0).then(|| "nothing was compared".to_owned());
        let emptied = above("the share of emptied answers", self.maximum_emptied_rate, share(Count::Emptied));
        let failed = above("the share of failed answers", self.maximum_error_rate, share(Count::Failed));
        [nothing, below(), emptied, failed].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::ranking::{Hit, Likeness, PointKey};
    use crate::stats::shadow::{Paired, Summary};

    /// A half of ten hits in common in each of so many answers.
    fn report(answers: u64) -> Report {
        let list = |first: u64| (first..first + 10).map(|id| Hit { id: PointKey::of_number(id), score: None }).collect::<Vec<_>>();
        let mut summary = Summary::default();
        for hash in 0..answers {
            let likeness = Likeness::of(&list(0), &list(5), 10);
            let hash = xxhash_rust::xxh3::xxh3_64(&hash.to_le_bytes());
            summary.shadow.compared(hash, &Paired { reference_hits: 10, candidate_hits: 10, likeness });
        }
        summary.report()
    }

    fn limits(minimum_overlap: f64) -> Limits {
        Limits { minimum_overlap: Some(minimum_overlap), maximum_emptied_rate: Some(0.1), ..Limits::default() }
    }

    #[test]
    fn only_what_is_certain_is_broken() {
        assert_eq!(limits(0.4).broken(&report(400)), Vec::<String>::new());
        let broken = limits(0.9).broken(&report(400));
        assert!(broken.len() == 1 && broken[0].starts_with("the overlap is 0.500, and at most 0."), "{broken:?}");
        assert_eq!(limits(0.9).broken(&report(1)), Vec::<String>::new(), "one answer is no evidence");
    }

    #[test]
    fn nothing_is_no_pass() {
        assert_eq!(Limits::default().broken(&report(0)), ["nothing was compared"]);
    }

    #[test]
    fn limits_are_fractions() {
        assert!(limits(0.9).check().is_ok());
        for wrong in [-0.1, 1.1, f64::NAN] {
            assert!(limits(wrong).check().expect_err("no fraction").to_string().starts_with("--minimum-overlap"));
        }
    }
}
