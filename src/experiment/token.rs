//! The decision as an application sends it back with its feedback: opaque, authenticated, and without a word about the unit.
//!
//! `base64url(version || ulid || phase || arm || bucket || mac)`, where the code is the first half of an HMAC-SHA256 over all
//! before it. There are 128 of them to a phase's arm, one a statistics bucket, so the data path only copies one.
//!
//! Of an answer that two arms made together there is [another kind](Interleaved), sealed for each answer.

mod interleaved;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use ulid::Ulid;

pub use interleaved::Interleaved;

const VERSION: u8 = 1;
const BODY: usize = 1 + 16 + 4 + 1 + 1;
const MAC: usize = 16;
/// No token is longer; what is need not be decoded.
const LONGEST: usize = 400;

/// What signs tokens: the same in every replica.
#[derive(Clone)]
pub struct TokenKey {
    secret: [u8; 32],
    /// Of keys that have signed before it, and are taken still.
    earlier: Vec<[u8; 32]>,
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey")
    }
}

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The last part of the experiment's id.
    pub experiment: Ulid,
    pub phase: u32,
    pub arm: u8,
    /// The statistics bucket of the unit.
    pub bucket: u8,
}

/// Either kind of token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyToken {
    OneArm(Token),
    Interleaved(Interleaved),
}

impl AnyToken {
    /// The last part of the experiment's id.
    #[must_use]
    pub const fn experiment(&self) -> Ulid {
        match self {
            Self::OneArm(token) => token.experiment,
            Self::Interleaved(token) => token.experiment,
        }
    }
}

impl TokenKey {
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self { secret, earlier: Vec::new() }
    }

    /// The same, which also opens what was signed with these.
    #[must_use]
    pub fn also_opening(self, earlier: Vec<[u8; 32]>) -> Self {
        Self { earlier, ..self }
    }

    #[must_use]
    pub fn seal(&self, token: Token) -> String {
        let mut bytes = Vec::with_capacity(BODY + MAC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&token.experiment.to_bytes());
        bytes.extend_from_slice(&token.phase.to_le_bytes());
        bytes.extend_from_slice(&[token.arm, token.bucket]);
        self.signed(bytes)
    }

    /// None unless it was sealed with this key, or an earlier one that is taken still.
    #[must_use]
    pub fn open(&self, text: &str) -> Option<AnyToken> {
        let bytes = URL_SAFE_NO_PAD.decode(Some(text).filter(|text| text.len() <= LONGEST)?).ok()?;
        let (body, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        std::iter::once(&self.secret).chain(&self.earlier).find(|secret| bool::from(code(secret, body).ct_eq(mac)))?;
        match *body.first()? {
            VERSION => Token::read(body.try_into().ok()?).map(AnyToken::OneArm),
            interleaved::VERSION => Interleaved::read(body).map(AnyToken::Interleaved),
            _ => None,
        }
    }

    fn signed(&self, mut body: Vec<u8>) -> String {
        let mac = code(&self.secret, &body);
        body.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(body)
    }
}

fn code(secret: &[u8; 32], body: &[u8]) -> [u8; MAC] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("an HMAC takes a key of any length");
    mac.update(body);
    let whole = mac.finalize().into_bytes();
    let mut half = [0; MAC];
    half.copy_from_slice(&whole[..MAC]);
    half
}

impl Token {
    fn read(body: &[u8; BODY]) -> Option<Self> {
        let experiment = Ulid::from_bytes(body[1..17].try_into().ok()?);
        Some(Self { experiment, phase: u32::from_le_bytes(body[17..21].try_into().ok()?), arm: body[21], bucket: body[22] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token() -> Token {
        Token { experiment: Ulid::from_parts(7, 9), phase: 3, arm: 1, bucket: 127 }
    }

    #[test]
    fn what_was_sealed_is_opened_by_the_same_key_alone() {
        let (ours, theirs) = (TokenKey::new([1; 32]), TokenKey::new([2; 32]));
        let text = ours.seal(token());
        assert_eq!(ours.open(&text), Some(AnyToken::OneArm(token())));
        assert_eq!(theirs.open(&text), None);
        assert_eq!(text.len(), 52);
        assert!(http::HeaderValue::from_str(&text).is_ok(), "it goes into a header");
    }

    proptest! {
        #[test]
        fn a_changed_token_is_none(place in 0..BODY + MAC, bit in 0..8_u8) {
            let key = TokenKey::new([1; 32]);
            let mut bytes = URL_SAFE_NO_PAD.decode(key.seal(token())).expect("it was encoded by itself");
            bytes[place] ^= 1 << bit;
            prop_assert_eq!(key.open(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".{0,80}") {
            prop_assert_eq!(TokenKey::new([1; 32]).open(&text), None);
        }
    }
}
