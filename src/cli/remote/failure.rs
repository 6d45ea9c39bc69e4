//! Why a command was not done, in words and as an exit code that scripts can tell apart.

use std::fmt;
use std::process::ExitCode;

use reqwest::StatusCode;
use serde_json::Value;

use crate::cli::complain;

#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Failure {
    #[error("{0}")]
    Refused(Refusal),
    #[error("{0}")]
    Usage(String),
    #[error("{url} cannot be asked: {why}")]
    Unreachable { url: String, why: String },
    /// Something listens there, but what it says is not the admin API's.
    #[error("{url} is not Pointsman's admin port: {what}")]
    Foreign { url: String, what: String },
    /// An argument names no rollout, or several.
    #[error("{0}")]
    Reference(String),
    /// Qdrant itself was asked, and said no.
    #[error("{0}")]
    Qdrant(String),
    #[error("the command cannot be set up: {0}")]
    Process(std::io::Error),
}

impl Failure {
    /// Says it, and how the command ends.
    pub(in crate::cli) fn told(&self) -> ExitCode {
        complain(format_args!("{self}"));
        self.exit_code()
    }

    /// Documented in docs/cli.md.
    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Refused(_) | Self::Qdrant(_) | Self::Reference(_) | Self::Process(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable { .. } | Self::Foreign { .. } => 3,
        })
    }
}

/// A problem document (RFC 9457), as Pointsman answered it.
#[derive(Debug)]
pub(in crate::cli) struct Refusal {
    status: StatusCode,
    pub(super) problem: Value,
    /// What was sent, letter by letter.
    pub(super) text: String,
    /// The command to give next, where the command that was refused knows it.
    next: Option<String>,
}

/// The API speaks of headers and fields; commands have flags for them.
const FLAGS: [(&str, &str); 7] = [
    ("read it again before changing it", "see it with pointsman route show, then give --if-match"),
    ("name it in If-Match to change it", "give --if-match REVISION to change it"),
    ("If-Match", "--if-match"),
    ("Idempotency-Key", "--idempotency-key"),
    ("X-Pointsman-Actor", "--actor"),
    ("X-Pointsman-Reason", "--reason"),
    ("use force", "use --force"),
];

impl Refusal {
    pub(super) fn new(status: StatusCode, problem: Value, text: String) -> Self {
        Self { status, problem, text, next: None }
    }

    /// With the command to give next.
    pub(super) fn advised(self, next: String) -> Self {
        Self { next: Some(next), ..self }
    }

    /// The faulty fields with their reasons.
    fn fields(&self) -> Vec<(&str, &str)> {
        let errors = self.problem["errors"].as_array().into_iter().flatten();
        errors.filter_map(|error| Some((error["field"].as_str()?, error["reason"].as_str()?))).collect()
    }
}

impl fmt::Display for Refusal {
    /// A sentence, and below it a line for each field it has not named. Of a faulty body the detail is nothing but its
    /// fields in one long line; they are easier to read one by one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |name: &str| self.problem[name].as_str().unwrap_or_default();
        let mut fields = self.fields();
        let sentence = match text("detail") {
            "" => text("title"),
            _ if !fields.is_empty() && self.status == StatusCode::UNPROCESSABLE_ENTITY => text("title"),
            detail => {
                fields.retain(|(_, reason)| !detail.contains(reason));
                detail
            }
        };
        let sentence = if sentence.is_empty() { "it did not say why".to_owned() } else { in_flags(sentence) };
        write!(f, "refused ({}): {sentence}", self.status.as_u16())?;
        for (field, reason) in fields {
            write!(f, "\n  {field}: {reason}")?;
        }
        if self.status == StatusCode::UNAUTHORIZED {
            f.write_str("\n  give the token with --token or POINTSMAN_ADMIN_TOKEN")?;
        }
        match &self.next {
            Some(next) => write!(f, "\n  {next}"),
            None => Ok(()),
        }
    }
}

fn in_flags(sentence: &str) -> String {
    FLAGS.iter().fold(sentence.to_owned(), |sentence, (said, flag)| sentence.replace(said, flag))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(status: u16, problem: Value) -> String {
        Refusal::new(StatusCode::from_u16(status).expect("a status"), problem, String::new()).to_string()
    }

    #[test]
    fn a_problem_is_a_sentence_and_its_fields() {
        let stale = json!({"title": "The resource has changed", "detail": "the route of `docs` is at revision 5, not 4"});
        assert_eq!(words(412, stale), "refused (412): the route of `docs` is at revision 5, not 4");
        let again = json!({"detail": "it is at revision 5, not 4; read it again before changing it"});
        assert!(words(412, again).ends_with("; see it with pointsman route show, then give --if-match"));
        let errors = json!([{"field": "weights.b", "reason": "is missing"}, {"field": "weights.c", "reason": "is unknown"}]);
        let faulty = json!({"title": "Not acceptable", "detail": "weights.b: is missing; weights.c: is unknown", "errors": errors});
        assert_eq!(words(422, faulty), "refused (422): Not acceptable\n  weights.b: is missing\n  weights.c: is unknown");
        let unfit = json!({"detail": "`wide` is incompatible", "errors": [{"field": "size", "reason": "2 became 3"}]});
        assert_eq!(words(409, unfit), "refused (409): `wide` is incompatible\n  size: 2 became 3");
        assert_eq!(words(500, json!({})), "refused (500): it did not say why");
    }

    #[test]
    fn what_the_api_calls_a_header_is_a_flag_here() {
        let there = json!({"detail": "the route of `docs` exists at revision 4; name it in If-Match to change it"});
        assert_eq!(words(428, there), "refused (428): the route of `docs` exists at revision 4; give --if-match REVISION to change it");
        let refusal = Refusal::new(StatusCode::CONFLICT, json!({"detail": "it is completed"}), String::new());
        assert_eq!(refusal.advised("try this".to_owned()).to_string(), "refused (409): it is completed\n  try this");
    }
}
