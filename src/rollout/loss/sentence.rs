//! A loss in words.

use std::fmt;

use super::{Bound, Loss};

impl fmt::Display for Loss {
    /// `up to 12 acknowledged writes since 2026-11-28T14:00:00Z are in docs_v1 and not in docs_v2`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.bound {
            Bound::Exact => "",
            Bound::AtMost => "up to ",
            Bound::AtLeast => "at least ",
            Bound::Approximate => "about ",
        };
        let (noun, verb) = if self.acknowledged == 1 { ("write", "is") } else { ("writes", "are") };
        let places: Vec<String> = self.only_in.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "{how}{} acknowledged {noun} since {} {verb} in {}", self.acknowledged, self.since, places.join(" and "))?;
        write!(f, " and not in `{}`", self.missing_in)?;
        if self.unknown > 0 {
            write!(f, " (and {} more whose outcome is unknown)", self.unknown)?;
        }
        match self.bound {
            Bound::Exact => Ok(()),
            Bound::AtMost => write!(f, "; `{}` was written to as well, and which writes reached both is not known", self.missing_in),
            Bound::AtLeast => write!(f, "; some writes may not have been counted"),
            Bound::Approximate => {
                write!(f, "; some writes may not have been counted, and others may have reached `{}` as well", self.missing_in)
            }
        }
    }
}

impl Loss {
    /// How to find out which points differ, for an operator.
    #[must_use]
    pub fn how_to_compare(&self) -> String {
        let ours = self.only_in.first().map_or("", String::as_str);
        let theirs = &self.missing_in;
        format!(
            "to compare them, ask Qdrant for both counts (POST /collections/{ours}/points/count and /collections/{theirs}/points/count, \
             each with {{\"exact\": true}}) and scroll both by id (POST /collections/{ours}/points/scroll)"
        )
    }
}
