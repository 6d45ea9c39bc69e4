//! Who owns the series: asked when a table is built and when somebody scrapes, never per request.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::comparisons::ShadowSeries;
use super::{Apart, Cohort, Comparisons, Handles, Latencies, Refusals, Series, SeriesKey, Totals, Usage, WorkerCells};

/// The label of aliases past the limit, and of names nobody listed.
pub(super) const OTHER: &str = "other";

/// How long a use is remembered of a collection that no table leads to any more; nobody can ask for more.
const REMEMBERED: Duration = Duration::from_secs(86_400);

/// All series of this process. Counters never expire: what a series that no table leads to has counted is added to what its
/// alias and variant have counted before.
#[derive(Debug)]
pub struct Registry {
    workers: Box<[Arc<WorkerCells>]>,
    max_aliases: usize,
    refusals: Refusals,
    /// From where uses are counted.
    epoch: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    series: HashMap<SeriesKey, Arc<Series>>,
    /// By alias and variant, of the series that have ended.
    ended: HashMap<(Box<str>, Box<str>), Totals>,
    aliases: std::collections::HashSet<Box<str>>,
    usage: HashMap<(Box<str>, Box<str>), Arc<Usage>>,
    cohorts: HashMap<Box<str>, Arc<Cohort>>,
    aparts: HashMap<Box<str>, Arc<Apart>>,
    comparisons: HashMap<Box<str>, Arc<Comparisons>>,
    shadows: HashMap<Box<str>, Arc<ShadowSeries>>,
}

impl Registry {
    #[must_use]
    pub fn new(workers: usize, max_aliases: usize) -> Self {
        let workers = std::iter::repeat_with(|| Arc::new(WorkerCells::default())).take(workers).collect();
        Self { workers, max_aliases, refusals: Refusals::default(), epoch: Instant::now(), inner: Mutex::default() }
    }

    #[must_use]
    pub fn workers(&self) -> &[Arc<WorkerCells>] {
        &self.workers
    }

    /// Of the admin API.
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// The handles of one target. A `None` alias, or one past the limit, is counted under `other`.
    #[must_use]
    pub fn handles(&self, alias: Option<&str>, variant: &str, upstream: &str, collection: Option<&str>) -> Handles {
        let mut inner = self.lock();
        let workers = self.workers.len();
        let alias = inner.admit(alias, self.max_aliases);
        // Names that share a label share their counters, or there would be one set for each collection of Qdrant.
        let (at, answered_by) = if alias == OTHER { ("", "") } else { (upstream, collection.unwrap_or_default()) };
        let counted = SeriesKey { alias: alias.into(), variant: variant.into(), upstream: at.into(), collection: answered_by.into() };
        let series = inner.series.entry(counted);
        let series = Arc::clone(series.or_insert_with_key(|counted| Arc::new(Series::new(counted.clone(), workers))));
        let collection = collection.unwrap_or(OTHER);
        let usage = inner.usage.entry((upstream.into(), collection.into()));
        let usage = Arc::clone(usage.or_insert_with(|| Arc::new(Usage::new(upstream, collection, workers + 1, self.epoch))));
        Handles {
            series,
            usage,
            cohorts: Box::default(),
            paired: None,
            apart: None,
            tokens: Arc::default(),
            looked_at: false,
            asked_again: false,
            comparisons: None,
        }
    }

    /// The cohort known by `key`, which names a rollout, its window and the cohort. Made with `thresholds` when it is new.
    #[must_use]
    pub fn cohort(&self, key: &str, thresholds: Latencies) -> Arc<Cohort> {
        let mut inner = self.lock();
        let workers = self.workers.len();
        Arc::clone(inner.cohorts.entry(key.into()).or_insert_with(|| Arc::new(Cohort::new(thresholds, workers))))
    }

    /// The count of what a cohort serves and does not analyse, known by the cohort's `key`.
    #[must_use]
    pub fn apart(&self, key: &str) -> Arc<Apart> {
        let mut inner = self.lock();
        let workers = self.workers.len();
        Arc::clone(inner.aparts.entry(key.into()).or_insert_with(|| Arc::new(Apart::new(workers))))
    }

