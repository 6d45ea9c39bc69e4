//! `pointsman events` and `pointsman audit`: what has happened, and who did what. The API tells the newest first; here the
//! newest stands last, where the eye is.

mod follow;

use clap::Args;
use serde_json::Value;

use super::fields::{list, words};
use super::moment::time;
use super::paging::with_next;
use super::session::{RemoteArgs, Session};
use super::table::{Cell, Style, Table};
use super::{Ask, Outcome};

/// Which part of a list that grows.
#[derive(Debug, Args)]
struct HistoryArgs {
    /// Only of this alias, or of whatever else it is about
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// How many at most, up to 1000 [default: 100]
    #[arg(long, value_name = "COUNT")]
    limit: Option<u16>,
    /// Only those older than this one
    #[arg(long, value_name = "ID")]
    before: Option<u64>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AuditArgs {
    #[command(flatten)]
    which: HistoryArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct EventsArgs {
    #[command(flatten)]
    which: HistoryArgs,
    /// All of those younger than this one; as JSON one a line
    #[arg(long, value_name = "ID", conflicts_with_all = ["before", "limit"])]
    after: Option<u64>,
    /// Go on with what happens from now, until the command is ended; as JSON one a line
    #[arg(long, short, conflicts_with = "before")]
    follow: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

impl Ask for AuditArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        self.which.show(session, "/v1/audit", audited).await
    }
}

impl Ask for EventsArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        if self.follow || self.after.is_some() {
            follow::run(session, &self.which, self.after, self.follow).await
        } else {
            self.which.show(session, follow::PATH, happened).await
        }
    }
}

impl HistoryArgs {
    async fn show(&self, session: &Session, path: &str, words: impl FnOnce(&Value, Style) -> String) -> Outcome {
        let (limit, before) = (self.limit.map(|limit| limit.to_string()), self.before.map(|id| id.to_string()));
        let query = [("subject", self.subject.as_deref()), ("limit", limit.as_deref()), ("before", before.as_deref())];
        let answer = session.api.get(path, &query).await?;
        session.show(&answer, |page, style| with_next(words(page, style), page, "--before"))
    }
}

fn audited(page: &Value, style: Style) -> String {
    let mut table = Table::new(["ID", "TIME", "ACTOR", "ACTION", "SUBJECT", "REASON", "RESULT"]);
    for row in oldest_first(page) {
        let [id, actor, action, subject, reason] = ["id", "actor", "action", "subject", "reason"].map(|field| Cell::of(&row[field]));
        table.row([id, Cell::whole(time(&row["at"])), actor, action, subject, reason, Cell::state(words(&row["result"]))]);
    }
    table.render_or("no changes yet", style)
}

fn happened(page: &Value, style: Style) -> String {
    let mut table = Table::new(["ID", "TIME", "EVENT", "SUBJECT", "WHAT"]);
    for event in oldest_first(page) {
        let [id, kind, subject] = ["id", "kind", "subject"].map(|field| Cell::of(&event[field]));
        table.row([id, Cell::whole(time(&event["at"])), kind, subject, Cell::text(what(event))]);
    }
    table.render_or("nothing has happened", style)
}

fn oldest_first(page: &Value) -> impl Iterator<Item = &Value> {
    list(page, "items").collect::<Vec<_>>().into_iter().rev()
}

/// The reasons where the event has any, else whatever it says.
fn what(event: &Value) -> String {
    let body = &event["body"];
    let said = |path: &str| body.pointer(path).filter(|reason| matches!(reason, Value::String(_)) || reason.get(0).is_some());
    match ["/transition/reason", "/reason", "/reasons"].into_iter().find_map(said) {
        Some(reason) => words(reason),
        None => fields(body),
    }
}

/// Field by field, less those that say nothing.
fn fields(body: &Value) -> String {
    let Some(fields) = body.as_object() else { return words(body) };
    let says = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    let said = fields.iter().filter(|(_, value)| says(value)).map(|(name, value)| format!("{name} {}", words(value)));
    said.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::PLAIN;
    use super::*;

    #[test]
    fn the_newest_stands_last() {
        let event = |id: u64, reason: &str| {
            let body = json!({"canary": "canary_1", "transition": {"reason": reason}});
            json!({"id": id, "at": 1_795_262_401_000_u64 + id, "kind": "canary.stepping", "subject": "docs", "body": body})
        };
        let wanted = "ID  TIME                  EVENT            SUBJECT  WHAT\n \
                      2  2026-11-21T12:00:01Z  canary.stepping  docs     began\n \
                      3  2026-11-21T12:00:01Z  canary.stepping  docs     went on";
        assert_eq!(happened(&json!({"items": [event(3, "went on"), event(2, "began")], "next": null}), PLAIN), wanted);
        let unknown = json!({"body": {"size": 3}});
        assert_eq!(what(&unknown), "size 3");
        let retirement = |reasons: Value| what(&json!({"body": {"collection": "docs_v1", "reasons": reasons}}));
        assert_eq!(retirement(json!(["in use", "too new"])), "in use, too new");
        assert_eq!(retirement(json!([])), "collection docs_v1");
    }

    #[test]
    fn a_refused_change_is_told_with_its_words() {
        let row = json!({"id": 1, "at": 0, "actor": "anna", "action": "route.put", "subject": "docs", "result": "stale", "reason": null});
        let told = audited(&json!({"items": [row]}), PLAIN);
        assert!(told.ends_with(" 1  1970-01-01T00:00:00Z  anna   route.put  docs     -       stale"), "{told}");
    }
}
