//! What a person would say.

use schemars::JsonSchema;
use serde::Serialize;

use super::comparison::Comparison;
use super::preference::{INDIFFERENT, Preference};
use super::split::{Split, SplitAlarm};
use crate::experiment::metric::Role;
use crate::stats::inference::Interval;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AnalysisVerdict")]
pub enum Verdict {
    Ship,
    DoNotShip,
    KeepRunning,
    /// The numbers cannot be trusted.
    Invalid,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "AnalysisDecision")]
pub struct Decision {
    pub verdict: Verdict,
    /// Which arm to ship.
    pub arm: Option<String>,
    pub sentence: String,
    /// `insufficient_data`, and how many units are missing in the arm that misses most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_units: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// What a decision rests on.
pub(super) struct Ground<'a> {
    pub(super) split: &'a Split,
    /// Of all arms.
    pub(super) weights: &'a [f64],
    pub(super) comparisons: &'a [Comparison],
    pub(super) preferences: &'a [Preference],
    /// Names of the arms that are dealt units, but the control.
    pub(super) treatments: Vec<&'a str>,
    pub(super) minimum_units: u64,
    /// The time that was planned is over.
    pub(super) at_the_end: bool,
    /// Why nothing may be concluded from it, whatever it shows.
    pub(super) only_shown: Option<OnlyShown>,
}

/// What a report may be of without anything following from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnlyShown {
    /// What holds at every look does so from the beginning on; of ranges to choose from, one is always in favour.
    Range,
    /// All arms were served alike.
    Baseline,
}

impl OnlyShown {
    const fn in_words(self) -> (&'static str, &'static str) {
        match self {
            Self::Range => {
                ("range", "This is a range of the experiment and shows how it went; what may be concluded follows from the whole phase.")
            }
            Self::Baseline => {
                ("baseline", "This is the time before the split, when all arms were served alike: it shows what they are compared with.")
            }
        }
    }
}

impl Decision {
    fn new(verdict: Verdict, sentence: String) -> Self {
        Self { verdict, arm: None, sentence, missing_units: None, reason: None }
    }
}

pub(super) fn decide(ground: &Ground<'_>) -> Decision {
    if let Some(alarm) = ground.split.alarm {
        return invalid(ground.split, alarm);
    }
    if let Some(only) = ground.only_shown {
        let (reason, sentence) = only.in_words();
        return Decision { reason: Some(reason), ..Decision::new(Verdict::KeepRunning, sentence.to_owned()) };
    }
    // An arm whose weight was taken away is no longer waited for.
    let dealt = ground.split.units.iter().zip(ground.weights).filter(|(_, weight)| **weight > 0.0);
    let fewest = dealt.map(|(units, _)| *units).fold(f64::INFINITY, f64::min);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below a minimum that is a whole number")]
    let missing = (ground.minimum_units as f64 - fewest).ceil().max(0.0) as u64;
    if missing > 0 {
        let verdict = if ground.at_the_end { Verdict::DoNotShip } else { Verdict::KeepRunning };
        let sentence = format!("Too few units to conclude anything: {missing} more are needed in the smallest arm.");
        return Decision { missing_units: Some(missing), reason: Some("insufficient_data"), ..Decision::new(verdict, sentence) };
    }
    let findings: Vec<Finding<'_>> = ground.findings().collect();
    let standing = ground.treatments.iter().map(|arm| Standing::of(arm, &findings));
    let standing: Vec<Standing<'_>> = standing.collect();
    if let Some(best) = standing.iter().filter(|one| one.worse.is_none()).max_by(|a, b| a.lift.total_cmp(&b.lift))
        && let Some(better) = best.better
    {
        let sentence = format!("Ship `{}`: {}, and nothing it must not harm got worse.", best.arm, better.in_words(ground.at_the_end));
        return Decision { arm: Some(best.arm.to_owned()), ..Decision::new(Verdict::Ship, sentence) };
    }
    if !standing.is_empty() && standing.iter().all(|one| one.worse.is_some()) {
        let harms =
            standing.iter().filter_map(|one| one.worse.map(|worse| format!("`{}`: {}", one.arm, worse.in_words(ground.at_the_end))));
        return Decision::new(Verdict::DoNotShip, format!("Do not ship. {}.", harms.collect::<Vec<_>>().join("; ")));
    }
    if ground.at_the_end {
        let sentence = "Do not ship: the planned time is over, and no goal has clearly improved.".to_owned();
        return Decision::new(Verdict::DoNotShip, sentence);
    }
    Decision::new(Verdict::KeepRunning, "Keep running: no difference is certain yet.".to_owned())
}

