//! What the commands of canaries, deployments, experiments and shadow comparisons have in common: creating one and giving
//! it a command. `follow` follows one to its end.

mod follow;
mod looks;

use reqwest::Method;
use serde_json::{Value, json};

use super::failure::Failure;
use super::live::{Look, View};
use super::reference::Kind;
use super::session::Session;
use super::table::{Style, shell_word};
use super::{Outcome, at};

/// One sort of rollouts, as the API has them and as people read them.
pub(super) struct Rollouts<N> {
    pub(super) kind: &'static Kind,
    pub(super) in_short: fn(&Value, Style) -> String,
    /// What one that is followed has to tell line by line.
    pub(super) news: fn() -> N,
    /// What is to be seen of it on a terminal.
    pub(super) view: fn(&Value, Look) -> View,
    /// The state in which it has done what it was made for.
    pub(super) goal: &'static str,
    /// What belongs to the picture and has a path of its own.
    pub(super) beside: Option<&'static str>,
    /// The way back once it is over, where there is one.
    pub(super) way_back: fn(&Value) -> Option<WayBack>,
}

/// Remembers what has been told of a rollout that is followed.
pub(super) trait News {
    /// What is new, a line each, oldest first.
    fn lines(&mut self, rollout: &Value) -> Vec<String>;
}

/// How to undo what is completed.
pub(super) struct WayBack {
    pub(super) alias: String,
    /// Where it points now, and where it pointed before.
    pub(super) present: String,
    pub(super) previous: String,
}

/// Nothing is switched by it.
pub(super) fn no_way_back(_: &Value) -> Option<WayBack> {
    None
}

impl WayBack {
    /// Of a rollout that is completed.
    pub(super) fn of(rollout: &Value, previous: &str) -> Option<Self> {
        let field = |name: &str| rollout[name].as_str().map(str::to_owned);
        if rollout["state"] != "completed" {
            return None;
        }
        Some(Self { alias: field("alias")?, present: field("collection")?, previous: field(previous)? })
    }

    fn command(&self) -> String {
        let [alias, previous, present] = [&self.alias, &self.previous, &self.present].map(|name| shell_word(name));
        format!("to go back: pointsman alias switch {alias} {previous} --expect {present}")
    }
}

impl<N: News> Rollouts<N> {
    pub(super) async fn create(&self, session: &Session, body: &Value, key: Option<&str>, watch: bool) -> Outcome {
        let headers = [("--idempotency-key", "idempotency-key", key)];
        let answer = session.api.change_with(Method::POST, &self.kind.path(), Some(body), &headers).await?;
        match answer.json["id"].as_str() {
            Some(id) if watch => self.follow(session, id).await,
            _ => session.show(&answer, self.in_short),
        }
    }

    /// The reason goes along in its header, as with every command.
    pub(super) async fn command(&self, session: &Session, said: &str, word: &str) -> Outcome {
        self.command_with(session, said, word, false).await
    }

    /// One that may lose acknowledged writes, and whether that is accepted.
    pub(super) async fn command_with(&self, session: &Session, said: &str, word: &str, accept_lost_writes: bool) -> Outcome {
        let id = session.id(self.kind, said).await?;
        let body = if accept_lost_writes { json!({"accept_lost_writes": true}) } else { json!({}) };
        match session.api.change(Method::POST, &at(&["v1", self.kind.resource, &id, word]), Some(&body)).await {
            Ok(answer) => session.show(&answer, self.in_short),
            Err(failure) => Err(self.advised(session, &id, word, failure).await),
        }
    }

    /// One that is completed cannot be taken back by its own commands; the refusal says how it can.
    async fn advised(&self, session: &Session, id: &str, word: &str, failure: Failure) -> Failure {
        let refusal = match failure {
            Failure::Refused(refusal) if matches!(word, "rollback" | "abort" | "cancel") => refusal,
            failure => return failure,
        };
        let rollout = session.api.get(&at(&["v1", self.kind.resource, id]), &[]).await;
        let back = rollout.ok().and_then(|rollout| (self.way_back)(&rollout.json));
        Failure::Refused(match back {
            Some(back) => refusal.advised(back.command()),
            None => refusal,
        })
    }
}