    /// The keys of all cohorts that begin so.
    #[must_use]
    pub fn cohort_keys(&self, prefix: &str) -> Vec<Box<str>> {
        self.lock().cohorts.keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// Forgets all cohorts but those that `keep` names. Requests under way still hold theirs.
    pub fn retain_cohorts(&self, keep: impl Fn(&str) -> bool) {
        let mut inner = self.lock();
        inner.cohorts.retain(|key, _| keep(key));
        inner.aparts.retain(|key, _| keep(key));
    }

    /// What is found out about the shadow known by `key`, which mirrors reads of `alias`.
    #[must_use]
    pub fn comparisons(&self, key: &str, alias: &str) -> Arc<Comparisons> {
        let mut inner = self.lock();
        let workers = self.workers.len();
        let alias = inner.admit(Some(alias), self.max_aliases);
        let series = inner.shadows.entry(alias.into()).or_insert_with(|| Arc::new(ShadowSeries::new(alias, workers)));
        let series = Arc::clone(series);
        Arc::clone(inner.comparisons.entry(key.into()).or_insert_with(|| Arc::new(Comparisons::new(series, workers))))
    }

    /// Those that have not been forgotten, by their keys.
    #[must_use]
    pub fn all_comparisons(&self) -> Vec<(Box<str>, Arc<Comparisons>)> {
        self.lock().comparisons.iter().map(|(key, comparisons)| (key.clone(), Arc::clone(comparisons))).collect()
    }

    /// Forgets all comparisons but those that `keep` names. Questions under way still hold theirs.
    pub fn retain_comparisons(&self, keep: impl Fn(&str) -> bool) {
        self.lock().comparisons.retain(|key, _| keep(key));
    }

    /// What aliases with shadows have seen, ordered by alias.
    pub(super) fn shadows(&self) -> Vec<Arc<ShadowSeries>> {
        let mut shadows: Vec<_> = self.lock().shadows.values().cloned().collect();
        shadows.sort_by(|a, b| a.alias.cmp(&b.alias));
        shadows
    }

    /// The shard of the mirror's thread in what is counted by collection: behind those of the workers.
    #[must_use]
    pub fn mirror_shard(&self) -> usize {
        self.workers.len()
    }

    /// The series that tables lead to now, ordered by alias, variant and collection.
    #[must_use]
    pub fn series(&self) -> Vec<Arc<Series>> {
        let mut inner = self.lock();
        inner.end_series();
        let mut series: Vec<_> = inner.series.values().cloned().collect();
        series.sort_by(|a, b| a.key.cmp(&b.key));
        series
    }

    /// The series of this alias and variant that this collection answers.
    #[must_use]
    pub fn series_of(&self, key: &SeriesKey) -> Option<Arc<Series>> {
        self.lock().series.get(key).cloned()
    }

    /// Everything counted since the process started, by alias and variant, whichever collection answered.
    #[must_use]
    pub fn variants(&self) -> BTreeMap<(Box<str>, Box<str>), Totals> {
        let (mut all, series) = {
            let mut inner = self.lock();
            inner.end_series();
            let ended: BTreeMap<_, _> = inner.ended.iter().map(|(variant, totals)| (variant.clone(), totals.clone())).collect();
            (ended, inner.series.values().cloned().collect::<Vec<_>>())
        };
        for series in series {
            let variant = (series.key.alias.clone(), series.key.variant.clone());
            all.entry(variant).or_default().merge(&series.totals());
        }
        all
    }

    /// Collections with their requests in flight, ordered by name. Those that have none, are no longer held by any table
    /// and were not used of late are forgotten here, so that names do not pile up over years of deployments.
    #[must_use]
    pub fn usage(&self) -> Vec<Arc<Usage>> {
        let mut inner = self.lock();
        let now = Instant::now();
        let recent = |usage: &Usage| usage.last_used().is_some_and(|at| now.saturating_duration_since(at) < REMEMBERED);
        inner.usage.retain(|_, usage| Arc::strong_count(usage) > 1 || usage.in_flight() > 0 || recent(usage));
        let mut usage: Vec<_> = inner.usage.values().cloned().collect();
        usage.sort_by(|a, b| (&a.upstream, &a.collection).cmp(&(&b.upstream, &b.collection)));
        usage
    }

    /// Requests inside one collection of one upstream, over all workers.
    #[must_use]
    pub fn in_flight(&self, upstream: &str, collection: &str) -> u64 {
        self.lock().usage.get(&(upstream.into(), collection.into())).map_or(0, |usage| usage.in_flight())
    }

    /// How long this process has been counting.
    #[must_use]
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.epoch)
    }

    /// How long nobody has begun a request to a collection; where nobody has since the process started, how long that is.
    #[must_use]
    pub fn idle(&self, upstream: &str, collection: &str, now: Instant) -> Duration {
        let used = self.lock().usage.get(&(upstream.into(), collection.into())).and_then(|usage| usage.last_used());
        now.saturating_duration_since(used.unwrap_or(self.epoch))
    }

    /// Nothing panics while it holds the lock; if it ever did, the maps would still be whole.
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Ends the series that no table and no request holds. Nothing can count there any more, so no count is lost.
    fn end_series(&mut self) {
        let Self { series, ended, .. } = self;
        series.retain(|counted, series| {
            let in_use = Arc::strong_count(series) > 1;
            if !in_use {
                ended.entry((counted.alias.clone(), counted.variant.clone())).or_default().merge(&series.totals());
            }
            in_use
        });
    }

    fn admit<'a>(&mut self, alias: Option<&'a str>, limit: usize) -> &'a str {
        match alias {
            Some(alias) if self.aliases.contains(alias) => alias,
            Some(alias) if self.aliases.len() < limit => {
                self.aliases.insert(alias.into());
                alias
            }
            _ => OTHER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Chosen, Completed, Outcome};
    use crate::protocol::{Class, Protocol};

    fn request(handles: &Handles, outcome: Outcome) {
        let shard = handles.series.shard(0);
        shard.begin();
        shard.end(&Completed {
            protocol: Protocol::Rest,
            class: Class::Read,
            outcome,
            first_byte_us: Some(1_000),
            total_us: 2_000,
            request_bytes: 1,
            response_bytes: 1,
            chosen: Chosen::AsUsual,
        });
    }

    #[test]
    fn a_new_collection_is_not_blamed_for_the_errors_of_its_predecessor() {
        let registry = Registry::new(1, 10);
        let old = registry.handles(Some("docs"), "canary", "default", Some("docs_v2"));
        request(&old, Outcome::ServerError);
        let new = registry.handles(Some("docs"), "canary", "default", Some("docs_v3"));
        request(&new, Outcome::Ok);
        assert_eq!((new.series.totals().errors(), new.series.totals().all_requests()), (0, 1));
        drop(old);
        let counted: Vec<_> = registry.series().iter().map(|series| series.key.collection.to_string()).collect();
        assert_eq!(counted, ["docs_v3"], "no table leads to the old one");
        let again = registry.handles(Some("docs"), "canary", "default", Some("docs_v2"));
        assert_eq!(again.series.totals().all_requests(), 0, "its count begins again");
        let variants = registry.variants();
        let canary = &variants[&("docs".into(), "canary".into())];
        assert_eq!((variants.len(), canary.all_requests(), canary.errors()), (1, 2, 1), "Prometheus loses no count");
    }

    #[test]
    fn names_past_the_limit_share_one_series_whatever_their_collections() {
        let registry = Registry::new(1, 1);
        let held: Vec<_> = ["a", "b", "c"].map(|alias| registry.handles(Some(alias), "stable", "default", Some(alias))).into();
        held.iter().for_each(|handles| request(handles, Outcome::Ok));
        let counted: Vec<_> =
            registry.series().iter().map(|series| (series.key.alias.to_string(), series.totals().all_requests())).collect();
        assert_eq!(counted, [("a".to_owned(), 1), (OTHER.to_owned(), 2)]);
    }
}
