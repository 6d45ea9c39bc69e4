//! What is added up about a set of requests. Integers only, so that adding is exact and the order never shows.

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Counted as an error and nothing else: a fast failure must not make a variant look fast.
    Failed,
    Answered {
        latency_us: u64,
        empty: bool,
    },
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
    /// Answered with no result.
    pub empty: u64,
    pub latency_us: u64,
}

impl Sums {
    pub fn record(&mut self, outcome: Outcome, thresholds: Thresholds) {
        let one = match outcome {
            Outcome::Failed => Self { requests: 1, errors: 1, ..Self::default() },
            Outcome::Answered { latency_us, empty } => Self {
                requests: 1,
                errors: 0,
                over_limit: u64::from(latency_us > thresholds.limit_us),
                over_reference: u64::from(latency_us > thresholds.reference_us),
                empty: u64::from(empty),
                latency_us,
            },
        };
        self.merge(&one);
    }

    /// Saturates rather than overflows; of what is not negative, saturating addition is still free of order.
    pub fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.over_limit = self.over_limit.saturating_add(other.over_limit);
        self.over_reference = self.over_reference.saturating_add(other.over_reference);
        self.empty = self.empty.saturating_add(other.empty);
        self.latency_us = self.latency_us.saturating_add(other.latency_us);
    }

    /// Requests that got an answer: those that have a latency and may have results.
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.requests.saturating_sub(self.errors)
    }
}
