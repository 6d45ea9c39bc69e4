//! Lists come a page at a time; one command shows one page.

use clap::Args;
use serde_json::Value;

use super::api::Answer;
use super::session::Session;
use super::table::Style;
use super::{Api, Failure, Outcome};

/// Which page of a list that is ordered by name.
#[derive(Debug, Args)]
pub(super) struct PageArgs {
    /// How many at most, up to 1000 [default: 100]
    #[arg(long, value_name = "COUNT")]
    limit: Option<u16>,
    /// Begin behind this one
    #[arg(long, value_name = "NAME")]
    after: Option<String>,
}

impl PageArgs {
    /// Asks for the page and shows it, and how to have the next.
    pub(super) async fn show(&self, session: &Session, path: &str, words: impl FnOnce(&Value, Style) -> String) -> Outcome {
        let limit = self.limit.map(|limit| limit.to_string());
        let query = [("limit", limit.as_deref()), ("after", self.after.as_deref())];
        let answer = session.api.get(path, &query).await?;
        session.show(&answer, |page, style| with_next(words(page, style), page, "--after"))
    }
}

/// The words of a page, and below them where the next begins.
pub(super) fn with_next(words: String, page: &Value, flag: &str) -> String {
    match &page["next"] {
        Value::Null => words,
        Value::String(next) => format!("{words}\nmore with {flag} {next}"),
        next => format!("{words}\nmore with {flag} {next}"),
    }
}

/// More than an operator looks at; a list that never ends must not keep a command.
const MAX_PAGES: usize = 20;

/// All items of a list ordered by name.
pub(super) async fn all(api: &Api, path: &str) -> Result<Vec<Value>, Failure> {
    let (mut items, mut after) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let Answer { mut json, .. } = api.get(path, &[("limit", Some("1000")), ("after", after.as_deref())]).await?;
        if let Value::Array(page) = json["items"].take() {
            items.extend(page);
        }
        after = json["next"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    Ok(items)
}
