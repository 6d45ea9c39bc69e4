//! One look at one canary, by the replica that holds the lease: evidence, the machine's next state, and what is due.

use super::Running;
use super::effects::Outcome;
use super::events::transitions;
use super::readings::Readings;
use super::running::Running as Document;
use crate::control::author::Author;
use crate::control::besides::Besides;
use crate::control::document::{CANARY, OWNER, SHADOWED};
use crate::control::error::ControlError;
use crate::control::state::Control;
use crate::control::{clock, document};
use crate::live::DEFAULT_UPSTREAM;
use crate::metrics::{self, SeriesKey, Totals};
use crate::protocol::{Class, Protocol};
use crate::rollout::Pending;
use crate::rollout::loss::Stake;
use crate::routing::STABLE;
use crate::store::{self, Expected, Fence, Write};

/// How many effects of one canary are executed in one go; the rest waits for the next.
const AT_ONCE: usize = 16;

impl Control {
    /// Looks at every canary whose time has come. One that fails is tried again at the next round, and holds up no other.
    pub(in crate::control) async fn step_canaries(&self, fence: &Fence) {
        let state = self.0.state.load_full();
        let now = clock::now();
        let due = state.held.canaries.values().filter(|running| running.canary.due_at().is_some_and(|due| due <= now));
        let due: Vec<Running> = due.cloned().collect();
        let readings = self.readings(&due).await;
        for running in due {
            let id = running.canary.id();
            if let Err(error) = self.step_canary(id, &readings, fence).await {
                tracing::warn!(canary = id, %error, "a canary could not be looked at; it is tried again");
            }
        }
    }

    async fn step_canary(&self, id: &str, readings: &Readings, fence: &Fence) -> Result<(), ControlError> {
        let Some(running) = self.canary_document(id) else { return Ok(()) };
        // Evidence takes the store's time, so it is gathered before the lock.
        let evidence = self.evidence(&running, readings).await;
        self.edit_canary(id, Some(fence), |running| {
            running.canary.tick(clock::now(), &evidence);
            Besides::default()
        })
        .await?;
        for _ in 0..AT_ONCE {
            let Some(running) = self.canary_document(id) else { return Ok(()) };
            let now = clock::now();
            let Some(pending) = running.canary.due(now).next().cloned() else { return Ok(()) };
            let outcome = self.execute(&running, &pending).await;
            self.report(id, &pending, outcome, fence).await?;
        }
        Ok(())
    }

    async fn report(&self, id: &str, pending: &Pending, outcome: Outcome, fence: &Fence) -> Result<(), ControlError> {
        let (number, counted) = (pending.number, self.counted_lately());
        self.edit_canary(id, Some(fence), |running| {
            let (canary, now) = (&mut running.canary, clock::now());
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
                Outcome::With(besides) => {
                    // Whoever did it before may have said so before.
                    let first_report = canary.due(now).any(|pending| pending.number == number);
                    canary.effect_done(now, number);
                    return if first_report { besides } else { Besides::default() };
                }
            }
            Besides::default()
        })
        .await
    }

    /// The collection of a deployment's canary has been found equal to its source once more.
    pub(in crate::control) async fn recount_canary(&self, id: &str, stake: &Stake, fence: &Fence) -> Result<(), ControlError> {
        self.edit_canary(id, Some(fence), |running| {
            running.canary.count_from(stake.clone());
            Besides::default()
        })
        .await
    }

    /// An operator has said to the canary's deployment that the switch may lose writes.
    pub(in crate::control) async fn accept_for_canary(&self, id: &str, fence: &Fence) -> Result<(), ControlError> {
        self.edit_canary(id, Some(fence), |running| {
            running.canary.accept_lost_writes();
            Besides::default()
        })
        .await
    }

    /// Changes one canary as the machine's; what it became is stored before anybody acts on it.
    async fn edit_canary(&self, id: &str, fence: Option<&Fence>, edit: impl FnOnce(&mut Running) -> Besides) -> Result<(), ControlError> {
        let _writing = self.0.writer.lock().await;
        let Some(before) = self.canary_document(id) else { return Ok(()) };
        let mut after = before.clone();
        let besides = edit(&mut after);
        if after.canary == before.canary && besides.is_empty() {
            return Ok(());
        }
        let Besides { mut writes, events } = besides;
        writes.extend(self.canary_writes(&before, &mut after));
        let author = Author::pointsman(after.canary.status().history.last_transition().map_or("", |last| &last.reason));
        let mut change = store::Change::unaudited(writes);
        change.events = transitions(&before, &after);
        if !change.events.is_empty() {
            let deed = crate::control::author::Deed { action: "canary.step", subject: &after.canary.plan().spec().alias };
            change.audit =
                Some(author.did(deed, Some(document::json(&before.canary.state())), Some(document::json(&after.canary.state()))));
        }
        change.events.extend(events);
        change.fence = fence.cloned();
        self.commit(change).await
    }

    /// The document, the alias's owner when the canary has ended, and its place for a shadow when the comparison is over.
    pub(in crate::control) fn canary_writes(&self, before: &Document, after: &mut Document) -> Vec<Write> {
        let alias = after.canary.plan().spec().alias.clone();
        after.freeze(|quantile| self.usual_latency(&alias, quantile), || self.usually_refused(&alias));
        let key = store::Key::new(CANARY, after.canary.id());
        let due_at = after.canary.due_at().map(clock::stored);
        let expected = if before.revision == 0 { Expected::Absent } else { Expected::Revision(before.revision) };
        let mut writes = vec![Write::Put { key, body: document::json(after), due_at, expected }];
        if before.canary.will_mirror() && !after.canary.will_mirror() {
            writes.push(Write::Delete { key: store::Key::new(SHADOWED, &alias), expected: Expected::Any });
        }
        if after.canary.state().is_terminal() && !before.canary.state().is_terminal() {
            writes.push(Write::Delete { key: store::Key::new(OWNER, alias), expected: Expected::Any });
        }
        writes
    }

    /// What stable's collection has done in this process.
    fn stable_totals(&self, alias: &str) -> Option<Totals> {
        let state = self.0.state.load();
        // A canary may stand on a collection's own name.
        let collection = state.listing.aliases.get(alias).map_or(alias, String::as_str);
        let upstream = state.plan.upstreams[DEFAULT_UPSTREAM].name.clone();
        let key = SeriesKey { alias: alias.into(), variant: STABLE.into(), upstream, collection: collection.into() };
        Some(self.registry().series_of(&key)?.totals())
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

    pub(super) fn canary_document(&self, id: &str) -> Option<Running> {
        self.0.state.load().held.canaries.get(id).cloned()
    }
}
