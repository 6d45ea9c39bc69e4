//! Notices that the configuration changed: by SIGHUP, or by the content of its file. Used by `cli::serve`.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Config, Fault, Loaded, Source};

/// Contents are compared, not file events: a mounted ConfigMap changes by a symbolic link two levels up, of which a watch
/// on the file hears nothing.
const POLL: Duration = Duration::from_secs(2);

/// Reads the configuration again whenever it may have changed.
pub struct Watcher {
    source: Source,
    hang_up: Signal,
    poll: Interval,
    seen: String,
}

/// A configuration that was read again.
#[derive(Debug)]
pub struct Change {
    /// Of the file's content, legal or not.
    pub fingerprint: String,
    /// What it says, or all that is wrong with it; then the old one stays in force.
    pub outcome: Result<Loaded, Vec<Fault>>,
}

impl Watcher {
    /// Watches what `source` names, beginning with the content that had this fingerprint.
    ///
    /// # Errors
    /// When the process may not listen for signals.
    pub fn new(source: Source, fingerprint: impl Into<String>) -> std::io::Result<Self> {
        Self::every(POLL, source, fingerprint)
    }

    fn every(period: Duration, source: Source, fingerprint: impl Into<String>) -> std::io::Result<Self> {
        let mut poll = interval(period);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { source, hang_up: signal(SignalKind::hangup())?, poll, seen: fingerprint.into() })
    }

    /// The next change. A signal counts as one even if the content is the same; a faulty content is told once.
    ///
    /// Reads the file where it stands: it is small, and this runs beside the control plane, not on a data worker.
    pub async fn next(&mut self) -> Change {
        loop {
            let asked = tokio::select! {
                _ = self.hang_up.recv() => true,
                _ = self.poll.tick() => false,
            };
            let fingerprint = self.source.fingerprint();
            if asked || fingerprint != self.seen {
                let outcome = Config::load(&self.source);
                // The content may have changed between the two readings: what counts is what was read into types.
                let fingerprint = outcome.as_ref().map_or(fingerprint, |loaded| loaded.fingerprint.clone());
                self.seen.clone_from(&fingerprint);
                return Change { fingerprint, outcome };
            }
        }
    }
}

/// The keys that differ but are read only at the start of a process.
#[must_use]
pub fn restart_needed(old: &Config, new: &Config) -> Vec<&'static str> {
    let changed = [
        ("listen.rest", old.listen.rest != new.listen.rest),
        ("listen.grpc", old.listen.grpc != new.listen.grpc),
        ("listen.admin", old.listen.admin != new.listen.admin),
        ("listen.head_timeout", old.listen.head_timeout != new.listen.head_timeout),
        ("listen.max_head_bytes", old.listen.max_head_bytes != new.listen.max_head_bytes),
        ("listen.max_connections", old.listen.max_connections != new.listen.max_connections),
        ("listen.tls", old.listen.tls != new.listen.tls),
        ("workers", old.workers != new.workers),
        ("shadow.queue", old.shadow.queue != new.shadow.queue),
        ("limits.held_bytes", old.limits.held_bytes != new.limits.held_bytes),
        ("shadow.max_memory", old.shadow.max_memory != new.shadow.max_memory),
        ("metrics.max_aliases", old.metrics.max_aliases != new.metrics.max_aliases),
        ("log.format", old.log.format != new.log.format),
        ("shutdown.grace", old.shutdown.grace != new.shutdown.grace),
        ("shutdown.delay", old.shutdown.delay != new.shutdown.delay),
        ("store.url", old.store.url != new.store.url),
    ];
    changed.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests;
