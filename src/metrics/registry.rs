//! Who owns the series: asked when a table is built and when somebody scrapes, never per request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::comparisons::ShadowSeries;
use super::{Apart, Cohort, Comparisons, Handles, Latencies, Refusals, Series, Usage, WorkerCells};

/// The label of aliases past the limit, and of names nobody listed.
pub(super) const OTHER: &str = "other";

/// How long a use is remembered of a collection that no table leads to any more; nobody can ask for more.
const REMEMBERED: Duration = Duration::from_secs(86_400);

/// All series of this process. Counters never expire: a series lives as long as the process.
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
    series: HashMap<(Box<str>, Box<str>), Arc<Series>>,
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
        let series = inner.series.entry((alias.into(), variant.into()));
        let series = Arc::clone(series.or_insert_with(|| Arc::new(Series::new(alias, variant, workers))));
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

    /// All series, ordered by alias and variant.
    #[must_use]
    pub fn series(&self) -> Vec<Arc<Series>> {
        let mut series: Vec<_> = self.lock().series.values().cloned().collect();
        series.sort_by(|a, b| (&a.alias, &a.variant).cmp(&(&b.alias, &b.variant)));
        series
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
