//! One thing that is tried, and what came of it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;

/// A row of the table, an item of the JSON document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::cli::check) struct Checked {
    pub(in crate::cli::check) what: String,
    #[serde(rename = "where")]
    pub(in crate::cli::check) place: String,
    pub(in crate::cli::check) ok: bool,
    pub(in crate::cli::check) why: String,
    pub(in crate::cli::check) todo: Option<String>,
}

impl Checked {
    pub(super) fn failed(what: &str, place: &str, why: String) -> Self {
        Self { what: what.to_owned(), place: place.to_owned(), ok: false, why, todo: None }
    }
}

/// What an attempt says: why it is as it is, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) why: String,
    pub(super) todo: Option<String>,
}

impl Said {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), todo: None }
    }

    pub(super) fn so(self, todo: impl Into<String>) -> Self {
        Self { todo: Some(todo.into()), ..self }
    }
}

pub(super) type Outcome = Result<Said, Said>;

pub(super) struct Probe<'p> {
    what: String,
    place: String,
    /// What to do when there is no answer in time.
    late: String,
    asking: Pin<Box<dyn Future<Output = Outcome> + 'p>>,
}

impl<'p> Probe<'p> {
    pub(super) fn new(
        what: impl Into<String>,
        place: impl Into<String>,
        late: impl Into<String>,
        asking: impl Future<Output = Outcome> + 'p,
    ) -> Self {
        Self { what: what.into(), place: place.into(), late: late.into(), asking: Box::pin(asking) }
    }

    pub(super) async fn run(self, limit: Duration) -> Checked {
        let Self { what, place, late, asking } = self;
        let outcome = tokio::time::timeout(limit, asking).await;
        let outcome = outcome.unwrap_or_else(|_| Err(Said::new(format!("no answer within {} s", limit.as_secs_f64())).so(late)));
        let ok = outcome.is_ok();
        let (Ok(Said { why, todo }) | Err(Said { why, todo })) = outcome;
        Checked { what, place, ok, why, todo }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_answer_fails_when_its_time_is_over() {
        let probe = Probe::new("store", "db", "start it", std::future::pending());
        let checked = probe.run(Duration::ZERO).await;
        assert_eq!((checked.ok, checked.why.as_str(), checked.todo.as_deref()), (false, "no answer within 0 s", Some("start it")));
    }
}
