//! Latencies in microseconds, in buckets that are never further apart than an eighth.
//!
//! Eight equal buckets per power of two: a percentile read from them is off by 12.5 % at the most, at any scale, and
//! two histograms merge by adding them up. The exported Prometheus buckets are sums of whole internal ones, so they are
//! exact too.

use super::cell::Cell;

const SUB: u32 = 8;
const SUB_BITS: u32 = 3;
/// The last power of two: 2^27 us is 134 s, longer than any search Qdrant lets run by default.
const LAST_OCTAVE: u32 = 27;
/// How many buckets a histogram has.
pub(super) const BUCKETS: usize = ((LAST_OCTAVE - SUB_BITS + 2) * SUB) as usize;

/// One worker's share of a histogram.
#[derive(Debug)]
pub struct Histogram {
    buckets: Box<[Cell]>,
    sum_us: Cell,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: std::iter::repeat_with(Cell::default).take(BUCKETS).collect(), sum_us: Cell::default() }
    }
}

impl Histogram {
    pub fn observe(&self, microseconds: u64) {
        self.buckets[index(microseconds)].add(1);
        self.sum_us.add(microseconds);
    }
}

/// A histogram merged over workers.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub buckets: Vec<u64>,
    pub sum_us: u64,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], sum_us: 0 }
    }
}

impl Snapshot {
    pub fn add(&mut self, part: &Histogram) {
        for (total, cell) in self.buckets.iter_mut().zip(&part.buckets) {
            *total += cell.get();
        }
        self.sum_us += part.sum_us.get();
    }

    /// Adds what another histogram has observed.
    pub fn merge(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(mine, theirs)| *mine += theirs);
        self.sum_us += other.sum_us;
    }

    /// What was observed since `earlier`, a snapshot of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let buckets = self.buckets.iter().zip(&earlier.buckets).map(|(now, before)| now.saturating_sub(*before));
        Self { buckets: buckets.collect(), sum_us: self.sum_us.saturating_sub(earlier.sum_us) }
    }

    /// Where the buckets begin, in microseconds, and where the last one ends.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "bounds stay far below 2^52")]
    pub fn bounds() -> Vec<f64> {
        (0..=BUCKETS).map(|bucket| lower(bucket) as f64).collect()
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// How many observations lie below `limit_us`, which must be a bucket's bound to be exact.
    #[must_use]
    pub fn below(&self, limit_us: u64) -> u64 {
        self.buckets[..index(limit_us)].iter().sum()
    }

    /// The quantile in microseconds, interpolated within its bucket; none without observations.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts and microseconds stay far below 2^52")]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * count as f64;
        let mut seen = 0.0;
        for (bucket, &inside) in self.buckets.iter().enumerate().filter(|(_, inside)| **inside > 0) {
            let inside = inside as f64;
            if seen + inside >= rank {
                let (low, high) = (lower(bucket) as f64, lower(bucket + 1) as f64);
                return Some(low + (high - low) * ((rank - seen) / inside).clamp(0.0, 1.0));
            }
            seen += inside;
        }
        self.buckets.iter().rposition(|inside| *inside > 0).map(|bucket| lower(bucket + 1) as f64)
    }
}

/// The bucket of a value; values past the last bound fall into the last bucket.
fn index(value: u64) -> usize {
    if value < u64::from(SUB) {
        return value as usize;
    }
    let octave = u64::BITS - 1 - value.leading_zeros();
    if octave > LAST_OCTAVE {
        return BUCKETS - 1;
    }
    let within = (value >> (octave - SUB_BITS)) & u64::from(SUB - 1);
    ((octave - SUB_BITS + 1) * SUB) as usize + within as usize
}

/// The smallest value of a bucket.
fn lower(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let (row, within) = (bucket / u64::from(SUB), bucket % u64::from(SUB));
    if row == 0 { within } else { (u64::from(SUB) + within) << (row - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_starts_where_the_one_before_ends() {
        for bucket in 0..BUCKETS {
            assert_eq!(index(lower(bucket)), bucket);
            if bucket > 0 {
                assert_eq!(index(lower(bucket) - 1), bucket - 1);
            }
        }
        assert_eq!(index(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_within_a_bucket_of_the_truth() {
        let histogram = Histogram::default();
        for value in 1..=10_000_u64 {
            histogram.observe(value);
        }
        let mut merged = Snapshot::default();
        merged.add(&histogram);
        assert_eq!(merged.count(), 10_000);
        for (q, truth) in [(0.5, 5_000.0), (0.95, 9_500.0), (0.99, 9_900.0)] {
            let seen = merged.quantile(q).expect("there are observations");
            assert!((seen - truth).abs() / truth < 0.125, "q{q}: {seen} is too far from {truth}");
        }
        assert_eq!(Snapshot::default().quantile(0.5), None);
    }

    #[test]
    fn counts_below_a_bound_are_exact() {
        let histogram = Histogram::default();
        for value in [1, 1023, 1024, 1025, 4096] {
            histogram.observe(value);
        }
        let mut merged = Snapshot::default();
        merged.add(&histogram);
        assert_eq!(merged.below(1024), 2);
        assert_eq!(merged.below(4096), 4);
    }
}
