//! How far a share may be from what was asked before chance is no excuse. Used for the verdict and shown on the screen.

/// A false alarm once in a million looks: the demo is played often, and by people who would rather not be startled.
const FALSE_ALARM: f64 = 1e-6;

/// The fewest and the most of `users` that chance may put on a variant with this share: what lies outside is together
/// less likely than [`FALSE_ALARM`].
pub(super) fn bounds(users: usize, share: f64) -> (usize, usize) {
    if share <= 0.0 {
        return (0, 0);
    }
    if share >= 1.0 {
        return (users, users);
    }
    let chances: Vec<f64> = chances(users, share);
    let low = quantile(chances.iter());
    let high = users - quantile(chances.iter().rev());
    (low, high)
}

/// How many of the outermost counts may be left out at one end.
fn quantile<'a>(chances: impl Iterator<Item = &'a f64>) -> usize {
    let mut left_out = 0.0;
    let within = chances.take_while(|chance| {
        left_out += **chance;
        left_out <= FALSE_ALARM / 2.0
    });
    within.count()
}

/// The binomial distribution, each count from the one before; by logarithms, since the first may be too small for a float.
fn chances(users: usize, share: f64) -> Vec<f64> {
    let odds = (share / (1.0 - share)).ln();
    let mut log = users as f64 * (1.0 - share).ln();
    let mut chances = Vec::with_capacity(users + 1);
    for count in 0..=users {
        chances.push(log.exp());
        log += ((users - count) as f64 / (count + 1) as f64).ln() + odds;
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_and_everybody_leave_nothing_to_chance() {
        assert_eq!(bounds(400, 0.0), (0, 0));
        assert_eq!(bounds(400, 1.0), (400, 400));
    }

    #[test]
    fn the_chances_add_up_to_one() {
        for share in [0.001, 0.05, 0.5, 0.97] {
            let sum: f64 = chances(2_000, share).iter().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{share}: {sum}");
        }
    }

    #[test]
    fn the_bounds_leave_out_no_more_than_the_false_alarms_allow_and_no_less() {
        for (users, share) in [(150, 0.05), (400, 0.05), (400, 0.25), (400, 0.5), (5_000, 0.5)] {
            let (low, high) = bounds(users, share);
            let chances = chances(users, share);
            let outside: f64 = chances[..low].iter().chain(&chances[high + 1..]).sum();
            assert!(outside <= FALSE_ALARM, "{users} at {share}: {outside} outside {low}..={high}");
            let tighter: f64 = outside + chances[low] + chances[high];
            assert!(tighter > FALSE_ALARM / 2.0, "{users} at {share}: {low}..={high} is wider than it need be");
            assert!((low..=high).contains(&((users as f64 * share) as usize)));
        }
    }
}
