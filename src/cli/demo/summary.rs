//! What happened, act by act, and whether the promises were kept. Printed at the end; the verdict is the exit code.

use ratatui_core::style::Stylize;
use ratatui_core::text::Line;

use super::traffic::Variant;
use super::watch::{Act, Watch};

/// One promise and whether it was kept.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) kept: bool,
    words: String,
}

/// The table of acts, one line each, under a header.
pub(super) fn table(watch: &Watch) -> Vec<Line<'static>> {
    let header = format!(
        "{:<44} {:>7} {:>16} {:>9} {:>15} {:>9} {:>9}",
        "act", "asked", "users on it", "requests", "p95 stable/new", "answered*", "top 3**"
    );
    let mut lines = vec![Line::from(""), Line::from(header).bold()];
    lines.extend(watch.acts.iter().map(row));
    let [stable, candidate] = Variant::ALL.map(|variant| watch.total(variant));
    lines.push(Line::from(""));
    lines.push(Line::from(format!(
        "{} questions answered, {:.0} ms at the 99th percentile on stable and {} on the candidate",
        stable.requests + candidate.requests,
        stable.latency_ms(0.99).unwrap_or(0.0),
        candidate.latency_ms(0.99).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0} ms")),
    )));
    lines.push(Line::from("*  failed on the candidate and answered by stable, so that the user saw an answer").dark_gray());
    lines.push(Line::from("** questions whose article was among the first three, old version / new version").dark_gray());
    lines.push(Line::from(""));
    lines
}

fn row(act: &Act) -> Line<'static> {
    let [stable, candidate] = &act.tallies;
    let (low, high) = act.bounds();
    let pair = |left: Option<f64>, right: Option<f64>, unit: &str| {
        let show = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}"));
        format!("{}/{}{unit}", show(left), show(right))
    };
    let users = format!("{} ({low}-{high})", act.users[Variant::Candidate as usize]);
    Line::from(format!(
        "{:<44} {:>5} % {users:>16} {:>9} {:>15} {:>9} {:>9}",
        act.title,
        act.weight,
        stable.requests + candidate.requests,
        pair(stable.latency_ms(0.95), candidate.latency_ms(0.95), " ms"),
        candidate.rescued,
        pair(stable.found_percent(), candidate.found_percent(), " %"),
    ))
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
