//! The acts of the demo, and what the audience is told to look at. Chosen by `play`, shown by `frame`.
//!
//! Every text fits into two lines of the narrowest picture.

use std::time::Duration;

pub(crate) const ACTS: usize = 3;

/// What is played now.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) number: usize,
    pub(crate) title: &'static str,
    pub(crate) text: String,
}

fn fails(text: impl Into<String>) -> Act {
    Act { number: 2, title: "A new version that fails", text: text.into() }
}

fn works(text: impl Into<String>) -> Act {
    Act { number: 3, title: "A new version that works", text: text.into() }
}

pub(crate) fn searching(users: usize) -> Act {
    let text = format!("{users} users search through the alias `docs`, which points to docs_v1. Each sign below is a user.");
    Act { number: 1, title: "Users search", text }
}

pub(crate) fn still_healthy() -> Act {
    fails("A canary moves `docs` to docs_v2 in stages: first 30 % of the users. So far docs_v2 works.")
}

pub(crate) fn failing() -> Act {
    fails("Now docs_v2 fails half of its searches. Pointsman asks docs_v1 instead, at once (sign !): no user sees an error.")
}

/// `after` is the time from the first error until Pointsman went back.
pub(crate) fn rolled_back(after: Duration) -> Act {
    let seconds = after.as_secs_f64();
    fails(format!("After {seconds:.1} s Pointsman rolled the canary back by itself. It says why below. All users are on docs_v1."))
}

pub(crate) fn not_rolled_back(state: &str) -> Act {
    fails(format!("The canary was not rolled back: it is {state}."))
}

pub(crate) fn growing() -> Act {
    works("A canary to the repaired docs_v3. It gets a larger share only when every guard is sure that docs_v3 is no worse.")
}

pub(crate) fn watching() -> Act {
    works("The alias `docs` points to docs_v3 now. Pointsman watches a little longer, with the way back still open.")
}

pub(crate) fn ended(state: &str) -> Act {
    works(format!("The canary to docs_v3 has ended: {state}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::LEAST;
    use crate::text::wrap;

    #[test]
    fn every_text_fits_into_two_lines_of_the_narrowest_picture() {
        let acts = [
            searching(5_000),
            still_healthy(),
            failing(),
            rolled_back(Duration::from_secs(88)),
            not_rolled_back("rollback_failed"),
            growing(),
            watching(),
            ended("rollback_failed"),
        ];
        for act in acts {
            assert!(act.number <= ACTS);
            let lines = wrap(&act.text, usize::from(LEAST.0), 0);
            assert!(lines.len() <= 2, "{lines:#?}");
        }
    }
}
