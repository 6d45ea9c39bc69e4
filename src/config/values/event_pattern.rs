//! Which events somebody wants to hear of.

use std::fmt;
use std::str::FromStr;

use super::EVENT_KINDS;
use crate::config::nearest;

/// A kind of event such as `canary.rolled_back`, all of a family, `canary.*`, or all there are, `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventPattern(String);

impl EventPattern {
    #[must_use]
    pub fn everything() -> Self {
        Self("*".to_owned())
    }

    #[must_use]
    pub fn matches(&self, kind: &str) -> bool {
        // What is left of the star ends with a dot, or is nothing.
        self.0.strip_suffix('*').map_or(self.0 == kind, |family| kind.starts_with(family))
    }
}

impl FromStr for EventPattern {
    type Err = String;

    /// A pattern that matches no kind would deliver nothing, and the operator would notice only when an event is missed.
    fn from_str(text: &str) -> Result<Self, String> {
        let pattern = Self(text.to_owned());
        let is_family = text == "*" || text.ends_with(".*");
        if (is_family || !text.contains('*')) && EVENT_KINDS.iter().any(|kind| pattern.matches(kind)) {
            return Ok(pattern);
        }
        let fault = format!("`{text}` is not a kind of event such as canary.rolled_back, canary.* or *");
        Err(meant(text).map_or_else(|| fault.clone(), |meant| format!("{fault}; did you mean `{meant}`?")))
    }
}

/// The kind or family that was probably meant.
fn meant(text: &str) -> Option<String> {
    let families = EVENT_KINDS.iter().filter_map(|kind| Some(format!("{}.*", kind.split_once('.')?.0)));
    let known: Vec<String> = EVENT_KINDS.iter().map(|kind| (*kind).to_owned()).chain(families).collect();
    nearest(text, known.iter().map(String::as_str)).map(str::to_owned)
}

impl fmt::Display for EventPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

super::as_text!(EventPattern, "a kind of event such as canary.rolled_back, canary.* or *", "^(\\*|[a-z_]+(\\.[a-z_]+)*(\\.\\*)?)$");
