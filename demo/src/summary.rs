//! What was promised, what was measured, and what to try next. Printed at the end; the verdict is the exit code.

use crate::collections::{ALIAS, Version};
use crate::house::House;
use crate::play::Played;
use crate::text::grouped;
use crate::traffic;

/// One promise and whether it was kept.
#[derive(Debug)]
pub(crate) struct Promise {
    pub(crate) kept: bool,
    words: String,
}

impl Promise {
    fn new(kept: bool, words: String) -> Self {
        Self { kept, words }
    }

    fn line(&self) -> String {
        format!("  {}  {}", if self.kept { "kept  " } else { "BROKEN" }, self.words)
    }
}

/// What the demo is there to show.
pub(crate) fn promises(played: &Played) -> Vec<Promise> {
    let counts = &played.counts;
    let users = counts.users.len();
    let answered = counts.searches - counts.errors;
    let moved = played.second.state == "completed" && played.target == Some(Version::Three);
    vec![
        Promise::new(
            counts.errors == 0,
            format!("users saw {} errors: {} searches, {} answered", counts.errors, grouped(counts.searches), grouped(answered)),
        ),
        Promise::new(counts.flipped() == 0, format!("{} of {users} users flipped to the old version while a share grew", counts.flipped())),
        match played.went_back_after {
            Some(after) if played.first.state == "rolled_back" => Promise::new(
                counts.fallbacks > 0,
                format!(
                    "docs_v2 was rolled back {:.1} s after it began to fail; {} of its searches fell back to docs_v1",
                    after.as_secs_f64(),
                    grouped(counts.fallbacks)
                ),
            ),
            _ => Promise::new(false, format!("docs_v2 was not rolled back: its canary is {}", told(&played.first))),
        },
        Promise::new(
            moved,
            match moved {
                true => format!("docs_v3 completed all {} stages: `{ALIAS}` points to it", played.second.plan.stages.len()),
                false => format!("docs_v3 did not take over `{ALIAS}`: its canary is {}", told(&played.second)),
            },
        ),
    ]
}

/// The state, and why, in the words of Pointsman.
fn told(canary: &crate::canary::Canary) -> String {
    let reason = canary.transitions().last().map(|step| step.reason.as_str());
    format!("{} ({})", canary.state, reason.unwrap_or("no step yet"))
}

/// The verdict on each promise and the figures behind it.
pub(crate) fn lines(played: &Played, promises: &[Promise]) -> Vec<String> {
    let mut lines = vec![format!("What was promised, and what happened in {:.0} s:", played.lasted.as_secs_f64())];
    lines.extend(promises.iter().map(Promise::line));
    lines.extend(played.counts.error_texts.iter().map(|error| format!("  a user saw: {error}")));
    lines.push(String::new());
    if let Some(step) = played.first.step_to("rolling_back") {
        lines.extend(["Why Pointsman rolled docs_v2 back, in its words:".to_owned(), format!("  {}", step.reason), String::new()]);
    }
    for version in Version::ALL {
        let tally = played.counts.tally(version);
        let latencies = [0.5, 0.95, 0.99].map(|quantile| format!("{:.1}", tally.latency_ms(quantile)));
        lines.push(format!(
            "{}  {:>7} answers, p50 / p95 / p99 {} ms",
            version.collection(),
            grouped(tally.answers),
            latencies.join(" / ")
        ));
    }
    lines.push(String::new());
    lines
}

/// Where to go from here when everything has been stopped.
pub(crate) fn next() -> Vec<String> {
    let lines = [
        "Next:",
        "  make demo ARGS=--keep    leave it running, with commands to try on it",
        "  docs/canaries.md         stages, guards, and what a rollback may rest on",
        "  README.md                the same by hand, on a Qdrant of your own",
    ];
    lines.map(str::to_owned).into()
}

/// What to try on what was left running.
pub(crate) fn invitation(house: &House) -> Vec<String> {
    let (admin, program) = (house.admin.base(), house.program().display());
    let query = traffic::query("why is the sky blue");
    let [sandbox, pointsman] = house.addresses();
    let rest = house.rest;
    vec![
        "Left running until Ctrl-C, with all users:".to_owned(),
        format!("  {pointsman}"),
        format!("  {sandbox}"),
        String::new(),
        "Search as a user (`from` in the answer says which version gave it):".to_owned(),
        format!(
            "  curl -s http://{rest}/collections/{ALIAS}/points/query -H 'x-user-id: ada' -H 'content-type: application/json' -d '{query}'"
        ),
        "See how Pointsman is, and what has happened:".to_owned(),
        format!("  {program} status --admin {admin}"),
        format!("  {program} events --admin {admin}"),
        "Go back to docs_v1 by a canary of your own, and follow it:".to_owned(),
        format!(
            "  {program} canary create {ALIAS} docs_v1 --stage 30%/5s --stage 100%/5s --guard error_rate:max=0.05 --warm-up 0s \
             --check-interval 1s --watch-for 5s --watch --admin {admin}"
        ),
    ]
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
