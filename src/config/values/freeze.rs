//! Freeze windows: when nothing is promoted.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::routing::SpecFault;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Minutes since midnight, written `17:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

/// All times are UTC: a window that moves with daylight saving would open at another moment on each replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FreezeWindow {
    Once {
        from: Timestamp,
        until: Timestamp,
    },
    /// Begins on each of the days; one that does not end after it begins ends on the day after.
    Weekly {
        days: Vec<Day>,
        from: TimeOfDay,
        until: TimeOfDay,
    },
}

impl FreezeWindow {
    /// The end is not part of the window.
    #[must_use]
    pub fn contains(&self, now: Timestamp) -> bool {
        match self {
            Self::Once { from, until } => (*from..*until).contains(&now),
            Self::Weekly { days, from, until } => {
                let day = now.millis() / DAY;
                let minute = now.millis() % DAY / MINUTE;
                let (from, until) = (u64::from(from.0), u64::from(until.0));
                let begins = |day: u64| days.contains(&Day::of(day));
                if from < until {
                    begins(day) && (from..until).contains(&minute)
                } else {
                    (begins(day) && minute >= from) || (day > 0 && begins(day - 1) && minute < until)
                }
            }
        }
    }

    /// Pushes every fault of a window that stands at `at`.
    pub(crate) fn check(&self, at: &str, faults: &mut Vec<SpecFault>) {
        match self {
            Self::Once { from, until } if until <= from => faults.push(SpecFault::new(format!("{at}.until"), "must be after `from`")),
            Self::Weekly { days, .. } if days.is_empty() => faults.push(SpecFault::new(format!("{at}.days"), "is empty")),
            Self::Once { .. } | Self::Weekly { .. } => {}
        }
    }
}

impl Day {
    /// The weekday of a day counted from the first of January 1970, a Thursday.
    fn of(day: u64) -> Self {
        match day % 7 {
            0 => Self::Thu,
            1 => Self::Fri,
            2 => Self::Sat,
            3 => Self::Sun,
            4 => Self::Mon,
            5 => Self::Tue,
            _ => Self::Wed,
        }
    }
}

impl JsonSchema for TimeOfDay {
    fn schema_name() -> Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Hours and minutes from 00:00 to 24:00, in UTC.",
            "type": "string",
            "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        })
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parse = || {
            let (hours, minutes) = text.split_once(':').filter(|_| text.len() == 5)?;
            let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
            let total = hours * 60 + minutes;
            (minutes < 60 && total <= 24 * 60).then_some(Self(total))
        };
        parse().ok_or_else(|| format!("`{text}` is not a time of day: write hours and minutes from 00:00 to 24:00, in UTC"))
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Display for FreezeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once { from, until } => write!(f, "from {from} until {until}"),
            Self::Weekly { from, until, .. } => write!(f, "from {from} until {until} UTC"),
        }
    }
}
