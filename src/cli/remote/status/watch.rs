//! `pointsman status --watch`: on a terminal the page is drawn again in its place; elsewhere each change is a line.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use ratatui_crossterm::crossterm::terminal;
use serde_json::Value;

use super::super::Outcome;
use super::super::fields::{list, words};
use super::super::moment::time;
use super::super::session::{Patience, Session};
use super::super::table::harmless;
use super::under_way::way;
use super::{KILL_SWITCH, STATUS, page};
use crate::cli::interrupt::interrupted;
use crate::cli::say;

const EVERY: Duration = Duration::from_secs(2);

/// Until Ctrl-C, or until the reader of the output is gone.
pub(super) async fn run(session: &Session) -> Outcome {
    let draws = session.is_for_people() && std::io::stdout().is_terminal();
    tokio::select! {
        () = interrupted() => Ok(ExitCode::SUCCESS),
        outcome = follow(session, draws) => outcome,
    }
}

async fn follow(session: &Session, draws: bool) -> Outcome {
    let (mut patience, mut known) = (Patience::default(), None);
    loop {
        if let Some(answer) = patience.hear(session.api.get(STATUS, &[]).await)? {
            let told = if draws {
                match patience.hear(session.api.get(KILL_SWITCH, &[]).await)? {
                    Some(switch) => draw(&page::page(&answer.json, &switch.json, session.style())),
                    None => true,
                }
            } else {
                let now = Facts::of(&answer.json);
                let lines = now.since(known.as_ref());
                let fresh = !lines.is_empty() || known.is_none();
                known = Some(now);
                if session.is_for_people() { tell(&lines, session.style().now) } else { !fresh || is_said(&answer.text) }
            };
            if !told {
                return Ok(ExitCode::FAILURE);
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Whether the output still has a reader.
fn is_said(line: &str) -> bool {
    say(format_args!("{line}")) == ExitCode::SUCCESS
}

fn tell(lines: &[String], now: i64) -> bool {
    lines.iter().all(|line| is_said(&format!("{}  {}", time(&now.into()), harmless(line))))
}

/// Over what stands there. Each line is cleared behind its end, so that nothing flickers.
fn draw(page: &str) -> bool {
    let rows = terminal::size().map_or(usize::MAX, |(_, rows)| usize::from(rows));
    let mut screen = "\u{1b}[H".to_owned();
    for line in fitting(page, rows) {
        screen.push_str(&line);
        screen.push_str("\u{1b}[K\r\n");
    }
    screen.push_str("\u{1b}[J");
    let mut out = std::io::stdout();
    out.write_all(screen.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// As much of the page as there is room for, and how much is missing.
fn fitting(page: &str, rows: usize) -> Vec<String> {
    let lines: Vec<String> = page.lines().map(str::to_owned).collect();
    // The cursor stands below the last line.
    let room = rows.saturating_sub(1).max(1);
    if lines.len() <= room {
        return lines;
    }
    let shown = room - 1;
    let more = format!("{} more lines; without --watch all are shown", lines.len() - shown);
    lines.into_iter().take(shown).chain([more]).collect()
}

/// What is worth a line when it changes, by what it is about.
#[derive(Debug)]
struct Facts(BTreeMap<String, Fact>);

/// Numbers in a text change all the time; only another `essence` is news.
#[derive(Debug)]
struct Fact {
    essence: String,
    told: String,
}

impl Fact {
    fn plain(told: String) -> Self {
        Self { essence: told.clone(), told }
    }
}

/// What a reason is about, without its numbers.
fn gist(reason: &str) -> &str {
    reason.split(':').next().unwrap_or_default()
}

impl Facts {
    fn of(status: &Value) -> Self {
        let mut facts = BTreeMap::new();
        let ready = if status["ready"] == true { "ready".to_owned() } else { format!("not ready: {}", words(&status["not_ready"])) };
        facts.insert("this replica".to_owned(), Fact::plain(ready));
        facts.insert("leader".to_owned(), Fact::plain(words(&status["store"]["controller"]["replica"])));
        for entry in list(status, "under_way") {
            let (what, state) = (format!("{} {} ({})", words(&entry["kind"]), words(&entry["id"]), way(entry)), words(&entry["state"]));
            facts.insert(
                what,
                match entry["waits_for"].as_str() {
                    None => Fact::plain(state),
                    // What is in a retirement's way is told with the seconds that are left.
                    Some(waits) if entry["kind"] == "retirement" => Fact { told: format!("{state}, waits for {waits}"), essence: state },
                    Some(waits) => Fact { essence: format!("{state} {}", gist(waits)), told: format!("{state}, waits for {waits}") },
                },
            );
        }
        for item in list(status, "needs_attention") {
            let (why, next) = (words(&item["why"]), words(&item["next"]));
            let fact = Fact { essence: next.clone(), told: format!("{why}; next: {next}") };
            facts.insert(format!("needs a person: {}", words(&item["what"])), fact);
        }
        Self(facts)
    }

    /// A line for each fact that is new, has changed, or is gone. At the first look all are new.
    fn since(&self, before: Option<&Self>) -> Vec<String> {
        let essence = |what: &str| before.and_then(|before| before.0.get(what)).map(|fact| fact.essence.as_str());
        let fresh = self.0.iter().filter(|(what, fact)| essence(what) != Some(&*fact.essence));
        let gone = before.into_iter().flat_map(|before| before.0.keys()).filter(|what| !self.0.contains_key(*what));
        fresh.map(|(what, fact)| format!("{what}: {}", fact.told)).chain(gone.map(|what| format!("{what}: no longer"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(state: &str, requests: u64) -> Value {
        let waits = (state == "stepping").then(|| format!("traffic: the canary has {requests} of 500 requests"));
        let canary = json!({"kind": "canary", "id": "canary_1", "alias": "docs", "from": "docs_v1", "to": ["docs_v2"], "state": state,
            "waits_for": waits});
        json!({"ready": true, "under_way": [canary], "needs_attention": [], "traffic": [{"requests": requests}], "store": {}})
    }

    #[test]
    fn only_what_has_changed_is_told() {
        let first = Facts::of(&status("stepping", 1));
        assert_eq!(first.since(None).len(), 3);
        let same = Facts::of(&status("stepping", 99));
        assert!(same.since(Some(&first)).is_empty(), "numbers are no news");
        let paused = Facts::of(&status("paused", 99));
        assert_eq!(paused.since(Some(&same)), ["canary canary_1 (docs_v1 -> docs_v2): paused"]);
        let over = Facts::of(&json!({"ready": true, "under_way": [], "needs_attention": [], "store": {}}));
        assert_eq!(over.since(Some(&paused)), ["canary canary_1 (docs_v1 -> docs_v2): no longer"]);
    }

    #[test]
    fn a_page_that_is_too_long_says_how_much_is_missing() {
        assert_eq!(fitting("a\nb\nc", 4), ["a", "b", "c"]);
        assert_eq!(fitting("a\nb\nc\nd", 4), ["a", "b", "2 more lines; without --watch all are shown"]);
    }
}
