//! Which events somebody wants to hear of.

use std::fmt;
use std::str::FromStr;

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

    fn from_str(text: &str) -> Result<Self, String> {
        let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let parts: Vec<&str> = text.split('.').collect();
        let legal = match parts.split_last() {
            Some((&"*", family)) => family.iter().all(|part| word(part)),
            _ => parts.iter().all(|part| word(part)),
        };
        let fault = || format!("`{text}` is not a kind of event such as canary.rolled_back, canary.* or *");
        if legal { Ok(Self(text.to_owned())) } else { Err(fault()) }
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

super::as_text!(EventPattern, "a kind of event such as canary.rolled_back, canary.* or *", "^(\\*|[a-z_]+(\\.[a-z_]+)*(\\.\\*)?)$");
