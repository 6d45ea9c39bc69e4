//! Replacing the key that signs decision tokens.

use schemars::JsonSchema;
use serde::Serialize;

use super::author::{Author, Deed};
use super::clock;
use super::document::{ONLY, TOKEN_KEY, json, write};
use super::error::ControlError;
use super::state::Control;
use super::token_keys::Stored;
use crate::config::Period;
use crate::rollout::Timestamp;
use crate::routing::SpecFault;
use crate::store::{self, Expected};

/// Each is tried on every token.
const MOST_EARLIER: usize = 8;
/// The longest an experiment lasts: no token is older.
const LONGEST_OVERLAP: Period = Period::from_secs(366 * 86_400);

/// What became of a rotation. Without the keys, which never leave the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TokenKeyRotated {
    /// From now on tokens are signed with another key.
    pub rotated_at: Timestamp,
    /// Until then tokens that were signed with the key before are taken; none: they are refused from now on.
    pub earlier_valid_until: Option<Timestamp>,
    /// How many keys open tokens now.
    pub keys: usize,
}

impl Control {
    /// Signs tokens with another key from now on. Those that are out there are taken for `overlap`; with none at all they
    /// are refused at once, which is what a key that became known asks for.
    ///
    /// # Errors
    /// When there are too many keys already, or the change cannot be kept.
    pub async fn rotate_token_key(&self, overlap: Period, author: Author) -> Result<TokenKeyRotated, ControlError> {
        let (control, by, action) = (self.clone(), author.clone(), "token_key.rotate");
        let rotating = async move { control.rotate_now(overlap, Deed { action, subject: "" }, &by).await };
        self.to_its_end(action, String::new(), author, rotating).await
    }

    async fn rotate_now(&self, overlap: Period, deed: Deed<'_>, author: &Author) -> Result<TokenKeyRotated, ControlError> {
        let invalid = |reason: String| ControlError::Invalid(vec![SpecFault::new("overlap", reason)]);
        if overlap > LONGEST_OVERLAP {
            return Err(invalid(format!("must be at most {LONGEST_OVERLAP}, not {overlap}: no token lives longer")));
        }
        let _writing = self.writing().await?;
        let (state, now) = (self.0.state.load_full(), clock::now());
        let before = state.held.token_keys.as_ref().ok_or(ControlError::Stopping)?;
        let after = before.replaced(now, overlap);
        let Stored::Replaced { earlier, .. } = &after else { return Err(ControlError::Stopping) };
        if earlier.len() > MOST_EARLIER {
            let most = format!("{MOST_EARLIER} earlier keys are taken still: rotate with a shorter overlap, which shortens theirs too");
            return Err(invalid(most));
        }
        let keys = 1 + earlier.len();
        let rotated = TokenKeyRotated { rotated_at: now, earlier_valid_until: (!overlap.is_zero()).then(|| now.plus(overlap)), keys };
        let audit = author.did(deed, None, Some(json(&rotated)));
        let write = write(&TOKEN_KEY, ONLY, Some(&after), Expected::Revision(before.revision));
        self.commit(store::Change::new(audit, vec![write])).await?;
        tracing::warn!(actor = author.actor, overlap = %overlap, "the key that signs decision tokens was replaced");
        Ok(rotated)
    }
}
