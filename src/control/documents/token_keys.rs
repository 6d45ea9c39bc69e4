//! The keys that sign decision tokens: one that signs, and for a while those that signed before it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Stored;
use crate::config::Period;
use crate::experiment::TokenKey;
use crate::rollout::Timestamp;
use crate::store::Kind;

type Secret = [u8; 32];

/// All keys that open tokens now.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub(in crate::control) struct TokenKeys {
    pub(in crate::control) revision: u64,
    current: Secret,
    /// The same, as it signs.
    signing: TokenKey,
    earlier: Vec<Earlier>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Earlier {
    key: Secret,
    until: Timestamp,
}

/// As they are stored. A key that was never replaced stands alone, as earlier versions wrote it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    First(Secret),
    Replaced { current: Secret, earlier: Vec<Earlier> },
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKeys({})", 1 + self.earlier.len())
    }
}

impl From<Written> for TokenKeys {
    fn from(written: Written) -> Self {
        let (current, earlier) = match written {
            Written::First(current) => (current, Vec::new()),
            Written::Replaced { current, earlier } => (current, earlier),
        };
        Self { revision: 0, current, signing: TokenKey::new(current), earlier }
    }
}

impl From<TokenKeys> for Written {
    fn from(keys: TokenKeys) -> Self {
        match keys {
            TokenKeys { current, earlier, .. } if earlier.is_empty() => Self::First(current),
            TokenKeys { current, earlier, .. } => Self::Replaced { current, earlier },
        }
    }
}

impl Stored for TokenKeys {
    const KIND: Kind = Kind::new("token_key");

    fn stored_at(self, _: &str, revision: u64) -> Self {
        Self { revision, ..self }
    }
}

fn secret() -> Secret {
    let mut secret = [0; 32];
    secret[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    secret[16..].copy_from_slice(Uuid::new_v4().as_bytes());
    secret
}

impl TokenKeys {
    /// A key to begin with. Anyone who knows it can forge decision tokens.
    pub(in crate::control) fn first() -> Self {
        Written::First(secret()).into()
    }

    /// How many keys open tokens.
    pub(in crate::control) fn count(&self) -> usize {
        1 + self.earlier.len()
    }

    pub(in crate::control) fn signing(&self) -> &TokenKey {
        &self.signing
    }

    /// The same, which also opens what was signed before, as long as that is taken.
    pub(in crate::control) fn key(&self, now: Timestamp) -> TokenKey {
        self.signing.clone().also_opening(self.taken(now).map(|earlier| earlier.key).collect())
    }

    fn taken(&self, now: Timestamp) -> impl Iterator<Item = &Earlier> {
        self.earlier.iter().filter(move |earlier| earlier.until > now)
    }

    /// With another key that signs. No earlier one is taken for longer than the one it replaces.
    pub(in crate::control) fn replaced(&self, now: Timestamp, overlap: Period) -> Self {
        let until = now.plus(overlap);
        let mut earlier: Vec<Earlier> =
            self.taken(now).map(|earlier| Earlier { key: earlier.key, until: earlier.until.min(until) }).collect();
        earlier.push(Earlier { key: self.current, until });
        earlier.retain(|earlier| earlier.until > now);
        Self { revision: self.revision, ..Written::Replaced { current: secret(), earlier }.into() }
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::control::documents::json;
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
        serde_json::from_value(stored).expect("what is written is read")
    }

    #[test]
    fn what_was_signed_before_is_taken_for_the_overlap_and_no_longer() {
        let first = TokenKeys::first();
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
        let keys: TokenKeys = serde_json::from_value(json(&[7_u8; 32])).expect("an array of bytes");
        assert_eq!(signed(&keys, 1), TokenKey::new([7; 32]).seal(token()));
        assert!(!format!("{keys:?}").contains('7'));
    }
}
