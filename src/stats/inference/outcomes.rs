//! Exact tests of whole numbers: what is at least as unlikely as what was seen?
//!
//! Works on probabilities relative to the likeliest outcome, from one to the next: no logarithms of factorials that lose
//! digits, and no more steps than there are outcomes a floating-point number can tell from impossible.

/// Outcomes that two-sided tests take for equally likely, as R and scipy do: rounding must not decide.
const SAME: f64 = 1.0 + 1e-7;

/// A distribution over `least..=most` that rises to `mode` and falls from there.
pub(super) struct Outcomes<Step> {
    pub(super) least: u64,
    pub(super) most: u64,
    pub(super) mode: u64,
    /// How much likelier `k + 1` is than `k`.
    pub(super) step: Step,
}

impl<Step: Fn(f64) -> f64> Outcomes<Step> {
    /// The chance of `seen`, and of all that is no likelier. None of what cannot be seen.
    pub(super) fn no_likelier(&self, seen: u64) -> Option<f64> {
        if !(self.least..=self.most).contains(&seen) {
            return None;
        }
        let limit = self.outwards(seen >= self.mode).find(|(outcome, _)| *outcome == seen).map_or(0.0, |(_, weight)| weight) * SAME;
        let (mut all, mut tails) = (0.0, 0.0);
        for (_, weight) in self.outwards(false).skip(1).chain(self.outwards(true)) {
            all += weight;
            if weight <= limit {
                tails += weight;
            }
        }
        let chance: f64 = tails / all;
        chance.is_finite().then(|| chance.min(1.0))
    }

    /// Outcomes from the mode outwards, with their weights, as long as they have one.
    fn outwards(&self, upwards: bool) -> impl Iterator<Item = (u64, f64)> {
        let next = move |(outcome, weight): &(u64, f64)| {
            let (outcome, weight) = if upwards {
                (outcome + 1, weight * (self.step)(*outcome as f64))
            } else {
                let below = outcome.checked_sub(1)?;
                (below, weight / (self.step)(below as f64))
            };
            ((self.least..=self.most).contains(&outcome) && weight > 0.0).then_some((outcome, weight))
        };
        std::iter::successors(Some((self.mode.clamp(self.least, self.most), 1.0)), next)
    }
}
