//! Which buckets the world sees.
//!
//! Powers of two of microseconds from 128 us to 67 s, and halves between them from 1 ms to 1 s, where searches live: 30
//! bounds, each a bound of the internal histogram, so that exported counts are sums and not estimates. Values are whole
//! microseconds, rounded down: one of exactly a bound counts as above it.

use prometheus::proto::{Bucket, Histogram};

use super::super::Snapshot;

const FIRST: u32 = 7;
const LAST: u32 = 26;
/// Octaves that are halved.
const FINE: std::ops::Range<u32> = 10..20;

/// The bounds in microseconds, ascending.
pub(super) fn bounds() -> impl Iterator<Item = u64> {
    (FIRST..=LAST).flat_map(|octave| {
        let bound = 1_u64 << octave;
        let half = FINE.contains(&octave).then_some(bound + bound / 2);
        std::iter::once(bound).chain(half)
    })
}

pub(super) fn histogram(snapshot: &Snapshot) -> Histogram {
    let buckets = bounds().map(|bound| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(seconds(bound));
        bucket.set_cumulative_count(snapshot.below(bound));
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(snapshot.count());
    histogram.set_sample_sum(seconds(snapshot.sum_us));
    histogram
}

#[expect(clippy::cast_precision_loss, reason = "a sum of microseconds reaches 2^53 after 285 years")]
fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1_000_000.0
}
