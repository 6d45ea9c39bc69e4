//! Tests of two shares of independent units: by a normal distribution where there are many, exactly where there are few, and
//! of one being no worse than the other by more than a margin. Intervals: [`super::proportion`].

use std::f64::consts::PI;

use super::outcomes::Outcomes;
use super::proportion::Share;
use super::{normal_tails, normal_upper};

/// Events, and how many there could have been, counted.
pub type Counted = (u64, u64);

/// The two-sided test with one variance for both, as is right if there is no difference. None of nothing, or where all are
/// alike.
#[must_use]
pub fn pooled_z(b: Share, a: Share) -> Option<f64> {
    let pooled = (b.0 + a.0) / (b.1 + a.1);
    let error = (pooled * (1.0 - pooled) * (1.0 / b.1 + 1.0 / a.1)).sqrt();
    let z = (b.0 / b.1 - a.0 / a.1) / error;
    z.is_finite().then(|| normal_tails(z))
}

/// Fisher's exact test, two-sided: with the number of events given, how these fell on the two is hypergeometric. None of
/// nothing.
#[must_use]
pub fn fisher(b: Counted, a: Counted) -> Option<f64> {
    if b.0 > b.1 || a.0 > a.1 || b.1 == 0 || a.1 == 0 {
        return None;
    }
    let (events, all) = (b.0 + a.0, b.1 + a.1);
    let (in_b, in_a, drawn) = (b.1 as f64, a.1 as f64, events as f64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no more than there are events")]
    let mode = ((drawn + 1.0) * (in_b + 1.0) / (all as f64 + 2.0)) as u64;
    let outcomes = Outcomes {
        least: events.saturating_sub(a.1),
        most: events.min(b.1),
        mode,
        step: |here: f64| (in_b - here) * (drawn - here) / ((here + 1.0) * (in_a - drawn + here + 1.0)),
    };
    outcomes.no_likelier(b.0)
}

/// The chance, at most, of a difference `b - a` this far above `least` if the truth is `least`: small means that `b` is
/// surely above `a + least`. The score test of Miettinen and Nurminen (1985), whose variance is of the likeliest shares that
/// differ by exactly `least`. None of nothing, or where that is impossible.
#[must_use]
pub fn score_above(b: Share, a: Share, least: f64) -> Option<f64> {
    let all = b.1 + a.1;
    let (share_b, share_a) = likeliest(b, a, least)?;
    let variance = (share_b * (1.0 - share_b) / b.1 + share_a * (1.0 - share_a) / a.1) * all / (all - 1.0);
    let z = (b.0 / b.1 - a.0 / a.1 - least) / variance.sqrt();
    z.is_finite().then(|| normal_upper(z))
}

/// The likeliest shares with this difference: the root between 0 and 1 of a cubic, in closed form (Farrington and Manning,
/// 1990).
fn likeliest(b: Share, a: Share, difference: f64) -> Option<(f64, f64)> {
    let proper = |(events, count): Share| count > 0.0 && (0.0..=count).contains(&events);
    if !(proper(b) && proper(a) && difference.abs() < 1.0) {
        return None;
    }
    let (all, events) = (b.1 + a.1, b.0 + a.0);
    let square = (b.1 + 2.0 * a.1) * difference - all - events;
    let linear = (a.1 * difference - all - 2.0 * a.0) * difference + events;
    let constant = a.0 * difference * (1.0 - difference);
    let third = square / (3.0 * all);
    let q = third.powi(3) - linear * square / (6.0 * all * all) + constant / (2.0 * all);
    let p = (third * third - linear / (3.0 * all)).max(0.0).sqrt().copysign(q);
    // Rounding takes the cosine of a double root beyond one, and of a triple one to nothing by nothing.
    let cosine = if p == 0.0 { 1.0 } else { (q / p.powi(3)).clamp(-1.0, 1.0) };
    let share = 2.0 * p * ((PI + cosine.acos()) / 3.0).cos() - third;
    Some(((share + difference).clamp(0.0, 1.0), share.clamp(0.0, 1.0)))
}
