//! Shares of independent units: intervals that stay sensible without a single event. Tests of two of them: [`super::shares`].

use statrs::function::beta::inv_beta_reg;

use super::{Interval, normal_quantile};

/// Events, and how many there could have been.
pub type Share = (f64, f64);

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

/// Clopper and Pearson's (1934) exact interval of a share: it holds the truth at least as often as it was asked to, however
/// few there are. None of nothing.
#[must_use]
pub fn clopper_pearson((events, count): Share, alpha: f64) -> Option<Interval> {
    if count <= 0.0 || !(0.0..=count).contains(&events) {
        return None;
    }
    let others = count - events;
    let low = if events > 0.0 { inv_beta_reg(events, others + 1.0, alpha / 2.0) } else { 0.0 };
    let high = if others > 0.0 { inv_beta_reg(events + 1.0, others, 1.0 - alpha / 2.0) } else { 1.0 };
    Some(Interval { low, high })
}

/// Newcombe's (1998, method 10) interval of the difference `b - a` of two shares: Wilson's intervals put together.
#[must_use]
pub fn newcombe(b: Share, a: Share, alpha: f64) -> Option<Interval> {
    let (of_b, of_a) = (wilson(b.0, b.1, alpha)?, wilson(a.0, a.1, alpha)?);
    let (share_b, share_a) = (b.0 / b.1, a.0 / a.1);
    let difference = share_b - share_a;
    Some(Interval {
        low: difference - (share_b - of_b.low).hypot(of_a.high - share_a),
        high: difference + (of_b.high - share_b).hypot(share_a - of_a.low),
    })
}

/// Agresti and Caffo's (2000) interval of the difference `b - a`: the simple one, with an event and another added to each.
#[must_use]
pub fn agresti_caffo(b: Share, a: Share, alpha: f64) -> Option<Interval> {
    let proper = |(events, count): Share| count > 0.0 && (0.0..=count).contains(&events);
    if !(proper(b) && proper(a)) {
        return None;
    }
    let added = |(events, count): Share| ((events + 1.0) / (count + 2.0), count + 2.0);
    let ((share_b, count_b), (share_a, count_a)) = (added(b), added(a));
    let variance = share_b * (1.0 - share_b) / count_b + share_a * (1.0 - share_a) / count_a;
    Some(Interval::around(share_b - share_a, normal_quantile(alpha / 2.0) * variance.sqrt()))
}
