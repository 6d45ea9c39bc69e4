//! What a look at an answer found, in sums that add up.

/// Scores beyond this are counted as this: no metric in use comes near it, and one broken score must not drown the rest.
const LARGEST_SCORE: f64 = 1e6;
const MILLIONTHS: f64 = 1e6;

/// The hits of one answer. An answer has one list of hits, that of a batch one for each of its queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    pub lists: u64,
    /// Lists without a hit.
    pub empty: u64,
    /// In all lists.
    pub hits: u64,
    /// Lists whose best hit has a score.
    pub scored: u64,
    /// The sum of those scores, in millionths. Integers, so that adding up is exact in any order.
    pub top_score: i64,
}

impl Finding {
    /// Adds a list of so many hits, the best of which, which Qdrant puts first, has this score.
    pub fn add(&mut self, hits: u64, best: Option<f64>) {
        self.lists += 1;
        self.empty += u64::from(hits == 0);
        self.hits += hits;
        if let Some(score) = best.filter(|score| score.is_finite()) {
            self.scored += 1;
            self.top_score = self.top_score.wrapping_add(millionths(score));
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is between limits far from those of the type")]
fn millionths(score: f64) -> i64 {
    (score.clamp(-LARGEST_SCORE, LARGEST_SCORE) * MILLIONTHS).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_adds_its_hits_and_its_best_score() {
        let mut finding = Finding::default();
        finding.add(3, Some(0.5));
        finding.add(1, Some(-0.25));
        finding.add(0, None);
        assert_eq!(finding, Finding { lists: 3, empty: 1, hits: 4, scored: 2, top_score: 250_000 });
    }

    #[test]
    fn a_broken_score_is_none_and_an_absurd_one_is_bounded() {
        let mut finding = Finding::default();
        for score in [f64::NAN, f64::INFINITY] {
            finding.add(1, Some(score));
        }
        assert_eq!((finding.lists, finding.scored), (2, 0));
        finding.add(1, Some(1e30));
        assert_eq!(finding.top_score, 1_000_000_000_000);
    }
}
