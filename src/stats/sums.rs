//! What is added up about a set of requests. Integers only, so that adding is exact and the order never shows.

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Counted as an error and nothing else: a fast failure must not make a variant look fast.
    Failed,
    /// A 4xx that stable was not asked about, so that only a comparison says whose fault it is. Not counted as a request: it is
    /// neither an answer that has a latency nor surely a failure.
    Refused(Refusal),
    /// A 4xx that is the client's own fault: stable refuses the same request. Counted to be shown, and judged nowhere.
    ClientsFault(Refusal),
    Answered {
        latency_us: u64,
        /// Of its body.
        bytes: u64,
        /// None where it was not measured.
        found: Option<Found>,
    },
}

/// How a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 401 or 403.
    Unauthorized,
    /// 404.
    Missing,
    /// 400, or another 4xx. Not 429, which is a failure.
    Other,
}

/// What a look at an answer found in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    /// The best hit, by its score in millionths.
    Best(i64),
}

/// Latencies that requests are compared with. Frozen before a window begins and never changed within it: a threshold that
/// moves with the data it judges proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Thresholds {
    /// The absolute limit, such as 200 ms.
    pub limit_us: u64,
    /// What is usual for stable, such as its own 95th percentile before the window.
    pub reference_us: u64,
}

/// The sums of one bucket, or of a whole cohort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub requests: u64,
    pub errors: u64,
    /// Answered slower than [`Thresholds::limit_us`].
    pub over_limit: u64,
    /// Answered slower than [`Thresholds::reference_us`].
    pub over_reference: u64,
    pub latency_us: u64,
    /// Of the bodies of answers.
    pub bytes: u64,
    /// Lists of hits in the answers that were looked at: one, or one for each query of a batch.
    pub lists: u64,
    /// Those without a hit.
    pub empty: u64,
    pub hits: u64,
    /// Lists whose best hit has a score, and the sum of those scores in millionths.
    pub scored: u64,
    pub top_score: i64,
    /// Refused, and to be compared. Not among the requests.
    pub refused: u64,
    /// Refused for a fault of the client. Not among the requests.
    pub clients_fault: u64,
    /// Of both kinds: with 401 or 403, and with 404.
    pub unauthorized: u64,
    pub missing: u64,
}

impl Sums {
    pub fn record(&mut self, outcome: Outcome, thresholds: Thresholds) {
        let one = match outcome {
            Outcome::Failed => Self { requests: 1, errors: 1, ..Self::default() },
            Outcome::Refused(refusal) => Self { refused: 1, ..Self::of_refusal(refusal) },
            Outcome::ClientsFault(refusal) => Self { clients_fault: 1, ..Self::of_refusal(refusal) },
            Outcome::Answered { latency_us, bytes, found } => Self {
                requests: 1,
                over_limit: u64::from(latency_us > thresholds.limit_us),
                over_reference: u64::from(latency_us > thresholds.reference_us),
                latency_us,
                bytes,
                ..found.map_or_else(Self::default, Self::of)
            },
        };
        self.merge(&one);
    }

    /// One list of hits, as far as it needs to be known here.
    fn of(found: Found) -> Self {
        match found {
            Found::Nothing => Self { lists: 1, empty: 1, ..Self::default() },
            Found::Best(top_score) => Self { lists: 1, hits: 1, scored: 1, top_score, ..Self::default() },
        }
    }

    fn of_refusal(refusal: Refusal) -> Self {
        Self {
            unauthorized: u64::from(refusal == Refusal::Unauthorized),
            missing: u64::from(refusal == Refusal::Missing),
            ..Self::default()
        }
    }

    /// Saturates rather than overflows; of what is not negative, saturating addition is still free of order. Scores may
    /// be negative, and wrap instead: each is bounded, so it would take nine million of the largest in one bucket.
    pub fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.over_limit = self.over_limit.saturating_add(other.over_limit);
        self.over_reference = self.over_reference.saturating_add(other.over_reference);
        self.latency_us = self.latency_us.saturating_add(other.latency_us);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.lists = self.lists.saturating_add(other.lists);
        self.empty = self.empty.saturating_add(other.empty);
        self.hits = self.hits.saturating_add(other.hits);
        self.scored = self.scored.saturating_add(other.scored);
        self.top_score = self.top_score.wrapping_add(other.top_score);
        self.refused = self.refused.saturating_add(other.refused);
        self.clients_fault = self.clients_fault.saturating_add(other.clients_fault);
        self.unauthorized = self.unauthorized.saturating_add(other.unauthorized);
        self.missing = self.missing.saturating_add(other.missing);
    }

    /// Requests that got an answer: those that have a latency.
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.requests.saturating_sub(self.errors)
    }

    /// Requests and refused ones, which a share of refusals is a share of.
    #[must_use]
    pub const fn asked(&self) -> u64 {
        self.requests.saturating_add(self.refused)
    }

    /// All answers with a 4xx, whosever fault.
    #[must_use]
    pub const fn all_refused(&self) -> u64 {
        self.refused.saturating_add(self.clients_fault)
    }

    /// By which status requests were refused, for the end of a sentence; none if none was.
    #[must_use]
    pub fn refused_with(&self) -> Option<String> {
        let others = self.all_refused().saturating_sub(self.unauthorized).saturating_sub(self.missing);
        let kinds = [("401 or 403", self.unauthorized), ("404", self.missing), ("400 or another 4xx", others)];
        let kinds = kinds.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>();
        match kinds.as_slice() {
            [] => None,
            [(kind, _)] => Some((*kind).to_owned()),
            _ => Some(kinds.iter().map(|(kind, count)| format!("{kind} ({count})")).collect::<Vec<_>>().join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_by_their_status() {
        let of = |refused, clients_fault, unauthorized, missing| {
            Sums { refused, clients_fault, unauthorized, missing, ..Sums::default() }.refused_with()
        };
        assert_eq!(of(0, 0, 0, 0), None);
        assert_eq!(of(3, 4, 7, 0).as_deref(), Some("401 or 403"));
        assert_eq!(of(3, 4, 1, 2).as_deref(), Some("401 or 403 (1), 404 (2), 400 or another 4xx (4)"));
    }
}
