//! One look at one canary, by the replica that holds the lease: evidence, the machine's next state, and what is due.

use super::Canaries;
use super::effects::Outcome;
use super::events::transitions;
use super::readings::Readings;
use crate::control::clock;
use crate::control::documents::{CanaryDocument, Owners, Resource, Shadowed, remove, replace};
use crate::control::engine::{Action, CommitExtras, ControlError, Draft};
use crate::live::DEFAULT_UPSTREAM;
use crate::metrics::{self, SeriesKey, Totals};
use crate::protocol::{Class, Protocol};
use crate::rollout::Pending;
use crate::rollout::loss::Stake;
use crate::routing::STABLE;
use crate::store::{Expected, Fence, Write};

/// How many effects of one canary are executed in one go; the rest waits for the next.
const AT_ONCE: usize = 16;

impl Canaries {
    /// Looks at every canary whose time has come. One that fails is tried again at the next round, and holds up no other.
    pub(in crate::control) async fn step_all(&self, fence: &Fence) {
        let state = self.engine.state();
        let now = clock::now();
        let due = state.documents.canaries.values().filter(|document| document.canary.due_at().is_some_and(|due| due <= now));
        let due: Vec<CanaryDocument> = due.cloned().collect();
        let readings = self.readings(&due).await;
        for document in due {
            let id = document.canary.id();
            if let Err(error) = self.step(id, &readings, fence).await {
                tracing::warn!(canary = id, %error, "a canary could not be looked at; it is tried again");
            }
        }
    }

    async fn step(&self, id: &str, readings: &Readings, fence: &Fence) -> Result<(), ControlError> {
        let Some(document) = self.document(id) else { return Ok(()) };
        // Evidence takes the store's time, so it is gathered before the lock.
        let evidence = self.evidence(&document, readings).await;
        self.edit_as_controller(id, fence, |document| {
            document.canary.tick(clock::now(), &evidence);
            CommitExtras::default()
        })
        .await?;
        for _ in 0..AT_ONCE {
            let Some(document) = self.document(id) else { return Ok(()) };
            let now = clock::now();
            let Some(pending) = document.canary.due(now).next().cloned() else { return Ok(()) };
            let outcome = self.execute(&document, &pending).await;
            self.report(id, &pending, outcome, fence).await?;
        }
        Ok(())
    }

    async fn report(&self, id: &str, pending: &Pending, outcome: Outcome, fence: &Fence) -> Result<(), ControlError> {
        let (number, counted) = (pending.number, self.losses.counted_lately());
        self.edit_as_controller(id, fence, |document| {
            let (canary, now) = (&mut document.canary, clock::now());
            // The machine looks at no evidence on the way back, and what that leaves in the new collection has grown since it began.
            if canary.state().is_back() {
                canary.note_counted(&counted);
            }
            match outcome {
                Outcome::Passed { stable, uncompared, recount } => {
                    recount.into_iter().for_each(|stake| canary.count_from(stake));
                    canary.checks_passed(number, stable, uncompared);
                }
                Outcome::Held(loss) => canary.effect_held(now, number, &loss),
                Outcome::Done => canary.effect_done(now, number),
                Outcome::Failed(reason) => canary.effect_failed(now, number, &reason),
                Outcome::Refused(reason) => canary.effect_refused(now, number, &reason),
                Outcome::With(extras) => {
                    // An earlier leader may have reported it already.
                    let first_report = canary.due(now).any(|pending| pending.number == number);
                    canary.effect_done(now, number);
                    return if first_report { extras } else { CommitExtras::default() };
                }
            }
            CommitExtras::default()
        })
        .await
    }

    /// The collection of a deployment's canary has been found equal to its source once more.
    pub(in crate::control) async fn recount(&self, id: &str, stake: &Stake, fence: &Fence) -> Result<(), ControlError> {
        self.edit_as_controller(id, fence, |document| {
            document.canary.count_from(stake.clone());
            CommitExtras::default()
        })
        .await
    }

    /// An operator has said to the canary's deployment that the switch may lose writes.
    pub(in crate::control) async fn accept(&self, id: &str, fence: &Fence) -> Result<(), ControlError> {
        self.edit_as_controller(id, fence, |document| {
            document.canary.accept_lost_writes();
            CommitExtras::default()
        })
        .await
    }

    /// Changes one canary as the machine's; what it became is stored before it is acted upon.
    async fn edit_as_controller(
        &self,
        id: &str,
        fence: &Fence,
        edit: impl FnOnce(&mut CanaryDocument) -> CommitExtras,
    ) -> Result<(), ControlError> {
        let writing = self.engine.begin_step(Action::CanaryStep, fence).await;
        let Some(before) = self.document(id) else { return Ok(()) };
        let mut after = before.clone();
        let extras = edit(&mut after);
        if after.canary == before.canary && extras.is_empty() {
            return Ok(());
        }
        let events = transitions(Some(&before), &after);
        let mut draft = Draft::of(self.writes(Some(&before), &mut after), events);
        if !draft.events.is_empty() {
            let reason = after.canary.status().history.last_transition().map_or_else(String::new, |last| last.reason.clone());
            draft.record_step(after.alias(), reason, &before.canary.state(), &after.canary.state());
        }
        draft.add(extras);
        writing.commit_once(draft).await
    }

    /// The document, the alias's owner when the canary has ended, and its place for a shadow when the comparison is over.
    pub(in crate::control) fn writes(&self, before: Option<&CanaryDocument>, after: &mut CanaryDocument) -> Vec<Write> {
        let alias = after.alias().to_owned();
        after.freeze(|quantile| self.usual_latency(&alias, quantile), || self.usually_refused(&alias));
        let mut writes = vec![replace(after.id(), after, before.map_or(0, |before| before.revision))];
        if before.is_some_and(|before| before.canary.will_mirror()) && !after.canary.will_mirror() {
            writes.push(Shadowed::left(&alias));
        }
        if before.is_some_and(Resource::is_live) && !after.is_live() {
            writes.push(remove::<Owners>(&alias, Expected::Any));
        }
        writes
    }

    /// What stable's collection has done in this process.
    fn stable_totals(&self, alias: &str) -> Option<Totals> {
        let state = self.engine.state();
        // A canary may stand on a collection's own name.
        let collection = state.listing.aliases.get(alias).map_or(alias, String::as_str);
        let upstream = state.plan.upstreams[DEFAULT_UPSTREAM].name.clone();
        let key = SeriesKey { alias: alias.into(), variant: STABLE.into(), upstream, collection: collection.into() };
        Some(self.engine.registry().series_of(&key)?.totals())
    }

    /// What stable's reads have taken in this process, in microseconds.
    fn usual_latency(&self, alias: &str, quantile: f64) -> Option<f64> {
        self.stable_totals(alias)?.latency(Class::Read).and_then(|(_, total)| total.quantile(quantile))
    }

    /// The share of stable's reads that were refused with a 4xx in this process; of those that clients broke off nothing is known.
    fn usually_refused(&self, alias: &str) -> Option<f64> {
        let totals = self.stable_totals(alias)?;
        let reads =
            |outcome: metrics::Outcome| Protocol::ALL.iter().map(|protocol| totals.requests(*protocol, Class::Read, outcome)).sum::<u64>();
        let refused: u64 = metrics::Outcome::ALL.into_iter().filter(|outcome| outcome.refusal().is_some()).map(reads).sum();
        let all: u64 = metrics::Outcome::ALL.into_iter().filter(|outcome| *outcome != metrics::Outcome::Aborted).map(reads).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        (all > 0).then(|| refused as f64 / all as f64)
    }
}
