//! Shares of independent units: intervals that stay sensible without a single event.

use super::{Interval, normal_quantile};

/// Wilson's (1927) interval of a share. None of nothing.
#[must_use]
pub fn wilson(events: f64, count: f64, alpha: f64) -> Option<Interval> {
    if count <= 0.0 || !(0.0..=count).contains(&events) {
        return None;
    }
    let z = normal_quantile(alpha / 2.0);
    let (share, square) = (events / count, z * z);
    let middle = (share + square / (2.0 * count)) / (1.0 + square / count);
    let half = z / (1.0 + square / count) * (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt();
    Some(Interval { low: (middle - half).max(0.0), high: (middle + half).min(1.0) })
}

/// Newcombe's (1998, method 10) interval of the difference `b - a` of two shares: Wilson's intervals put together.
#[must_use]
pub fn newcombe(b: (f64, f64), a: (f64, f64), alpha: f64) -> Option<Interval> {
    let (of_b, of_a) = (wilson(b.0, b.1, alpha)?, wilson(a.0, a.1, alpha)?);
    let (share_b, share_a) = (b.0 / b.1, a.0 / a.1);
    let difference = share_b - share_a;
    Some(Interval {
        low: difference - (share_b - of_b.low).hypot(of_a.high - share_a),
        high: difference + (of_b.high - share_b).hypot(share_a - of_a.low),
    })
}
