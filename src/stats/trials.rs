//! Shares of which few events were seen: exact bounds that hold at every look, and are shares themselves.
//!
//! A trial is a unit, or as much of one as its weight makes it. Of `n` trials with `s` events the evidence against a share `p`
//! is the likelihood ratio averaged over a Beta(a, b) prior,
//! `ln E(p) = ln B(a + s, b + n - s) - ln B(a, b) - s ln p - (n - s) ln(1 - p)`.
//! `E(p)` is a non-negative martingale if the share is `p`, so by Ville's inequality it ever reaches `1/alpha` with probability
//! alpha at most. The shares it does not exclude are a confidence sequence (Robbins 1970; Waudby-Smith and Ramdas 2024).
//!
//! A difference `p - f q` of two cohorts is bounded in two ways, each the closer one where it is used. From below by the least
//! over all pairs with `ln E(p) + ln E(q) < ln(1/alpha)`, since the product of both is such a martingale too: a convex region, for
//! each term is convex. From above by the bounds of both shares, with half of alpha each: with a control that is large and has
//! events the product would pay for what is known of control anyway.

#[cfg(test)]
mod tests;

use statrs::function::gamma::ln_gamma;

/// The prior: events are rare, and how rare is not known. Bounds after no event are closest with a small `a`: of 42 trials
/// 7.8 % at the level 0.05, where a flat prior says 14.9 %.
const PRIOR: (f64, f64) = (0.1, 1.0);
/// Halvings of the logarithm of a multiplier that lies between `1e-9` and `1e18`.
const HALVINGS: usize = 44;
const MULTIPLIERS: (f64, f64) = (-20.0, 42.0);
/// More clean units than this are not worth telling.
const FAR: f64 = 1e7;

/// Independent trials. Fractions of one are fine: with a weight of at most one, or an outcome between 0 and 1, `E` is a
/// supermartingale (Jensen's inequality, and that of arithmetic and geometric means).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trials {
    pub count: f64,
    pub events: f64,
}

impl Trials {
    /// The share of trials with an event; of no trials none.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.count > 0.0 { self.events / self.count } else { 0.0 }
    }

    fn rest(&self) -> f64 {
        (self.count - self.events).max(0.0)
    }

    /// The logarithm of how likely the events are on average over the prior.
    fn ln_mixture(&self) -> f64 {
        let (a, b) = PRIOR;
        ln_beta(a + self.events, b + self.rest()) - ln_beta(a, b)
    }

    /// The logarithm of how unlikely they are with this share.
    fn surprise(&self, share: f64) -> f64 {
        let term = |times: f64, of: f64| if times > 0.0 { -times * of.ln() } else { 0.0 };
        term(self.events, share) + term(self.rest(), 1.0 - share)
    }

    /// The share at which the surprise grows by `slope` for each unit of share.
    fn share_at(&self, slope: f64) -> f64 {
        let falling = self.count - slope;
        let root = (falling * falling + 4.0 * slope * self.events).max(0.0).sqrt();
        let share = if falling >= 0.0 { 2.0 * self.events / (falling + root) } else { (root - falling) / (2.0 * slope) };
        // Of no trials and no slope there is nothing to divide.
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }
}

/// A share, or a share less a multiple of another cohort's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Excess {
    pub canary: Trials,
    /// And what it is multiplied by.
    pub control: Option<(Trials, f64)>,
}

impl Excess {
    #[must_use]
    pub fn estimate(&self) -> f64 {
        self.canary.share() - self.control.map_or(0.0, |(control, factor)| factor * control.share())
    }

    /// Above this the truth lies with chance `alpha` at most, however often one looks.
    #[must_use]
    pub fn upper(&self, alpha: f64) -> f64 {
        let alone = |trials| Self { canary: trials, control: None };
        match self.control {
            None => self.extreme(alpha, 1.0),
            Some((control, factor)) => alone(self.canary).extreme(alpha / 2.0, 1.0) - factor * alone(control).extreme(alpha / 2.0, -1.0),
        }
    }

    /// Below this.
    #[must_use]
    pub fn lower(&self, alpha: f64) -> f64 {
        self.extreme(alpha, -1.0)
    }

    /// How many more units without an event it takes until the upper bound is below `limit`, if control's go on as they are.
    #[must_use]
    pub fn clean_units_needed(&self, alpha: f64, limit: f64) -> Option<u64> {
        let with = |more: f64| {
            let grown = (self.canary.count + more) / self.canary.count;
            let control = self.control.map(|(control, factor)| {
                let count = if grown.is_finite() { control.count * grown } else { control.count };
                (Trials { count, events: control.share() * count }, factor)
            });
            Self { canary: Trials { count: self.canary.count + more, ..self.canary }, control }.upper(alpha) < limit
        };
        let mut enough = (self.canary.count / 4.0).max(1.0);
        while !with(enough) {
            enough *= 2.0;
            if enough > FAR {
                return None;
            }
        }
        let mut few = 0.0;
        while enough - few > (enough / 20.0).max(1.0) {
            let middle = f64::midpoint(few, enough);
            if with(middle) { enough = middle } else { few = middle }
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and FAR")]
        Some(enough.ceil() as u64)
    }

    /// At the extreme the gradient of the evidence points where the excess grows: the pair is known by one multiplier, and the
    /// surprise grows with it.
    fn extreme(&self, alpha: f64, sign: f64) -> f64 {
        let mixture = self.canary.ln_mixture() + self.control.map_or(0.0, |(control, _)| control.ln_mixture());
        let enough = -alpha.ln() - mixture;
        let at = |ln_multiplier: f64| {
            let multiplier = ln_multiplier.exp();
            let canary = self.canary.share_at(sign * multiplier);
            let (mut surprise, mut excess) = (self.canary.surprise(canary), canary);
            if let Some((control, factor)) = self.control {
                let share = control.share_at(-sign * factor * multiplier);
                surprise += control.surprise(share);
                excess -= factor * share;
            }
            (surprise, excess)
        };
        let (mut inside, mut outside) = MULTIPLIERS;
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(inside, outside);
            // What is not a number is a share of zero or one that the events exclude.
            if at(middle).0 < enough { inside = middle } else { outside = middle }
        }
        at(inside).1
    }
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}
