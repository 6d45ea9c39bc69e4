//! Rank-biased overlap (Webber, Moffat and Zobel, 2010): how alike two rankings are to somebody who reads from the top and goes
//! on to the next hit with probability `p`.
//!
//! Hits with the same score are one group, all of which is seen at once (their equation 28), so that an order that means
//! nothing is not measured. Lists may differ in length (equations 30 and 32).

use std::collections::HashSet;

use super::{Hit, PointKey};

/// The first ten hits have 86 % of the weight.
pub const PERSISTENCE: f64 = 0.9;

/// What can be said when only the beginnings of two rankings are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rbo {
    /// What was seen alone, as if nothing followed.
    pub truncated: f64,
    /// If nothing below what was seen comes to be in common.
    pub least: f64,
    /// How much more it could be.
    pub residual: f64,
    /// If they go on to be as alike as what was seen.
    pub extrapolated: f64,
}

/// Of two rankings, with persistence `p` between 0 and 1.
#[must_use]
pub fn rbo(a: &[Hit], b: &[Hit], p: f64) -> Rbo {
    let depths = Depths::of(a, b);
    let (short, long) = (a.len().min(b.len()), a.len().max(b.len()));
    if short == 0 {
        return Rbo { truncated: 0.0, least: 0.0, residual: 1.0, extrapolated: 0.0 };
    }
    Rbo {
        truncated: (1.0 - p) / p * depths.weighed(long, p),
        least: least(&depths, long, p),
        residual: residual(&depths, short, long, p),
        extrapolated: extrapolated(&depths, short, long, p).clamp(0.0, 1.0),
    }
}

/// How much of the two is in common at each depth, as a share of the depth.
struct Depths(Vec<f64>);

impl Depths {
    fn of(a: &[Hit], b: &[Hit]) -> Self {
        let (mut seen_a, mut seen_b) = (Seen::new(a), Seen::new(b));
        let agreement = (1..=a.len().max(b.len())).map(|depth| {
            seen_a.down_to(depth);
            seen_b.down_to(depth);
            let common = seen_a.ids.intersection(&seen_b.ids).count() as f64;
            // Below its end a list is as long as the depth: what it would hold there is not known to be in common.
            let size = |seen: &Seen<'_>| seen.ids.len().max(depth) as f64;
            2.0 * common / (size(&seen_a) + size(&seen_b))
        });
        Self(agreement.collect())
    }

    fn agreement(&self, depth: usize) -> f64 {
        self.0[depth - 1]
    }

    /// The agreement down to this depth, each with its weight.
    fn weighed(&self, depth: usize, p: f64) -> f64 {
        (1..=depth).map(|depth| self.agreement(depth) * power(p, depth)).sum()
    }

    /// How many hits are in common at this depth; with ties, how many there would be on average.
    fn overlap(&self, depth: usize) -> f64 {
        self.agreement(depth) * depth as f64
    }
}

/// A list as far as it has been read.
struct Seen<'a> {
    list: &'a [Hit],
    ids: HashSet<PointKey>,
}

impl<'a> Seen<'a> {
    fn new(list: &'a [Hit]) -> Self {
        Self { list, ids: HashSet::new() }
    }

    /// Reads on to `depth`, and to the end of the group that begins before it.
    fn down_to(&mut self, depth: usize) {
        while let Some(next) = self.list.get(self.ids.len()) {
            let begun = self.ids.len() < depth || self.ids.len().checked_sub(1).is_some_and(|last| self.list[last].ties_with(next));
            if !begun {
                return;
            }
            self.ids.insert(next.id);
        }
    }
}

/// Equation 11, at the end of the longer list.
fn least(depths: &Depths, long: usize, p: f64) -> f64 {
    let common = depths.overlap(long);
    let sum: f64 = (1..=long).map(|depth| power(p, depth) / depth as f64 * (depths.overlap(depth) - common)).sum();
    (1.0 - p) / p * (sum - common * (-p).ln_1p())
}

/// Equation 30.
fn residual(depths: &Depths, short: usize, long: usize, p: f64) -> f64 {
    let common = depths.overlap(long);
    let (s, l) = (short as f64, long as f64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between the longer list's length and that of both")]
    let full = (l + s - common).ceil() as usize;
    let terms = |from: usize| -> f64 { (from + 1..=full).map(|depth| power(p, depth) / depth as f64).sum() };
    let unseen = s * terms(short) + l * terms(long) + common * (-(-p).ln_1p() - terms(0));
    power(p, short) + power(p, long) - power(p, full) - (1.0 - p) / p * unseen
}

/// Equation 32.
fn extrapolated(depths: &Depths, short: usize, long: usize, p: f64) -> f64 {
    let (s, l) = (short as f64, long as f64);
    let (at_short, at_long) = (depths.overlap(short), depths.overlap(long));
    let beside: f64 = (short + 1..=long).map(|depth| (depth as f64, power(p, depth))).map(|(d, p)| at_short * (d - s) / (s * d) * p).sum();
    (1.0 - p) / p * (depths.weighed(long, p) + beside) + ((at_long - at_short) / l + at_short / s) * power(p, long)
}

fn power(p: f64, exponent: usize) -> f64 {
    p.powi(i32::try_from(exponent).unwrap_or(i32::MAX))
}
