//! What has happened so far, in the words of Pointsman where it acted. Written by `play`, read by `frame`, `screen` and `summary`.

use std::time::{Duration, SystemTime};

use crate::canary::{Canary, Transition};
use crate::text::{clock, wrap};

/// One thing that has happened.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Duration,
    pub(crate) text: String,
}

impl Entry {
    pub(crate) fn lines(&self, width: usize) -> Vec<String> {
        wrap(&self.to_string(), width, 5)
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", clock(self.at), self.text)
    }
}

/// Takes Pointsman's steps over into the story, each of them once.
#[derive(Debug)]
pub(crate) struct Story {
    began: SystemTime,
    pub(crate) entries: Vec<Entry>,
    /// The canary that is told of, and how many of its steps have been told.
    told: (String, usize),
}

impl Story {
    pub(crate) fn new(began: SystemTime) -> Self {
        Self { began, entries: Vec::new(), told: (String::new(), 0) }
    }

    pub(crate) fn tell(&mut self, text: impl Into<String>) {
        let at = self.began.elapsed().unwrap_or_default();
        self.entries.push(Entry { at, text: text.into() });
    }

    pub(crate) fn follow(&mut self, canary: &Canary) {
        if self.told.0 != canary.id {
            self.told = (canary.id.clone(), 0);
        }
        for step in canary.transitions().skip(self.told.1) {
            self.told.1 += 1;
            if is_telling(step) {
                let at = instant(step).duration_since(self.began).unwrap_or_default();
                let text = format!("canary to {}: {}: {}", canary.collection, state(step), step.reason);
                self.entries.push(Entry { at, text });
            }
        }
    }
}

/// When Pointsman took this step.
pub(crate) fn instant(step: &Transition) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(step.at)
}

/// With its share where it serves one.
fn state(step: &Transition) -> String {
    match step.to.name.as_str() {
        name @ ("stepping" | "paused") => format!("{name} at {} %", step.percentage),
        name => name.to_owned(),
    }
}

/// The others only lead to one of these within a moment.
fn is_telling(step: &Transition) -> bool {
    !matches!(step.to.name.as_str(), "scheduled" | "initializing" | "promoting" | "rolled_back")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canary::tests::canary;
    use crate::collections::Version;

    #[test]
    fn every_step_is_told_once_in_the_words_of_pointsman() {
        let mut story = Story::new(SystemTime::UNIX_EPOCH);
        let first = [("scheduled", 0.0, "created"), ("stepping", 30.0, "the pre-checks passed")];
        story.follow(&canary(Version::Two, "stepping", 30.0, &first));
        story.follow(&canary(Version::Two, "stepping", 30.0, &first));
        let then = [first[0], first[1], ("rolling_back", 0.0, "`error_rate` fails"), ("rolled_back", 0.0, "undone")];
        story.follow(&canary(Version::Two, "rolled_back", 0.0, &then));
        let told: Vec<String> = story.entries.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["0:01 canary to docs_v2: stepping at 30 %: the pre-checks passed", "0:02 canary to docs_v2: rolling_back: `error_rate` fails",]
        );
    }
}
