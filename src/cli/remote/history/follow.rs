//! Events one by one, as they happen. Ids grow with every commit and become visible in order, so asking for what is
//! younger than the last one seen misses none.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use super::super::fields::words;
use super::super::moment::time;
use super::super::session::{Patience, Session};
use super::super::table::harmless;
use super::super::{Failure, Outcome};
use super::{HistoryArgs, what};
use crate::cli::say;

pub(super) const PATH: &str = "/v1/events";
const EVERY: Duration = Duration::from_secs(1);
const PAGE: &str = "1000";

/// Says those younger than `after`, or else the newest page, and then, to `follow`, whatever else happens.
pub(super) async fn run(session: &Session, which: &HistoryArgs, after: Option<u64>, follow: bool) -> Outcome {
    let mut last = after.unwrap_or_default();
    let mut fresh = match after {
        Some(after) => younger(session, which, after).await?,
        None => newest(session, which).await?,
    };
    let mut patience = Patience::default();
    loop {
        for event in &fresh {
            last = last.max(id(event));
            if say_one(session, event) != ExitCode::SUCCESS {
                return Ok(ExitCode::FAILURE);
            }
        }
        if !follow {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(EVERY).await;
        fresh = patience.hear(younger(session, which, last).await)?.unwrap_or_default();
    }
}

async fn newest(session: &Session, which: &HistoryArgs) -> Result<Vec<Value>, Failure> {
    let limit = which.limit.map(|limit| limit.to_string());
    let (mut events, _) = page(session, which, limit.as_deref(), None).await?;
    events.reverse();
    Ok(events)
}

/// Oldest first.
async fn younger(session: &Session, which: &HistoryArgs, than: u64) -> Result<Vec<Value>, Failure> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let (events, next) = page(session, which, Some(PAGE), before.as_deref()).await?;
        let reached = events.iter().any(|event| id(event) <= than);
        found.extend(events.into_iter().filter(|event| id(event) > than));
        before = next;
        if reached || before.is_none() {
            found.reverse();
            return Ok(found);
        }
    }
}

/// Newest first, and where the next page begins.
async fn page(
    session: &Session,
    which: &HistoryArgs,
    limit: Option<&str>,
    before: Option<&str>,
) -> Result<(Vec<Value>, Option<String>), Failure> {
    let query = [("subject", which.subject.as_deref()), ("limit", limit), ("before", before)];
    let mut page = session.api.get(PATH, &query).await?.json;
    let next = page["next"].as_u64().map(|id| id.to_string());
    match page["items"].take() {
        Value::Array(events) => Ok((events, next)),
        _ => Ok((Vec::new(), None)),
    }
}

fn id(event: &Value) -> u64 {
    event["id"].as_u64().unwrap_or_default()
}

fn say_one(session: &Session, event: &Value) -> ExitCode {
    if !session.is_for_people() {
        return say(format_args!("{event}"));
    }
    let [kind, subject] = ["kind", "subject"].map(|field| harmless(&words(&event[field])));
    say(format_args!("{:>6}  {}  {kind:<22}  {subject}  {}", id(event), time(&event["at"]), harmless(&what(event))))
}
