//! The cohorts of a canary's current window: where requests are counted, and under which names.

use std::sync::Arc;

use super::Running;
use crate::metrics::{Cohort, Latencies, Registry};
use crate::rollout::{Share, State};

/// The cohorts whose requests are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::control) enum Watched {
    Canary,
    /// As large as the canary as long as there is room.
    Control,
    /// The rest of stable: rare errors are compared with all there is.
    Rest,
}

impl Watched {
    fn name(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Control => "control",
            Self::Rest => "rest",
        }
    }
}

/// The counters of one cohort of the current window, one for each pair of thresholds.
pub(in crate::control) fn watched(registry: &Registry, running: &Running, cohort: Watched) -> Vec<Arc<Cohort>> {
    let count = if cohort == Watched::Rest { 1 } else { running.frozen.latencies.len() };
    let counter = |(slot, threshold): (usize, &super::running::Threshold)| {
        registry.cohort(&format!("{}{slot}/{}", scope(running), cohort.name()), Latencies::from(*threshold))
    };
    running.frozen.latencies.iter().take(count).enumerate().map(counter).collect()
}

/// What the names of a window's counters and observations begin with.
pub(in crate::control) fn scope(running: &Running) -> String {
    scope_of_window(running, running.canary.window())
}

/// The comparison's, where there was one: what it has found is kept as long as the canary.
pub(in crate::control) fn scope_of_comparison(running: &Running) -> Option<String> {
    running.canary.compared_in().map(|window| scope_of_window(running, window))
}

fn scope_of_window(running: &Running, window: u64) -> String {
    format!("{}{window}/", scope_of_all(running.canary.id()))
}

/// The same for all windows of a canary.
pub(in crate::control) fn scope_of_all(id: &str) -> String {
    format!("canary/{id}/")
}

/// Whether requests are being counted.
pub(super) fn is_counting(running: &Running) -> bool {
    match running.canary.state() {
        State::Stepping | State::Paused { .. } | State::Promoting => running.canary.share() > Share::ZERO,
        State::Watching => true,
        _ => false,
    }
}