fn invalid(split: &Split, alarm: SplitAlarm) -> Decision {
    let (reason, sentence) = match alarm {
        SplitAlarm::Leak => ("leak", "Nothing can be concluded: an arm that should have no units has some.".to_owned()),
        SplitAlarm::Imbalance => {
            let shown = |counts: &[f64]| counts.iter().map(|count| format!("{count:.0}")).collect::<Vec<_>>().join(" / ");
            let (units, expected) = (shown(&split.units), shown(&split.expected));
            let sentence = format!(
                "Nothing can be concluded: the arms have {units} units where {expected} were expected. Units are lost on the way to an arm; find out where before believing any number."
            );
            ("sample_ratio_mismatch", sentence)
        }
    };
    Decision { reason: Some(reason), ..Decision::new(Verdict::Invalid, sentence) }
}

impl<'a> Ground<'a> {
    /// What a decision may rest on. What is only shown is not among it.
    fn findings(&self) -> impl Iterator<Item = Finding<'a>> {
        let comparisons = self.comparisons.iter().filter(|comparison| comparison.role != Role::Info).map(Finding::Comparison);
        comparisons.chain(self.preferences.iter().filter(|preference| preference.role != Role::Info).map(Finding::Preference))
    }
}

/// What may be certain about one arm.
#[derive(Clone, Copy)]
enum Finding<'a> {
    Comparison(&'a Comparison),
    Preference(&'a Preference),
}

impl<'a> Finding<'a> {
    fn arm(self) -> &'a str {
        match self {
            Self::Comparison(comparison) => &comparison.arm,
            Self::Preference(preference) => &preference.arm,
        }
    }

    fn is_goal(self) -> bool {
        let role = match self {
            Self::Comparison(comparison) => comparison.role,
            Self::Preference(preference) => preference.role,
        };
        role == Role::Goal
    }

    fn better(self) -> Option<bool> {
        match self {
            Self::Comparison(comparison) => comparison.better,
            Self::Preference(preference) => preference.better,
        }
    }

    fn size(self) -> f64 {
        let size = match self {
            Self::Comparison(comparison) => comparison.improvement.or(comparison.effect_size),
            Self::Preference(preference) => preference.preference,
        };
        size.map_or(0.0, f64::abs)
    }

    /// With the interval that counts: at the planned end that of one look, until then one that holds at every look.
    fn in_words(self, at_the_end: bool) -> String {
        match self {
            Self::Comparison(comparison) => {
                let interval = if at_the_end { comparison.interval } else { comparison.always_valid_interval };
                in_words(comparison, interval)
            }
            Self::Preference(preference) => {
                let Preference { metric, control_wins, treatment_wins, .. } = preference;
                let interval = if at_the_end { preference.interval } else { preference.always_valid_interval };
                let part = |value: f64| format!("{:.1} %", 100.0 * (INDIFFERENT + value));
                let between = interval.map_or_else(String::new, |ends| format!(" ({} to {})", part(ends.low), part(ends.high)));
                let all = control_wins + treatment_wins;
                format!("of interleaved hits with `{metric}`, {} of {} were its own{between}", short(*treatment_wins), short(all))
            }
        }
    }
}

/// What is certain about one arm.
struct Standing<'a> {
    arm: &'a str,
    /// The goal that improved most.
    better: Option<Finding<'a>>,
    lift: f64,
    /// A goal or a guardrail that got worse.
    worse: Option<Finding<'a>>,
}

impl<'a> Standing<'a> {
    fn of(arm: &'a str, findings: &[Finding<'a>]) -> Self {
        let of_arm = || findings.iter().copied().filter(|finding| finding.arm() == arm);
        let goals = of_arm().filter(|finding| finding.is_goal() && finding.better() == Some(true));
        let better = goals.max_by(|a, b| a.size().total_cmp(&b.size()));
        let worse = of_arm().find(|finding| finding.better() == Some(false));
        Self { arm, better, lift: better.map_or(f64::NEG_INFINITY, Finding::size), worse }
    }
}

fn in_words(comparison: &Comparison, interval: Option<Interval>) -> String {
    let (control, treatment) = (comparison.control_mean.unwrap_or(f64::NAN), comparison.treatment_mean.unwrap_or(f64::NAN));
    let how = if treatment > control { "rose" } else { "fell" };
    let percent = comparison.improvement_percent.map(|percent| format!("{percent:+.1} %"));
    let between = interval.map(|ends| format!("by {} to {}", signed(ends.low), signed(ends.high)));
    let beside: Vec<String> = percent.into_iter().chain(between).collect();
    let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join(", ")) };
    format!("`{}` {how} from {} to {}{beside}", comparison.metric, short(control), short(treatment))
}

fn signed(number: f64) -> String {
    if number < 0.0 { short(number) } else { format!("+{}", short(number)) }
}

/// Four digits that mean something.
fn short(number: f64) -> String {
    let digits = if number == 0.0 { 0.0 } else { (3.0 - number.abs().log10().floor()).clamp(0.0, 9.0) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 9")]
    let text = format!("{number:.*}", digits as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
