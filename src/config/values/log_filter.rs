//! Which log lines are written: a level, and levels per component.

use std::fmt;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// A filter as `tracing` reads it, such as `info` or `info,pointsman::proxy=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

/// Why a text is not a [`LogFilter`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogFilterFault {
    #[error("is empty: name a level (off, error, warn, info, debug, trace)")]
    Empty,
    #[error("`{0}` is no level (off, error, warn, info, debug, trace); a level for one component is written component=level")]
    NoLevel(String),
    #[error("`{0}` is not a log filter: {1}")]
    Malformed(String, String),
}

impl LogFilter {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".into())
    }
}

impl FromStr for LogFilter {
    type Err = LogFilterFault;

    fn from_str(text: &str) -> Result<Self, LogFilterFault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(LogFilterFault::Empty);
        }
        // `tracing` takes a bare unknown word for a component and shows all it says, so `inof` would silence the rest.
        if let Some(word) = text.split(',').map(str::trim).find(|part| !part.contains(['=', '[']) && part.parse::<LevelFilter>().is_err()) {
            return Err(LogFilterFault::NoLevel(word.into()));
        }
        EnvFilter::try_new(text).map_err(|error| LogFilterFault::Malformed(text.into(), error.to_string()))?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

super::as_text!(LogFilter, "a log filter, such as info or info,pointsman::proxy=debug", "\\S");
