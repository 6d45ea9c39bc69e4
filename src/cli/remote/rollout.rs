//! What the commands of canaries and deployments have in common: creating one, giving it a command, following it to its end.

use std::process::ExitCode;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::session::{Patience, Session};
use super::table::{Style, harmless};
use super::{Outcome, at};
use crate::cli::say;

const EVERY: Duration = Duration::from_secs(1);

/// One sort of rollouts, as the API has them and as people read them.
pub(super) struct Rollouts<N> {
    /// Under which they are, such as `canaries`.
    pub(super) resource: &'static str,
    pub(super) in_short: fn(&Value, Style) -> String,
    pub(super) is_over: fn(&Value) -> bool,
    /// What one that is followed has to tell.
    pub(super) news: fn() -> N,
}

/// Remembers what has been told of a rollout that is followed.
pub(super) trait News {
    /// What is new, a line each.
    fn lines(&mut self, rollout: &Value, now: i64) -> Vec<String>;
}

impl<N: News> Rollouts<N> {
    pub(super) async fn create(&self, session: &Session, body: &Value, key: Option<&str>, watch: bool) -> Outcome {
        let headers = [("--idempotency-key", "idempotency-key", key)];
        let answer = session.api.change_with(Method::POST, &at(&["v1", self.resource]), Some(body), &headers).await?;
        match answer.json["id"].as_str() {
            Some(id) if watch => self.follow(session, id).await,
            _ => session.show(&answer, self.in_short),
        }
    }

    /// The reason goes along in its header, as with every command.
    pub(super) async fn command(&self, session: &Session, id: &str, word: &str) -> Outcome {
        self.command_with(session, id, word, false).await
    }

    /// One that may lose acknowledged writes, and whether that is accepted.
    pub(super) async fn command_with(&self, session: &Session, id: &str, word: &str, accept_lost_writes: bool) -> Outcome {
        let path = at(&["v1", self.resource, id, word]);
        let body = if accept_lost_writes { json!({"accept_lost_writes": true}) } else { json!({}) };
        session.show(&session.api.change(Method::POST, &path, Some(&body)).await?, self.in_short)
    }

    /// To its end. Success only if it has completed. As JSON it is told whole, on one line, whenever it has changed.
    pub(super) async fn follow(&self, session: &Session, id: &str) -> Outcome {
        let (mut news, mut told, mut patience) = ((self.news)(), String::new(), Patience::default());
        loop {
            if let Some(answer) = patience.hear(session.api.get(&at(&["v1", self.resource, id]), &[]).await)? {
                let over = (self.is_over)(&answer.json);
                let completed = answer.json["state"] == "completed";
                let lines = match session.is_for_people() {
                    true => news.lines(&answer.json, session.style().now),
                    false if answer.text == told => Vec::new(),
                    false => vec![answer.text.clone()],
                };
                told = answer.text;
                for line in lines {
                    if say(format_args!("{}", harmless(&line))) != ExitCode::SUCCESS {
                        return Ok(ExitCode::FAILURE);
                    }
                }
                if over {
                    return Ok(if completed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}
