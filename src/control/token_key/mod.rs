//! Replacing the key that signs decision tokens.

use schemars::JsonSchema;
use serde::Serialize;

use super::clock;
use super::documents::{ONLY, TokenKeys, replace};
use super::engine::{Action, Caller, ControlError, Engine, Intent};
use crate::config::Period;
use crate::rollout::Timestamp;
use crate::routing::SpecFault;

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

/// The key of this store. Clones are the same.
#[derive(Clone, Debug)]
pub struct TokenKeyring {
    engine: Engine,
}

impl TokenKeyring {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Signs tokens with another key from now on. Those that are out there are taken for `overlap`; with none at all they
    /// are refused at once, which is what a key that became known asks for.
    ///
    /// # Errors
    /// When there are too many keys already, or the change cannot be kept.
    pub async fn rotate(&self, overlap: Period, caller: Caller) -> Result<TokenKeyRotated, ControlError> {
        let (this, intent) = (self.clone(), Intent::new(Action::TokenKeyRotate, "", caller));
        self.engine.run(intent.clone(), async move { this.rotate_now(overlap, intent).await }).await
    }

    async fn rotate_now(&self, overlap: Period, intent: Intent) -> Result<TokenKeyRotated, ControlError> {
        if overlap > LONGEST_OVERLAP {
            return Err(invalid(format!("must be at most {LONGEST_OVERLAP}, not {overlap}: no token lives longer")));
        }
        let actor = intent.caller.actor.clone();
        let writing = self.engine.begin(intent).await?;
        let now = clock::now();
        let rotated = writing.commit(|state, draft| {
            let before = state.documents.token_keys().ok_or(ControlError::Stopping)?;
            let after = before.replaced(now, overlap);
            let keys = after.count();
            if keys > 1 + MOST_EARLIER {
                let most = format!("{MOST_EARLIER} earlier keys are taken still: rotate with a shorter overlap, which shortens theirs too");
                return Err(invalid(most));
            }
            let rotated = TokenKeyRotated { rotated_at: now, earlier_valid_until: (!overlap.is_zero()).then(|| now.plus(overlap)), keys };
            draft.writes.push(replace::<TokenKeys>(ONLY, &after, before.revision));
            draft.record(None::<&()>, Some(&rotated));
            Ok(rotated)
        });
        let rotated = rotated.await?;
        tracing::warn!(actor, overlap = %overlap, "the key that signs decision tokens was replaced");
        Ok(rotated)
    }
}

fn invalid(reason: String) -> ControlError {
    ControlError::Invalid(vec![SpecFault::new("overlap", reason)])
}
