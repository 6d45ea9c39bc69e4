//! Alias changes between Qdrant and the store: what is about to be asked of Qdrant is written down first.
//!
//! Qdrant and the store cannot change together. So the intent is in the store before Qdrant is asked, and it goes in the
//! same commit that records what was done. An intent that stays behind, since the store was lost or the process ended in
//! between, is settled by the aliases as they are: by the next change of that alias, or by the controller.

use super::{AliasChanged, Aliases};
use crate::config::{DEFAULT_UPSTREAM as DEFAULT_NAME, Period};
use crate::control::clock;
use crate::control::documents::{AliasMove, Departure, OVER, Stored, Terms, json, new_retirement_id, put_new, remove, replace};
use crate::control::engine::{Action, Caller, ControlError, Draft, Intent, Role, is_live};
use crate::live::DEFAULT_UPSTREAM;
use crate::qdrant::Listing;
use crate::rollout::retirement::Retirement;
use crate::store::{CommitError, Expected, Fence, Write};

impl Aliases {
    /// Writes down what is about to be asked of Qdrant. The caller holds [`crate::control::engine::Engine::moving`].
    pub(in crate::control) async fn intend_move(
        &self,
        asked: &Intent,
        [from, to]: [Option<&str>; 2],
        terms: Terms,
    ) -> Result<(), ControlError> {
        let Terms { retire_old, departure, lost_writes } = terms;
        let intent = AliasMove {
            revision: 0,
            replica: self.engine.replica().to_owned(),
            at: clock::now(),
            action: asked.action.name().to_owned(),
            actor: asked.caller.actor.clone(),
            reason: asked.caller.reason.clone(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            retire_old,
            departure,
            lost_writes,
            in_doubt: false,
        };
        self.engine.keep(vec![put_new(&asked.subject, &intent)]).await
    }

    /// Qdrant refused: nothing has happened that would have to be recorded. What fails here is settled later.
    pub(super) async fn drop_move(&self, alias: &str) {
        if let Err(error) = self.engine.keep(vec![remove::<AliasMove>(alias, Expected::Any)]).await {
            tracing::warn!(alias, %error, "the intent to move an alias, which was not moved, stays in the store for now");
        }
    }

    /// Qdrant may still make it: what became of it is settled once it surely is over. A flag that cannot be kept settles it sooner.
    pub(super) async fn doubt_move(&self, alias: &str) {
        let Some(intent) = self.engine.state().documents.moves.get(alias).cloned() else { return };
        let revision = intent.revision;
        let doubted = AliasMove { in_doubt: true, ..intent };
        if let Err(error) = self.engine.keep(vec![replace(alias, &doubted, revision)]).await {
            tracing::warn!(alias, %error, "the store does not take that an alias may still be moved");
        }
    }

    /// Puts into the store what has been done, in the place of the intent. Whether the collection it left may really go is
    /// looked at when that is due.
    pub(super) async fn record_move(
        &self,
        asked: &Intent,
        mut answer: AliasChanged,
        retire_old: Option<Period>,
        writes: Vec<Write>,
    ) -> Result<AliasChanged, ControlError> {
        let alias = asked.subject.as_str();
        let intent = self.engine.state().documents.moves.get(alias).map(|intent| Expected::Revision(intent.revision));
        // None: the controller took this process for gone, and has settled it, perhaps as one that was not made.
        let Some(intent) = intent else {
            self.engine.keep(writes).await.map_err(|error| unrecorded(alias, &answer, error))?;
            return Ok(answer);
        };
        let mut leaving = answer.previous.as_deref().zip(retire_old);
        if let Some((old, _)) = leaving.filter(|_| answer.lost_writes.is_some()) {
            answer.warnings.push(format!(
                "`{old}` is not retired: it alone has these writes; `pointsman retire create {old} --accept-lost-writes` deletes it"
            ));
            leaving = None;
        }
        let scheduled = retirement_of(leaving, alias, &asked.caller);
        answer.retirement = scheduled.as_ref().map(|retirement| retirement.id.clone());
        let mut draft = record(alias, &answer, scheduled.as_ref(), intent);
        draft.writes.extend(writes.iter().cloned());
        let recorded = self.engine.record(asked.clone(), draft, None).await;
        let recorded = match recorded {
            Err(ControlError::Commit(CommitError::Conflict { key, .. })) if key.kind == AliasMove::KIND => {
                answer.retirement = None;
                self.engine.keep(writes).await
            }
            recorded => recorded,
        };
        recorded.map_err(|error| unrecorded(alias, &answer, error))?;
        let (action, previous, collection) = (asked.action.name(), &answer.previous, &answer.collection);
        tracing::info!(alias, action, previous, collection, "alias changed");
        Ok(answer)
    }

    /// By the controller: settles what stayed behind. What fails is tried again.
    pub(in crate::control) async fn settle_all(&self, fence: &Fence) {
        let state = self.engine.state();
        if state.documents.moves.is_empty() {
            return;
        }
        // Held by a change that is under way in this process.
        let Ok(_moving) = self.engine.moving().try_lock() else { return };
        for (alias, intent) in &*state.documents.moves {
            if let Err(error) = self.settle_if_over(alias, intent, fence).await {
                tracing::warn!(alias, %error, "it is not settled yet whether an alias was moved; it is tried again");
            }
        }
    }

    async fn settle_if_over(&self, alias: &str, intent: &AliasMove, fence: &Fence) -> Result<(), ControlError> {
        // What this process left is looked at a little later, since members of a cluster may lag behind.
        if intent.is_recent() || self.is_under_way(intent).await? {
            return Ok(());
        }
        let listing = self.engine.plan().client(DEFAULT_UPSTREAM)?.list().await?;
        self.settle_move(alias, intent, &listing, Some(fence)).await
    }

    /// Settles what an earlier change of this alias left behind, before the next one. The caller holds
    /// [`crate::control::engine::Engine::moving`].
    ///
    /// # Errors
    /// When that change may still be under way at another replica, or the store does not answer.
    pub(super) async fn settle_before_move(&self, alias: &str, listing: &Listing) -> Result<(), ControlError> {
        let Some(intent) = self.engine.state().documents.moves.get(alias).cloned() else { return Ok(()) };
        if self.is_under_way(&intent).await? {
            let owner = format!("a change of it that replica {} has begun", intent.replica);
            return Err(ControlError::Occupied { alias: alias.to_owned(), owner });
        }
        self.settle_move(alias, &intent, listing, None).await
    }

    async fn settle_move(&self, alias: &str, intent: &AliasMove, listing: &Listing, fence: Option<&Fence>) -> Result<(), ControlError> {
        let points_at = listing.aliases.get(alias).cloned();
        let expected = Expected::Revision(intent.revision);
        let caller = Caller { reason: intent.reason.clone(), ..Caller::new(&intent.actor, Role::Admin) };
        let mut asked = Intent::new(known_action(&intent.action), alias, caller);
        if points_at == intent.to {
            let answer = AliasChanged {
                lost_writes: intent.lost_writes.clone(),
                ..AliasChanged::of(alias, intent.to.as_deref(), intent.from.clone())
            };
            let scheduled = retirement_of(intent.from.as_deref().zip(intent.retire_old), alias, &asked.caller);
            let reason = intent.reason.as_ref().map_or_else(|| LATE.to_owned(), |reason| format!("{reason} ({LATE})"));
            asked.caller.reason = Some(reason);
            let mut draft = record(alias, &answer, scheduled.as_ref(), expected);
            draft.writes.extend(intent.departure.iter().flat_map(Departure::writes));
            self.engine.record(asked, draft, fence).await?;
        } else {
            let result = if points_at == intent.from {
                "it was not made: the process ended, or the store was lost, before Qdrant had done it".to_owned()
            } else {
                let now = points_at.as_deref().unwrap_or("nothing");
                format!(
                    "it is not known whether it was made: the alias points at {now}, where neither the change nor the state before it had it"
                )
            };
            let draft = Draft::of(vec![remove::<AliasMove>(alias, expected)], Vec::new());
            self.engine.record(asked, draft.that_failed(result), fence).await?;
        }
        tracing::info!(alias, action = intent.action, points_at = points_at.as_deref(), "settled what became of a change of an alias");
        Ok(())
    }

    /// Whether the process that wrote it may still be at it. This one is not: it holds the lock.
    async fn is_under_way(&self, intent: &AliasMove) -> Result<bool, ControlError> {
        if intent.replica == self.engine.replica() || intent.age() >= OVER {
            return Ok(false);
        }
        let replicas = self.engine.store().replicas().await?;
        Ok(replicas.iter().any(|replica| replica.report.id == intent.replica && is_live(replica)))
    }
}

/// Said in the event and the audit log of a change that another process recorded than the one that made it.
const LATE: &str = "recorded afterwards: the store did not take the record when it was made";

/// Qdrant has done it, and the store does not take the record.
fn unrecorded(alias: &str, answer: &AliasChanged, error: ControlError) -> ControlError {
    let reason = match error {
        ControlError::Commit(error) => error.to_string(),
        error => error.to_string(),
    };
    ControlError::Unrecorded { alias: alias.to_owned(), collection: answer.collection.clone(), reason }
}

/// What puts a move into the store in the place of the intent.
fn record(alias: &str, answer: &AliasChanged, scheduled: Option<&Retirement>, intent: Expected) -> Draft {
    let after = match &answer.lost_writes {
        None => answer.collection.as_ref().map(json),
        Some(loss) => Some(serde_json::json!({"collection": answer.collection, "accepted_lost_writes": loss})),
    };
    let mut draft = Draft::of(vec![remove::<AliasMove>(alias, intent)], vec![answer.event()]);
    draft.record(answer.previous.as_ref(), after.as_ref());
    if let Some(scheduled) = scheduled {
        draft.writes.push(scheduled.write());
        draft.events.push(scheduled.event());
    }
    draft
}

fn retirement_of(leaving: Option<(&str, Period)>, alias: &str, caller: &Caller) -> Option<Retirement> {
    let (old, grace) = leaving?;
    let reason = caller.reason.clone().unwrap_or_else(|| format!("the alias `{alias}` left it"));
    let scheduled = Retirement::scheduled(new_retirement_id(), DEFAULT_NAME, old, grace, clock::now());
    Some(Retirement { actor: caller.actor.clone(), reason: Some(reason), ..scheduled })
}

/// The action of a stored intent, which may be of another version.
fn known_action(name: &str) -> Action {
    [Action::AliasPut, Action::AliasDelete].into_iter().find(|action| action.name() == name).unwrap_or(Action::AliasSwitch)
}
