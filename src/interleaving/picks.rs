//! Which hit came from which arm, in few bytes: a bit and two bytes a hit.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::draft::Team;
use crate::protocol::points::PointId;

/// Only the first hits of a longer list are stored.
pub const MOST_HITS: usize = 100;

/// The hits of one merged list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picks {
    /// The salt of the short names below.
    salt: u8,
    hits: Vec<(Team, u16)>,
}

impl Picks {
    /// Chooses a salt for which the short names of a list's points differ from each other, so that none is mistaken for
    /// another. For a hundred points nearly every salt works. If none works, two points with the same name count as the
    /// first.
    #[must_use]
    pub fn of(hits: &[(Team, PointId)]) -> Self {
        let hits = &hits[..hits.len().min(MOST_HITS)];
        let named = |salt: u8| hits.iter().map(move |(team, point)| (*team, short(point, salt)));
        let distinct = |salt: &u8| {
            let mut names = HashSet::new();
            named(*salt).all(|(_, name)| names.insert(name))
        };
        let salt = (0..=u8::MAX).find(distinct).unwrap_or_default();
        Self { salt, hits: named(salt).collect() }
    }

    /// The arm that the point came from; none if it was not in the list. A point that was not in the list is mistaken for a
    /// hit with a chance of one in 65 536 for each hit.
    #[must_use]
    pub fn team(&self, point: &PointId) -> Option<Team> {
        let name = short(point, self.salt);
        self.hits.iter().find(|(_, known)| *known == name).map(|(team, _)| *team)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.hits.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hits.is_empty()
    }

    /// `salt || count || teams, a bit each || names, two bytes each`
    pub fn write(&self, out: &mut Vec<u8>) {
        let count = u8::try_from(self.hits.len()).unwrap_or(u8::MAX);
        out.extend([self.salt, count]);
        for eight in self.hits.chunks(8) {
            out.push(eight.iter().enumerate().fold(0, |bits, (at, (team, _))| bits | (*team as u8) << at));
        }
        self.hits.iter().for_each(|(_, name)| out.extend(name.to_le_bytes()));
    }

    /// Returns none for anything that [`Self::write`] did not write.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (&[salt, count], rest) = bytes.split_first_chunk()?;
        let count = usize::from(count);
        let (teams, names) = rest.split_at_checked(count.div_ceil(8)).filter(|_| count <= MOST_HITS)?;
        if names.len() != 2 * count {
            return None;
        }
        let team = |at: usize| if teams[at / 8] >> (at % 8) & 1 == 1 { Team::Treatment } else { Team::Control };
        let hits = names.chunks_exact(2).enumerate().map(|(at, name)| (team(at), u16::from_le_bytes([name[0], name[1]])));
        Some(Self { salt, hits: hits.collect() })
    }
}

/// Two bytes of a hash of the id: enough to tell the few points of a list apart, because the salt makes them differ.
fn short(point: &PointId, salt: u8) -> u16 {
    let hash = match point {
        PointId::Number(number) => xxh3_64_with_seed(&number.to_le_bytes(), salt.into()),
        PointId::Uuid(uuid) => xxh3_64_with_seed(uuid.as_bytes(), salt.into()),
    };
    (hash >> 48) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn hits() -> impl Strategy<Value = Vec<(Team, PointId)>> {
        let point =
            prop_oneof![any::<u64>().prop_map(PointId::Number), any::<u128>().prop_map(|bits| PointId::Uuid(Uuid::from_u128(bits)))];
        let team = prop_oneof![Just(Team::Control), Just(Team::Treatment)];
        prop::collection::vec((team, point), 0..150)
    }

    proptest! {
        #[test]
        fn every_point_is_on_its_team(hits in hits()) {
            let picks = Picks::of(&hits);
            prop_assert_eq!(picks.len(), hits.len().min(MOST_HITS));
            let mut names = HashSet::new();
            prop_assume!(hits.iter().all(|(_, point)| names.insert(*point)));
            for (team, point) in hits.iter().take(MOST_HITS) {
                prop_assert_eq!(picks.team(point), Some(*team));
            }
        }

        #[test]
        fn what_was_written_is_read_back(hits in hits()) {
            let (picks, mut bytes) = (Picks::of(&hits), Vec::new());
            picks.write(&mut bytes);
            prop_assert_eq!(Picks::read(&bytes), Some(picks));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(picks) = Picks::read(&bytes) {
                prop_assert!(picks.len() <= MOST_HITS);
            }
        }
    }

    #[test]
    fn a_point_of_another_list_is_nobodys() {
        let picks = Picks::of(&(0..10).map(|id| (Team::Control, PointId::Number(id))).collect::<Vec<_>>());
        let taken = (10..10_010).filter(|id| picks.team(&PointId::Number(*id)).is_some()).count();
        assert!(taken < 10, "{taken} of 10 000 strangers; ten names of 65 536 make it 1.5");
    }
}
