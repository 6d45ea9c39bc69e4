//! The keys that sign decision tokens: one that signs, and for a while those that signed before it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::Period;
use crate::experiment::TokenKey;
use crate::rollout::Timestamp;

type Secret = [u8; 32];

/// All keys that open tokens now.
#[derive(Clone)]
pub(super) struct TokenKeys {
    pub(super) revision: u64,
    current: Secret,
    /// The same, as it signs.
    signing: TokenKey,
    earlier: Vec<Earlier>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Earlier {
    key: Secret,
    until: Timestamp,
}

/// As they are stored. A key that was never replaced stands alone, as earlier versions wrote it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Stored {
    First(Secret),
    Replaced { current: Secret, earlier: Vec<Earlier> },
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKeys({})", 1 + self.earlier.len())
    }
}

/// A key to begin with. Anyone who knows it can forge decision tokens.
pub(super) fn first() -> Stored {
    Stored::First(secret())
}

fn secret() -> Secret {
    let mut secret = [0; 32];
    secret[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    secret[16..].copy_from_slice(Uuid::new_v4().as_bytes());
    secret
}

impl TokenKeys {
    pub(super) fn at(revision: u64, stored: Stored) -> Self {
        let (current, earlier) = match stored {
            Stored::First(current) => (current, Vec::new()),
            Stored::Replaced { current, earlier } => (current, earlier),
        };
        Self { revision, current, signing: TokenKey::new(current), earlier }
    }

    pub(super) fn signing(&self) -> &TokenKey {
        &self.signing
    }

    /// The same, which also opens what was signed before, as long as that is taken.
    pub(super) fn key(&self, now: Timestamp) -> TokenKey {
        self.signing.clone().also_opening(self.taken(now).map(|earlier| earlier.key).collect())
    }

    fn taken(&self, now: Timestamp) -> impl Iterator<Item = &Earlier> {
        self.earlier.iter().filter(move |earlier| earlier.until > now)
    }

    /// With another key that signs. No earlier one is taken for longer than the one it replaces.
    pub(super) fn replaced(&self, now: Timestamp, overlap: Period) -> Stored {
        let until = now.plus(overlap);
        let mut earlier: Vec<Earlier> =
            self.taken(now).map(|earlier| Earlier { key: earlier.key, until: earlier.until.min(until) }).collect();
        earlier.push(Earlier { key: self.current, until });
        earlier.retain(|earlier| earlier.until > now);
        Stored::Replaced { current: secret(), earlier }
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::control::document::json;
    use crate::experiment::Token;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000 * seconds)
    }

    fn token() -> Token {
        Token { experiment: Ulid::from_parts(1, 2), phase: 1, arm: 0, bucket: 3 }
    }

    /// The token that these keys sign at a moment.
    fn signed(keys: &TokenKeys, now: u64) -> String {
        keys.key(at(now)).seal(token())
    }

    fn next(keys: &TokenKeys, now: u64, overlap: u64) -> TokenKeys {
        let stored = json(&keys.replaced(at(now), Period::from_secs(overlap)));
        TokenKeys::at(keys.revision + 1, serde_json::from_value(stored).expect("what is written is read"))
    }

    #[test]
    fn what_was_signed_before_is_taken_for_the_overlap_and_no_longer() {
        let first = TokenKeys::at(1, first());
        let second = next(&first, 100, 50);
        let (old, new) = (signed(&first, 100), signed(&second, 100));
        assert_ne!(old, new);
        let opens = |keys: &TokenKeys, token: &str, now: u64| keys.key(at(now)).open(token).is_some();
        assert!(opens(&second, &old, 149) && !opens(&second, &old, 150) && opens(&second, &new, 9_999));
        assert!(!opens(&first, &new, 100));
        let third = next(&second, 120, 10);
        assert!(opens(&third, &old, 129) && !opens(&third, &old, 130), "no earlier key outlives the one it was replaced by");
        assert!(opens(&third, &new, 129) && !opens(&third, &new, 130));
        let fourth = next(&third, 125, 0);
        assert!(![old, new, signed(&third, 125)].iter().any(|token| opens(&fourth, token, 125)), "a key that is known opens nothing");
        assert!(fourth.earlier.is_empty());
    }

    #[test]
    fn a_key_of_an_earlier_version_is_read() {
        let stored = serde_json::from_value(json(&[7_u8; 32])).expect("an array of bytes");
        let keys = TokenKeys::at(1, stored);
        assert_eq!(signed(&keys, 1), TokenKey::new([7; 32]).seal(token()));
        assert!(!format!("{keys:?}").contains('7'));
    }
}
