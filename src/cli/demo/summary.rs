//! What happened, act by act, and whether the promises were kept. Printed at the end; the verdict is the exit code.

use ratatui_core::style::Stylize;
use ratatui_core::text::Line;

use super::traffic::Variant;
use super::watch::{Act, Tally, Watch};

/// One promise and whether it was kept.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) kept: bool,
    words: String,
}

/// The table of acts, one line each, under a header; it fits a terminal of 80 columns.
pub(super) fn table(watch: &Watch) -> Vec<Line<'static>> {
    let header = columns("act", "asked", "users on it", "p95, ms", "saved¹", "found²");
    let mut lines = vec![Line::from(""), Line::from(header).bold()];
    lines.extend(watch.acts.iter().map(row));
    let [stable, candidate] = Variant::ALL.map(|variant| watch.total(variant));
    let p99 = |tally: &Tally| tally.latency_ms(0.99).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"));
    lines.extend([
        Line::from(""),
        Line::from(format!(
            "{} questions answered, the 99th percentile at {} on stable and {} on the candidate",
            stable.requests + candidate.requests,
            p99(&stable),
            p99(&candidate)
        )),
        Line::from("Two values are the old version's and the new one's").dark_gray(),
        Line::from("¹ failed on the candidate and answered by stable, so that the user saw an answer").dark_gray(),
        Line::from("² questions, in per cent, whose article was among the first three").dark_gray(),
        Line::from(""),
    ]);
    lines
}

fn row(act: &Act) -> Line<'static> {
    let (low, high) = act.bounds();
    let pair = |value: &dyn Fn(&Tally) -> Option<f64>, digits: usize| {
        act.tallies.each_ref().map(|tally| value(tally).map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))).join(" / ")
    };
    Line::from(columns(
        &act.title,
        &format!("{} %", act.weight),
        &format!("{} ({low}–{high})", act.users[Variant::Candidate as usize]),
        &pair(&|tally| tally.latency_ms(0.95), 1),
        &act.tallies[Variant::Candidate as usize].rescued.to_string(),
        &pair(&Tally::found_percent, 0),
    ))
}

fn columns(act: &str, asked: &str, users: &str, p95: &str, saved: &str, found: &str) -> String {
    format!("{act:<30} {asked:>5} {users:>14} {p95:>11} {saved:>6} {found:>8}")
}

/// What the demo is there to show. `ill` is the act in which the new version was made to fail, if there was one.
pub(super) fn promises(watch: &Watch, ill: Option<usize>) -> Vec<Promise> {
    let users = watch.users.len();
    let unfair: Vec<_> = watch.acts.iter().filter(|act| !act.share_is_fair()).map(|act| act.title.as_str()).collect();
    let mut promises = vec![
        Promise { kept: watch.saw_error() == 0, words: format!("users that saw an error: {} of {users}", watch.saw_error()) },
        Promise { kept: watch.flipped_back() == 0, words: format!("users that flipped back: {} of {users}", watch.flipped_back()) },
        Promise {
            kept: unfair.is_empty(),
            words: match unfair.is_empty() {
                true => "every share was what was asked, as near as chance allows".to_owned(),
                false => format!("shares further off than chance allows in: {}", unfair.join("; ")),
            },
        },
    ];
    if let Some(act) = ill.and_then(|index| watch.acts.get(index)) {
        let rescued = act.tallies[Variant::Candidate as usize].rescued;
        promises.push(Promise {
            kept: rescued > 0,
            words: format!("answers of the failing version that stable gave instead: {rescued}, seen by nobody"),
        });
    }
    promises
}

impl Promise {
    pub(super) fn line(&self) -> Line<'static> {
        let mark = if self.kept { "✓".green().bold() } else { "✗".red().bold() };
        Line::from(vec![mark, format!(" {}", self.words).into()])
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::traffic::{Reply, Sample};
    use super::*;

    fn watch_of(replies: &[Result<(Variant, bool), &str>]) -> Watch {
        let began = Instant::now();
        let mut watch = Watch::new(1);
        watch.begin("all", 100, began);
        for reply in replies {
            let seen = reply.map(|(variant, rescued)| Reply { variant, rescued, found: true, first: None }).map_err(str::to_owned);
            watch.record(&Sample { user: 0, started: began, took: Duration::from_millis(1), question: 0, seen });
        }
        watch
    }

    fn broken(watch: &Watch, ill: Option<usize>) -> Vec<String> {
        promises(watch, ill).into_iter().filter(|promise| !promise.kept).map(|promise| promise.words).collect()
    }

    #[test]
    fn a_quiet_run_keeps_every_promise() {
        assert_eq!(broken(&watch_of(&[Ok((Variant::Candidate, true))]), Some(0)), Vec::<String>::new());
    }

    #[test]
    fn each_thing_that_must_not_happen_breaks_its_own_promise() {
        let answered = Ok((Variant::Candidate, false));
        assert_eq!(broken(&watch_of(&[answered, Err("500")]), None), ["users that saw an error: 1 of 1"]);
        assert_eq!(broken(&watch_of(&[answered, Ok((Variant::Stable, false))]), None), ["users that flipped back: 1 of 1"]);
        assert_eq!(broken(&watch_of(&[Ok((Variant::Stable, false))]), None), ["shares further off than chance allows in: all"]);
        let harmless = "answers of the failing version that stable gave instead: 0, seen by nobody";
        assert_eq!(broken(&watch_of(&[answered]), Some(0)), [harmless], "a fault nobody met proves nothing");
    }

    #[test]
    fn every_act_has_its_row() {
        let table = table(&watch_of(&[Ok((Variant::Candidate, false))]));
        assert!(table.iter().any(|line| line.to_string().contains("100 %")), "{table:?}");
    }
}
