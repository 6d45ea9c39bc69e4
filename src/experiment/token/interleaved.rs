//! The token of an answer that two arms made together: which hit was whose.
//!
//! `base64url(version || ulid || phase || bucket || picks || mac)`. Sealed by the data path for each such answer; a hundred
//! hits make 338 characters, ten make 83.

use ulid::Ulid;

use super::TokenKey;
use crate::interleaving::Picks;

pub(super) const VERSION: u8 = 2;
const HEAD: usize = 1 + 16 + 4 + 1;

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interleaved {
    /// The last part of the experiment's id.
    pub experiment: Ulid,
    pub phase: u32,
    /// The statistics bucket of the unit.
    pub bucket: u8,
    pub picks: Picks,
}

impl TokenKey {
    #[must_use]
    pub fn seal_interleaved(&self, token: &Interleaved) -> String {
        let mut bytes = Vec::with_capacity(HEAD + 3 * token.picks.len() + 20);
        bytes.push(VERSION);
        bytes.extend_from_slice(&token.experiment.to_bytes());
        bytes.extend_from_slice(&token.phase.to_le_bytes());
        bytes.push(token.bucket);
        token.picks.write(&mut bytes);
        self.signed(bytes)
    }
}

impl Interleaved {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let (head, picks) = body.split_first_chunk::<HEAD>()?;
        Some(Self {
            experiment: Ulid::from_bytes(head[1..17].try_into().ok()?),
            phase: u32::from_le_bytes(head[17..21].try_into().ok()?),
            bucket: head[21],
            picks: Picks::read(picks)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::AnyToken;
    use super::*;
    use crate::interleaving::Team;
    use crate::protocol::points::PointId;

    const KEY: TokenKey = TokenKey::new([1; 32]);

    fn token(hits: u64) -> Interleaved {
        let team = |id: u64| if id.is_multiple_of(3) { Team::Treatment } else { Team::Control };
        let picks = Picks::of(&(0..hits).map(|id| (team(id), PointId::Number(id))).collect::<Vec<_>>());
        Interleaved { experiment: Ulid::from_parts(7, 9), phase: 3, bucket: 127, picks }
    }

    #[test]
    fn what_was_sealed_is_opened_by_the_same_key_alone() {
        for (hits, length) in [(0, 54), (10, 83), (100, 338), (1_000, 338)] {
            let text = KEY.seal_interleaved(&token(hits));
            assert_eq!(KEY.open(&text), Some(AnyToken::Interleaved(token(hits))));
            assert_eq!(TokenKey::new([2; 32]).open(&text), None);
            assert_eq!(text.len(), length, "{hits} hits");
        }
    }

    proptest! {
        /// No edit of a token moves a hit to the other team.
        #[test]
        fn a_changed_token_is_none(place: prop::sample::Index, bit in 0..6_u8) {
            let mut text = KEY.seal_interleaved(&token(12)).into_bytes();
            let at = place.index(text.len());
            const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let digit = ALPHABET.iter().position(|letter| *letter == text[at]).expect("it is base64");
            text[at] = ALPHABET[digit ^ (1 << bit)];
            prop_assert_eq!(KEY.open(std::str::from_utf8(&text).expect("it is ASCII")), None);
        }
    }
}
