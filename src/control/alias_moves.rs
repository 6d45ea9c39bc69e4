//! Alias changes between Qdrant and the store: what is about to be asked of Qdrant is written down first.
//!
//! Qdrant and the store cannot change together. So the intent is in the store before Qdrant is asked, and it goes in the
//! same commit that records what was done. An intent that stays behind, since the store was lost or the process ended in
//! between, is settled by the aliases as they are: by the next change of that alias, or by the controller.

use super::alias_move::{AliasMove, OVER, Terms};
use super::aliases::AliasChanged;
use super::author::{Author, Deed};
use super::document::{ALIAS_MOVE, json, write};
use super::error::ControlError;
use super::loss::Departure;
use super::state::Control;
use super::steward::is_live;
use super::{clock, retirement};
use crate::config::{DEFAULT_UPSTREAM as DEFAULT_NAME, Period};
use crate::live::DEFAULT_UPSTREAM;
use crate::qdrant::Listing;
use crate::rollout::retirement::Retirement;
use crate::store::{self, CommitError, Expected, Fence};

impl Control {
    /// Writes down what is about to be asked of Qdrant. The caller holds [`super::state::Inner::moving`].
    pub(super) async fn intend_move(
        &self,
        deed: Deed<'_>,
        author: &Author,
        [from, to]: [Option<&str>; 2],
        terms: Terms,
    ) -> Result<(), ControlError> {
        let Terms { retire_old, departure, lost_writes } = terms;
        let intent = AliasMove {
            revision: 0,
            replica: self.0.replica.clone(),
            at: clock::now(),
            action: deed.action.to_owned(),
            actor: author.actor.clone(),
            reason: author.reason.clone(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            retire_old,
            departure,
            lost_writes,
            in_doubt: false,
        };
        let _writing = self.0.writer.lock().await;
        self.commit(store::Change::unaudited(vec![write(&ALIAS_MOVE, deed.subject, Some(&intent), Expected::Absent)])).await
    }

    /// Qdrant refused: nothing has happened that would have to be recorded. What fails here is settled later.
    pub(super) async fn drop_move(&self, alias: &str) {
        let _writing = self.0.writer.lock().await;
        let change = store::Change::unaudited(vec![write::<AliasMove>(&ALIAS_MOVE, alias, None, Expected::Any)]);
        if let Err(error) = self.commit(change).await {
            tracing::warn!(alias, %error, "the intent to move an alias, which was not moved, stays in the store for now");
        }
    }

    /// Qdrant may still make it: what became of it is settled once it surely is over. A flag that cannot be kept settles it sooner.
    pub(super) async fn doubt_move(&self, alias: &str) {
        let _writing = self.0.writer.lock().await;
        let Some(intent) = self.0.state.load().held.moves.get(alias).cloned() else { return };
        let expected = Expected::Revision(intent.revision);
        let doubted = AliasMove { in_doubt: true, ..intent };
        let change = store::Change::unaudited(vec![write(&ALIAS_MOVE, alias, Some(&doubted), expected)]);
        if let Err(error) = self.commit(change).await {
            tracing::warn!(alias, %error, "the store does not take that an alias may still be moved");
        }
    }

    /// Puts into the store what has been done, in the place of the intent. Whether the collection it left may really go is
    /// looked at when that is due.
    pub(super) async fn record_move(
        &self,
        deed: Deed<'_>,
        author: &Author,
        mut answer: AliasChanged,
        retire_old: Option<Period>,
        writes: Vec<store::Write>,
    ) -> Result<AliasChanged, ControlError> {
        let _writing = self.0.writer.lock().await;
        let intent = self.0.state.load().held.moves.get(deed.subject).map(|intent| Expected::Revision(intent.revision));
        // None: the controller took this process for gone, and has settled it, perhaps as one that was not made.
        let Some(intent) = intent else {
            self.keep(writes).await.map_err(|error| unrecorded(deed, &answer, error))?;
            return Ok(answer);
        };
        let mut leaving = answer.previous.as_deref().zip(retire_old);
        if let Some((old, _)) = leaving.filter(|_| answer.lost_writes.is_some()) {
            answer.warnings.push(format!(
                "`{old}` is not retired: it alone has these writes; `pointsman retire create {old} --accept-lost-writes` deletes it"
            ));
            leaving = None;
        }
        let scheduled = retirement_of(leaving, deed.subject, author);
        answer.retirement = scheduled.as_ref().map(|retirement| retirement.id.clone());
        let mut change = record(deed, author, &answer, scheduled.as_ref(), intent);
        change.writes.extend(writes.iter().cloned());
        let recorded = match self.commit(change).await {
            Err(ControlError::Commit(CommitError::Conflict { key, .. })) if key.kind == ALIAS_MOVE => {
                answer.retirement = None;
                self.keep(writes).await
            }
            recorded => recorded,
        };
        recorded.map_err(|error| unrecorded(deed, &answer, error))?;
        tracing::info!(
            alias = deed.subject,
            action = deed.action,
            previous = answer.previous,
            collection = answer.collection,
            "alias changed"
        );
        Ok(answer)
    }

    /// What is remembered of a move that is recorded already. The caller holds the writer's lock.
    async fn keep(&self, writes: Vec<store::Write>) -> Result<(), ControlError> {
        if writes.is_empty() { Ok(()) } else { self.commit(store::Change::unaudited(writes)).await }
    }

    /// By the controller: settles what stayed behind. What fails is tried again.
    pub(super) async fn settle_moves(&self, fence: &Fence) {
        let state = self.0.state.load_full();
        if state.held.moves.is_empty() {
            return;
        }
        // Held by a change that is under way in this process.
        let Ok(_moving) = self.0.moving.try_lock() else { return };
        for (alias, intent) in &*state.held.moves {
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
        let listing = self.plan().client(DEFAULT_UPSTREAM)?.list().await?;
        self.settle_move(alias, intent, &listing, Some(fence)).await
    }

    /// Settles what an earlier change of this alias left behind, before the next one. The caller holds
    /// [`super::state::Inner::moving`].
    ///
    /// # Errors
    /// When that change may still be under way at another replica, or the store does not answer.
    pub(super) async fn settle_before_move(&self, alias: &str, listing: &Listing) -> Result<(), ControlError> {
        let Some(intent) = self.0.state.load().held.moves.get(alias).cloned() else { return Ok(()) };
        if self.is_under_way(&intent).await? {
            let owner = format!("a change of it that replica {} has begun", intent.replica);
            return Err(ControlError::Occupied { alias: alias.to_owned(), owner });
        }
        self.settle_move(alias, &intent, listing, None).await
    }

    async fn settle_move(&self, alias: &str, intent: &AliasMove, listing: &Listing, fence: Option<&Fence>) -> Result<(), ControlError> {
        let points_at = listing.aliases.get(alias).cloned();
        let expected = Expected::Revision(intent.revision);
        let author = Author { actor: intent.actor.clone(), reason: intent.reason.clone() };
        let deed = Deed { action: known_action(&intent.action), subject: alias };
        let mut change = if points_at == intent.to {
            let answer = AliasChanged {
                lost_writes: intent.lost_writes.clone(),
                ..AliasChanged::of(alias, intent.to.as_deref(), intent.from.clone())
            };
            let scheduled = retirement_of(intent.from.as_deref().zip(intent.retire_old), alias, &author);
            let reason = intent.reason.as_ref().map_or_else(|| LATE.to_owned(), |reason| format!("{reason} ({LATE})"));
            let mut change = record(deed, &Author { reason: Some(reason), ..author }, &answer, scheduled.as_ref(), expected);
            change.writes.extend(intent.departure.iter().flat_map(Departure::writes));
            change
        } else {
            let result = if points_at == intent.from {
                "it was not made: the process ended, or the store was lost, before Qdrant had done it".to_owned()
            } else {
                let now = points_at.as_deref().unwrap_or("nothing");
                format!(
                    "it is not known whether it was made: the alias points at {now}, where neither the change nor the state before it had it"
                )
            };
            let audit = author.failed(deed, &result);
            store::Change::new(audit, vec![write::<AliasMove>(&ALIAS_MOVE, alias, None, expected)])
        };
        change.fence = fence.cloned();
        let _writing = self.0.writer.lock().await;
        self.commit(change).await?;
        tracing::info!(alias, action = intent.action, points_at = points_at.as_deref(), "settled what became of a change of an alias");
        Ok(())
    }

    /// Whether the process that wrote it may still be at it. This one is not: it holds the lock.
    async fn is_under_way(&self, intent: &AliasMove) -> Result<bool, ControlError> {
        if intent.replica == self.0.replica || intent.age() >= OVER {
            return Ok(false);
        }
        let replicas = self.0.store.replicas().await?;
        Ok(replicas.iter().any(|replica| replica.report.id == intent.replica && is_live(replica)))
    }
}

/// Said in the event and the audit log of a change that another process recorded than the one that made it.
const LATE: &str = "recorded afterwards: the store did not take the record when it was made";

/// Qdrant has done it, and the store does not take the record.
fn unrecorded(deed: Deed<'_>, answer: &AliasChanged, error: ControlError) -> ControlError {
    let reason = match error {
        ControlError::Commit(error) => error.to_string(),
        error => error.to_string(),
    };
    ControlError::Unrecorded { alias: deed.subject.to_owned(), collection: answer.collection.clone(), reason }
}

fn record(deed: Deed<'_>, author: &Author, answer: &AliasChanged, scheduled: Option<&Retirement>, intent: Expected) -> store::Change {
    let after = match &answer.lost_writes {
        None => answer.collection.as_ref().map(json),
        Some(loss) => Some(serde_json::json!({"collection": answer.collection, "accepted_lost_writes": loss})),
    };
    let audit = author.did(deed, answer.previous.as_ref().map(json), after);
    let intent = write::<AliasMove>(&ALIAS_MOVE, deed.subject, None, intent);
    let mut change = store::Change { events: vec![answer.event()], ..store::Change::new(audit, vec![intent]) };
    if let Some(scheduled) = scheduled {
        change.writes.push(retirement::put(scheduled));
        change.events.push(retirement::event(scheduled));
    }
    change
}

fn retirement_of(leaving: Option<(&str, Period)>, alias: &str, author: &Author) -> Option<Retirement> {
    let (old, grace) = leaving?;
    let reason = author.reason.clone().unwrap_or_else(|| format!("the alias `{alias}` left it"));
    let scheduled = Retirement::scheduled(retirement::new_id(), DEFAULT_NAME, old, grace, clock::now());
    Some(Retirement { actor: author.actor.clone(), reason: Some(reason), ..scheduled })
}

/// The actions there are, since an audit entry's action is one of the program's own words.
fn known_action(action: &str) -> &'static str {
    match action {
        "alias.put" => "alias.put",
        "alias.delete" => "alias.delete",
        _ => "alias.switch",
    }
}
