//! One look at everything that is due, by the replica that holds the lease.

use std::sync::Arc;
use std::time::Duration;

use super::Retirements;
use crate::control::clock;
use crate::control::documents::Resource;
use crate::control::engine::{Action, ControlError, Draft};
use crate::qdrant::Client;
use crate::rollout::retirement::{Decision, Retirement, State};
use crate::store::{CommitError, Fence};

/// A snapshot takes as long as its collection is large; the leader waits no longer than this.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(3_600);

/// Announced, snapshot taken, announced, deleted: no retirement has more steps to go in one look.
const STEPS: usize = 6;

impl Retirements {
    /// Looks at what is due, if there is anything and no round is under way. Returns at once: snapshots and deletions take
    /// longer than the lease, and the fence is what they need of it.
    pub(in crate::control) fn run_due(&self, fence: &Fence) {
        if self.due().is_empty() {
            return;
        }
        let Ok(alone) = Arc::clone(&self.round).try_lock_owned() else { return };
        let (this, fence) = (self.clone(), fence.clone());
        tokio::spawn(async move {
            this.round_now(&fence).await;
            drop(alone);
        });
    }

    /// One that fails is tried again at the next round, and holds up no other.
    pub(super) async fn round_now(&self, fence: &Fence) {
        for id in self.due() {
            if let Err(error) = self.look_at(&id, fence).await {
                tracing::warn!(retirement = id, %error, "a retirement could not be looked at; it is tried again");
            }
        }
    }

    /// Those whose time has come, and those that something seems to refer to again.
    fn due(&self) -> Vec<String> {
        let (state, now) = (self.engine.state(), clock::now());
        let concerned = |retirement: &&Retirement| {
            let (upstream, collection) = (&retirement.upstream, &retirement.collection);
            retirement.look_at().is_some_and(|at| at <= now || state.seems_aliased(upstream, collection))
                || (retirement.is_live() && !state.references_to(upstream, collection).is_empty())
        };
        state.documents.retirements.values().filter(concerned).map(|retirement| retirement.id.clone()).collect()
    }

    /// Decides, stores what was decided, and decides anew on fresh facts, until the retirement has ended or has to wait.
    async fn look_at(&self, id: &str, fence: &Fence) -> Result<(), ControlError> {
        for _ in 0..STEPS {
            let Some(before) = self.document(id) else { return Ok(()) };
            let facts = self.facts_about(&before).await;
            let decision = before.decide(clock::now(), &facts, self.engine.plan().quiet);
            let Some(after) = self.carried_out(&before, decision).await else { return Ok(()) };
            let stands = self.replace(&before, &after, fence).await?;
            if !stands || after.state.is_terminal() || after.state == State::Blocked {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Makes `before` into `after`, if it still is what was looked at. False when it is not: then nothing of what was
    /// decided holds any more.
    pub(super) async fn replace(&self, before: &Retirement, after: &Retirement, fence: &Fence) -> Result<bool, ControlError> {
        let writing = self.engine.begin_step(Action::RetirementStep, fence).await;
        let mut draft = Draft::of(vec![after.write()], Vec::new());
        if (before.state, &before.reasons) != (after.state, &after.reasons) {
            draft.events.push(after.event());
        }
        if before.state != after.state {
            let reasons = after.reasons.join("; ");
            let (upstream, collection, state) = (&after.upstream, &after.collection, after.state.name());
            tracing::info!(retirement = after.id, upstream, collection, state, reasons, "retirement");
            draft.record_step(collection, Some(reasons).filter(|reasons| !reasons.is_empty()), &before.state, &after.state);
        }
        match writing.commit_once(draft).await {
            Ok(()) => Ok(true),
            Err(ControlError::Commit(CommitError::Conflict { .. })) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What the retirement becomes; none when it stays what it is. Nothing is done to Qdrant but in a state that said so
    /// before.
    async fn carried_out(&self, before: &Retirement, decision: Decision) -> Option<Retirement> {
        let (mut after, now) = (before.clone(), clock::now());
        match decision {
            Decision::Wait => return None,
            Decision::Cancel(reasons) => after.end(now, State::Cancelled, reasons),
            Decision::Refuse(reasons) => after.end(now, State::Refused, reasons),
            Decision::Block(reasons) => after.block(now, reasons),
            Decision::Gone => after.advance(now, State::Done),
            Decision::Snapshot if before.state != State::Snapshotting => after.advance(now, State::Snapshotting),
            Decision::Delete if before.state != State::Deleting => after.advance(now, State::Deleting),
            Decision::Snapshot => self.take_snapshot(&mut after).await,
            Decision::Delete => self.delete(&mut after).await,
        }
        Some(after)
    }

    async fn take_snapshot(&self, retirement: &mut Retirement) {
        let taken = match self.client_of(retirement) {
            Ok(client) => client.create_snapshot(&retirement.collection, SNAPSHOT_PATIENCE).await.map_err(|failure| failure.to_string()),
            Err(reason) => Err(reason),
        };
        match taken {
            Ok(snapshot) => retirement.snapshot_name = Some(snapshot.name),
            Err(reason) => retirement.block(clock::now(), vec![format!("no snapshot could be taken: {reason}")]),
        }
    }

    /// One request, and a listing that says what became of it.
    async fn delete(&self, retirement: &mut Retirement) {
        let client = match self.client_of(retirement) {
            Ok(client) => client,
            Err(reason) => return retirement.block(clock::now(), vec![reason]),
        };
        let outcome = client.delete_collection(&retirement.collection).await;
        let listing = client.list().await;
        let now = clock::now();
        match (outcome, listing) {
            (_, Ok(listing)) if !listing.collections.contains(&retirement.collection) => retirement.advance(now, State::Done),
            (Err(failure), Ok(_)) if !failure.is_transient() => retirement.end(now, State::Refused, vec![failure.to_string()]),
            (Err(failure), _) => retirement.block(now, vec![failure.to_string()]),
            (Ok(()), Ok(_)) => retirement.block(now, vec!["the deletion was accepted, and the collection is still listed".to_owned()]),
            (Ok(()), Err(failed)) => {
                retirement.block(now, vec![format!("the deletion was accepted, and whether it was made is not known: {failed}")]);
            }
        }
    }

    fn client_of(&self, retirement: &Retirement) -> Result<Client, String> {
        let plan = self.engine.plan();
        let index = plan.upstream(Some(&retirement.upstream));
        let index = index.ok_or_else(|| format!("upstream `{}` is not configured here", retirement.upstream))?;
        plan.client(index).map_err(|failure| failure.to_string())
    }
}
