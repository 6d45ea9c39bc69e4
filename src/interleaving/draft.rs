//! Team-draft interleaving (Radlinski, Kurup and Joachims, 2008).
//!
//! It works as captains choose their teams: in each round a coin decides who picks first, and each captain takes the best
//! item that is still free. A user who prefers one ranking picks more often from its team; a user without a preference picks
//! from both alike.

use std::collections::HashSet;
use std::hash::Hash;

/// The list that an item was picked from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Team {
    Control,
    Treatment,
}

impl Team {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Control => Self::Treatment,
            Self::Treatment => Self::Control,
        }
    }

    /// One value for each team, the control's first.
    #[must_use]
    pub fn in_order<T>(self, own: T, others: T) -> [T; 2] {
        match self {
            Self::Control => [own, others],
            Self::Treatment => [others, own],
        }
    }
}

/// One item of the merged list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    pub team: Team,
    /// Its index in the team's own list.
    pub place: usize,
}

/// The rest of one team's list.
struct Captain<'l, I> {
    team: Team,
    list: &'l [I],
    place: usize,
}

impl<'l, I: Eq + Hash> Captain<'l, I> {
    /// Takes the best free item.
    fn pick(&mut self, taken: &mut HashSet<&'l I>) -> Option<Pick> {
        while let Some(item) = self.list.get(self.place) {
            let place = self.place;
            self.place += 1;
            if taken.insert(item) {
                return Some(Pick { team: self.team, place });
            }
        }
        None
    }
}

/// Merges the lists of control and treatment into one of at most `limit` items. `coin` decides whether the treatment picks
/// first. If one team runs out of items, the other one fills the rest.
pub fn draft<I: Eq + Hash>(lists: [&[I]; 2], limit: usize, mut coin: impl FnMut() -> bool) -> Vec<Pick> {
    let [control, treatment] = lists;
    let mut captains =
        [Captain { team: Team::Control, list: control, place: 0 }, Captain { team: Team::Treatment, list: treatment, place: 0 }];
    let mut taken = HashSet::new();
    let mut merged = Vec::with_capacity(limit.min(control.len() + treatment.len()));
    loop {
        let before = merged.len();
        let first = usize::from(coin());
        for captain in [first, 1 - first] {
            if merged.len() == limit {
                return merged;
            }
            merged.extend(captains[captain].pick(&mut taken));
        }
        if merged.len() == before {
            return merged;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seeded(seed: u64) -> impl FnMut() -> bool {
        let mut random = fastrand::Rng::with_seed(seed);
        move || random.bool()
    }

    fn merged(lists: [&[u16]; 2], limit: usize, seed: u64) -> (Vec<Pick>, Vec<u16>) {
        let picks = draft(lists, limit, seeded(seed));
        let items = picks.iter().map(|pick| lists[pick.team as usize][pick.place]).collect();
        (picks, items)
    }

    /// A ranking: no item twice, as Qdrant answers.
    fn ranking() -> impl Strategy<Value = Vec<u16>> {
        prop::collection::vec(0..40_u16, 0..30).prop_map(|items| {
            let mut seen = HashSet::new();
            items.into_iter().filter(|item| seen.insert(*item)).collect()
        })
    }

    #[test]
    fn each_round_the_coin_says_who_is_first() {
        let picks = draft([&["a", "b", "c"], &["b", "d", "a"]], 4, || true);
        let expected = [(Team::Treatment, 0), (Team::Control, 0), (Team::Treatment, 1), (Team::Control, 2)];
        assert_eq!(picks.iter().map(|pick| (pick.team, pick.place)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn whoever_has_nothing_left_leaves_the_rest_to_the_other() {
        let (_, items) = merged([&[1], &[2, 3, 4]], 10, 1);
        assert_eq!(items.iter().copied().collect::<HashSet<_>>(), HashSet::from([1, 2, 3, 4]));
        assert!(draft::<u16>([&[], &[]], 10, || false).is_empty());
    }

    proptest! {
        #[test]
        fn no_item_is_there_twice_nor_too_many(a in ranking(), b in ranking(), limit in 0..40_usize, seed: u64) {
            let (_, items) = merged([&a, &b], limit, seed);
            let different: HashSet<u16> = items.iter().copied().collect();
            let union = a.iter().chain(&b).copied().collect::<HashSet<_>>().len();
            prop_assert_eq!(different.len(), items.len());
            prop_assert_eq!(items.len(), limit.min(union));
        }

        /// A team is out of items when all of its items are in the merged list.
        #[test]
        fn nobody_is_ahead_while_both_have_items(a in ranking(), b in ranking(), limit in 0..40_usize, seed: u64) {
            let (picks, items) = merged([&a, &b], limit, seed);
            for length in 0..=picks.len() {
                let taken = &items[..length];
                let left = |list: &[u16]| list.iter().any(|item| !taken.contains(item));
                let lead: i64 = picks[..length].iter().map(|pick| if pick.team == Team::Control { 1 } else { -1 }).sum();
                prop_assert!(lead.abs() <= 1 || !left(&a) || !left(&b), "ahead by {lead} after {length}");
            }
        }

        /// Each team's items keep the order of its own list, and no free item was skipped.
        #[test]
        fn teams_keep_their_order(a in ranking(), b in ranking(), seed: u64) {
            let (picks, items) = merged([&a, &b], usize::MAX, seed);
            for (at, pick) in picks.iter().enumerate() {
                let list = [&a, &b][pick.team as usize];
                prop_assert!(list[..pick.place].iter().all(|better| items[..at].contains(better)));
            }
        }

        #[test]
        fn equal_lists_give_that_list(list in ranking(), limit in 0..40_usize, seed: u64) {
            let (_, items) = merged([&list, &list], limit, seed);
            prop_assert_eq!(&items, &list[..limit.min(list.len())]);
        }

        #[test]
        fn the_same_coins_give_the_same_list(a in ranking(), b in ranking(), seed: u64) {
            prop_assert_eq!(merged([&a, &b], 10, seed), merged([&a, &b], 10, seed));
        }
    }

    /// With equal lists each team gets the first place, and every other place, half of the time.
    #[test]
    fn places_are_dealt_evenly() {
        let list: Vec<u16> = (0..10).collect();
        let mut treated = [0_u32; 10];
        for seed in 0..2_000 {
            let (picks, _) = merged([&list, &list], 10, seed);
            picks.iter().enumerate().for_each(|(place, pick)| treated[place] += u32::from(pick.team == Team::Treatment));
        }
        // 1 000 are expected; five standard deviations are 112.
        assert!(treated.iter().all(|count| count.abs_diff(1_000) < 112), "{treated:?}");
    }
}
